import warnings

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeRegressor

from deepgen import MLPRegressor
from deepgen.decomposition import (
    GaussianLinear,
    HeteroscedasticSine,
    NoisyFunction,
    TeacherNetwork,
    decompose,
)

SINE = HeteroscedasticSine()
LINEAR = GaussianLinear([1.0, -2.0, 0.5], noise_scale=0.5, intercept=3.0)
NET = MLPRegressor(hidden_layer_sizes=(8,), learning_rate_init=0.01, max_iter=40)
PROBLEMS = {
    "linear": (LinearRegression(), LINEAR),
    "polynomial": (make_pipeline(PolynomialFeatures(4), Ridge(1e-3)), SINE),
    "tree": (DecisionTreeRegressor(max_leaf_nodes=6), SINE),
    "deep tree": (DecisionTreeRegressor(max_depth=3), LINEAR),
    "neighbours": (KNeighborsRegressor(5), SINE),
    "forest": (RandomForestRegressor(5), SINE),
    "support vectors": (make_pipeline(StandardScaler(), SVR()), SINE),
    "network": (NET, TeacherNetwork(2, (4,))),
    "scaled network": (make_pipeline(StandardScaler(), NET), SINE),
}


def run(name, **settings):
    estimator, truth = PROBLEMS[name]
    settings = {"n_repeats": 3, "n_test": 2_000, "n_starts": 1, "random_state": 0} | settings
    return decompose(estimator, truth, 60, **settings)


@pytest.mark.slow
@pytest.mark.parametrize("name", PROBLEMS)
def test_both_identities_telescope(name):
    result = run(name)
    for reading in (result, result.deck, result.bottou_bousquet):
        total = reading.approximation + reading.estimation + reading.optimization
        assert abs(total - reading.excess) < 1e-12
        for term in ("approximation", "estimation", "optimization", "excess"):
            assert getattr(reading, f"{term}_se") >= 0
    assert result.risk == pytest.approx(result.bayes_risk + result.excess, rel=1e-12)
    assert result.rho == pytest.approx(result.deck.optimization, abs=1e-12)
    assert result.rho >= -1e-9
    assert result.approximation >= 0
    assert np.mean(result.repeats["empirical"]) - result.bayes_risk == pytest.approx(
        result.deck.excess
    )


@pytest.mark.slow
@pytest.mark.parametrize("degree, error", [
    (0, 0.450000), (1, 0.331630), (2, 0.208780), (3, 0.205772), (5, 3.22576e-2),
    (8, 6.2523e-3), (10, 2.02335e-3), (15, 4.40323e-4), (20, 1.94239e-4), (25, 9.00205e-5),
])  # fmt: skip
def test_polynomials_have_their_exact_approximation_errors(degree, error):
    model = make_pipeline(PolynomialFeatures(degree), LinearRegression())
    result = decompose(model, SINE, 100, n_repeats=2, random_state=0)
    # The digits that are known.
    assert result.approximation == pytest.approx(error, rel=1e-5, abs=0)
    assert result.approximation_se == 0 and result.exact


@pytest.mark.slow
@pytest.mark.parametrize("n_leaves, error", [
    (2, 0.117734), (4, 0.0481763), (8, 0.0134389), (16, 3.70963e-3), (32, 9.834e-4), (64, 2.535e-4),
])  # fmt: skip
def test_trees_have_the_approximation_errors_of_dynamic_programming(n_leaves, error):
    tree = DecisionTreeRegressor(max_leaf_nodes=n_leaves)
    result = decompose(tree, SINE, 100, n_repeats=2, random_state=0)
    # Grids differ; three significant digits are safe.
    assert result.approximation == pytest.approx(error, rel=5e-3, abs=0)
    assert result.exact


@pytest.mark.slow
@pytest.mark.parametrize("d, n", [(3, 30), (10, 40), (20, 60)])
def test_least_squares_has_its_closed_form_estimation_error(d, n):
    truth = GaussianLinear(np.linspace(-1, 1, d), noise_scale=0.5)
    model = LinearRegression(fit_intercept=False)
    result = decompose(model, truth, n, n_repeats=400, n_test=4_000, random_state=d)
    expected = 0.25 * d / (n - d - 1)
    assert abs(result.estimation - expected) < 4 * result.estimation_se
    assert result.estimation_se < 0.05 * expected
    # E_n(f_n) is noise^2 (n - d) / n on average, so the lecture's reading is -noise^2 d / n.
    assert abs(result.deck.estimation + 0.25 * d / n) < 4 * result.deck.estimation_se
    assert result.approximation < 1e-24 and abs(result.optimization) < 1e-12


