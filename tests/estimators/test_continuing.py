"""Warm start, partial_fit and resuming after a pickle."""

import pickle

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.metrics import make_scorer, mean_absolute_error

from deepgen import MLPClassifier, MLPRegressor
from deepgen.augmentation import Jitter
from deepgen.losses import Quantile
from deepgen.normalizations import BatchNorm
from deepgen.optimizers import SGD
from deepgen.schedules import Plateau
from deepgen.skips import Residual
from estimators.samples import curve, features, same_bits, weights

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features()
Y = curve(X)
KINDS = {
    "adam": {},
    "nesterov": dict(solver="sgd", learning_rate_init=0.05),
    "invscaling": dict(solver="sgd", learning_rate="invscaling", learning_rate_init=0.1),
    "adaptive": dict(solver="sgd", learning_rate="adaptive", n_iter_no_change=1, tol=1e-3),
    "batch": dict(normalization="batch"),
    "weight norm": dict(normalization="weight"),
    "scaled": dict(normalization="scaled_weight_standardization", skip="residual", solver="adamw"),
    "recalibrated": dict(normalization=BatchNorm(recalibrate=True)),
    "dropout": dict(dropout=0.3, skip="residual"),
    "stochastic depth": dict(skip=Residual(drop=0.4)),
    "deepnorm": dict(skip="deepnorm", dropout=0.1),
    "fixup": dict(skip="fixup"),
    "highway": dict(skip="highway", normalization="batch"),
    "early": dict(early_stopping=True, n_iter_no_change=100, learning_rate_init=0.05),
    "double": dict(dtype="float64"),
}


def model_of(kind, **settings):
    common = dict(hidden_layer_sizes=(8, 8, 8), batch_size=32, random_state=3)
    return MLPRegressor(**{**common, **KINDS[kind], **settings})


def without_time(model):
    return {key: column for key, column in model.history_.items() if key != "time"}


def assert_same_history(first, second):
    first, second = without_time(first), without_time(second)
    assert first.keys() == second.keys()
    for key in first:
        assert np.array_equal(first[key], second[key]), key


@pytest.mark.parametrize("kind", KINDS)
def test_two_fits_with_a_pickle_between_equal_one(kind):
    once = model_of(kind, max_iter=12).fit(X, Y, weights())
    twice = model_of(kind, max_iter=6, warm_start=True).fit(X, Y, weights())
    twice = pickle.loads(pickle.dumps(twice)).fit(X, Y, weights())
    assert same_bits(once, twice)
    assert (twice.n_iter_, twice.t_) == (6, once.t_)
    if kind != "recalibrated":
        assert_same_history(once, twice)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("early", "recalibrated")])
def test_partial_fits_equal_one_fit(kind):
    once = model_of(kind, max_iter=5).fit(X, Y, weights())
    pieces = model_of(kind)
    for _ in range(5):
        pieces.partial_fit(X, Y, weights())
    assert same_bits(once, pieces)
    assert (pieces.n_iter_, pieces.t_) == (1, once.t_)
    assert_same_history(once, pieces)


def test_partial_fit_survives_a_pickle():
    whole, broken = model_of("adam"), model_of("adam")
    for _ in range(4):
        whole.partial_fit(X, Y)
        broken = pickle.loads(pickle.dumps(broken)).partial_fit(X, Y)
    assert same_bits(whole, broken)


def test_partial_fit_keeps_the_scaling_of_its_first_call_for_rows_that_fit():
    model = model_of("adam").partial_fit(X[:50], Y[:50])
    own = model.target_mean_.copy(), model.target_scale_.copy()
    model.partial_fit(X[50:], 0.5 * own[1] + 1.5 * (Y[50:] - own[0]) + own[0])
    assert np.array_equal((model.target_mean_, model.target_scale_), own)


@pytest.mark.parametrize("estimator", [MLPRegressor, MLPClassifier])
def test_a_call_that_fails_leaves_the_estimator_as_it_was(estimator):
    y = (Y > 0).astype(int)
    model = estimator(max_iter=3, random_state=0).fit(X, y)
    before, predicted = dict(vars(model)), model.predict(X)
    with pytest.raises(ValueError, match="Negative values"):
        model.fit(X[:, 1:], 100 * (np.arange(len(X)) % 3), -np.ones(len(X)))
    assert vars(model) == before
    assert np.array_equal(model.predict(X), predicted)


