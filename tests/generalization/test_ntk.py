"""The tangent kernel against numerical derivatives, closed forms of shallow networks, laziness."""

import importlib

import numpy as np
import pytest
from probe.fitted_models import features, probe_of
from scipy.optimize import approx_fprime

from deepgen import Probe
from deepgen.estimators.from_weights import regressor_from_layers
from deepgen.generalization import ntk

MODULE = importlib.import_module("deepgen.generalization.ntk")


def shallow(scale=1.0, width=20, seed=0, n=12):
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(n, 3))
    coefs = [draw.normal(size=(3, width)), scale * draw.normal(size=(width, 1))]
    intercepts = [draw.normal(size=width), np.zeros(1)]
    return Probe(regressor_from_layers(coefs, intercepts), X, np.sin(X[:, 0])), X, coefs, intercepts


def test_a_linear_network_has_the_kernel_of_its_features():
    X = features(10)
    probe = Probe(regressor_from_layers([np.ones((4, 1))], [[0.0]]), X, X[:, 0])
    found = ntk(probe)
    np.testing.assert_allclose(found.kernel, X @ X.T + 1, rtol=1e-12)
    values = np.linalg.svd(np.c_[X, np.ones(10)])[1] ** 2
    np.testing.assert_allclose(found.eigenvalues[:5], values, rtol=1e-9)
    assert found.change is None and found.distance is None


def test_a_layer_of_relu_in_closed_form():
    probe, X, (W, a), (b, _) = shallow()
    z = X @ W + b
    on, hidden = z > 0, np.maximum(z, 0)
    kernel = hidden @ hidden.T + 1 + (on * a.T**2) @ on.T * (X @ X.T + 1)
    np.testing.assert_allclose(ntk(probe).kernel, kernel, rtol=1e-10)


@pytest.mark.parametrize("kind", ["three classes", "two outputs", "two classes", "quantiles"])
def test_the_kernel_is_that_of_numerical_derivatives(kind):
    probe = probe_of(kind)
    size = probe.n_samples * probe.n_outputs

    def outputs(parameters):
        return probe.at(parameters).network.outputs(probe.data.X).ravel()

    J = approx_fprime(probe.parameters, outputs, 1e-7)
    found = ntk(probe)
    np.testing.assert_allclose(found.kernel, J @ J.T, rtol=1e-4, atol=1e-4)
    assert found.kernel.shape == (size, size)
    np.testing.assert_allclose(found.eigenvalues.sum(), np.trace(found.kernel))
    # The alignment by matrices that centre.
    n, k = probe.n_samples, probe.n_outputs
    H = np.kron(np.eye(n) - 1 / n, np.eye(k))
    y = probe.data.y
    y = np.eye(k)[y.astype(int)] if y.ndim == 1 else np.broadcast_to(y, (n, k))
    centred, t = H @ found.kernel @ H, H @ y.ravel()
    expected = t @ centred @ t / (np.linalg.norm(centred) * (t @ t))
    assert found.alignment == pytest.approx(expected, rel=1e-9) and 0 < found.alignment < 1


def test_a_kernel_of_the_targets_is_aligned():
    x = np.linspace(-1, 1, 9)[:, None]
    probe = Probe(regressor_from_layers([[[2.0]]], [[0.0]], bias=False), x, 3 * x[:, 0])
    assert ntk(probe).alignment == pytest.approx(1, rel=1e-12)


def gradient_descent(scale, n_steps=400):
    """The kernel's change if the outputs, minus those at the start, are multiplied by a scale."""
    probe, X, coefs, intercepts = shallow()
    # With f = scale (g - g_0), fitting y is fitting g_0 + y / scale by g.
    start = probe.network.outputs(X)[:, 0]
    probe = Probe(regressor_from_layers(coefs, intercepts), X, start + np.sin(X[:, 0]) / scale)
    rate = len(X) / np.linalg.eigvalsh(ntk(probe).kernel)[-1]
    trained = probe
    for _ in range(n_steps):
        trained = trained.at(trained.parameters - 0.5 * rate * trained.gradient())
    assert trained.loss() < 0.5 * probe.loss()
    return ntk(trained, probe)


def test_training_with_large_outputs_is_lazy_and_with_small_ones_rich():
    lazy, rich = gradient_descent(100.0), gradient_descent(0.1)
    assert lazy.change < 1e-3 < 0.1 < rich.change and lazy.distance < rich.distance
    assert lazy.reference_alignment == pytest.approx(lazy.alignment, abs=1e-3)


def test_the_change_from_a_reference():
    probe = probe_of("three classes")
    same = ntk(probe, probe)
    assert same.change == 0 and same.distance == pytest.approx(0, abs=1e-12)
    assert same.reference_alignment == same.alignment
    linear = Probe(regressor_from_layers([[[2.0]]], [[0.0]]), [[0.0], [1.0]], [0.0, 1.0])
    assert ntk(linear, linear.at([7.0, 1.0])).change == 0
    deep = Probe(regressor_from_layers([[[1.0]], [[1.0]]], [[0.0]] * 2), [[1.0], [2.0]], [0.0, 1.0])
    twice = deep.at([2.0, 0.0, 1.0, 0.0])
    a, b = ntk(deep).kernel, ntk(twice).kernel
    assert ntk(twice, deep).change == pytest.approx(np.linalg.norm(b - a) / np.linalg.norm(a))


def test_repr_plot_and_refusals(monkeypatch):
    pytest.importorskip("matplotlib")
    probe = probe_of("three classes")
    assert repr(ntk(probe)).startswith("NTK(120 x 120, largest eigenvalue ")
    assert ntk(probe).plot().lines
    with pytest.raises(ValueError, match="the reference has 40 rows and 1 outputs"):
        ntk(probe, probe_of("two classes"))
    flat = Probe(regressor_from_layers([[[2.0]]], [[0.0]]), [[0.0], [1.0]], [1.0, 1.0])
    with pytest.raises(ValueError, match="all targets are equal"):
        ntk(flat)
    monkeypatch.setattr(MODULE, "MAX_SIZE", 100)
    with pytest.raises(ValueError, match="40 rows with 3 outputs and 93 parameters is too large"):
        ntk(probe)
