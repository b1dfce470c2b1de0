import sys

import numpy as np
import pytest
from scipy.stats import ortho_group

from deepgen import MLPClassifier, MLPRegressor, Probe
from deepgen.estimators.from_weights import regressor_from_layers
from deepgen.generalization import compression, margins

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

FEW = {"n_draws": 2}


def drawn(widths, *, bias=False, seed=0, **parameters):
    draw = np.random.RandomState(seed)
    pairs = list(zip(widths[:-1], widths[1:], strict=True))
    coefs = [draw.randn(*shape) for shape in pairs]
    intercepts = [bias * draw.randn(out) for _, out in pairs]
    X = draw.randn(12, widths[0])
    model = regressor_from_layers(coefs, intercepts, bias=bias, **parameters)
    return Probe(model, X, np.zeros((12, widths[-1]))), coefs, intercepts, X


def by_hand(matrices, X, leak=0.0):
    """Products of each layer and Jacobians between layers, row by row."""
    rows = []
    for x in X:
        z, products = x, []
        for layer, A in enumerate(matrices):
            z = A @ (z if layer == 0 else np.where(z > 0, z, leak * z))
            products.append(z)
        J = {}
        for i in range(len(matrices)):
            J[i, i] = np.eye(len(products[i]))
            for j in range(i + 1, len(matrices)):
                slopes = np.where(products[j - 1] > 0, 1.0, leak)
                J[i, j] = matrices[j] @ np.diag(slopes) @ J[i, j - 1]
        rows.append((products, J))
    return rows


@pytest.mark.parametrize(("activation", "leak"), [("relu", 0.0), ("leaky_relu", 0.01)])
def test_cushions_are_their_formulas_row_by_row(activation, leak):
    probe, coefs, _, X = drawn([4, 14, 12, 3], activation=activation)
    matrices = [W.T for W in coefs]
    found = compression(probe, **FEW)
    rows = by_hand(matrices, X, leak)
    layer, inter, contraction = [], np.full((3, 3), np.inf), 0.0
    for i, A in enumerate(matrices):
        ratios = []
        for x, (products, _) in zip(X, rows, strict=True):
            below = x if i == 0 else products[i - 1]
            below = below if i == 0 else np.where(below > 0, below, leak * below)
            ratios.append(np.linalg.norm(products[i]) / (np.linalg.norm(A) * np.linalg.norm(below)))
            if i:
                before = np.linalg.norm(products[i - 1])
                contraction = max(contraction, before / np.linalg.norm(below))
        layer.append(min(ratios))
        for j in range(i, 3):
            inter[i, j] = min(
                np.linalg.norm(J[i, j] @ z[i]) / (np.linalg.norm(J[i, j]) * np.linalg.norm(z[i]))
                for z, J in rows
            )
    np.testing.assert_allclose(found.layer_cushion, layer, rtol=1e-12)
    upper = np.triu_indices(3)
    np.testing.assert_allclose(found.interlayer_cushion[upper], inter[upper], rtol=1e-12)
    assert np.isnan(found.interlayer_cushion[np.tril_indices(3, -1)]).all()
    assert found.activation_contraction == pytest.approx(contraction, rel=1e-12)
    np.testing.assert_allclose(found.least_interlayer, inter.min(axis=1), rtol=1e-12)
    total = np.sum(1 / (np.array(layer) * inter.min(axis=1)) ** 2)
    assert found.sum_of_inverses == pytest.approx(total, rel=1e-12)


def test_the_interlayer_cushion_of_a_layer_with_itself_is_1_over_the_root_of_its_width():
    probe = drawn([4, 9, 16, 2])[0]
    found = compression(probe, **FEW).interlayer_cushion
    assert np.diag(found).tolist() == [1 / 3, 1 / 4, 1 / np.sqrt(2)]


def test_jacobians_map_products_to_products():
    _, coefs, _, X = drawn([4, 7, 6, 3])
    for products, J in by_hand([W.T for W in coefs], X):
        for (i, j), matrix in J.items():
            np.testing.assert_allclose(matrix @ products[i], products[j], rtol=1e-12, atol=1e-12)