def test_fit_without_warm_start_begins_anew():
    model = model_of("adam", max_iter=4).fit(X, Y)
    first = model.network_.parameters.copy()
    model.partial_fit(X, Y)
    model.fit(X, Y)
    assert np.array_equal(model.network_.parameters, first)
    assert len(model.loss_curve_) == 4


def test_changed_weights_are_where_the_next_call_goes_on():
    settings = {"max_iter": 3, "warm_start": True, "learning_rate_init": 0.001}
    model = model_of("early", **settings).fit(X, Y)
    for coefs in model.coefs_:
        coefs[...] = 0
    for intercepts in model.intercepts_:
        intercepts[...] = 0
    model.set_params(solver=SGD(learning_rate_init=1e-30), max_iter=1).fit(X, Y)
    assert max(np.abs(coefs).max() for coefs in model.coefs_) < 1e-20


def test_starting_weights_win_over_warm_start():
    fresh = model_of("adam", max_iter=3)
    start = [np.full_like(coefs, 0.1) for coefs in fresh.fit(X, Y).coefs_]
    fresh.fit(X, Y, coefs_init=start)
    warm = model_of("adam", max_iter=3, warm_start=True).fit(X, Y).fit(X, Y, coefs_init=start)
    assert same_bits(fresh, warm)


def test_starting_weights_alone_mean_zero_intercepts():
    model = model_of("adam", solver=SGD(learning_rate_init=1e-30), max_iter=1)
    start = [np.ones_like(coefs) for coefs in model.fit(X, Y).coefs_]
    model.fit(X, Y, coefs_init=start)
    assert max(np.abs(intercepts).max() for intercepts in model.intercepts_) < 1e-20
    assert all((coefs == 1).all() for coefs in model.coefs_)


def test_another_network_cannot_go_on():
    model = model_of("adam", max_iter=1, warm_start=True).fit(X, Y)
    with pytest.raises(ValueError, match=r"fitted network is .*5-8-8-8-1.*ask for .*5-4-1"):
        model.set_params(hidden_layer_sizes=(4,)).fit(X, Y)


def test_another_type_goes_on_from_the_same_weights():
    model = model_of("adam", max_iter=1, warm_start=True).fit(X, Y)
    model.set_params(dtype="float64").fit(X, Y)
    assert model.predict(X).dtype == np.float64


def test_stopping_counters_go_on():
    model = model_of("adam", max_iter=200, tol=10.0, n_iter_no_change=3, warm_start=True)
    assert model.fit(X, Y).n_iter_ == 5
    assert model.fit(X, Y).n_iter_ == 1


def test_partial_fit_with_early_stopping_is_refused():
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
        model_of("early").partial_fit(X, Y)


@pytest.mark.parametrize("estimator", [MLPRegressor, MLPClassifier])
def test_lbfgs_has_no_partial_fit(estimator):
    assert not hasattr(estimator(solver="lbfgs"), "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit"):
        estimator(solver="lbfgs").partial_fit(X, Y)


def test_the_loss_of_the_fit_is_what_predictions_go_by():
    model = model_of("adam", loss=Quantile([0.2, 0.8]), max_iter=2).fit(X, Y)
    before = model.predict(X), model.score(X, Y)
    model.loss.set_params(quantile=[0.3, 0.4, 0.5])
    for loss in (model.loss, "poisson", "squared_error"):
        model.set_params(loss=loss)
        assert np.array_equal(model.predict(X), before[0]) and model.score(X, Y) == before[1]
        assert model.out_activation_ == "identity" and model.n_outputs_ == 2


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("squared_error", "poisson"),
        ("gamma", "absolute_error"),
        (Quantile(0.5), Quantile([0.1, 0.5])),
        (Quantile([0.1, 0.5]), Quantile([0.1, 0.5, 0.9])),
        (Quantile([0.5]), "squared_error"),
    ],
)
@pytest.mark.parametrize("call", ["fit", "partial_fit"])
def test_a_loss_whose_outputs_mean_something_else_cannot_go_on(first, second, call):
    y = np.exp(Y)
    model = model_of("adam", loss=first, max_iter=1, warm_start=True).fit(X, y)
    before = model.predict(X)
    model.set_params(loss=second)
    with pytest.raises(ValueError, match="outputs mean something else for .*warm_start=False"):
        getattr(model, call)(X, y)
    assert np.array_equal(model.predict(X), before)
    assert model.set_params(warm_start=False).fit(X, y).loss_ >= 0