@pytest.mark.slow
def test_an_intercept_costs_its_closed_form():
    d, n = 5, 40
    truth = GaussianLinear(np.ones(d), noise_scale=1.0, intercept=7.0)
    result = decompose(LinearRegression(), truth, n, n_repeats=600, n_test=4_000, random_state=1)
    expected = 1 / n + (1 + 1 / n) * d / (n - d - 2)
    assert abs(result.estimation - expected) < 4 * result.estimation_se


@pytest.mark.parametrize("steps", [1, 5, 50])
def test_gradient_descent_has_its_closed_form_optimization_error(steps):
    rate, n, repeats = 0.1, 50, 5
    truth = GaussianLinear([1.0, -2.0, 0.5], noise_scale=0.5)
    model = MLPRegressor(
        hidden_layer_sizes=(), solver="sgd", momentum=0.0, nesterovs_momentum=False, alpha=0.0,
        learning_rate_init=rate, batch_size=n, shuffle=False, max_iter=steps, tol=0.0,
        n_iter_no_change=np.inf, target_scaling=None, dtype="float64", random_state=3,
    )  # fmt: skip
    result = decompose(model, truth, n, n_repeats=repeats, n_test=50, random_state=2)

    expected = []
    seed = int(np.random.RandomState(2).randint(np.iinfo(np.int64).max, dtype=np.int64))
    for repeat in range(repeats):
        stream = np.random.default_rng(np.random.SeedSequence([seed, repeat, 0]))
        X, y = truth.sample(n, stream)
        A = np.column_stack([X, np.ones(n)])
        best = np.linalg.lstsq(A, y, rcond=None)[0]
        # Starting weights depend on the seed alone: a step of rate 1e-300 does not move them.
        still = MLPRegressor(**model.get_params() | {"learning_rate_init": 1e-300, "max_iter": 1})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            still.fit(X, y)
        start = np.append(still.coefs_[0], still.intercepts_[0])
        values, vectors = np.linalg.eigh(A.T @ A / n)
        along = vectors.T @ (start - best)
        expected.append(np.sum(values * (1 - rate * values) ** (2 * steps) * along**2))
    assert result.exact
    assert result.deck.optimization == pytest.approx(np.mean(expected), rel=1e-9, abs=0)


@pytest.mark.claims
def test_signs_of_both_readings():
    for name in ("tree", "deep tree", "linear"):
        result = run(name, n_repeats=100)
        assert result.deck.estimation < -2 * result.deck.estimation_se
        assert result.estimation > 2 * result.estimation_se


@pytest.mark.slow
def test_approximation_does_not_depend_on_n_and_estimation_falls_with_n():
    model = make_pipeline(PolynomialFeatures(5), LinearRegression())
    few, more, many = (
        decompose(model, SINE, n, n_repeats=30, random_state=0) for n in (50, 200, 800)
    )
    assert few.approximation == more.approximation == many.approximation
    assert few.estimation > more.estimation > many.estimation > 0


def test_rho_falls_with_each_step_of_full_batch_descent():
    def rho(max_iter):
        model = MLPRegressor(
            hidden_layer_sizes=(), solver="sgd", momentum=0.0, learning_rate_init=0.05, alpha=0.0,
            batch_size=60, max_iter=max_iter, n_iter_no_change=np.inf, random_state=0,
        )  # fmt: skip
        return decompose(model, LINEAR, 60, n_repeats=3, n_test=50, random_state=0).rho

    tolerances = [rho(max_iter) for max_iter in (1, 2, 4, 8, 16, 32)]
    assert all(np.diff(tolerances) < 0)


@pytest.mark.slow
def test_a_tolerance_is_kept_and_costs_more_steps_when_it_is_smaller():
    model = MLPRegressor(
        hidden_layer_sizes=(), solver="sgd", learning_rate_init=0.02, max_iter=500, random_state=0
    )
    results = [run_linear(model, rho) for rho in (1.0, 0.1, 0.01)]
    for rho, result in zip((1.0, 0.1, 0.01), results, strict=True):
        gap = result.repeats["empirical"] - result.repeats["empirical_best"]
        assert (gap <= rho + 1e-12).all() and result.reached == 1
        assert result.rho_asked == rho
    steps = [result.repeats["n_iter"].mean() for result in results]
    assert steps[0] < steps[1] < steps[2]


def run_linear(model, rho):
    return decompose(model, LINEAR, 60, n_repeats=4, n_test=50, rho=rho, random_state=0)


