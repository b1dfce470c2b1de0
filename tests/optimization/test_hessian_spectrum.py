"""The spectrum of fitted networks against their dense matrices."""

import numpy as np
import pytest
from probe.fitted_models import KINDS, data_of, fitted, probe_of
from scipy import sparse
from scipy.special import softmax

from deepgen import MLPClassifier, MLPRegressor, Probe
from deepgen.losses import Focal, Quantile
from deepgen.optimization import HessianSpectrum, hessian_spectrum
from deepgen.optimization.curvature_matrix import MATRICES, curvature_matrix
from reference.fisher import information

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.RandomState(0).randn(60, 4)
NO_LIKELIHOOD = [kind for kind in KINDS if "focal" in kind] + ["quantiles"]


def dense(probe, matrix="hessian"):
    product = {"hessian": probe.hvp, "gauss_newton": probe.gauss_newton}[matrix]
    return np.array([product(unit) for unit in np.eye(probe.n_parameters)])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("matrix", ["hessian", "gauss_newton"])
def test_both_routes_give_the_eigenvalues_of_the_dense_matrix(kind, matrix):
    probe = probe_of(kind)
    P = probe.n_parameters
    assert P <= 300
    expected = np.linalg.eigvalsh(dense(probe, matrix))
    scale = np.abs(expected).max()
    whole = hessian_spectrum(probe, matrix=matrix, n_iter=P)
    assert whole.exact and whole.trace_se == 0
    np.testing.assert_allclose(whole.nodes[0], expected, rtol=1e-8, atol=1e-13 * scale)
    assert whole.trace == pytest.approx(expected.sum(), rel=1e-8)
    if P < 20:
        return
    steps = hessian_spectrum(probe, matrix=matrix, n_iter=P - 1, n_values=5, random_state=0)
    assert not steps.exact
    np.testing.assert_allclose(steps.top, expected[::-1][:5], rtol=1e-8, atol=1e-8 * scale)
    assert steps.bottom[0] == pytest.approx(expected[0], rel=1e-8, abs=1e-8 * scale)
    assert abs(steps.trace - expected.sum()) <= 8 * steps.trace_se + 1e-9 * scale


@pytest.mark.parametrize("kind", ["three classes", "squared error", "weight norm"])
def test_early_values_are_bounded_by_their_errors(kind):
    probe = probe_of(kind)
    expected = np.linalg.eigvalsh(dense(probe))
    spectrum = hessian_spectrum(probe, n_iter=12, n_starts=3, random_state=0)
    assert spectrum.nodes.shape == spectrum.weights.shape == (3, 12)
    for values, errors in (
        (spectrum.top, spectrum.top_errors),
        (spectrum.bottom, spectrum.bottom_errors),
    ):
        distance = np.abs(values[:, None] - expected).min(axis=1)
        assert (distance <= errors * (1 + 1e-9)).all()
    assert (spectrum.top <= expected[::-1][:10] + 1e-12).all()
    np.testing.assert_allclose(spectrum.weights.sum(axis=1), 1, rtol=1e-12)


def test_linear_regression_has_its_closed_form():
    """Squared error is halved, so H is X'X / n of the rows with a one."""
    y = X @ [1.0, 2.0, 3.0, 4.0]
    model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", target_scaling=None).fit(X, y)
    rows = np.column_stack([X, np.ones(len(X))])
    weights = np.random.RandomState(1).uniform(0.5, 2, len(X))
    expected = np.linalg.eigvalsh((rows * weights[:, None]).T @ rows / weights.sum())
    probe = Probe(model, X, y, weights)
    for matrix in MATRICES:
        spectrum = hessian_spectrum(probe, matrix=matrix)
        np.testing.assert_allclose(spectrum.top, expected[::-1], rtol=1e-12)
        np.testing.assert_allclose(spectrum.bottom, expected, rtol=1e-12)
        assert spectrum.trace == pytest.approx(expected.sum(), rel=1e-12)


def outputs_jacobian(probe, step=1e-6):
    """dz / d theta by central differences, (n, n_outputs, P)."""
    columns = []
    for unit in np.eye(probe.n_parameters):
        ahead, behind = (probe.at(probe.parameters + s * unit).network for s in (step, -step))
        difference = ahead.outputs(probe.data.X) - behind.outputs(probe.data.X)
        columns.append(difference.reshape(probe.n_samples, -1) / (2 * step))
    return np.stack(columns, axis=2)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in NO_LIKELIHOOD])
def test_the_fisher_matrix_is_made_of_the_outputs_information(kind):
    probe = probe_of(kind)
    loss = probe.network.core.spec.loss
    z = probe.network.outputs(probe.data.X).reshape(probe.n_samples, -1)
    if loss.name == "log_loss":
        p = softmax(z, axis=1)
        F = p[:, :, None] * np.eye(z.shape[1]) - p[:, :, None] * p[:, None, :]
    else:
        settings = {"delta": 1.0, "quantile": 0.5, **loss.settings}
        if isinstance(settings["quantile"], list):
            (settings["quantile"],) = settings["quantile"]
        F = information(loss.name, z, settings)[:, :, None] * np.eye(z.shape[1])
    J = outputs_jacobian(probe)
    weights = probe.data.weights / probe.data.weights.sum()
    expected = np.einsum("n,nkp,nkl,nlq->pq", weights, J, F, J, optimize=True)
    actual = curvature_matrix(probe, "fisher") @ np.eye(probe.n_parameters)
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6 * np.abs(expected).max())
    parameters, loss_before = probe.parameters.copy(), probe.loss()
    assert probe.loss() == loss_before and np.array_equal(probe.parameters, parameters)


