"""Early stopping, validation data, history and what is printed."""

import numpy as np
import pytest
from sklearn.ensemble import BaggingClassifier, BaggingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, r2_score

from deepgen import MLPClassifier, MLPRegressor
from deepgen._training import first_order as training
from deepgen._training.patience import Patience
from deepgen._training.validation import split_rows
from deepgen.estimators.settings import draw_seed
from estimators.samples import curve, features, same_bits, weights

X = features()
Y = curve(X)
X_NEW = features(seed=9)
quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@quiet
@pytest.mark.parametrize("estimator", [MLPRegressor, MLPClassifier])
def test_history_has_a_row_for_each_epoch(estimator):
    y = Y if estimator is MLPRegressor else Y > 0
    model = estimator(max_iter=7, random_state=0, early_stopping=True).fit(X, y)
    assert set(model.history_) == {
        *("epoch", "loss", "learning_rate", "gradient_norm", "time", "val_loss", "val_score")
    }
    assert {len(column) for column in model.history_.values()} == {7}
    assert model.history_["epoch"].tolist() == list(range(1, 8))
    assert model.history_["loss"].tolist() == model.loss_curve_
    assert model.history_["val_score"].tolist() == model.validation_scores_
    assert np.diff(model.history_["time"]).min() > 0
    assert (model.history_["gradient_norm"] > 0).all()
    assert set(model.history_["learning_rate"]) == {0.001}


@quiet
def test_without_validation_there_are_no_validation_columns():
    model = MLPRegressor(max_iter=2).fit(X, Y)
    assert set(model.history_) == {"epoch", "loss", "learning_rate", "gradient_norm", "time"}
    assert model.validation_scores_ is None and model.best_validation_score_ is None
    assert model.best_loss_ == min(model.loss_curve_)


@quiet
def test_first_loss_is_that_of_the_starting_weights():
    model = MLPRegressor(batch_size=len(X), max_iter=1, alpha=2.0, random_state=0, dtype="float64")
    start = model.fit(X, Y).coefs_
    start = [coefs + 0.1 for coefs in start]
    model.fit(X, Y, coefs_init=start)
    loss = model.loss_
    model.set_params(solver="lbfgs", max_iter=1).fit(X, Y, coefs_init=start)
    network = model.network_
    network.set_layers(start, [np.zeros_like(b) for b in model.intercepts_])
    targets = (Y.reshape(-1, 1) - model.target_mean_) / model.target_scale_
    assert loss == pytest.approx(network.core.loss(network.parameters, X, targets, alpha=2.0))


@quiet
def test_the_best_weights_are_kept():
    model = MLPRegressor(
        hidden_layer_sizes=(50,),
        learning_rate_init=0.1,
        max_iter=30,
        early_stopping=True,
        n_iter_no_change=30,
        random_state=0,
    )
    model.fit(X, Y, X_val=X_NEW, y_val=curve(X_NEW))
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.score(X_NEW, curve(X_NEW)) == pytest.approx(model.best_validation_score_, abs=1e-6)
    assert model.validation_scores_[-1] < model.best_validation_score_
    assert model.best_loss_ is None


def test_training_stops_when_the_score_does():
    model = MLPClassifier(max_iter=500, early_stopping=True, n_iter_no_change=4, tol=2.0)
    assert model.fit(X, Y > 0).n_iter_ == 6


@quiet
@pytest.mark.parametrize("estimator", [MLPRegressor, MLPClassifier])
def test_the_split_depends_on_the_seed_only(estimator):
    y = Y if estimator is MLPRegressor else (Y > 0).astype(int)
    settings = dict(max_iter=3, early_stopping=True, random_state=5)
    assert same_bits(estimator(**settings).fit(X, y), estimator(**settings).fit(X, y))


@quiet
def test_validation_data_without_early_stopping_is_only_watched():
    settings = dict(max_iter=5, random_state=0)
    plain = MLPRegressor(**settings).fit(X, Y)
    watched = MLPRegressor(**settings).fit(
        X, Y, X_val=X_NEW, y_val=curve(X_NEW), sample_weight_val=weights()
    )
    assert same_bits(plain, watched)
    assert watched.validation_scores_ is None
    expected = r2_score(curve(X_NEW), watched.predict(X_NEW), sample_weight=weights())
    assert watched.history_["val_score"][-1] == pytest.approx(expected, rel=1e-6)


@quiet
def test_validation_score_of_a_classifier_is_accuracy():
    y_new = np.where(curve(X_NEW) > 0, "up", "down")
    model = MLPClassifier(max_iter=5, random_state=0)
    model.fit(X, np.where(Y > 0, "up", "down"), X_val=X_NEW, y_val=y_new)
    assert model.history_["val_score"][-1] == accuracy_score(y_new, model.predict(X_NEW))


