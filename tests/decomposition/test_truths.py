import itertools

import numpy as np
import pytest
from sklearn.linear_model import Lasso, LinearRegression, Ridge
from sklearn.neural_network import MLPRegressor as PeerRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.tree import DecisionTreeRegressor

from deepgen import MLPRegressor
from deepgen.decomposition import (
    GaussianLinear,
    HeteroscedasticSine,
    NoisyFunction,
    TeacherNetwork,
    lecture_data,
)
from deepgen.decomposition.class_of import class_of
from deepgen.decomposition.step_functions import best_segments

TRUTHS = [
    HeteroscedasticSine(),
    GaussianLinear([1.0, 2.0], noise_scale=0.3),
    TeacherNetwork(3, (5, 4), noise_scale=0.2),
    NoisyFunction(lambda X: X.sum(axis=1), 0.5, low=[0, 0], high=[1, 2]),
    NoisyFunction(lambda X: X[:, 0], lambda X: X[:, 0], low=0, high=2),
]


@pytest.mark.parametrize("truth", TRUTHS, ids=lambda truth: type(truth).__name__)
def test_samples_scatter_around_the_regression_function_by_the_bayes_risk(truth):
    n = 200_000
    X, y = truth.sample(n, np.random.default_rng(0))
    assert X.shape == (n, truth.n_features) and y.shape == (n,)
    squares = (y - truth.regression(X)) ** 2
    assert abs(squares.mean() - truth.bayes_risk) < 5 * squares.std() / np.sqrt(n)


@pytest.mark.parametrize("truth", TRUTHS, ids=lambda truth: type(truth).__name__)
def test_quadrature_agrees_with_sampling(truth):
    nodes = truth.nodes(1_000)
    if nodes is None:
        assert truth.n_features > 1
        return
    X, weights = nodes
    assert weights.sum() == pytest.approx(1, abs=1e-12) and (np.diff(X[:, 0]) > 0).all()
    drawn = truth.regression(truth.draw_inputs(200_000, np.random.default_rng(1)))
    error = drawn.std() / np.sqrt(len(drawn))
    assert abs(weights @ truth.regression(X) - drawn.mean()) < 5 * error


def test_the_lectures_truth_has_its_bayes_risk_and_variance():
    truth = HeteroscedasticSine()
    X, weights = truth.nodes(1_000)
    assert truth.bayes_risk == pytest.approx(0.144, abs=1e-12)
    assert weights @ truth.noise(X) ** 2 == pytest.approx(0.144, abs=1e-12)
    assert weights @ truth.regression(X) ** 2 == pytest.approx(0.45, abs=1e-12)


def test_the_teachers_output_is_standardised():
    teacher = TeacherNetwork(4, (16,), seed=3)
    values = teacher.regression(np.random.default_rng(2).standard_normal((100_000, 4)))
    assert abs(values.mean()) < 0.05 and abs(values.std() - 1) < 0.05
    assert TeacherNetwork(4, (16,), seed=4) != teacher


def test_lecture_data_are_the_lectures():
    X, y = lecture_data(200, 0)
    right = X[:, 0] > 0
    assert right.sum() == 180 and (y[~right] == 0).all()
    # Inputs and noise come from generators with the same seed.
    uniform = np.random.RandomState(0).uniform(0, 1, 180)
    np.testing.assert_array_equal(np.sort(X[right, 0]), np.sort(uniform))


def test_best_segments_equals_brute_force():
    random = np.random.default_rng(5)
    level, mass = random.normal(size=9), random.uniform(0.5, 2, 9)

    def cost(starts):
        pieces = zip(starts, [*starts[1:], 9], strict=True)
        return sum(
            np.sum(mass[i:j] * (level[i:j] - np.average(level[i:j], weights=mass[i:j])) ** 2)
            for i, j in pieces
        )

    for k in range(1, 10):
        brute = min(cost([0, *rest]) for rest in itertools.combinations(range(1, 9), k - 1))
        starts = best_segments(level, mass, k)
        assert len(starts) == k and cost(list(starts)) == pytest.approx(brute, abs=1e-12)


def test_the_best_step_function_beats_the_greedy_tree():
    X, y = lecture_data(200, 0)
    for k in (2, 4, 8, 16):
        tree = DecisionTreeRegressor(max_leaf_nodes=k)
        best = class_of(tree, 1, 1, 0).minimize(X, y, None, None)
        greedy = np.mean((tree.fit(X, y).predict(X) - y) ** 2)
        assert np.mean((best.predict(X) - y) ** 2) <= greedy + 1e-12


@pytest.mark.parametrize("estimator, n_features, words", [
    (LinearRegression(), 3, "linear combinations of the inputs with a constant"),
    (Ridge(1.0, fit_intercept=False), 3, "linear combinations of the inputs without a constant"),
    (make_pipeline(StandardScaler(), PolynomialFeatures(3), Lasso()), 1, "PolynomialFeatures"),
    (MLPRegressor(hidden_layer_sizes=()), 2, "linear combinations of the inputs with a constant"),
    (DecisionTreeRegressor(max_depth=3), 1, "step functions with at most 8 pieces"),
    (DecisionTreeRegressor(max_depth=3, max_leaf_nodes=5), 1, "at most 5 pieces"),
    (LinearRegression(positive=True), 3, "functions that LinearRegression can represent"),
    (make_pipeline(StandardScaler(), Ridge(fit_intercept=False)), 1, "functions that Ridge"),
    (DecisionTreeRegressor(), 1, "functions that DecisionTreeRegressor can represent"),
    (DecisionTreeRegressor(max_depth=3), 2, "functions that DecisionTreeRegressor"),
    (DecisionTreeRegressor(max_depth=3, min_samples_leaf=2), 1, "functions that Decision"),
    (MLPRegressor(hidden_layer_sizes=(3,)), 2, "functions that MLPRegressor can represent"),
    (make_pipeline("passthrough", PeerRegressor()), 2, "functions that MLPRegressor"),
])  # fmt: skip
def test_classes_are_recognised(estimator, n_features, words):
    assert words in class_of(estimator, n_features, 1, 0).name


@pytest.mark.parametrize("make, words", [
    (lambda: GaussianLinear([]), "coef must be finite numbers"),
    (lambda: GaussianLinear([1.0], noise_scale=-1), "noise_scale must be at least 0, got -1"),
    (lambda: TeacherNetwork(0), "must be at least 1"),
    (lambda: NoisyFunction(3), "function must be callable, got 3"),
    (lambda: NoisyFunction(np.sum, low=1, high=0), "low must be below high"),
    (lambda: NoisyFunction(lambda X: X).regression(np.ones((4, 2))), r"returned shape \(4, 2\)"),
    (lambda: NoisyFunction(lambda X: X * np.nan).regression(np.ones((4, 1))), "finite numbers"),
])  # fmt: skip
def test_bad_truths_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
