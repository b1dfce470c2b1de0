"""scoring: what is measured on validation rows."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.metrics import (
    accuracy_score,
    d2_absolute_error_score,
    d2_pinball_score,
    d2_tweedie_score,
    fbeta_score,
    get_scorer,
    log_loss,
    make_scorer,
    mean_absolute_error,
    r2_score,
)

from deepgen import MLPClassifier, MLPRegressor
from deepgen.losses import AbsoluteError, Gamma, Huber, Poisson, Quantile, SquaredError
from estimators.samples import curve, features, same_bits, weights

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, X_VAL = features(), features(seed=9)
Y, Y_VAL = 1e3 * curve(X) + 7e4, 1e3 * curve(X_VAL) + 7e4
NAMES, NAMES_VAL = (np.where(y > 7e4, "high", "low") for y in (Y, Y_VAL))


def fit(estimator=MLPRegressor, *, data=(X, Y), held=(X_VAL, Y_VAL), own=None, **settings):
    settings = {"hidden_layer_sizes": (9,), "max_iter": 3, "random_state": 0, **settings}
    model = estimator(**settings)
    if held is None:
        return model.fit(*data)
    return model.fit(*data, X_val=held[0], y_val=held[1], sample_weight_val=own)


def classify(**settings):
    held = settings.pop("held", (X_VAL, NAMES_VAL))
    return fit(MLPClassifier, data=(X, NAMES), held=held, **settings)


def last_score(model):
    return model.history_["val_score"][-1]


def pinball(y, predictions, sample_weight=None):
    levels = zip(predictions.T, (0.1, 0.8), strict=True)
    each = [d2_pinball_score(y, p, alpha=a, sample_weight=sample_weight) for p, a in levels]
    return np.mean(each)


# What training watches, and what `score` returns.
SCORES = {
    "squared_error": (SquaredError(), r2_score, r2_score),
    "absolute_error": (AbsoluteError(), d2_absolute_error_score, r2_score),
    "huber": (Huber(), d2_absolute_error_score, r2_score),
    "a quantile": (Quantile(0.9), *[partial(d2_pinball_score, alpha=0.9)] * 2),
    "the median": (Quantile(), *[partial(d2_pinball_score, alpha=0.5)] * 2),
    "quantiles": (Quantile([0.1, 0.8]), pinball, pinball),
    "poisson": (Poisson(), partial(d2_tweedie_score, power=1), r2_score),
    "gamma": (Gamma(), partial(d2_tweedie_score, power=2), r2_score),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", SCORES)
def test_the_default_fits_the_loss(loss, weighted):
    loss, watched, asked = SCORES[loss]
    own = weights(len(Y_VAL)) if weighted else None
    model = fit(loss=loss, own=own)
    predictions = model.predict(X_VAL)
    assert last_score(model) == pytest.approx(watched(Y_VAL, predictions, sample_weight=own))
    score = model.score(X_VAL, Y_VAL, sample_weight=own)
    assert score == pytest.approx(asked(Y_VAL, predictions, sample_weight=own))


@pytest.mark.parametrize("loss", ["squared_error", "huber", "a quantile", "poisson", "gamma"])
def test_the_default_of_several_targets_is_the_mean_over_them(loss):
    loss, watched, _ = SCORES[loss]
    y = np.c_[Y, 2e5 - Y]
    model = fit(loss=loss, data=(X, y), held=(X, y))
    columns = zip(y.T, model.predict(X).T, strict=True)
    assert last_score(model) == pytest.approx(np.mean([watched(*column) for column in columns]))


def test_the_default_of_classifiers_is_the_accuracy_whatever_the_loss():
    for loss in ("log_loss", "focal"):
        model = classify(loss=loss)
        assert last_score(model) == accuracy_score(NAMES_VAL, model.predict(X_VAL))


def test_a_quantile_is_stopped_where_it_predicts_best_as_a_quantile():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1000, 2))
    y = x[:, 0] + rng.exponential(size=1000) ** 2
    model = fit(loss=Quantile(0.95), data=(x, y), held=None, early_stopping=True, max_iter=300)
    assert 0.93 < np.mean(y <= model.predict(x)) < 0.97


@pytest.mark.parametrize("counts", [np.zeros(157), np.full(157, 3.0), np.eye(157)[4]])
def test_constant_counts_and_counts_near_zero_have_a_score(counts):
    for own in (None, np.arange(157) % 2):
        model = fit(
            loss="poisson", data=(X, counts + np.arange(157) % 3), held=(X, counts), own=own
        )
        assert np.isfinite(model.history_["val_score"]).all()


def test_a_deviance_that_is_infinite_is_no_score():
    model = fit(loss="gamma", data=(X, np.exp(X[:, 0])))
    y = np.exp(X[:, 0])
    zero = np.full((157, 1), 0.0)
    assert np.isnan(model._targets.score_outputs(1e5 * y, y, zero, None))
    assert model._targets.score_outputs(y, y, y.reshape(-1, 1), None) == 1.0


def test_loss_is_minus_the_validation_loss():
    for model in (fit(scoring="loss"), classify(scoring="loss", class_weight={"high": 3.0})):
        assert np.array_equal(model.history_["val_score"], -model.history_["val_loss"])


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_named_scorer_sees_original_labels_and_units(solver):
    model = fit(scoring="neg_mean_absolute_error", solver=solver)
    error = mean_absolute_error(Y_VAL, model.predict(X_VAL))
    assert last_score(model) == pytest.approx(-error, rel=1e-6)
    model = classify(scoring="neg_log_loss", solver=solver)
    loss = log_loss(NAMES_VAL, model.predict_proba(X_VAL))
    assert last_score(model) == pytest.approx(-loss, rel=1e-6)


@pytest.mark.parametrize("held", ["rows", "X_val"])
def test_a_callable_gets_a_usable_estimator_and_the_validation_rows(held):
    seen = []

    def score(estimator, X, y):
        seen.append((estimator, X, y, estimator.predict(X)))
        assert estimator.n_iter_ == len(seen) and len(estimator.loss_curve_) == len(seen) - 1
        return float(len(seen))

    own = (X_VAL, Y_VAL) if held == "X_val" else None
    model = fit(scoring=score, early_stopping=True, held=own, max_iter=4)
    assert model.validation_scores_ == [1, 2, 3, 4] and model.best_validation_score_ == 4
    estimator, X_seen, y_seen, predictions = seen[-1]
    assert type(estimator) is MLPRegressor and estimator is not model
    if held == "X_val":
        np.testing.assert_array_equal(X_seen, X_VAL.astype(np.float32))
        np.testing.assert_array_equal(y_seen, Y_VAL)
    else:
        assert X_seen.shape == (16, 5) and X_seen.dtype == np.float32
        assert set(y_seen) <= set(Y) and len(y_seen) == 16
    # The last epoch is the best one, so these are the weights that are kept.
    assert np.array_equal(predictions, model.predict(X_seen))
    # What was handed out is a copy, which later epochs leave alone.
    first = seen[0]
    assert np.array_equal(first[0].predict(first[1]), first[3])
    assert not np.array_equal(first[3], predictions)


def test_a_callable_of_a_classifier_sees_the_users_labels():
    seen = set()

    def score(estimator, X, y):
        seen.update(y)
        return accuracy_score(y, estimator.predict(X))

    given = classify(scoring=score, early_stopping=True, held=None)
    assert seen == {"high", "low"}
    assert same_bits(given, classify(early_stopping=True, held=None))
    assert given.validation_scores_ == classify(early_stopping=True, held=None).validation_scores_


def test_a_scorer_of_several_labels_sees_their_columns():
    several = (X[:, :3] > 0).astype(int)
    for y in (several, csr_matrix(several)):
        model = fit(MLPClassifier, data=(X, y), held=None, scoring="f1_micro", early_stopping=True)
        assert all(0 < score <= 1 for score in model.validation_scores_)


@pytest.mark.filterwarnings("error:X (does not have|has) .*feature names:UserWarning")
@pytest.mark.parametrize("form", [csr_matrix, lambda X: pd.DataFrame(X, columns=list("abcde"))])
def test_the_rows_keep_their_form(form):
    shapes = set()

    def score(estimator, X, y):
        shapes.add((type(X), X.shape))
        return estimator.score(X, y)

    given = fit(data=(form(X), Y), held=None, scoring=score, early_stopping=True)
    plain = fit(held=None, early_stopping=True)
    assert shapes == {(type(form(X)), (16, 5))}
    np.testing.assert_allclose(given.validation_scores_, plain.validation_scores_, rtol=1e-6)


@pytest.mark.parametrize(
    ("scoring", "metric"),
    [
        ("accuracy", lambda y, p, w: accuracy_score(y, p, sample_weight=w)),
        (
            make_scorer(fbeta_score, beta=2, pos_label="high"),
            lambda y, p, w: fbeta_score(y, p, beta=2, pos_label="high", sample_weight=w),
        ),
        (get_scorer("rand_score"), lambda y, p, w: None),
        (lambda estimator, X, y: accuracy_score(y, estimator.predict(X)), None),
        (
            lambda estimator, X, y, sample_weight=None: float(np.sum(sample_weight)),
            lambda y, p, w: pytest.approx(w.sum()),
        ),
    ],
    ids=["named", "made", "takes none", "callable", "callable with weights"],
)
def test_sample_weights_reach_the_scorers_that_take_them(scoring, metric):
    own = weights(seed=5)
    model = classify(scoring=scoring, own=own, class_weight={"high": 5.0}, dtype="float64")
    predictions = model.predict(X_VAL)
    wanted = accuracy_score(NAMES_VAL, predictions)
    if metric is not None:
        wanted = metric(NAMES_VAL, predictions, own)
    if wanted is None:
        wanted = scoring._score_func(NAMES_VAL, predictions)
    assert last_score(model) == pytest.approx(wanted)


def test_the_score_decides_when_to_stop_and_what_is_kept():
    planned = iter([0.1, 0.5, 0.3, 0.2, 0.1, 0.0])
    kept = []

    def score(estimator, X, y):
        kept.append(estimator.network_.parameters.copy())
        return next(planned)

    model = fit(scoring=score, early_stopping=True, n_iter_no_change=2, max_iter=50)
    assert model.validation_scores_ == [0.1, 0.5, 0.3, 0.2, 0.1]
    assert np.array_equal(model.network_.parameters, kept[1])


def test_without_early_stopping_scores_are_only_looked_at():
    model = fit(scoring=lambda estimator, X, y: 0.0, n_iter_no_change=1, max_iter=6)
    assert same_bits(model, fit(held=None, max_iter=6, n_iter_no_change=1))
    assert model.history_["val_score"].tolist() == [0.0] * 6
    assert model.validation_scores_ is None


def test_unknown_names_are_refused_before_training():
    with pytest.raises(ValueError, match="'scoring'.*Got 'accurate' .*mean 'accuracy'"):
        classify(scoring="accurate")


@pytest.mark.parametrize("answer", [None, "good", {"r2": 0.5}, [0.5, 0.6], np.ones(2)])
def test_a_scorer_that_gives_no_number_is_refused(answer):
    model = MLPRegressor(scoring=lambda estimator, X, y: answer)
    with pytest.raises(ValueError, match="must return one number, got"):
        model.fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
    assert not hasattr(model, "network_")


def test_a_scorer_that_never_gives_a_number_is_told_of():
    model = MLPRegressor(early_stopping=True, scoring=lambda *_: np.nan, max_iter=3)
    with pytest.warns(UserWarning, match="No validation score was a finite number"):
        model.fit(X, Y)


def test_an_error_in_a_scorer_leaves_the_estimator_as_it_was():
    model = fit(warm_start=True)
    before = model.network_.parameters.copy(), model.loss_curve_[:]

    def broken(estimator, X, y):
        raise RuntimeError("no score today")

    with pytest.raises(RuntimeError, match="no score today"):
        model.set_params(scoring=broken).fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
    assert np.array_equal(model.network_.parameters, before[0])
    assert model.loss_curve_ == before[1]
    model.set_params(scoring=None).fit(X, Y)
    assert same_bits(model, fit(warm_start=False, max_iter=6))


@pytest.mark.filterwarnings("error::sklearn.exceptions.UndefinedMetricWarning")
def test_r2_of_one_row_decides_nothing():
    one = (X_VAL[:1], Y_VAL[:1])
    with pytest.raises(ValueError, match="score of 1 validation sample is not defined; give"):
        fit(held=one, early_stopping=True)
    watched = fit(held=one)
    assert np.isnan(watched.history_["val_score"]).all()
    assert np.isfinite(watched.history_["val_loss"]).all()
    stopped = fit(held=one, early_stopping=True, scoring="loss")
    assert np.array_equal(stopped.validation_scores_, -stopped.history_["val_loss"])
    one = (X_VAL[:1], NAMES_VAL[:1])
    assert set(classify(held=one, early_stopping=True).validation_scores_) <= {0.0, 1.0}


@pytest.mark.parametrize("n_classes", [1, 2, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_default_of_classifiers_is_the_accuracy_of_predictions(n_classes, weighted):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 4))
    y = np.array(["some", "many", "few"])[rng.integers(n_classes, size=200)]
    weights = rng.random(200) if weighted else None
    model = MLPClassifier(hidden_layer_sizes=(8,), max_iter=3, random_state=0)
    model.fit(X, y, X_val=X, y_val=y, sample_weight_val=weights)
    expected = accuracy_score(y, model.predict(X), sample_weight=weights)
    assert model.history_["val_score"][-1] == pytest.approx(expected, abs=1e-6)
