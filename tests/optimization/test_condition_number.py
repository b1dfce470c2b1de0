"""Condition numbers against dense eigenvalues and closed forms."""

import numpy as np
import pytest
from probe.fitted_models import probe_of

from deepgen import MLPRegressor, Probe
from deepgen.optimization import condition_number
from deepgen.optimization.condition_number import RANKS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

KINDS = ["two outputs", "three classes", "relu", "batch norm", "highway", "weight norm", "focal"]


def linear_probe(X, y=None, weights=None):
    y = X[:, 0] if y is None else y
    model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", target_scaling=None)
    return Probe(model.fit(X, y), X, y, weights)


def dense(product, probe):
    return np.linalg.eigvalsh(np.array([product(v) for v in np.eye(probe.n_parameters)]))[::-1]


def test_linear_regression_has_its_closed_form():
    X = np.random.RandomState(0).randn(50, 3) * [1, 10, 0.1]
    rows = np.column_stack([X, np.ones(50)])
    eigenvalues = np.linalg.eigvalsh(rows.T @ rows / 50)[::-1]
    condition = condition_number(linear_probe(X), strengths=[1e-3, 1.0, 1e3])
    assert condition.exact and condition.negative_share == 0
    assert condition.value == pytest.approx(np.linalg.cond(rows) ** 2, rel=1e-9)
    assert condition.largest == pytest.approx(eigenvalues[0], rel=1e-12)
    assert condition.ratios[2] == pytest.approx(eigenvalues[0] / eigenvalues[1], rel=1e-12)
    assert np.isnan([condition.ratios[k] for k in (5, 10, 50)]).all()
    # The effective dimension is the trace of the ridge's hat matrix, R (R'R + n a I)^-1 R'.
    for a, dimension in zip([1e-3, 1.0, 1e3], condition.effective_dimension, strict=True):
        hat = rows @ np.linalg.solve(rows.T @ rows + 50 * a * np.eye(4), rows.T)
        assert dimension == pytest.approx(np.trace(hat), rel=1e-10)


def test_zero_modes_do_not_count():
    X = np.random.RandomState(0).randn(50, 2)
    doubled = np.column_stack([X, X])
    rows = np.column_stack([doubled, np.ones(50)])
    positive = np.linalg.eigvalsh(rows.T @ rows / 50)[::-1][:3]
    condition = condition_number(linear_probe(doubled))
    assert condition.value == pytest.approx(positive[0] / positive[2], rel=1e-9)
    with_tol = condition_number(linear_probe(doubled), tol=0.99 * positive[1] / positive[0])
    assert with_tol.value == pytest.approx(positive[0] / positive[1], rel=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_small_nets_have_the_numbers_of_their_dense_matrices(kind):
    probe = probe_of(kind)
    condition = condition_number(probe, tol=1e-4, n_iter=300)
    eigenvalues, bends = dense(probe.hvp, probe), dense(probe.gauss_newton, probe)
    assert condition.exact and condition.largest == pytest.approx(eigenvalues[0], rel=1e-10)
    smallest = eigenvalues[eigenvalues > 1e-4 * eigenvalues[0]][-1]
    assert condition.value == pytest.approx(eigenvalues[0] / smallest, rel=1e-8)
    assert condition.negative_share == pytest.approx(-eigenvalues[-1] / eigenvalues[0], rel=1e-8)
    for rank in RANKS:
        if eigenvalues[rank - 1] > 1e-9:
            expected = eigenvalues[0] / eigenvalues[rank - 1]
            assert condition.ratios[rank] == pytest.approx(expected, rel=1e-6)
        assert condition.ratio_errors[rank] in (0, np.inf)
    for place in (0, 12, 24):
        a = condition.strengths[place]
        expected = (bends / (bends + a)).sum()
        if kind != "focal":  # its matrix has eigenvalues below 0
            assert condition.effective_dimension[place] == pytest.approx(expected, rel=1e-6)


def test_with_fewer_steps_than_parameters_the_numbers_are_bounds():
    probe = probe_of("three classes")
    whole = condition_number(probe, tol=1e-3)
    part = condition_number(probe, tol=1e-3, n_iter=30, n_starts=40, random_state=0)
    assert not part.exact and "at least" in repr(part)
    assert part.value <= whole.value * (1 + 1e-9)
    assert part.largest == pytest.approx(whole.largest, rel=1e-8)
    assert part.negative_share == pytest.approx(whole.negative_share, rel=1e-3)
    for rank in (2, 5):
        error = part.ratio_errors[rank]
        assert part.ratios[rank] == pytest.approx(whole.ratios[rank], rel=error + 1e-9)
    assert np.isnan(part.ratios[50])
    close = whole.strengths > whole.strengths[-1] / 30**2
    expected = whole.effective_dimension
    assert part.effective_dimension[close] == pytest.approx(expected[close], rel=0.05)
    assert (part.effective_dimension > 0.95 * expected).all()


def test_outer_eigenvalues_of_many_parameters_are_found_to_the_smallest():
    """Of 200 columns with three scales, all clusters converge."""
    Q = np.linalg.qr(np.random.RandomState(0).randn(400, 200))[0]
    X = np.sqrt(400) * (Q - Q.mean(axis=0)) * np.repeat([1.0, 3.0, 10.0], [100, 99, 1])
    rows = np.column_stack([X, np.ones(400)])
    eigenvalues = np.linalg.eigvalsh(rows.T @ rows / 400)
    condition = condition_number(linear_probe(X), n_iter=60, random_state=0)
    assert not condition.exact
    assert condition.value == pytest.approx(eigenvalues[-1] / eigenvalues[0], rel=0.05)
    assert condition.value <= eigenvalues[-1] / eigenvalues[0] * (1 + 1e-9)


def test_without_positive_curvature_there_is_no_condition_number():
    X = np.random.RandomState(0).randn(20, 2)
    model = MLPRegressor("absolute_error", hidden_layer_sizes=(), max_iter=5).fit(X, X[:, 0])
    condition = condition_number(Probe(model, X, X[:, 0]))
    assert np.isnan(condition.value) and np.isnan(list(condition.ratios.values())).all()
    assert not condition.effective_dimension.any()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tol": 0.0}, r"tol must be in \(0, 1\), got 0.0"),
        ({"tol": np.nan}, "tol must be"),
        ({"n_iter": 1}, "n_iter must be an integer of at least 2"),
        ({"n_starts": 0}, "n_starts must be an integer of at least 1"),
        ({"strengths": [0.0]}, "strengths must be a list of finite numbers > 0"),
        ({"strengths": 1.0}, "strengths must be"),
        ({"strengths": [np.inf]}, "strengths must be"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        condition_number(probe_of("linear"), **settings)


def test_the_picture_shows_the_effective_dimension():
    condition = condition_number(probe_of("linear"))
    (line,) = condition.plot().lines
    assert np.array_equal(line.get_ydata(), condition.effective_dimension)
