from itertools import product

import numpy as np
import pytest

from deepgen import MLPClassifier, MLPRegressor, Probe
from deepgen.generalization import margins, norm_bounds

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def trained(n_classes=3, **settings):
    draw = np.random.RandomState(0)
    X = draw.randn(60, 4) * [1, 2, 0.5, 1]
    y = np.digitize(X[:, 0] + 0.3 * X[:, 1], [-0.5, 0.5][: n_classes - 1])
    given = dict(hidden_layer_sizes=(12, 6), random_state=0, solver="lbfgs", dtype="float64")
    return MLPClassifier(**(given | settings)).fit(X, y), X, y


def paths(matrices):
    """The product of weights along each path from an input to an output, one by one."""
    widths = [matrices[0].shape[1], *(len(A) for A in matrices)]
    for path in product(*map(range, widths)):
        value = 1.0
        for A, here, there in zip(matrices, path[:-1], path[1:], strict=True):
            value *= A[there, here]
        yield value


@pytest.mark.parametrize("bias", [False, True])
def test_the_norms_are_their_formulas(bias):
    model, X, y = trained(bias=bias)
    matrices = [W.T for W in model.coefs_]
    inputs = X
    if bias:
        inputs = np.column_stack([X, np.ones(len(X))])
        matrices = [np.column_stack([A, b]) for A, b in zip(matrices, model.intercepts_)]  # noqa: B905
        for layer in (0, 1):
            last = np.eye(matrices[layer].shape[1])[-1:]
            matrices[layer] = np.vstack([matrices[layer], last])
    found = norm_bounds(Probe(model, X, y))
    spectral = [np.sqrt(np.linalg.eigvalsh(A.T @ A)[-1]) for A in matrices]
    frobenius = [np.sqrt((A**2).sum()) for A in matrices]
    along = np.array(list(paths(matrices)))
    expected = {
        "(1, inf)": np.prod([max(sum(abs(w) for w in row) for row in A) for A in matrices]),
        "frobenius": np.prod(frobenius),
        "(3, 1.5)": np.prod(
            [sum((abs(row) ** 3).sum() ** (1.5 / 3) for row in A) ** (1 / 1.5) for A in matrices]
        ),
        "spectral": np.prod(spectral),
        "spectral, frobenius sum": np.prod(spectral)
        * np.sqrt(sum((f / s) ** 2 for f, s in zip(frobenius, spectral, strict=True))),
        "path, l1": np.abs(along).sum(),
        "path, l2": np.sqrt((along**2).sum()),
    }
    W, L, n = Probe(model, X, y).n_parameters, 3, len(X)
    gamma = np.percentile(margins(Probe(model, X, y)).margin, 5)
    assert found.margin == gamma and found.margin_loss == 0.05
    sizes = {
        "(1, inf)": np.sqrt((inputs**2).mean(axis=0).max()),
        "(3, 1.5)": max((abs(x) ** 1.5).sum() ** (2 / 3) for x in inputs),
        "path, l1": np.sqrt((inputs**2).mean(axis=0).max()),
    }
    row_size = np.sqrt((inputs**2).sum(axis=1).mean())
    for name, norm in expected.items():
        row = found[name]
        assert row.norm == pytest.approx(norm, rel=1e-10), name
        assert row.capacity == pytest.approx((norm / gamma) ** 2, rel=1e-10)
        rate = n ** (1 / 3) if name == "(3, 1.5)" else n**0.5
        order = norm / gamma * sizes.get(name, row_size) / rate
        assert row.order == pytest.approx(order, rel=1e-10), name
    assert found["vc"].norm == pytest.approx(W * L * np.log(W), rel=1e-14)
    assert found["vc"].order == pytest.approx(np.sqrt(W * L * np.log(W) / n), rel=1e-14)
    assert len(found.rows) == len(expected) + 1


def test_path_norms_alone_do_not_change_when_units_are_rescaled():
    model, X, y = trained(bias=False)
    before = norm_bounds(Probe(model, X, y))
    factors = np.array([8.0, 0.25, 1.0, 2.0, 16.0, 0.5] * 2)
    model.coefs_ = [
        model.coefs_[0] * factors,
        model.coefs_[1] / factors[:, None],
        model.coefs_[2].copy(),
    ]
    after = norm_bounds(Probe(model, X, y))
    for row, other in zip(before.rows, after.rows, strict=True):
        same = row.name.startswith("path") or row.name == "vc"
        assert (abs(other.capacity / row.capacity - 1) < 1e-12) == same, row.name


def test_a_scaled_layer_changes_no_capacity():
    model, X, y = trained(bias=False)
    before = norm_bounds(Probe(model, X, y))
    model.coefs_[1] = 5.3 * model.coefs_[1]
    for row, other in zip(before.rows, norm_bounds(Probe(model, X, y)).rows, strict=True):
        assert other.capacity == pytest.approx(row.capacity, rel=1e-12), row.name


def test_the_gap_is_the_difference_of_the_shares_of_wrong_answers():
    model, X, y = trained(alpha=0.3)
    draw = np.random.RandomState(5)
    other, labels = draw.randn(200, 4), draw.randint(3, size=200)
    found = norm_bounds(Probe(model, X, y), validation=(other, labels))
    assert found.gap == pytest.approx(model.score(X, y) - model.score(other, labels))
    assert "measured gap" in found.table() and ", gap " in repr(found)
    assert norm_bounds(Probe(model, X, y)).gap is None


def test_without_a_positive_margin_there_is_no_bound():
    model, X, y = trained()
    wrong = np.where(np.arange(len(y)) < 10, (y + 1) % 3, y)
    with pytest.raises(ValueError, match=r"the 5th percentile of the margins is -.* are wrong"):
        norm_bounds(Probe(model, X, wrong))
    assert norm_bounds(Probe(model, X, wrong), percentile=30).margin_loss == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(activation="tanh"), "got tanh"),
        (dict(normalization="layer", solver="adam"), "layer norm"),
    ],
)
def test_networks_that_the_theorems_do_not_cover_are_refused(settings, message):
    model, X, y = trained(**settings)
    with pytest.raises(ValueError, match=message):
        norm_bounds(Probe(model, X, y), percentile=99)


def test_a_regressor_and_a_bad_percentile_are_refused():
    model, X, y = trained()
    for percentile in (100, "low", float("nan")):
        with pytest.raises(ValueError, match="percentile must be in"):
            norm_bounds(Probe(model, X, y), percentile=percentile)
    regressor = MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs").fit(X, X[:, 0])
    with pytest.raises(ValueError, match="probe of a regressor"):
        norm_bounds(Probe(regressor, X, X[:, 0]))


def test_the_plot_has_a_point_per_bound():
    pytest.importorskip("matplotlib")
    model, X, y = trained()
    assert len(norm_bounds(Probe(model, X, y)).plot().lines[0].get_xdata()) == 8
