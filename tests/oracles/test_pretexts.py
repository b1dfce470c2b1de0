"""Training on pretext tasks against PyTorch: its losses and autograd on the same changed rows."""

import numpy as np
import pytest
from engine.building import parameters_after, trainer_of
from small_networks import describe, network_of, scaled_problem

import reference
from reference import Component, LayerSpec

torch = pytest.importorskip("torch", reason="the oracle is PyTorch: install the oracles extra")
from torch.nn import functional  # noqa: E402

from oracles.torch_network import TorchNetwork  # noqa: E402

N_ROWS, N_EPOCHS, RATE, SEED, PROBABILITY = 22, 4, 0.05, 4, 0.4
PLAIN_SGD = Component("sgd", {"momentum": 0.0, "nesterov": 0.0})
MARGINAL = Component("marginal", {"probability": PROBABILITY})


def denoising_loss(network, X, changed):
    units = (X - X.mean(dim=0)) / X.std(dim=0, correction=0)
    return 0.5 * functional.mse_loss(network.forward(changed), units, reduction="sum") / len(X)


def vime_loss(network, X, changed):
    units = (X - X.mean(dim=0)) / X.std(dim=0, correction=0)
    z, u = network.forward(changed).chunk(2, dim=1)
    mask = functional.binary_cross_entropy_with_logits(
        u, (changed != X).to(X.dtype), reduction="sum"
    )
    return (0.5 * 2.0 * functional.mse_loss(z, units, reduction="sum") + mask) / len(X)


def contrast_loss(network, X, changed):
    own = functional.normalize(network.forward(X))
    other = functional.normalize(network.forward(changed))
    return functional.cross_entropy(own @ other.T / 0.5, torch.arange(len(X)))


TASKS = [
    (Component("reconstruction"), 4, denoising_loss),
    (Component("reconstruction", {"values": 2.0, "mask": 1.0}), 8, vime_loss),
    (Component("contrast", {"temperature": 0.5}), 3, contrast_loss),
]


@pytest.mark.parametrize(
    ("task", "n_outputs", "loss_of"), TASKS, ids=[describe(task[0]) for task in TASKS]
)
def test_pretext_tasks_train_as_in_pytorch(task, n_outputs, loss_of):
    spec = network_of(LayerSpec(width=6, activation="tanh"), n_outputs=n_outputs)
    parameters, X, _, _ = scaled_problem(spec, N_ROWS, 0)
    trainer = trainer_of(
        spec,
        PLAIN_SGD,
        batch_size=N_ROWS,
        shuffle=False,
        seed=SEED,
        augmentation=MARGINAL,
        pretext=task,
    )
    trainer.set_data(X, None)
    trainer.load(parameters)
    oracle = TorchNetwork(spec, parameters)
    optimizer = torch.optim.SGD(oracle.trainable(), lr=RATE)
    n_views = reference.PRETEXTS[task.name].n_views
    for epoch in range(N_EPOCHS):
        trainer.begin_epoch(epoch)
        progress = trainer.run(np.full(1, RATE))
        views = np.tile(X, (n_views, 1))
        change = reference.AUGMENTATIONS["marginal"](X, np.ones(N_ROWS), probability=PROBABILITY)
        changed = change.epoch(SEED, epoch, views, np.ones(len(views)))[-N_ROWS:]
        optimizer.zero_grad()
        loss = loss_of(oracle, torch.tensor(X), torch.tensor(changed))
        loss.backward()
        optimizer.step()
        assert progress.loss / progress.n_rows == pytest.approx(float(loss.detach()), rel=1e-10)
    np.testing.assert_allclose(
        parameters_after(trainer, parameters), oracle.vector(), rtol=1e-9, atol=1e-11
    )
