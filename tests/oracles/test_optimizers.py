"""Trajectories of twin and engine against torch.optim, batch norm's statistics included."""

from functools import partial

import numpy as np
import pytest
from small_networks import BATCH, LAYER, NONE, describe, problem, residual, two_hidden

import reference
from reference import Component

torch = pytest.importorskip("torch", reason="the oracle is PyTorch: install the oracles extra")
from oracles.torch_network import TorchNetwork  # noqa: E402

# Float64 on both sides; 25 steps on a smooth network let rounding grow by some digits.
RTOL = 1e-10
ATOL = 1e-11

N_ROWS, BATCH_SIZE, N_EPOCHS, RATE, ALPHA = 22, 5, 5, 0.01, 0.2


def twin(spec, optimizer, wrappers, parameters, X, y, weights, rate_factors=None):
    trainer = reference.Trainer(
        spec,
        optimizer=optimizer,
        wrappers=wrappers,
        alpha=ALPHA,
        batch_size=BATCH_SIZE,
        shuffle=False,
        rate_factors=rate_factors,
    )
    for epoch in range(N_EPOCHS):
        rates = np.full(len(trainer.batches(N_ROWS)), RATE)
        parameters, _ = trainer.epoch(parameters, X, y, weights, epoch=epoch, rates=rates)
    return parameters


def engine(spec, optimizer, wrappers, parameters, X, y, weights, rate_factors=None):
    from engine.building import component_of, network_of

    from deepgen import _core

    trainer = _core.Trainer(
        network_of(spec, "float64"),
        optimizer=component_of(optimizer),
        wrappers=[component_of(wrapper) for wrapper in wrappers],
        alpha=ALPHA,
        batch_size=BATCH_SIZE,
        shuffle=False,
        seed=0,
        rate_factors=rate_factors or {},
    )
    trainer.set_data(X, y, weights)
    trainer.load(parameters)
    for epoch in range(N_EPOCHS):
        trainer.begin_epoch(epoch)
        trainer.run(np.full(trainer.steps_per_epoch, RATE))
    after = np.empty_like(parameters)
    trainer.store(after)
    return after


@pytest.fixture(params=[twin, engine], ids=["twin", "engine"])
def implementation(request):
    return request.param


def torch_trajectory(spec, make_optimizer, parameters, X, y, weights, clip_norm=None):
    oracle = TorchNetwork(spec, parameters)
    decayed = [t for name, t in oracle.tensors.items() if "coefs" in name]
    others = [t for t in oracle.trainable() if all(t is not d for d in decayed)]
    optimizer = make_optimizer(decayed, others)
    for _ in range(N_EPOCHS):
        for start in range(0, N_ROWS, BATCH_SIZE):
            rows = slice(start, start + BATCH_SIZE)
            optimizer.zero_grad()
            loss = oracle.loss(X[rows], y[rows], weights[rows], alpha=ALPHA, training=True)
            loss.backward()
            if clip_norm is not None:
                torch.nn.utils.clip_grad_norm_(decayed + others, clip_norm)
            optimizer.step()
    return oracle.vector()


def assert_trajectory_equals_torch(
    implementation, optimizer, make_optimizer, spec=None, wrappers=(), clip_norm=None
):
    spec = two_hidden() if spec is None else spec
    parameters, X, y, weights = problem(spec, n=N_ROWS)
    expected = torch_trajectory(spec, make_optimizer, parameters, X, y, weights, clip_norm)
    actual = implementation(spec, optimizer, wrappers, parameters, X, y, weights)
    assert np.abs(expected - parameters).max() > 0.01  # there was a way to go
    np.testing.assert_allclose(actual, expected, rtol=RTOL, atol=ATOL)


NESTEROV = partial(torch.optim.SGD, momentum=0.8, nesterov=True)