@quiet
def test_lbfgs_has_a_history_too():
    model = MLPRegressor(solver="lbfgs", max_iter=6).fit(X, Y, X_val=X_NEW, y_val=curve(X_NEW))
    assert len(model.history_["loss"]) == model.n_iter_ == 6
    assert np.diff(model.history_["loss"]).max() < 0
    score = model.score(X_NEW, curve(X_NEW))
    assert model.history_["val_score"][-1] == pytest.approx(score, rel=1e-5)


def test_weights_without_validation_data_are_refused():
    with pytest.raises(ValueError, match="sample_weight_val needs X_val and y_val"):
        MLPRegressor().fit(X, Y, sample_weight_val=weights())


def test_a_score_that_is_not_a_number_is_no_improvement():
    patience = Patience()
    improved = [patience.watch_score(score, tol=0.0) for score in (np.nan, 0.5, np.nan, np.nan)]
    assert improved == [False, True, False, False]
    assert patience.n_stale == 2 and patience.best_score == 0.5


def test_interrupted_in_the_first_epoch(monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "run_epoch", interrupt)
    with pytest.warns(UserWarning, match="interrupted by user"):
        model = MLPRegressor(random_state=0).fit(X, Y)
    assert model.n_iter_ == 0 and model.loss_curve_ == []
    assert np.isnan(model.loss_) and model.best_loss_ == np.inf
    assert set(model.history_) == {"epoch", "loss", "learning_rate", "gradient_norm", "time"}
    assert {len(column) for column in model.history_.values()} == {0}
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("given", [{"X_val": X}, {"y_val": Y}])
def test_half_of_the_validation_data_is_refused(given):
    with pytest.raises(ValueError, match="X_val and y_val belong together"):
        MLPRegressor().fit(X, Y, **given)


def test_validation_data_with_other_columns_is_refused():
    message = "X_val, y_val or sample_weight_val: X has 4 features, but .* is expecting 5"
    with pytest.raises(ValueError, match=message):
        MLPRegressor(max_iter=1).fit(X, Y, X_val=X[:, :4], y_val=Y)


def test_too_few_validation_rows_are_refused():
    with pytest.raises(ValueError, match="validation set is too small.*1 of 10 samples"):
        MLPRegressor(early_stopping=True).fit(X[:10], Y[:10])


def test_used_up_epochs_warn():
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(2\) reached"):
        MLPRegressor(max_iter=2).fit(X, Y)


@quiet
def test_infinite_patience_never_stops():
    model = MLPRegressor(max_iter=30, n_iter_no_change=np.inf, tol=1e9).fit(X, Y)
    assert model.n_iter_ == 30


@quiet
def test_early_stopping_with_lbfgs_says_that_it_has_no_effect():
    with pytest.warns(UserWarning, match="early_stopping has no effect with solver='lbfgs'"):
        MLPRegressor(solver="lbfgs", early_stopping=True, max_iter=2).fit(X, Y)


@quiet
def test_rare_classes_do_not_hinder_the_split():
    y = np.r_[np.zeros(100), np.ones(56), [2]].astype(int)
    MLPClassifier(max_iter=1, early_stopping=True).fit(X, y)


def test_a_class_too_rare_to_split_is_refused_as_in_scikit_learn():
    y = np.r_[np.zeros(99), 1].astype(int)
    with pytest.raises(ValueError, match="least populated class.* in y ha.* only 1 member"):
        MLPClassifier(early_stopping=True).fit(X[:100], y)


@quiet
@pytest.mark.parametrize("classes", [2, 3])
def test_the_split_keeps_the_shares_of_classes(classes):
    y = np.r_[np.zeros(120), np.arange(37) % classes].astype(int)
    labels = y == 1 if classes == 2 else y
    training, validation = split_rows(157, 0.2, 0, labels)
    assert sorted(np.r_[training, validation]) == list(range(157))
    shares = [
        np.bincount(y[rows], minlength=classes) / len(rows) for rows in (training, validation)
    ]
    np.testing.assert_allclose(*shares, atol=0.03)


@quiet
@pytest.mark.parametrize("part", [0, 1])
def test_weights_that_would_leave_one_side_empty_leave_both_some(part):
    model = MLPRegressor(early_stopping=True, max_iter=2, random_state=0)
    sample_weight = np.ones(157)
    sample_weight[split_rows(157, 0.1, draw_seed(model), None)[part]] = 0
    assert np.isfinite(model.fit(X, Y, sample_weight).validation_scores_).all()