def test_another_loss_of_the_same_outputs_goes_on():
    model = model_of("adam", max_iter=2, warm_start=True).fit(X, Y)
    weights_before = model.coefs_[0].copy()
    rate = SGD(learning_rate_init=1e-30)
    model.set_params(loss="huber", solver=rate, max_iter=1, dtype="float64").fit(X, Y)
    np.testing.assert_array_equal(model.coefs_[0], weights_before)
    residuals = (model.predict(X) - Y) / model.target_scale_
    huber = np.where(abs(residuals) <= 1, residuals**2 / 2, abs(residuals) - 0.5)
    l2 = 0.5e-4 * sum((coefs**2).sum() for coefs in model.coefs_)
    model.set_params(batch_size=len(X)).fit(X, Y)
    assert model.loss_ == pytest.approx(huber.mean() + l2 / len(X))


@pytest.mark.parametrize("change", [dict(loss="huber"), dict(scoring="loss")])
def test_another_loss_or_score_is_compared_with_its_own_only(change):
    settings = dict(max_iter=200, tol=10.0, n_iter_no_change=3, warm_start=True)
    model = model_of("adam", early_stopping="scoring" in change, **settings)
    assert [model.fit(X, Y).n_iter_, model.fit(X, Y).n_iter_] == [5, 1]
    assert model.set_params(**change).fit(X, Y).n_iter_ == 5
    if "scoring" in change:
        assert model.best_validation_score_ == max(model.validation_scores_[-5:])


def test_a_scorer_goes_on_after_a_pickle():
    scoring = make_scorer(mean_absolute_error, greater_is_better=False)
    once = model_of("early", max_iter=8, scoring=scoring).fit(X, Y)
    twice = model_of("early", max_iter=4, scoring=scoring, warm_start=True).fit(X, Y)
    twice = pickle.loads(pickle.dumps(twice)).fit(X, Y)
    assert same_bits(once, twice)
    assert_same_history(once, twice)


def test_class_weights_may_change_between_calls():
    y = Y > 0
    model = MLPClassifier(max_iter=2, warm_start=True, random_state=0).fit(X, y)
    by_hand = MLPClassifier(max_iter=2, warm_start=True, random_state=0).fit(X, y)
    model.set_params(class_weight={True: 3.0}).fit(X, y)
    assert same_bits(model, by_hand.fit(X, y, np.where(y, 3.0, 1.0)))


@pytest.mark.parametrize("warm_start", [True, False])
def test_a_call_that_fails_late_loses_nothing(warm_start):
    calls = []

    def score(estimator, X, y):
        calls.append(1)
        if len(calls) == 5:
            raise RuntimeError("no score today")
        return 0.5

    held = dict(X_val=X[:20], y_val=Y[:20])
    once = model_of("adam", max_iter=6, scoring=lambda *_: 0.5).fit(X, Y, **held)
    model = model_of("adam", max_iter=3, warm_start=True, scoring=score).fit(X, Y, **held)
    with pytest.raises(RuntimeError, match="no score today"):
        model.set_params(warm_start=warm_start).fit(X, Y, **held)
    model.set_params(warm_start=True).fit(X, Y, **held)
    assert same_bits(once, model)
    assert_same_history(once, model)


def other_data(n_samples=300):
    """Return data on which what was learned of X and Y is wrong."""
    rng = np.random.default_rng(5)
    other = rng.normal(size=(n_samples, X.shape[1])).astype(np.float32)
    return other, 0.3 * rng.normal(size=n_samples) - other[:, 0] + 0.5 * other[:, 1] ** 2


STOPPING = dict(max_iter=300, warm_start=True, early_stopping=True, learning_rate_init=0.01)


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("scoring", [None, "loss", "neg_mean_absolute_error"])
def test_the_best_score_of_other_data_does_not_rule(given, scoring):
    other, y = other_data()
    held = dict(X_val=other[200:], y_val=y[200:]) if given else {}
    model = model_of("adam", scoring=scoring, **STOPPING).fit(X, Y)
    before = model.predict(X)
    model.fit(other[:200], y[:200], **held)
    assert not np.array_equal(model.predict(X), before)
    assert model.n_iter_ > 12
    assert model.score(other[200:], y[200:]) > 0.8
    # The best score is one of this call's, or that of the weights it began with.
    assert model.best_validation_score_ == max(model.validation_scores_[-model.n_iter_ :])