def test_intercepts_are_weights_of_a_constant():
    probe, coefs, intercepts, X = drawn([3, 5, 2], bias=True)
    A = np.block([[coefs[0].T, intercepts[0][:, None]], [np.zeros((1, 3)), np.ones((1, 1))]])
    B = np.column_stack([coefs[1].T, intercepts[1]])
    found = compression(probe, **FEW)
    rows = by_hand([A, B], np.column_stack([X, np.ones(len(X))]))
    expected = min(
        np.linalg.norm(J[0, 1] @ z[0]) / (np.linalg.norm(J[0, 1]) * np.linalg.norm(z[0]))
        for z, J in rows
    )
    assert found.interlayer_cushion[0, 1] == pytest.approx(expected, rel=1e-12)
    assert found.has_constant and found.n_weights == 3 * 5 + 5 + 5 * 2 + 2


def linear(A, x):
    model = regressor_from_layers([A.T], [np.zeros(len(A))], bias=False)
    return compression(Probe(model, x[None], np.zeros((1, len(A)))), **FEW)


def test_a_rank_one_matrix_and_its_own_vector_have_cushion_1(rng):
    u, v = rng.standard_normal(6), rng.standard_normal(4)
    assert linear(np.outer(u, v), v).layer_cushion[0] == pytest.approx(1, rel=1e-14)


def test_an_orthogonal_matrix_has_the_smallest_cushion_of_a_full_spectrum(rng):
    W = ortho_group.rvs(7, random_state=0)
    found = linear(3 * W, rng.standard_normal(7)).layer_cushion[0]
    assert found == pytest.approx(1 / np.sqrt(7), rel=1e-14)


def test_noise_sensitivity_is_1_over_the_squared_cushion(rng):
    A, x = rng.standard_normal((5, 8)), rng.standard_normal(8)
    noise = rng.standard_normal((200_000, 8)) * np.linalg.norm(x)
    psi = ((noise @ A.T) ** 2).sum(axis=1).mean() / ((A @ x) ** 2).sum()
    assert psi == pytest.approx(1 / linear(A, x).layer_cushion[0] ** 2, rel=0.01)


def test_residual_layers_carry_the_earlier_output():
    probe = drawn([4, 12, 11, 12, 2], skip="residual")[0]
    found = compression(probe, n_draws=5)
    assert np.isfinite(found.layer_cushion).all() and found.interlayer_smoothness > 0


def test_smoothness_is_infinite_without_kinks_and_grows_with_smaller_noise():
    flat = drawn([4, 6, 5, 2], activation="identity")[0]
    assert compression(flat, **FEW).interlayer_smoothness > 1e10
    probe = drawn([4, 30, 30, 2])[0]
    rough, fine = (
        compression(probe, noise_eps=eps, n_draws=20).interlayer_smoothness for eps in (0.5, 0.1)
    )
    assert 0 < rough < fine < np.inf
    assert fine == compression(probe, noise_eps=0.1, n_draws=20).interlayer_smoothness


def test_smoothness_is_the_largest_number_for_which_the_inequality_holds():
    from deepgen.generalization.compressibility.compress import project, signs_needed

    probe, coefs, _, X = drawn([4, 10, 6, 3])
    matrices = [W.T for W in coefs]
    random, k = np.random.default_rng(0), signs_needed(0.3, 0.05)
    rows, each = by_hand(matrices, X), []
    for _ in range(40):
        below, least = X, np.inf
        for i in range(2):
            noisy = below @ project(matrices[i], k, random).T
            for x, (z, J) in zip(noisy, rows, strict=True):
                curved = x
                for j in range(i + 1, 3):
                    curved = matrices[j] @ np.maximum(curved, 0)
                    bent = np.linalg.norm(curved - J[i, j] @ x)
                    size = np.linalg.norm(x - z[i]) * np.linalg.norm(z[j])
                    least = min(least, size / (bent * np.linalg.norm(z[i])) if bent else np.inf)
            below = np.maximum(noisy, 0)
        each.append(least)
    found = compression(probe, n_draws=40, random_state=0).interlayer_smoothness
    assert found == pytest.approx(sorted(each)[2], rel=1e-9)
    assert np.mean(np.array(each) >= found) >= 0.95


def classifier(**settings):
    draw = np.random.RandomState(0)
    X = draw.randn(80, 3)
    y = np.digitize(X[:, 0], [-0.4, 0.4])
    given = dict(hidden_layer_sizes=(8,), bias=False, random_state=0, solver="lbfgs")
    return Probe(MLPClassifier(**(given | settings)).fit(X, y), X, y)