@pytest.mark.parametrize("n_weighted", [2, 3, 10, 199])
@pytest.mark.parametrize("labels", [None, np.arange(200) % 4, (np.arange(200) % 2).reshape(-1, 1)])
@pytest.mark.parametrize("seed", range(5))
def test_both_sides_of_a_split_get_rows_of_positive_weight(seed, labels, n_weighted):
    weights = np.zeros(200)
    weights[np.random.default_rng(seed).choice(200, n_weighted, replace=False)] = 2.0
    training, validation = split_rows(200, 0.1, seed, labels, weights)
    assert sorted(np.r_[training, validation]) == list(range(200))
    wanted = min(max(int(np.ceil(0.1 * n_weighted)), 2), n_weighted - 1)
    assert np.count_nonzero(weights[validation]) == wanted
    assert np.count_nonzero(weights[training]) == n_weighted - wanted
    assert len(validation) == 20


def test_rows_without_weight_do_not_change_how_the_others_are_split():
    weights = (np.arange(100) % 2).astype(float)
    labels = np.arange(100) // 2 % 3
    sides = split_rows(100, 0.2, 3, labels, weights)
    alone = split_rows(50, 0.2, 3, labels[1::2])
    for side, own in zip(sides, alone, strict=True):
        assert sorted(side[weights[side] > 0]) == sorted(2 * own + 1)
    positive, none = (split_rows(100, 0.2, 3, labels, given) for given in (weights + 1, None))
    assert [side.tolist() for side in positive] == [side.tolist() for side in none]


def test_classes_are_balanced_among_the_rows_that_count():
    y = np.r_[np.zeros(120), np.ones(37)].astype(int)
    weights = (np.arange(157) % 3 == 0).astype(float)
    counted = weights > 0
    sides = split_rows(157, 0.2, 0, (y == 1).reshape(-1, 1), weights)
    shares = [np.mean(y[side[counted[side]]]) for side in sides]
    # Of 11 validation rows that count.
    np.testing.assert_allclose(*shares, atol=0.5 / 11)
    # Only one row of a class counts: chance, which weights it got, does not refuse the fit.
    weights[120:] = 0
    weights[130] = 1
    training, validation = split_rows(157, 0.2, 0, (y == 1).reshape(-1, 1), weights)
    assert weights[training].any() and weights[validation].any()


@quiet
@pytest.mark.parametrize("n_members", [1, 5])
@pytest.mark.parametrize("estimator", [MLPRegressor, MLPClassifier])
def test_chance_does_not_decide_whether_few_weights_can_be_fitted(estimator, n_members):
    y = Y if estimator is MLPRegressor else (Y > 0).astype(int)
    for seed in range(6):
        sample_weight = np.zeros(157)
        sample_weight[np.random.default_rng(seed).choice(157, 8, replace=False)] = 1
        model = estimator(
            hidden_layer_sizes=(4,), early_stopping=True, max_iter=2, random_state=seed
        )
        model.set_params(n_members=n_members).fit(X, y, sample_weight)


@quiet
@pytest.mark.parametrize("bagging", [BaggingRegressor, BaggingClassifier])
def test_bagging_of_few_rows_does_not_fail_by_chance(bagging):
    net, y = (
        (MLPRegressor, Y[:20])
        if bagging is BaggingRegressor
        else (MLPClassifier, (np.arange(20) % 2).astype(int))
    )
    for seed in range(3):
        member = net(hidden_layer_sizes=(4,), early_stopping=True, max_iter=2)
        bagging(member, 10, random_state=seed).fit(X[:20], y)


@quiet
def test_weights_of_classes_leave_rows_on_both_sides():
    y = np.r_[np.zeros(147), np.ones(10)].astype(int)
    for seed in range(6):
        settings = {"class_weight": {0: 0, 1: 1}, "early_stopping": True, "random_state": seed}
        model = MLPClassifier(max_iter=2, **settings).fit(X, y)
        assert np.isfinite(model.history_["val_loss"]).all()


def test_one_row_of_positive_weight_cannot_be_split():
    with pytest.raises(ValueError, match="each need samples of positive weight, and 1 of 157"):
        MLPRegressor(early_stopping=True).fit(X, Y, np.eye(157)[5])


@quiet
def test_r2_of_one_row_that_counts_decides_nothing():
    held = {"X_val": X[:9], "y_val": Y[:9], "sample_weight_val": np.eye(9)[2]}
    with pytest.raises(
        ValueError, match="of 1 validation sample of positive weight is not defined"
    ):
        MLPRegressor(early_stopping=True).fit(X, Y, **held)
    model = MLPRegressor(max_iter=2).fit(X, Y, **held)
    assert np.isnan(model.history_["val_score"]).all()
