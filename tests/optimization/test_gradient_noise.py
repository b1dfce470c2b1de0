"""The noise of gradients against matrices, enumeration and the recursion of SGD's moments."""

from itertools import combinations, product

import numpy as np
import pytest
from probe.fitted_models import KINDS, probe_of

from deepgen import MLPRegressor, Probe
from deepgen.optimization import gradient_noise

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def covariance(probe):
    weights = probe.data.weights
    p = np.full(probe.n_samples, 1 / probe.n_samples) if weights is None else weights
    p = p / p.sum()
    G = probe.per_sample_gradients() - probe.gradient()
    return (G * p[:, None]).T @ G


def hessian(probe):
    return np.array([probe.hvp(unit) for unit in np.eye(probe.n_parameters)])


def linear(n=6, d=2, seed=0):
    draw = np.random.RandomState(seed)
    X, y = draw.randn(n, d), draw.randn(n)
    settings = {"target_scaling": None, "alpha": 0.0, "tol": 1e-10, "dtype": "float64"}
    model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", max_iter=1000, **settings)
    return Probe(model.fit(X, y), X, y)


@pytest.mark.parametrize("kind", KINDS)
def test_scales_are_those_of_the_matrices(kind):
    probe = probe_of(kind)
    noise = gradient_noise(probe, n_iter=50)
    S, H, g = covariance(probe), hessian(probe), probe.gradient()
    assert noise.exact and noise.curvature_scale_se == 0
    assert noise.trace == pytest.approx(np.trace(S), rel=1e-10)
    assert noise.gradient_norm == pytest.approx(np.linalg.norm(g), rel=1e-12)
    assert noise.simple_scale == pytest.approx(np.trace(S) / (g @ g), rel=1e-10)
    assert noise.curvature_scale == pytest.approx(np.trace(H @ S) / (g @ H @ g), rel=1e-8)
    eigenvalues, vectors = np.linalg.eigh((H + H.T) / 2)
    scale = np.abs(eigenvalues).max()
    np.testing.assert_allclose(noise.eigenvalues, eigenvalues, rtol=1e-8, atol=1e-12 * scale)
    assert noise.variances.sum() == pytest.approx(noise.trace, rel=1e-9)
    bent = (vectors.T @ S @ vectors).diagonal() @ np.exp(eigenvalues / scale)
    assert noise.variances @ np.exp(noise.eigenvalues / scale) == pytest.approx(bent, rel=1e-8)


@pytest.mark.parametrize("kind", ["three classes", "two outputs", "weight norm"])
def test_random_vectors_find_the_noise_at_each_curvature(kind):
    probe = probe_of(kind)
    whole = gradient_noise(probe)
    parts = [gradient_noise(probe, n_starts=6, n_iter=10, random_state=seed) for seed in range(20)]
    scales = np.array([part.curvature_scale for part in parts])
    error = scales.std(ddof=1) / np.sqrt(len(parts))
    assert not parts[0].exact
    assert abs(scales.mean() - whole.curvature_scale) < 4 * error
    errors = np.array([part.curvature_scale_se for part in parts])
    assert np.sqrt((errors**2).mean()) == pytest.approx(scales.std(ddof=1), rel=0.5)
    for part in parts:
        assert part.trace == whole.trace and part.variances.sum() == pytest.approx(part.trace)
    rate = 1 / whole.eigenvalues.max()
    floors = [part.floor(rate, 4) for part in parts]
    assert np.mean(floors) == pytest.approx(whole.floor(rate, 4), rel=0.1)


@pytest.mark.parametrize("replace", [True, False])
def test_the_covariance_of_batches_is_that_of_all_batches(replace):
    """Section 13: (N - B) / (B (N - 1)) of Sigma without replacement; N = 6, B = 2."""
    probe = linear()
    G = probe.per_sample_gradients()
    pairs = product(range(6), repeat=2) if replace else combinations(range(6), 2)
    means = np.array([G[list(pair)].mean(axis=0) for pair in pairs])
    apart = means - means.mean(axis=0)
    factor = 1 / 2 if replace else (6 - 2) / (2 * (6 - 1))
    np.testing.assert_allclose(
        apart.T @ apart / len(means), factor * covariance(probe), rtol=1e-10, atol=1e-14
    )
    noise = gradient_noise(probe)
    ratio = noise.floor(0.1, 2, replace=replace) / noise.floor(0.1, 1)
    assert ratio == pytest.approx(factor, rel=1e-12)
    assert noise.floor(0.1, 6, replace=False) == 0