def test_weights_that_other_data_do_not_improve_are_kept():
    other, y = other_data()
    model = model_of("adam", **STOPPING).fit(X, Y)
    before = model.predict(X)
    model.set_params(learning_rate_init=1e3, solver="sgd", clip_norm=1.0, max_iter=3)
    model.fit(other, y, X_val=X, y_val=Y)
    assert np.array_equal(model.predict(X), before)
    assert model.best_validation_score_ == pytest.approx(model.score(X, Y))


def test_weights_that_the_user_changed_are_scored_again():
    model = model_of("adam", **STOPPING).fit(X, Y)
    best = model.best_validation_score_
    for coefs in model.coefs_:
        coefs[...] = 0
    model.set_params(max_iter=1).fit(X, Y)
    assert model.best_validation_score_ < best
    assert model.best_validation_score_ >= model.validation_scores_[-1]


def test_training_between_without_early_stopping_is_scored_again():
    model = model_of("adam", **STOPPING).fit(X, Y)
    best = model.best_validation_score_
    wild = dict(solver="sgd", learning_rate_init=10.0, clip_norm=1.0, max_iter=1)
    model.set_params(early_stopping=False, **wild).fit(X, Y)
    model.set_params(early_stopping=True, learning_rate_init=1e-30).fit(X, Y)
    assert model.best_validation_score_ < 0 < best


@pytest.mark.parametrize("normalization", ["layer", "batch", BatchNorm(recalibrate=True)])
@pytest.mark.parametrize("averaging", [None, "ema"])
def test_scoring_again_gives_the_same_bits(normalization, averaging):
    settings = dict(normalization=normalization, averaging=averaging, tol=0.01)
    once = model_of("early", max_iter=12, **settings).fit(X, Y)
    twice = model_of("early", max_iter=6, warm_start=True, **settings).fit(X, Y)
    twice = pickle.loads(pickle.dumps(twice)).fit(X, Y)
    assert same_bits(once, twice)
    assert once._training_state.patience == twice._training_state.patience


def test_patience_with_the_training_loss_begins_afresh_on_other_data():
    model = model_of("adam", max_iter=200, tol=10.0, n_iter_no_change=3, warm_start=True)
    assert model.fit(X, Y).n_iter_ == 5
    assert model.fit(X, Y).n_iter_ == 1
    assert model.fit(X, Y + 1).n_iter_ == 5
    assert model.fit(X, Y + 1, weights()).n_iter_ == 5
    assert model.fit(X[:-1], Y[:-1]).n_iter_ == 5
    sparse = csr_array(X)
    assert model.fit(sparse, Y).n_iter_ == 5
    assert model.fit(sparse, Y).n_iter_ == 1


@pytest.mark.parametrize(
    "change", [dict(alpha=1.0), dict(dropout=0.5), dict(mixup=0.5), dict(augmentation=Jitter(1.0))]
)
def test_patience_begins_afresh_where_the_training_loss_means_something_else(change):
    model = model_of("adam", max_iter=200, tol=10.0, n_iter_no_change=3, warm_start=True)
    assert [model.fit(X, Y).n_iter_, model.fit(X, Y).n_iter_] == [5, 1]
    assert model.set_params(**change).fit(X, Y).n_iter_ == 5


def test_a_plateau_forgets_the_loss_of_other_data_and_keeps_its_cuts():
    settings = dict(max_iter=6, warm_start=True, tol=0, n_iter_no_change=np.inf)
    model = model_of("adam", learning_rate=Plateau(patience=2, threshold=0.9), **settings)
    model.fit(X, 1e-3 * Y)
    cuts = model._training_state.schedule_state["n_cuts"]
    best = model._training_state.schedule_state["best"]
    model.set_params(max_iter=1).fit(X, 1e-3 * Y + 1)
    state = model._training_state.schedule_state
    assert state["n_cuts"] == cuts
    assert state["best"] == model.loss_curve_[-1] > best
    assert state["n_level"] == 0
