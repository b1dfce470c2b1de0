import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from deepgen import MLPClassifier, MLPRegressor, TabularClassifier
from deepgen._interval import Interval
from deepgen.decomposition import NoisyMoons
from deepgen.report import which_error
from deepgen.report.advice import advise
from deepgen.report.jackknife import unknown
from deepgen.report.three_errors import _least_entropy
from deepgen.report.variants import longer

RANDOM = np.random.default_rng(0)
X = RANDOM.uniform(-1, 1, (240, 2))
Y = X[:, 0] ** 2 + 0.3 * RANDOM.normal(size=240)
SMALL = {"hidden_layer_sizes": (4,), "max_iter": 5}


@pytest.fixture(autouse=True)
def one_start(monkeypatch):
    monkeypatch.setattr("deepgen.report.refits.N_STARTS", 1)


def covers(interval, value):
    return interval.low <= value <= interval.high


def test_a_line_through_a_parabola_has_an_approximation_error():
    answer = which_error(LinearRegression(), X, Y, n_splits=5, random_state=0)
    # E(f_F*) - E(f*) of a line is the variance of x^2 for uniform x: 1/5 - 1/9.
    assert answer.largest == "approximation" and covers(answer.approximation, 4 / 45)
    assert answer.optimization.estimate == pytest.approx(0, abs=1e-9)
    assert covers(answer.noise, 0.09) and covers(answer.risk, 0.09 + 4 / 45)
    # sigma^2 d / (n - d - 1), the noise that of the best line.
    assert covers(answer.estimation, (0.09 + 4 / 45) * 3 / 236)
    assert "approximation" in answer.advice[0] and np.isnan(answer.longer.estimate)


def test_many_columns_for_few_rows_are_an_estimation_error():
    model = make_pipeline(PolynomialFeatures(7), LinearRegression())
    answer = which_error(model, X, Y, n_splits=5, random_state=0)
    assert answer.largest == "estimation" and answer.estimation.low > 0


def test_few_epochs_are_an_optimization_error():
    network = MLPRegressor(hidden_layer_sizes=(16,), max_iter=2, batch_size=20)
    model = make_pipeline(StandardScaler(), network.set_params(learning_rate_init=0.005))
    answer = which_error(model, X, Y + X[:, 1], n_splits=3, random_state=0)
    assert answer.largest == "optimization" and answer.longer.estimate > 0
    assert "epochs" in answer.advice[0]
    # What differs from a given seed to another is part of the answer, so both are ignored.
    model.set_params(mlpregressor__random_state=3)
    again = which_error(model, X, Y + X[:, 1], n_splits=3, random_state=0)
    assert repr(again) == repr(answer)


def test_classes_are_measured_by_the_log_loss():
    labels = np.where(Y > 0.3, "high", "low")
    answer = which_error(MLPClassifier(**SMALL), X, labels, n_splits=3, random_state=0)
    assert answer.loss == "log loss" and 0.4 < answer.accuracy.estimate < 1
    assert 0 < answer.noise.estimate < answer.risk.estimate
    assert list(answer.simple_models) == ["constant", "linear model", "HistGradientBoosting"]
    share = np.mean(Y > 0.3)
    entropy = -share * np.log(share) - (1 - share) * np.log(1 - share)
    assert answer.simple_models["constant"].estimate == pytest.approx(entropy, rel=0.02)


def test_sparse_rows_members_weights_and_outputs_are_accepted():
    weights = RANDOM.uniform(0, 2, 240)
    model = MLPRegressor(**SMALL, n_members=2)
    answer = which_error(model, csr_array(X), Y, weights, n_splits=2, random_state=0)
    assert list(answer.simple_models) == ["constant", "linear model"]
    two = which_error(MLPRegressor(**SMALL), X, np.stack([Y, -Y], 1), n_splits=2, random_state=0)
    assert two.risk.estimate > 0


@pytest.mark.parametrize("kind, setting", [
    (MLPClassifier, {"normalization": "batch"}), (MLPRegressor, {"dropout": 0.2}),
    (MLPClassifier, {"mixup": 0.2}), (MLPRegressor, {"clip_norm": 1.0}),
])  # fmt: skip
def test_settings_that_lbfgs_refuses_are_left_out_of_the_search(kind, setting):
    y = Y[:60] if kind is MLPRegressor else Y[:60] > 0.3
    answer = which_error(kind(**SMALL, **setting), X[:60], y, n_splits=2, random_state=0)
    assert np.isfinite(answer.estimation.estimate)


def test_a_line_between_moons_has_an_approximation_error():
    truth = NoisyMoons(0.3)
    rows, labels = truth.sample(400, np.random.default_rng(0))
    answer = which_error(LogisticRegression(C=np.inf), rows, labels, n_splits=3, random_state=0)
    assert answer.largest == "approximation" and covers(answer.noise, truth.bayes_log_loss)
    # The best line's loss minus the mean entropy, by a line fitted to 200,000 points.
    assert covers(answer.approximation, 0.1237)
    names = np.array(["no", "yes"])[labels]
    again = which_error(LogisticRegression(C=np.inf), rows, names, n_splits=3, random_state=0)
    assert again.approximation == answer.approximation


def test_a_training_loss_of_nothing_says_nothing_about_the_best_member():
    flips = np.random.default_rng(1).random(240) < 0.2
    wide = MLPClassifier(hidden_layer_sizes=(64,), solver="lbfgs", alpha=0.0, max_iter=300)
    answer = which_error(wide, X, (X[:, 0] > 0) ^ flips, n_splits=2, random_state=0)
    assert answer.largest == "estimation" and answer.approximation.low == 0
    trained = answer.risk.estimate - answer.optimization.estimate
    assert trained - answer.estimation.estimate > answer.noise.estimate / 2