@pytest.mark.parametrize("rate", [0.01, 0.3, 0.9])
def test_the_floor_is_the_fixed_point_of_the_second_moment(rate):
    """C <- (I - r H) C (I - r H) + r^2 Sigma / B, and the loss is above by tr(H C) / 2."""
    probe = linear(n=12, d=3)
    H, S, B = hessian(probe), covariance(probe), 3
    step = np.eye(len(H)) - rate * H
    assert np.abs(np.linalg.eigvals(step)).max() < 1
    size = len(H) ** 2
    fixed = np.linalg.solve(np.eye(size) - np.kron(step, step), (rate**2 * S / B).ravel())
    expected = np.trace(H @ fixed.reshape(H.shape)) / 2
    assert gradient_noise(probe).floor(rate, B) == pytest.approx(expected, rel=1e-9)


def test_in_one_direction_the_floor_has_its_closed_form():
    """The mean of y: lambda = 1, s^2 = var y, variance r s^2 / (B lambda (2 - r lambda))."""
    y = np.array([0.0, 1.0, 3.0, 8.0])
    model = MLPRegressor(
        hidden_layer_sizes=(), solver="lbfgs", target_scaling=None, tol=1e-10, dtype="float64"
    )
    X = np.zeros((4, 1))
    noise = gradient_noise(Probe(model.fit(X, y), X, y))
    assert noise.trace == pytest.approx(y.var(), rel=1e-9)
    assert noise.floor(0.5, 2) == pytest.approx(0.5 * y.var() / (2 * 2 * (2 - 0.5)), rel=1e-9)
    assert noise.floor(2.0, 2) == noise.floor(3.0, 1) == np.inf


@pytest.mark.claims
def test_sgd_stays_at_the_floor():
    """The second moment of plain SGD with batches drawn with replacement."""
    probe, draw = linear(n=12, d=3), np.random.default_rng(0)
    X = np.column_stack([probe.data.X, np.ones(12)])
    y, best = probe.data.y.ravel(), np.r_[probe.network.coefs()[0].ravel(), 0.0]
    best[-1] = probe.network.intercepts()[0][0]
    rate, B, n_runs = 0.3, 3, 2000
    w = np.tile(best, (n_runs, 1))
    excess = []
    for step in range(400):
        rows = draw.integers(0, 12, size=(n_runs, B))
        residuals = (X[rows] * w[:, None]).sum(axis=2) - y[rows]
        w -= rate * (X[rows] * residuals[:, :, None]).mean(axis=1)
        if step >= 200:
            excess.append((((w - best) @ X.T) ** 2).mean() / 2)
    # The covariance grows with the distance to the minimum, by a share of the rate.
    expected = gradient_noise(probe).floor(rate, B)
    assert 1.0 < np.mean(excess) / expected < 1.6
    halved = gradient_noise(probe).floor(rate / 30, B)
    assert halved < expected / 30


def test_equal_gradients_have_no_noise_and_no_scale_is_invented():
    X, y = np.ones((5, 1)), np.full(5, 3.0)
    model = MLPRegressor(hidden_layer_sizes=(), target_scaling=None, max_iter=1).fit(X, y)
    noise = gradient_noise(Probe(model, X, y))
    assert noise.trace == pytest.approx(0, abs=1e-12) and noise.simple_scale < 1e-12
    assert noise.floor(0.1, 1) < 1e-12
    best = Probe(model, X, y).at([3.0, 0.0])
    assert np.isnan(gradient_noise(best).simple_scale)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_starts": 1}, "n_starts must be an integer of at least 2"),
        ({"n_iter": 1}, "n_iter must be an integer of at least 2"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        gradient_noise(linear(), **settings)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rate": 0.0, "batch_size": 1}, "rate must be finite and > 0"),
        ({"rate": np.inf, "batch_size": 1}, "rate must be finite and > 0"),
        ({"rate": 0.1, "batch_size": 0}, "batch_size must be an integer of at least 1"),
        ({"rate": 0.1, "batch_size": 7, "replace": False}, "at most the 6 samples"),
    ],
)
def test_a_bad_rate_or_batch_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        gradient_noise(linear()).floor(**arguments)


def test_repr_and_picture():
    noise = gradient_noise(probe_of("three classes"))
    assert repr(noise).startswith("GradientNoise(trace ")
    (line,) = noise.plot().lines
    assert line.get_ydata()[-1] == pytest.approx(1)
    part = gradient_noise(probe_of("three classes"), n_starts=2, n_iter=3, random_state=0)
    assert "s.e." in repr(part)
