"""Training on mixed rows against PyTorch: its own mixture of losses, and soft labels."""

import numpy as np
import pytest
from engine.building import parameters_after, trainer_of
from small_networks import LAYER, LOSS_COMPONENTS, describe, problem, two_hidden

import reference
from reference import Component

torch = pytest.importorskip("torch", reason="the oracle is PyTorch: install the oracles extra")
from oracles.torch_network import TorchNetwork  # noqa: E402

N_ROWS, BATCH_SIZE, N_EPOCHS, RATE, ALPHA, MIXUP, SEED = 22, 5, 3, 0.05, 0.2, 0.6, 4
PLAIN_SGD = Component("sgd", {"momentum": 0.0, "nesterov": 0.0})


def trained(spec, parameters, X, y, weights):
    trainer = trainer_of(
        spec,
        PLAIN_SGD,
        alpha=ALPHA,
        batch_size=BATCH_SIZE,
        shuffle=False,
        seed=SEED,
        mixup=MIXUP,
    )
    trainer.set_data(X, y, weights)
    trainer.load(parameters)
    for epoch in range(N_EPOCHS):
        trainer.begin_epoch(epoch)
        trainer.run(np.full(trainer.steps_per_epoch, RATE))
    return parameters_after(trainer, parameters)


def torch_trained(spec, parameters, weights, loss_of):
    """``loss_of(network, batch, sides)`` is the loss of a batch of mixed rows."""
    oracle = TorchNetwork(spec, parameters)
    optimizer = torch.optim.SGD(oracle.trainable(), lr=RATE)
    for epoch in range(N_EPOCHS):
        for number, start in enumerate(range(0, N_ROWS, BATCH_SIZE)):
            batch = np.arange(start, min(start + BATCH_SIZE, N_ROWS))
            sides = reference.mixup.sides(MIXUP, SEED, epoch, number, weights[batch])
            optimizer.zero_grad()
            loss_of(oracle, batch, sides).backward()
            optimizer.step()
    return oracle.vector()


@pytest.mark.parametrize("loss", LOSS_COMPONENTS, ids=describe)
def test_mixed_losses_train_as_in_torch(loss):
    spec = two_hidden(loss=loss, normalization=LAYER)
    parameters, X, y, weights = problem(spec, n=N_ROWS)

    def loss_of(network, batch, sides):
        x = sum(share * X[batch][rows] for share, rows in sides)
        return sum(
            share * network.loss(x, y[batch][rows], weights[batch][rows], alpha=ALPHA)
            for share, rows in sides
        )

    expected = torch_trained(spec, parameters, weights, loss_of)
    actual = trained(spec, parameters, X, y, weights)
    assert np.abs(actual - parameters).max() > 0.01
    np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_mixed_classes_train_as_torchs_soft_labels(smoothing):
    """Its cross-entropy with probabilities as targets, smoothed by itself; equal weights."""
    spec = two_hidden(loss=Component("log_loss", {"label_smoothing": smoothing}))
    parameters, X, y, _ = problem(spec, n=N_ROWS)
    one_hot = np.eye(spec.layers[-1].width)[y]

    def loss_of(network, batch, sides):
        x = sum(share * X[batch][rows] for share, rows in sides)
        soft = sum(share * one_hot[batch][rows] for share, rows in sides)
        loss = torch.nn.functional.cross_entropy(
            network.forward(torch.tensor(x), training=True),
            torch.tensor(soft),
            label_smoothing=smoothing,
        )
        squares = sum((t**2).sum() for name, t in network.tensors.items() if "coefs" in name)
        return loss + 0.5 * ALPHA / len(batch) * squares

    expected = torch_trained(spec, parameters, np.ones(N_ROWS), loss_of)
    actual = trained(spec, parameters, X, y, None)
    np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=1e-11)
