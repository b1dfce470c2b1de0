"""Sharpness-aware steps against their definitions by autograd, and against closed forms."""

import numpy as np
import pytest
from engine.building import network_of as core_of
from engine.building import parameters_after, trainer_of
from small_networks import network_of, problem, two_hidden

from reference import Component, LayerSpec

torch = pytest.importorskip("torch", reason="the oracle is PyTorch: install the oracles extra")
from oracles.torch_network import TorchNetwork  # noqa: E402

PLAIN = Component("sgd", {"momentum": 0.0, "nesterov": 0.0})
RATE, ALPHA, N_ROWS, BATCH_SIZE, N_EPOCHS = 0.05, 0.2, 22, 5, 10


def trained(spec, rule, wrapper, parameters, X, y, weights=None, *, n_epochs=1, **settings):
    settings = {"shuffle": False, "batch_size": len(X), **settings}
    trainer = trainer_of(spec, rule, wrappers=[wrapper], **settings)
    trainer.set_data(X, y, weights)
    trainer.load(parameters)
    for epoch in range(n_epochs):
        trainer.begin_epoch(epoch)
        trainer.run(np.full(trainer.steps_per_epoch, RATE))
    return parameters_after(trainer, parameters)


def norm_of(tensors):
    return torch.sqrt(sum((tensor**2).sum() for tensor in tensors))


def sam_displacement(weights, g, is_matrix):
    return [0.3 * one / (norm_of(g) + 1e-12) for one in g]


def asam_displacement(weights, g, is_matrix):
    pairs = zip(weights, is_matrix, strict=True)
    sizes = [w.abs() + 0.02 if matrix else torch.ones_like(w) for w, matrix in pairs]
    scaled = [t * one for t, one in zip(sizes, g, strict=True)]
    length = norm_of(scaled) + 1e-16
    return [0.4 * t * one / length for t, one in zip(sizes, scaled, strict=True)]


def as_it_is(g, there):
    return there


def without_the_gap(g, there):
    square = sum((one**2).sum() for one in there)
    along = sum((a * b).sum() for a, b in zip(g, there, strict=True)) / square
    return [b - 0.6 * (a - along * b) for a, b in zip(g, there, strict=True)]


DEFINITIONS = {
    "sam": ({"rho": 0.3}, sam_displacement, as_it_is),
    "asam": ({"rho": 0.4, "eta": 0.02}, asam_displacement, as_it_is),
    "gsam": ({"rho": 0.3, "alpha": 0.6}, sam_displacement, without_the_gap),
}
BASES = {
    "sgd": (PLAIN, lambda w: torch.optim.SGD(w, lr=RATE)),
    "adam": (Component("adam", {"eps_hat": 0.0}), lambda w: torch.optim.Adam(w, lr=RATE)),
    "adagrad": (Component("adagrad"), lambda w: torch.optim.Adagrad(w, lr=RATE)),
}


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("name", DEFINITIONS)
def test_fifty_steps_are_those_of_the_definition_by_autograd(name, base):
    """The penalty is in the loss, the displacement over all tensors jointly."""
    spec = two_hidden()
    parameters, X, y, weights = problem(spec, n=N_ROWS)
    settings, displacement, combined = DEFINITIONS[name]
    rule, make = BASES[base]
    oracle = TorchNetwork(spec, parameters)
    tensors = oracle.trainable()
    is_matrix = [tensor.ndim == 2 for tensor in tensors]
    optimizer = make(tensors)

    def gradient(rows):
        loss = oracle.loss(X[rows], y[rows], weights[rows], alpha=ALPHA, training=True)
        return torch.autograd.grad(loss, tensors)

    for _ in range(N_EPOCHS):
        for start in range(0, N_ROWS, BATCH_SIZE):
            rows = slice(start, start + BATCH_SIZE)
            g = gradient(rows)
            with torch.no_grad():
                origin = [tensor.clone() for tensor in tensors]
                for tensor, e in zip(tensors, displacement(tensors, g, is_matrix), strict=True):
                    tensor += e
            there = gradient(rows)
            with torch.no_grad():
                for tensor, before in zip(tensors, origin, strict=True):
                    tensor.copy_(before)
            for tensor, one in zip(tensors, combined(g, there), strict=True):
                tensor.grad = one
            optimizer.step()
    wrapper = Component(name, settings)
    options = {"n_epochs": N_EPOCHS, "batch_size": BATCH_SIZE, "alpha": ALPHA}
    actual = trained(spec, rule, wrapper, parameters, X, y, weights, **options)
    assert np.abs(actual - parameters).max() > 0.05
    np.testing.assert_allclose(actual, oracle.vector(), rtol=1e-9, atol=1e-10)