def test_count_and_bound_are_the_theorems():
    probe = classifier(dtype="float64")
    found = compression(probe, n_points=80, n_draws=2, percentile=30)
    own = margins(probe)
    gamma = np.percentile(own.margin, 30)
    largest = np.linalg.norm(probe.model.decision_function(probe.data.X), axis=1).max()
    d, m, h, c = 2, 80, 8, found.activation_contraction
    eps = min(1, gamma / (np.sqrt(2) * largest))
    assert (found.margin, found.eps) == pytest.approx((gamma, eps), rel=1e-12)
    inverses = 1 / (found.layer_cushion * found.least_interlayer) ** 2
    counts = 72 * c**2 * d**2 * np.log(m * d * h / 0.05) / eps**2 * inverses
    np.testing.assert_allclose(found.compressed_counts, counts, rtol=1e-12)
    complexity = c**2 * d**2 * largest**2 * inverses.sum() / (gamma**2 * m)
    bound = np.mean(own.margin <= gamma) + np.sqrt(complexity)
    assert found.bound == pytest.approx(bound, rel=1e-12)
    # With honest constants the compressed network is the larger one.
    assert not found.is_smaller and found.compressed_count > 1000 * found.n_weights


def test_wrong_rows_and_regressors_have_cushions_and_no_bound():
    probe = classifier()
    y = (np.asarray(probe.data.y).ravel() + 1) % 3
    found = compression(Probe(probe.model, probe.data.X, y), **FEW)
    assert found.bound is None and found.eps == 1 and np.isnan(found.margin)
    assert compression(drawn([4, 5, 2])[0], **FEW).bound is None


def test_a_dead_layer_contracts_without_bound():
    model = regressor_from_layers(
        [-np.ones((2, 3)), np.ones((3, 1))], [[0.0] * 3, [0.0]], bias=False
    )
    found = compression(Probe(model, np.ones((2, 2)), np.zeros(2)), **FEW)
    assert found.activation_contraction == np.inf and found.compressed_count == np.inf
    assert found.layer_cushion[0] > 0


def test_few_points_are_evenly_spaced_rows():
    probe, _, _, X = drawn([4, 7, 3])
    two = compression(Probe(probe.model, X[[0, -1]], np.zeros((2, 3))), **FEW)
    found = compression(probe, n_points=2, **FEW)
    assert found.layer_cushion.tolist() == two.layer_cushion.tolist()
    assert found.cushions.shape == (2, 2) and compression(probe, **FEW).cushions.shape == (2, 12)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(n_points=0), "n_points must be an integer of at least 1"),
        (dict(n_draws=0), "n_draws must be"),
        (dict(delta=1.0), r"delta must be in \(0, 1\), got 1.0"),
        (dict(delta="x"), "delta must be"),
        (dict(noise_eps=0), "noise_eps must be a finite number above 0"),
        (dict(percentile=100), r"percentile must be in \[0, 100\), got 100"),
        (dict(percentile="x"), "percentile must be in"),
        (dict(random_state=-1), "random_state"),
        (dict(noise_eps=1e-7), "random signs are needed"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        compression(drawn([4, 5, 2])[0], **settings)


def test_what_has_no_cushions_is_refused(monkeypatch):
    with pytest.raises(ValueError, match="got tanh"):
        compression(drawn([4, 5, 2], activation="tanh")[0])
    X = np.random.RandomState(0).randn(20, 3)
    model = MLPRegressor(hidden_layer_sizes=(4,), normalization="layer", max_iter=1)
    with pytest.raises(ValueError, match="layer norm"):
        compression(Probe(model.fit(X, X[:, 0]), X, X[:, 0]))
    monkeypatch.setattr(
        sys.modules["deepgen.generalization.compressibility.compression"], "MAX_WORK", 100.0
    )
    with pytest.raises(ValueError, match=r"multiply-adds.*take n_points="):
        compression(drawn([4, 5, 2])[0])


def test_the_plot_has_a_line_per_layer():
    pytest.importorskip("matplotlib")
    assert len(compression(drawn([4, 5, 2])[0], **FEW).plot().lines) == 2
