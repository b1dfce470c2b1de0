"""A probe of every kind of fitted estimator measures the loss that training lowers."""

import numpy as np
import pytest
from scipy import sparse

from deepgen import Probe
from probe.fitted_models import KINDS, SMOOTH, data_of, fitted, probe_of

# Central differences of step h: an error of h^2 times the third derivative, and rounding / h.
STEP = 1e-5
DIFFERENCE_RTOL = 1e-5
DIFFERENCE_ATOL = 1e-7

every_kind = pytest.mark.parametrize("kind", KINDS)
every_smooth_kind = pytest.mark.parametrize("kind", SMOOTH)


def vectors(probe, n=2):
    return np.random.default_rng(3).normal(size=(n, probe.n_parameters))


def slope(function, probe, v):
    """d/dr function(probe at parameters + r v) at r = 0."""
    ahead, behind = (probe.at(probe.parameters + r * v) for r in (STEP, -STEP))
    return (function(ahead) - function(behind)) / (2 * STEP)


WITHOUT_LBFGS = ("batch norm", "batch norm, residual", "dropout")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in WITHOUT_LBFGS])
def test_the_loss_is_the_training_loss(kind):
    """L-BFGS measures its loss on all samples with the final weights."""
    how = {"solver": "lbfgs", "max_iter": 4, "dtype": "float64"}
    assert probe_of(kind, **how).loss() == pytest.approx(fitted(kind, **how).loss_, rel=1e-12)


@every_kind
def test_gradient_and_samples_are_those_of_the_loss(kind):
    probe = probe_of(kind)
    G, gradient = probe.per_sample_gradients(), probe.gradient()
    weights = probe.data.weights
    scale = np.abs(gradient).max()
    np.testing.assert_allclose(weights @ G / weights.sum(), gradient, rtol=0, atol=1e-13 * scale)
    np.testing.assert_allclose(
        probe.per_sample_gradient_norms(), np.linalg.norm(G, axis=1), rtol=1e-12
    )
    for v in vectors(probe):
        np.testing.assert_allclose(
            gradient @ v, slope(Probe.loss, probe, v), rtol=DIFFERENCE_RTOL, atol=DIFFERENCE_ATOL
        )


@every_kind
def test_samples_can_be_multiplied_without_their_matrix(kind):
    probe = probe_of(kind)
    G, operator = probe.per_sample_gradients(), probe.per_sample_operator
    assert operator.shape == G.shape
    V = vectors(probe, 3).T
    U = np.random.default_rng(4).normal(size=(len(G), 3))
    scale = np.abs(G).max()
    np.testing.assert_allclose(operator @ V, G @ V, rtol=1e-11, atol=1e-12 * scale)
    np.testing.assert_allclose(operator @ V[:, 0], G @ V[:, 0], rtol=1e-11, atol=1e-12 * scale)
    np.testing.assert_allclose(operator.T @ U, G.T @ U, rtol=1e-11, atol=1e-12 * scale)
    np.testing.assert_allclose(operator.T @ U[:, 0], G.T @ U[:, 0], rtol=1e-11, atol=1e-12 * scale)


@every_kind
def test_curvature_is_symmetric(kind):
    probe = probe_of(kind)
    u, v = vectors(probe)
    for product in (probe.hvp, probe.gauss_newton):
        assert u @ product(v) == pytest.approx(v @ product(u), rel=1e-10, abs=1e-13)


@every_smooth_kind
def test_hessian_products_are_slopes_of_the_gradient(kind):
    probe = probe_of(kind)
    for v in vectors(probe):
        expected = slope(Probe.gradient, probe, v)
        np.testing.assert_allclose(
            probe.hvp(v),
            expected,
            rtol=DIFFERENCE_RTOL,
            atol=DIFFERENCE_ATOL * (1 + np.abs(expected).max()),
        )