def test_losses_that_are_no_likelihood_have_no_fisher_matrix():
    labels = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
    for y, name in ((labels, "focal"), (labels > 0, "focal")):
        model = MLPClassifier(loss=Focal(), max_iter=2).fit(X, y)
        with pytest.raises(ValueError, match=f"likelihood, and {name} is none"):
            hessian_spectrum(Probe(model, X, y), matrix="fisher")
    model = MLPRegressor(loss=Quantile([0.2, 0.8]), max_iter=2).fit(X, X[:, 0])
    with pytest.raises(ValueError, match="several quantiles of one target"):
        hessian_spectrum(Probe(model, X, X[:, 0]), matrix="fisher")


def test_sparse_features_have_the_spectrum_of_dense_ones():
    features, y, weights = data_of("three classes")
    features = np.where(np.abs(features) > 0.5, features, 0.0)
    model = fitted("three classes")
    thin = Probe(model, sparse.csr_array(features), y, weights)
    expected = hessian_spectrum(Probe(model, features, y, weights), random_state=0)
    actual = hessian_spectrum(thin, random_state=0)
    np.testing.assert_allclose(actual.top, expected.top, rtol=1e-9)


def test_the_density_is_that_of_the_nodes():
    probe = probe_of("two outputs")
    spectrum = hessian_spectrum(probe, n_iter=10, n_starts=2, width=0.05, random_state=0)
    grid, values = spectrum.density
    assert np.trapezoid(values, grid) == pytest.approx(1, abs=1e-3)
    kernel = np.exp(-(((grid[500] - spectrum.nodes) / 0.05) ** 2) / 2) / (0.05 * np.sqrt(2 * np.pi))
    assert values[500] == pytest.approx((spectrum.weights * kernel).sum(axis=1).mean(), rel=1e-9)
    default = hessian_spectrum(probe, n_iter=10, random_state=0).density
    assert np.trapezoid(default.values, default.grid) == pytest.approx(1, abs=1e-3)


def test_many_starts_approach_the_sums_of_functions_of_all_eigenvalues():
    probe = probe_of("two outputs")
    eigenvalues = np.linalg.eigvalsh(dense(probe))
    spectrum = hessian_spectrum(probe, n_iter=20, n_starts=60, random_state=0)
    for function in (np.abs, np.exp, lambda value: value / (value**2 + 0.1)):
        expected = function(eigenvalues).sum()
        assert spectrum.sum_of(function) == pytest.approx(expected, rel=0.1)
    whole = hessian_spectrum(probe, n_iter=300)
    assert whole.sum_of(np.exp) == pytest.approx(np.exp(eigenvalues).sum(), rel=1e-10)


def test_equal_seeds_give_equal_spectra():
    probe = probe_of("three classes")
    first, second, third = (hessian_spectrum(probe, random_state=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.nodes, second.nodes) and first.trace == second.trace
    assert not np.array_equal(first.nodes, third.nodes) and first.trace != third.trace


def test_a_loss_without_curvature_has_zeros():
    spectrum = hessian_spectrum(probe_of("quantile"), matrix="gauss_newton", random_state=0)
    assert not spectrum.top.any() and spectrum.trace == spectrum.trace_se == 0
    assert np.isfinite(spectrum.density.values).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"matrix": "fischer"}, "matrix must be one of hessian, gauss_newton, fisher"),
        ({"n_iter": 1}, "n_iter must be an integer of at least 2, got 1"),
        ({"n_iter": 20.0}, "n_iter must be an integer"),
        ({"n_starts": 0}, "n_starts must be an integer of at least 1"),
        ({"n_values": True}, "n_values must be an integer"),
        ({"n_products": 2}, "n_products must be an integer of at least 4"),
        ({"width": 0.0}, "width must be None or > 0"),
        ({"width": np.nan}, "width must be None or > 0"),
        ({"random_state": "x"}, "cannot be used to seed"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        hessian_spectrum(probe_of("linear"), **settings)


def test_ctrl_c_ends_the_measurement_and_the_probe_remains_usable(monkeypatch):
    probe = probe_of("three classes")
    calls = []
    hvp = Probe.hvp

    def interrupted(self, v):
        calls.append(None)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return hvp(self, v)

    monkeypatch.setattr(Probe, "hvp", interrupted)
    with pytest.raises(KeyboardInterrupt):
        hessian_spectrum(probe)
    monkeypatch.undo()
    assert isinstance(hessian_spectrum(probe), HessianSpectrum)


def test_a_long_measurement_shows_a_bar_on_a_terminal(monkeypatch, capsys):
    from deepgen._display import progress_bar
    from deepgen.optimization import product_count

    probe = probe_of("three classes")
    monkeypatch.setattr(progress_bar, "is_watched", lambda: True)
    monkeypatch.setattr(progress_bar, "find_spec", lambda name: None)
    hessian_spectrum(probe, n_iter=5, n_products=4)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(product_count, "PATIENCE", -1.0)
    hessian_spectrum(probe, n_iter=5, n_products=4)
    shown = capsys.readouterr().err
    assert "products 5/9" in shown and "products 9/9" in shown
    assert shown.endswith("\r\x1b[K")


def test_repr_and_picture_show_the_ends():
    spectrum = hessian_spectrum(probe_of("three classes"), random_state=0)
    text = repr(spectrum)
    assert text.startswith("HessianSpectrum(hessian, 93 parameters, eigenvalues -")
    assert f"{spectrum.top[0]:.4g}" in text and "s.e." in text
    density, ends = spectrum.plot().lines
    assert np.array_equal(density.get_xydata(), np.column_stack(spectrum.density))
    assert set(ends.get_xdata()) == {*spectrum.top, *spectrum.bottom}