@pytest.fixture
def quadratic():
    """Least squares of a linear map without bias: gradient H w - X^T y / n."""
    random_state = np.random.default_rng(0)
    X = random_state.normal(size=(40, 6)) * np.logspace(-1, 1, 6)
    spec = network_of(n_inputs=6, n_outputs=1, bias=False)
    return spec, X, X.T @ X / len(X), random_state.normal(size=6)


def step_of(spec, X, wrapper, w):
    after = trained(spec, PLAIN, wrapper, w, X, np.zeros((len(X), 1)))
    return (w - after) / RATE


def test_on_a_quadratic_sam_steps_along_the_gradient_at_the_displaced_point(quadratic):
    spec, X, H, w = quadratic
    g = H @ w
    actual = step_of(spec, X, Component("sam", {"rho": 0.7}), w)
    np.testing.assert_allclose(actual, H @ (w + 0.7 * g / np.linalg.norm(g)), rtol=1e-9)


def test_what_gsam_takes_away_is_orthogonal_to_the_gradient_there(quadratic):
    spec, X, _, w = quadratic
    g_p = step_of(spec, X, Component("sam", {"rho": 0.7}), w)
    d = step_of(spec, X, Component("gsam", {"rho": 0.7, "alpha": 0.9}), w)
    assert d @ g_p == pytest.approx(g_p @ g_p, rel=1e-9)
    assert np.linalg.norm(d - g_p) > 1e-3 * np.linalg.norm(g_p)


def test_asam_does_not_see_how_neurons_are_scaled_against_each_other():
    """A ReLU unit's weights times c, those behind it by 1 / c: the same point in new units."""
    hidden = 7
    spec = network_of(LayerSpec(width=hidden), n_inputs=5, n_outputs=2, bias=False)
    random_state = np.random.default_rng(0)
    c = np.exp(random_state.normal(size=hidden))
    X, y = random_state.normal(size=(30, 5)), random_state.normal(size=(30, 2))
    W1, W2 = random_state.normal(size=(5, hidden)), random_state.normal(size=(hidden, 2))
    units = np.concatenate([np.broadcast_to(c, W1.shape).ravel(), np.repeat(1 / c, 2)])
    w = np.concatenate([W1.ravel(), W2.ravel()])
    assert core_of(spec).loss(w, X, y) == pytest.approx(core_of(spec).loss(units * w, X, y))
    for name, same in (("asam", True), ("sam", False)):
        wrapper = Component(name, {"rho": 0.5, "eta": 0.0} if same else {"rho": 0.5})
        plain, scaled = ((trained(spec, PLAIN, wrapper, at, X, y) - at) for at in (w, units * w))
        assert np.allclose(scaled, plain / units, rtol=1e-8, atol=1e-12) == same


def test_the_mean_over_the_noise_is_the_gradient_and_the_loss_grows_by_the_trace(quadratic):
    """Of a quadratic: E g(w + e) = H w, E L(w + e) = L + sigma^2 tr H / 2, sigma = gamma |w|."""
    spec, X, H, w = quadratic
    gamma, n_samples = 0.3, 20_000
    y = np.zeros((len(X), 1))
    wrapper = Component("lpfsgd", {"gamma": gamma, "n_samples": n_samples})
    trainer = trainer_of(spec, PLAIN, wrappers=[wrapper], batch_size=len(X), shuffle=False)
    trainer.set_data(X, y)
    trainer.load(w)
    trainer.begin_epoch(0)
    loss = trainer.run(np.full(1, RATE)).loss / len(X)
    sigma = gamma * np.linalg.norm(w)
    # The gradient's noise is H e: standard errors of the means, five of them.
    error = 5 * sigma * np.linalg.norm(H, axis=1) / np.sqrt(n_samples)
    assert (np.abs((w - parameters_after(trainer, w)) / RATE - H @ w) < error).all()
    grown = 0.5 * sigma**2 * np.trace(H)
    spread = sigma * np.linalg.norm(H @ w) + sigma**2 * np.linalg.norm(H)
    assert loss == pytest.approx(0.5 * w @ H @ w + grown, abs=5 * spread / np.sqrt(n_samples))
    assert grown > 3 * 5 * spread / np.sqrt(n_samples)