def test_weights_decide_which_rows_count():
    doubled = np.concatenate([Y, Y + 100 * RANDOM.normal(size=240)])
    weights = np.repeat([1.0, 0.0], 240)
    answer = which_error(
        LinearRegression(), np.tile(X, (2, 1)), doubled, weights, n_splits=4, random_state=0
    )
    assert answer.risk.estimate < 1


def test_raw_tables_keep_their_settings():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"size": X[:, 0], "town": np.where(X[:, 1] > 0, "Ulm", "Bonn")})
    model = TabularClassifier(preset="fast", network={"max_iter": 4, "hidden_layer_sizes": (8,)})
    answer = which_error(model, table, (Y > 0.3).astype(int), n_splits=2, random_state=0)
    assert np.isfinite([answer.wider.estimate, answer.longer.estimate]).all()
    assert answer.n_splits == 2


def test_repeated_rows_give_the_noise_exactly():
    rows = np.repeat(np.arange(40.0), 6)[:, None]
    y = np.sin(rows[:, 0] * 5) + 0.5 * RANDOM.normal(size=240)
    answer = which_error(LinearRegression(), rows, y, n_splits=5, random_state=0)
    groups = y.reshape(40, 6)
    assert answer.noise.estimate == pytest.approx(groups.var(axis=1, ddof=1).mean(), rel=0.05)
    copied = which_error(LinearRegression(), np.tile(X, (2, 1)), np.tile(Y, 2), n_splits=2)
    assert any("50% of the rows repeat" in note for note in copied.notes)


def test_thirty_rows_say_what_cannot_be_said():
    answer = which_error(MLPRegressor(**SMALL), X[:30], Y[:30], n_splits=5, random_state=0)
    assert any("30 rows are few" in note for note in answer.notes)
    assert np.isnan(answer.more_labels.estimate) and np.isinf(answer.more_labels.high)
    assert "not measured" in repr(answer)


def test_a_time_budget_leaves_out_what_does_not_fit():
    rows = np.tile(X, (10, 1))
    y = np.tile(Y, 10) + RANDOM.normal(size=2400)
    model = MLPRegressor(hidden_layer_sizes=(64,), max_iter=30, solver="adam")
    answer = which_error(model, rows, y, max_time=0.4, random_state=0)
    assert answer.notes and np.isfinite(answer.risk.low)


def test_the_answer_draws_itself():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    answer = which_error(MLPRegressor(**SMALL), X, Y, n_splits=2, random_state=0)
    assert [text.get_text() for text in answer.plot().get_yticklabels()][0] == "noise floor"
    assert answer.plot_curve().get_title() == "Learning curve"
    pyplot.close("all")


@pytest.mark.parametrize("change, words", [
    ({"X": X[:9], "y": Y[:9]}, "at least 10 rows, got 9"),
    ({"n_splits": 1}, "n_splits must be an integer of at least 2, got 1"),
    ({"max_time": 0}, "max_time must be None or a number > 0, got 0"),
    ({"sample_weight": [1.0]}, r"one finite number >= 0 per row, 240, got shape \(1,\)"),
    ({"sample_weight": np.zeros(240)}, "zeros only"),
    ({"model": "mlp"}, "scikit-learn's interface, got 'mlp'"),
    ({"model": MLPRegressor(loss="absolute_error")}, "loss='absolute_error'"),
    ({"model": MLPClassifier(), "y": np.eye(3)[:2].repeat(120, 0).astype(int)}, "one label per"),
])  # fmt: skip
def test_bad_input_is_named(change, words):
    with pytest.raises(ValueError, match=words):
        which_error(**{"model": MLPRegressor(), "X": X, "y": Y, **change})


def test_the_least_entropy_is_below_that_of_any_distribution():
    for n_classes in (2, 3, 5):
        p = RANDOM.dirichlet(np.full(n_classes, 0.5), size=500)
        entropies = -(p * np.log(np.maximum(p, 1e-300))).sum(axis=1)
        bounds = [_least_entropy(1 - (row**2).sum(), n_classes) for row in p]
        assert (bounds <= entropies + 1e-12).all()
        assert _least_entropy(1 - 1 / n_classes, n_classes) == pytest.approx(np.log(n_classes))


def test_longer_training_is_four_times_the_epochs_that_were_needed():
    stopped = MLPRegressor(max_iter=100, early_stopping=True)
    assert longer(stopped, X, 10).max_iter == 40 and longer(stopped, X).max_iter == 400
    assert longer(MLPRegressor(max_iter=100), X, 10).max_iter == 400


def test_advice_counts_off_what_stopping_early_saves():
    def about(estimate):
        return Interval(estimate, estimate - 0.01, estimate + 0.01, "")

    facts = dict.fromkeys(("more_labels", "longer", "wider", "seeds", "noise"), unknown("here"))
    facts |= {"risk": about(1.0), "advantage": {}, "approximation": about(0.01)}
    facts |= {"estimation": about(2.0), "optimization": about(-1.9)}
    assert "10 % of the loss beyond what stopping early saves" in advise(facts, "estimation")[0]
    facts["optimization"] = about(-1.99)
    assert advise(facts, "estimation")[0].startswith("None of the three errors")
    facts |= {"optimization": about(-1.9), "noise": about(0.98)}
    assert advise(facts, "estimation")[0].startswith("None of the three errors")