def test_a_tolerance_for_iterations_of_lbfgs_takes_the_least_number():
    model = make_pipeline(
        StandardScaler(),
        MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", max_iter=30, alpha=0.0, random_state=0),
    )
    result = decompose(model, LINEAR, 60, n_repeats=3, n_test=50, rho=1e-3, random_state=0)
    gap = result.repeats["empirical"] - result.repeats["empirical_best"]
    assert (gap <= 1e-3).all()
    shorter = decompose(
        model.set_params(mlpregressor__max_iter=int(result.repeats["n_iter"].min()) - 1),
        LINEAR, 60, n_repeats=3, n_test=50, random_state=0,
    )  # fmt: skip
    fewest = np.argmin(result.repeats["n_iter"])
    gap = shorter.repeats["empirical"] - shorter.repeats["empirical_best"]
    assert gap[fewest] > 1e-3


def test_a_tolerance_that_is_not_reached_is_said():
    model = MLPRegressor(hidden_layer_sizes=(), solver="sgd", max_iter=2, random_state=0)
    with pytest.warns(UserWarning, match="reached on 0% of the training sets"):
        result = run_linear(model, 1e-6)
    assert result.reached == 0 and "reached on 0%" in repr(result)


def test_a_network_is_never_worse_than_its_stand_ins():
    result = run("network")
    assert not result.exact and "upper bound" in repr(result)
    assert (result.repeats["empirical_best"] <= result.repeats["empirical"]).all()


def test_a_student_of_the_teachers_shape_has_almost_no_approximation_error():
    result = decompose(
        NET,
        TeacherNetwork(2, (3,), noise_scale=0.1, seed=4),
        200, n_repeats=2, n_test=4_000, random_state=0,
    )  # fmt: skip
    assert result.approximation < 1e-3


@pytest.mark.slow
def test_same_seed_same_bits_for_any_number_of_jobs():
    for name in ("polynomial", "scaled network"):
        one, two = run(name, n_jobs=1), run(name, n_jobs=2)
        assert one == two
        for key, values in one.repeats.items():
            np.testing.assert_array_equal(values, two.repeats[key])
    assert run("polynomial", random_state=1) != run("polynomial")


def test_a_longer_run_begins_with_the_training_sets_of_a_shorter_one():
    short, long = run("polynomial", n_repeats=2), run("polynomial", n_repeats=4)
    for key in ("empirical", "empirical_best", "risk"):
        np.testing.assert_array_equal(short.repeats[key], long.repeats[key][:2])


def test_the_estimator_is_left_alone():
    model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=5)
    before = dict(model.get_params())
    decompose(model, SINE, 30, n_repeats=1, n_test=100, n_starts=1)
    assert model.get_params() == before and not hasattr(model, "coefs_")


def test_progress_is_told():
    told = []
    run("linear", progress=lambda *step: told.append(step))
    assert ("training sets", 0, 3) in told and ("training sets", 3, 3) in told


def test_a_users_function_with_noise_that_varies():
    truth = NoisyFunction(lambda X: X[:, 0] ** 2, noise_scale=lambda X: 1 + X[:, 0])
    model = make_pipeline(PolynomialFeatures(1), LinearRegression())
    result = decompose(model, truth, 200, n_repeats=3, random_state=0)
    assert result.bayes_risk == pytest.approx(4 / 3, rel=1e-12)
    # The best line to x^2 on (-1, 1) is 1/3, and the mean of (x^2 - 1/3)^2 is 4/45.
    assert result.approximation == pytest.approx(4 / 45, rel=1e-12)


@pytest.mark.parametrize("settings, words", [
    ({"n_samples": 0}, "n_samples must be an integer of at least 1, got 0"),
    ({"n_repeats": 2.5}, "n_repeats must be an integer of at least 1, got 2.5"),
    ({"n_test": True}, "n_test must be an integer"),
    ({"n_starts": 0}, "n_starts"),
    ({"rho": -1.0}, "rho must be None or a number of at least 0, got -1.0"),
    ({"rho": 0.1}, "LinearRegression does not"),
    ({"estimator": LogisticRegression()}, "truth must be a deepgen.decomposition.ClassTruth for a"),
    ({"risk": "log_loss"}, "risk is for classifiers, got 'log_loss' with a regressor"),
    ({"estimator": "tree"}, "scikit-learn's interface, got 'tree'"),
    ({"truth": None}, "truth must be a deepgen.decomposition.Truth for a regressor, got None"),
])  # fmt: skip
def test_bad_input_is_refused_by_name(settings, words):
    arguments = {"estimator": LinearRegression(), "truth": SINE, "n_samples": 10} | settings
    with pytest.raises(ValueError, match=words):
        decompose(**arguments)


def test_the_plot_shows_both_readings():
    pytest.importorskip("matplotlib").use("agg")
    axes = run("tree").plot()
    assert len(axes.containers) >= 2 and "squared units" in axes.get_ylabel()
