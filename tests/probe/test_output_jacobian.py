"""The derivatives of the outputs by the parameters: operator, rows, and what they add up to."""

import numpy as np
import pytest
from scipy.special import softmax

from probe.fitted_models import KINDS, probe_of

every_kind = pytest.mark.parametrize("kind", KINDS)
STEP = 1e-5


@every_kind
def test_rows_are_slopes_of_the_outputs(kind):
    probe = probe_of(kind)
    v = np.random.default_rng(0).normal(size=probe.n_parameters)
    X = probe.data.X
    ahead, behind = (probe.at(probe.parameters + r * v).network.outputs(X) for r in (STEP, -STEP))
    J = probe.output_gradients()
    assert J.shape == (probe.n_samples, probe.n_outputs, probe.n_parameters)
    slopes = (ahead - behind) / (2 * STEP)
    np.testing.assert_allclose(J @ v, slopes, rtol=1e-5, atol=1e-7 * (1 + np.abs(slopes).max()))


@every_kind
def test_operator_and_rows_agree_and_are_adjoint(kind):
    probe = probe_of(kind)
    J, operator = probe.output_gradients(), probe.output_jacobian
    flat = J.reshape(operator.shape)
    rng = np.random.default_rng(1)
    v, u = rng.normal(size=operator.shape[1]), rng.normal(size=operator.shape[0])
    scale = np.abs(flat).max()
    np.testing.assert_allclose(operator @ v, flat @ v, rtol=1e-11, atol=1e-12 * scale)
    np.testing.assert_allclose(operator.T @ u, flat.T @ u, rtol=1e-11, atol=1e-12 * scale)
    assert u @ (operator @ v) == pytest.approx(v @ (operator.T @ u), rel=1e-12, abs=1e-12 * scale)


@every_kind
def test_samples_gradients_follow_from_those_of_the_outputs(kind):
    """g_i = J_i^T dl_i/dz: of all rows with the same J, so G lies in the rows of J."""
    probe = probe_of(kind)
    J, G = probe.output_gradients(), probe.per_sample_gradients()
    for rows, gradient in zip(J, G, strict=True):
        weights, *_ = np.linalg.lstsq(rows.T, gradient, rcond=None)
        scale = 1 + np.abs(gradient).max()
        np.testing.assert_allclose(rows.T @ weights, gradient, rtol=1e-6, atol=1e-8 * scale)


CURVATURE = {
    "squared error": lambda z: np.ones_like(z)[:, :, None],
    "batch norm, residual": lambda z: np.ones_like(z)[:, :, None],
    "weight norm": lambda z: np.ones_like(z)[:, :, None],
    "poisson": lambda z: np.exp(z)[:, :, None],
    "three classes": lambda z: np.array([np.diag(p) - np.outer(p, p) for p in softmax(z, axis=1)]),
}


@pytest.mark.parametrize("kind", sorted(CURVATURE))
def test_gauss_newton_is_the_jacobian_around_the_loss_curvature(kind):
    probe = probe_of(kind)
    J = probe.output_gradients()
    H = CURVATURE[kind](probe.network.outputs(probe.data.X))
    shares = probe.data.weights / probe.data.weights.sum()
    expected = np.einsum("i,icp,icd,idq->pq", shares, J, H, J, optimize=True)
    actual = probe.gauss_newton(np.eye(probe.n_parameters))
    np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=1e-12 * np.abs(expected).max())


def test_rows_are_chosen_as_numpy_does():
    probe = probe_of("three classes")
    J = probe.output_gradients()
    mask = np.arange(40) % 7 == 0
    for rows in ([5], [3, 3, -1], mask, np.array([], dtype=int), [], range(2, 5)):
        expected = J[np.asarray(rows, dtype=None if len(rows) else int)]
        np.testing.assert_array_equal(probe.output_gradients(rows), expected)
    np.testing.assert_array_equal(probe.output_gradients(4), J[[4]])
    for wrong in ([40], [-41], np.ones(39, bool), [0.5]):
        with pytest.raises(IndexError):
            probe.output_gradients(wrong)