@pytest.mark.parametrize("kind", ["squared error", "three classes", "poisson", "layer norm"])
def test_gauss_newton_is_made_of_slopes_of_the_outputs(kind):
    """v GN v = sum_i w_i (J_i v)^T (d2l/dz2) (J_i v) / sum w, with J_i v by differences."""
    probe = probe_of(kind)
    X, weights = probe.data.X, probe.data.weights / probe.data.weights.sum()
    v = vectors(probe)[0]
    Jv = slope(lambda probe: probe.network.outputs(X), probe, v)
    z = probe.network.outputs(X)
    if kind == "three classes":
        p = probe.network.means(X)
        curved = (p * Jv**2).sum(axis=1) - (p * Jv).sum(axis=1) ** 2
    else:
        curved = ((np.exp(z) if kind == "poisson" else 1.0) * Jv**2).sum(axis=1)
    assert v @ probe.gauss_newton(v) == pytest.approx(weights @ curved, rel=1e-6)


@every_kind
def test_jacobians_are_slopes_of_the_outputs(kind):
    probe = probe_of(kind)
    X = data_of(kind)[0][:3] + 0.01  # at no kink
    J = probe.jacobian(X)
    assert J.shape == (3, probe.n_outputs, 4)
    for k in range(4):
        ahead, behind = X.copy(), X.copy()
        ahead[:, k] += STEP
        behind[:, k] -= STEP
        rise = probe.network.outputs(ahead) - probe.network.outputs(behind)
        np.testing.assert_allclose(
            J[:, :, k], rise / (2 * STEP), rtol=DIFFERENCE_RTOL, atol=DIFFERENCE_ATOL
        )
    for x, expected in zip(X, J, strict=True):
        np.testing.assert_array_equal(probe.jacobian(x), expected)


@pytest.mark.parametrize("format", ["csr", "csc"])
@pytest.mark.parametrize("kind", ["squared error", "three classes", "batch norm"])
def test_sparse_features_measure_as_dense_ones(kind, format):
    X, y, weights = data_of(kind)
    X = np.where(np.abs(X) > 0.5, X, 0.0)
    S = sparse.csr_array(X).asformat(format)
    dense, thin = Probe(fitted(kind), X, y, weights), Probe(fitted(kind), S, y, weights)
    v = vectors(dense)[0]
    assert thin.loss() == pytest.approx(dense.loss(), rel=1e-13)
    for measure in (
        Probe.gradient,
        Probe.per_sample_gradients,
        Probe.per_sample_gradient_norms,
        lambda probe: probe.hvp(v),
        lambda probe: probe.gauss_newton(v),
        lambda probe: probe.per_sample_operator @ v,
    ):
        expected = measure(dense)
        np.testing.assert_allclose(measure(thin), expected, atol=1e-12 * np.abs(expected).max())
    np.testing.assert_allclose(thin.jacobian(S[:4]), dense.jacobian(X[:4]), rtol=1e-12, atol=1e-14)


@every_kind
def test_without_weights_all_samples_count_alike(kind):
    X, y, _ = data_of(kind)
    model = fitted(kind)
    alike, ones = Probe(model, X, y), Probe(model, X, y, np.full(len(X), 1.0))
    assert alike.loss() == pytest.approx(ones.loss(), rel=1e-13)
    np.testing.assert_allclose(alike.gradient(), ones.gradient(), rtol=1e-10, atol=1e-14)
    twice = Probe(model, np.repeat(X, 2, axis=0), np.repeat(y, 2, axis=0))
    np.testing.assert_allclose(twice.gradient(), alike.gradient(), rtol=1e-10, atol=1e-14)


def test_a_float32_model_is_measured_in_float64():
    model = fitted("squared error")
    assert model.network_.parameters.dtype == np.float32
    probe = probe_of("squared error")
    assert probe.parameters.dtype == np.float64
    np.testing.assert_array_equal(probe.network.parameters, model.network_.parameters)
    differences = slope(Probe.loss, probe, np.eye(probe.n_parameters)[0])
    assert differences == pytest.approx(probe.gradient()[0], rel=1e-8, abs=1e-10)
