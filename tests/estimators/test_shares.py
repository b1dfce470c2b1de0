"""Targets in [0, 1]: cross-entropy on the regressor."""

import numpy as np
import pytest
from scipy.special import rel_entr
from sklearn.base import clone
from sklearn.metrics import d2_log_loss_score, log_loss
from sklearn.model_selection import cross_val_score

import deepgen
from deepgen import MLPClassifier, MLPRegressor
from deepgen.losses import BinaryCrossEntropy
from estimators.samples import curve, features, same_bits, weights

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features()
SHARE = 1 / (1 + np.exp(-2 * curve(X)))
HARD = (SHARE > 0.6).astype(float)


def model_of(**settings):
    common = dict(loss="binary_cross_entropy", hidden_layer_sizes=(8,), random_state=0)
    return MLPRegressor(**common | settings)


def test_zeros_and_ones_give_the_bits_of_the_classifier():
    model = model_of(max_iter=5).fit(X, HARD, weights())
    labels = MLPClassifier((8,), random_state=0, max_iter=5).fit(X, HARD, weights())
    assert model.loss_curve_ == labels.loss_curve_
    assert same_bits(model, labels)
    np.testing.assert_allclose(model.predict(X), labels.predict_proba(X)[:, 1], rtol=1e-6)


def test_shares_are_learned_and_stay_inside():
    model = model_of(solver="lbfgs", max_iter=500, alpha=0).fit(X, SHARE)
    assert model.score(X, SHARE) > 0.95
    far = model.predict(np.r_[1e3 * X, -1e3 * X])
    assert far.dtype == np.float64 and far.min() >= 0 and far.max() <= 1
    assert (model.out_activation_, model.n_outputs_) == ("logistic", 1)
    assert (model.target_mean_, model.target_scale_) == (0, 1)


def test_the_loss_is_the_cross_entropy():
    model = model_of(solver="sgd", learning_rate_init=1e-30, max_iter=1, alpha=0).fit(X, SHARE)
    p = model.predict(X)
    by_hand = -np.mean(SHARE * np.log(p) + (1 - SHARE) * np.log1p(-p))
    assert model.loss_ == pytest.approx(by_hand, rel=1e-6)


def test_a_share_is_two_weighted_labels():
    linear = dict(hidden_layer_sizes=(), solver="lbfgs", alpha=0, tol=1e-8, dtype="float64")
    model = model_of(**linear).fit(X, SHARE)
    both, labels = np.r_[X, X], np.repeat([0.0, 1.0], len(X))
    pairs = model_of(**linear).fit(both, labels, np.r_[1 - SHARE, SHARE])
    np.testing.assert_allclose(model.predict(X), pairs.predict(X), atol=1e-5)


@pytest.mark.parametrize("scaling", ["standard", None])
def test_target_scaling_has_no_effect(scaling):
    model = model_of(max_iter=3, target_scaling=scaling).fit(X, SHARE)
    assert same_bits(model, model_of(max_iter=3).fit(X, SHARE))


def test_what_is_watched_is_d2_of_the_cross_entropy():
    own = weights()
    held = dict(X_val=X, y_val=HARD, sample_weight_val=own)
    model = model_of(max_iter=4).fit(X, HARD, **held)
    expected = d2_log_loss_score(HARD, model.predict(X), sample_weight=own)
    assert model.history_["val_score"][-1] == pytest.approx(expected)
    soft = model_of(max_iter=300).fit(X, SHARE, X_val=X, y_val=SHARE)
    own, constant = soft.predict(X), np.full(len(X), SHARE.mean())
    deviances = [np.mean(rel_entr(SHARE, p) + rel_entr(1 - SHARE, 1 - p)) for p in (own, constant)]
    assert soft.history_["val_score"][-1] == pytest.approx(1 - deviances[0] / deviances[1])


def test_certain_and_wrong_predictions_have_a_finite_score():
    model = model_of(hidden_layer_sizes=(), max_iter=1)
    start = dict(coefs_init=[1e4 * np.ones((X.shape[1], 1))])
    model.fit(X, SHARE, X_val=X, y_val=SHARE, **start)
    assert np.isfinite(model.history_["val_score"]).all() or np.isnan(model.history_["val_score"])


@pytest.mark.parametrize("y", [SHARE - 0.5, 2 * SHARE, 100 * SHARE])
def test_targets_outside_are_refused(y):
    with pytest.raises(ValueError, match=r"'binary_cross_entropy' needs y in \[0, 1\], got "):
        model_of().fit(X, y)
    with pytest.raises(ValueError, match=r"X_val.*needs y in \[0, 1\]"):
        model_of().fit(X, SHARE, X_val=X, y_val=y)


def test_several_shares_members_sparse_rows_and_files(tmp_path):
    from scipy.sparse import csr_array

    y = np.c_[SHARE, 1 - SHARE]
    model = model_of(max_iter=20, n_members=2, early_stopping=True).fit(csr_array(X), y)
    predictions = model.predict(X)
    assert predictions.shape == y.shape and predictions.min() > 0 and predictions.max() < 1
    model.save(tmp_path / "model")
    assert np.array_equal(deepgen.load(tmp_path / "model").predict(X), predictions)


def test_going_on_and_other_losses():
    model = model_of(max_iter=2, warm_start=True).fit(X, SHARE).partial_fit(X, SHARE)
    assert model.set_params(loss=BinaryCrossEntropy()).fit(X, SHARE).t_ == 5 * len(X)
    with pytest.raises(ValueError, match="outputs mean something else"):
        model.set_params(loss="squared_error").fit(X, SHARE)


def test_scikit_learns_tools_take_it():
    scores = cross_val_score(clone(model_of(max_iter=300)), X, SHARE, cv=3)
    assert scores.mean() > 0.2
    assert log_loss(HARD, model_of(max_iter=100).fit(X, HARD).predict(X)) < 0.69