@pytest.mark.parametrize(
    ("optimizer", "make"),
    [
        (Component("sgd", {"momentum": 0.8}), NESTEROV),
        (Component("adam", {"eps_hat": 0.0, "weight_decay": 0.5}), torch.optim.AdamW),
        (Component("adagrad", {"epsilon": 1e-4}), partial(torch.optim.Adagrad, eps=1e-4)),
        (Component("rmsprop", {"momentum": 0.7}), partial(torch.optim.RMSprop, momentum=0.7)),
        (Component("adadelta", {"epsilon": 0.1}), partial(torch.optim.Adadelta, eps=0.1)),
    ],
    ids=["sgd", "adamw", "adagrad", "rmsprop", "adadelta"],
)
def test_rate_factors_are_parameter_groups_of_torch(implementation, optimizer, make):
    """Decoupled decay included, which a group multiplies by its rate."""
    spec = two_hidden(normalization=LAYER)
    parameters, X, y, weights = problem(spec, n=N_ROWS)
    factors = {"coefs": 0.5, "first_coefs": 3.0, "intercepts": 0.1, "scale": 2.0}
    oracle = TorchNetwork(spec, parameters)
    groups = []
    for name, tensor in oracle.tensors.items():
        role = "first_coefs" if name == "coefs_0" else name.rsplit("_", 1)[0]
        groups.append({"params": [tensor], "lr": RATE * factors.get(role, 1.0)})
        if make is torch.optim.AdamW:
            groups[-1]["weight_decay"] = 0.5 if "coefs" in name else 0.0
    steps = make(groups, lr=RATE)
    for _ in range(N_EPOCHS):
        for start in range(0, N_ROWS, BATCH_SIZE):
            rows = slice(start, start + BATCH_SIZE)
            steps.zero_grad()
            oracle.loss(X[rows], y[rows], weights[rows], alpha=ALPHA, training=True).backward()
            steps.step()
    actual = implementation(spec, optimizer, (), parameters, X, y, weights, factors)
    np.testing.assert_allclose(actual, oracle.vector(), rtol=RTOL, atol=ATOL)


def test_plain_sgd_equals_torch(implementation):
    assert_trajectory_equals_torch(
        implementation,
        Component("sgd", {"momentum": 0.0, "nesterov": 0.0}),
        lambda decayed, others: torch.optim.SGD(decayed + others, lr=RATE),
    )


@pytest.mark.parametrize("nesterov", [False, True])
def test_sgd_with_momentum_equals_torch_at_a_constant_rate(implementation, nesterov):
    assert_trajectory_equals_torch(
        implementation,
        Component("sgd", {"momentum": 0.8, "nesterov": float(nesterov)}),
        lambda decayed, others: torch.optim.SGD(
            decayed + others, lr=RATE, momentum=0.8, nesterov=nesterov
        ),
    )


def test_adam_in_the_papers_form_equals_torch(implementation):
    assert_trajectory_equals_torch(
        implementation,
        Component("adam", {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3, "eps_hat": 0.0}),
        lambda decayed, others: torch.optim.Adam(
            decayed + others, lr=RATE, betas=(0.8, 0.95), eps=1e-3
        ),
    )


def test_adam_in_scikit_learns_form_is_torch_with_a_growing_epsilon(implementation):
    """eps_hat equals the paper's form with epsilon_t = epsilon / sqrt(1 - beta_2^t)."""
    epsilon, beta_2 = 1e-3, 0.95

    class GrowingEpsilon(torch.optim.Adam):
        t = 0

        def step(self):
            self.t += 1
            for group in self.param_groups:
                group["eps"] = epsilon / np.sqrt(1.0 - beta_2**self.t)
            super().step()

    assert_trajectory_equals_torch(
        implementation,
        Component("adam", {"beta_1": 0.8, "beta_2": beta_2, "epsilon": epsilon, "eps_hat": 1.0}),
        lambda decayed, others: GrowingEpsilon(decayed + others, lr=RATE, betas=(0.8, beta_2)),
    )


def test_decoupled_decay_of_the_weights_equals_adamw(implementation):
    assert_trajectory_equals_torch(
        implementation,
        Component("adam", {"eps_hat": 0.0, "weight_decay": 0.5}),
        lambda decayed, others: torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": 0.5},
                {"params": others, "weight_decay": 0.0},
            ],
            lr=RATE,
        ),
    )


@pytest.mark.parametrize("limit", [0.5, 2.0, 1e3])
def test_a_gradient_is_clipped_as_torch_does_with_the_penalty_in_the_loss(implementation, limit):
    assert_trajectory_equals_torch(
        implementation,
        Component("sgd", {"momentum": 0.5, "nesterov": 0.0}),
        lambda decayed, others: torch.optim.SGD(decayed + others, lr=RATE, momentum=0.5),
        wrappers=[Component("clip_norm", {"limit": limit})],
        clip_norm=limit,
    )


@pytest.mark.parametrize(
    "normalization",
    [NONE, BATCH, LAYER, Component("batch", {"momentum": 0.3, "epsilon": 0.01})],
    ids=describe,
)
@pytest.mark.parametrize("network", [two_hidden, residual])
def test_trajectories_and_running_statistics_equal_torch(implementation, network, normalization):
    assert_trajectory_equals_torch(
        implementation,
        Component("sgd", {"momentum": 0.0, "nesterov": 0.0}),
        lambda decayed, others: torch.optim.SGD(decayed + others, lr=RATE),
        network(normalization=normalization),
    )
