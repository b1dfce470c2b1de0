"""Features in units of their own: what is learned, and what is said where it fails."""

import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn.neural_network
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning

import deepgen
from deepgen import MLPClassifier, MLPRegressor
from deepgen.datasets import load_california_housing
from deepgen.losses import Quantile

rng = np.random.default_rng(0)
X = rng.normal(size=(200, 4))
Y = X[:, 0] + np.sin(X[:, 1]) + 0.1 * rng.normal(size=200)
UNITS = np.array([1.0, 1e3, 1e6, 1.0])
RAW = X * UNITS
LABELS = Y > 0
HELD_OUT = {"X_val": RAW[:50], "y_val": LABELS[:50]}


def told(fit):
    """Return what a fit says of its end against a constant."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit()
    return [
        str(entry.message)
        for entry in caught
        if entry.category is ConvergenceWarning and "worse than a constant" in str(entry.message)
    ]


def model_of(kind=MLPClassifier, **settings):
    return kind(**{"hidden_layer_sizes": (20,), "max_iter": 30, "random_state": 0, **settings})


def huber(**settings):
    return model_of(MLPRegressor, loss="huber", **settings)


WORSE = {
    "two classes": lambda: model_of().fit(RAW, LABELS),
    "three classes": lambda: model_of().fit(RAW, np.digitize(Y, [-1, 1])),
    "several labels": lambda: model_of().fit(RAW, np.c_[LABELS, Y > 1]),
    "class weights": lambda: model_of(class_weight="balanced").fit(RAW, Y > 1),
    "few epochs": lambda: model_of(max_iter=2).fit(RAW, LABELS),
    "converged": lambda: model_of(max_iter=300).fit(RAW, LABELS),
    "sparse": lambda: model_of().fit(csr_matrix(RAW), LABELS),
    "lbfgs": lambda: model_of(solver="lbfgs", max_iter=1, max_fun=1).fit(RAW, LABELS),
    "early stopping": lambda: model_of(early_stopping=True).fit(RAW, LABELS),
    "validation data": lambda: model_of().fit(RAW, LABELS, **HELD_OUT),
    "ema": lambda: model_of(averaging="ema").fit(RAW, LABELS),
    "huber": lambda: huber().fit(RAW, Y),
    "weights": lambda: huber().fit(RAW, Y, rng.random(200)),
    "shares": lambda: model_of(MLPRegressor, loss="binary_cross_entropy").fit(RAW, LABELS),
    "members": lambda: model_of(n_members=3).fit(RAW, LABELS),
    "snapshots": lambda: model_of(n_members=3, averaging="snapshot").fit(RAW, LABELS),
}


@pytest.mark.parametrize("kind", WORSE)
def test_a_fit_worse_than_a_constant_says_so_once_and_names_columns(kind):
    (message,) = told(WORSE[kind])
    assert "column 2 (" in message and "StandardScaler()" in message
    assert message.startswith("3 of 3 members: ") == (kind == "members")


@pytest.mark.parametrize("n_members", [1, 2])
def test_columns_with_names_are_named(n_members):
    frame = pd.DataFrame(RAW, columns=["rooms", "area", "price", "age"])
    (message,) = told(lambda: model_of(n_members=n_members).fit(frame, LABELS))
    low = min(("rooms", "age"), key=lambda name: frame[name].abs().max())
    assert "'price' (" in message and f"against '{low}' (" in message


def test_features_that_are_all_large_are_told_of():
    (message,) = told(lambda: model_of().fit(1e6 * X, LABELS))
    assert f"The features reach {1e6 * np.abs(X).max():.3g}. Scale them" in message


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "quantile"])
def test_targets_far_from_zero_that_are_not_centred_are_told_of(loss):
    model = model_of(MLPRegressor, loss=loss, target_scaling=None)
    (message,) = told(lambda: model.fit(X, 1e8 + Y))
    assert "far from zero" in message and "target_scaling='standard'" in message


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
@pytest.mark.parametrize("target_scaling", ["standard", None])
def test_losses_with_a_link_tell_of_targets_far_from_zero(loss, target_scaling):
    model = model_of(MLPRegressor, loss=loss, target_scaling=target_scaling)
    (message,) = told(lambda: model.fit(X, 1e8 + Y))
    assert "far from zero" in message and "'squared_error'" in message


NOTHING_TO_SAY = {
    "one epoch": lambda: model_of(MLPRegressor, max_iter=1).fit(X, Y),
    "one epoch of classes": lambda: model_of(max_iter=1).fit(X, LABELS),
    "long": lambda: model_of(MLPRegressor, max_iter=200).fit(X, Y),
    "rare class": lambda: model_of(max_iter=200).fit(X, Y > 1.5),
    "noise": lambda: model_of(MLPRegressor, max_iter=200).fit(X, rng.normal(size=200)),
    "equal targets": lambda: model_of(MLPRegressor).fit(X, np.ones(200)),
    "one class": lambda: model_of().fit(X, np.ones(200)),
    "far from zero": lambda: model_of(MLPRegressor, max_iter=100).fit(X, 1e8 + Y),
    "partial fit": lambda: model_of().partial_fit(RAW, LABELS, classes=[False, True]),
    "quantiles": lambda: model_of(
        MLPRegressor, loss=Quantile([0.1, 0.5, 0.9]), max_iter=150
    ).fit(X, Y),
}  # fmt: skip


@pytest.mark.parametrize("kind", NOTHING_TO_SAY)
def test_other_fits_say_nothing(kind):
    assert told(NOTHING_TO_SAY[kind]) == []


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
class TestUnits:
    def test_targets_get_the_spread_of_the_first_outputs(self):
        model = model_of(MLPRegressor).partial_fit(RAW, Y)
        assert model.target_scale_[0] < Y.std() / 1e3
        plain = model_of(MLPRegressor).partial_fit(X, Y)
        own = plain.target_mean_[0], plain.target_scale_[0]
        assert own == pytest.approx((Y.mean(), Y.std()))

    @pytest.mark.parametrize(
        "settings",
        [{"loss": "huber"}, {"target_scaling": None}, {"initializer": "data_dependent"}],
    )
    def test_not_where_it_means_something_else_or_is_not_needed(self, settings):
        model = model_of(MLPRegressor, **settings).partial_fit(RAW, Y)
        expected = 1.0 if "target_scaling" in settings else Y.std()
        assert model.target_scale_[0] == pytest.approx(expected)

    def test_not_for_weights_that_the_user_gives(self):
        known = model_of(MLPRegressor, max_iter=1).fit(X, Y)
        model = model_of(MLPRegressor, max_iter=1).fit(RAW, Y, coefs_init=known.coefs_)
        assert model.target_scale_[0] == pytest.approx(Y.std())

    def test_each_of_several_targets_has_its_own(self):
        several = np.c_[Y, 1e3 * Y]
        model = model_of(MLPRegressor).fit(RAW, several)
        assert (model.target_scale_ < several.std(axis=0) / 1e3).all()

    def test_continuing_keeps_them_to_the_bit(self, tmp_path):
        whole = model_of(MLPRegressor, max_iter=6).fit(RAW, Y)
        parts = model_of(MLPRegressor, max_iter=3, warm_start=True).fit(RAW, Y)
        parts.save(tmp_path / "model")
        parts = deepgen.load(tmp_path / "model").fit(RAW, Y)
        assert np.array_equal(parts.predict(RAW), whole.predict(RAW))

    @pytest.mark.claims
    @pytest.mark.parametrize("unit", [1e3, 1e6])
    def test_raw_columns_are_learned_as_well_as_by_scikit_learn(self, unit):
        raw, y = (part[::50].copy() for part in load_california_housing())
        raw[:, :3] *= unit
        ours, theirs = (
            np.mean([kind(random_state=seed).fit(raw, y).score(raw, y) for seed in range(3)])
            for kind in (MLPRegressor, sklearn.neural_network.MLPRegressor)
        )
        assert ours >= max(theirs - 0.02, 0.4)

    @pytest.mark.claims
    @pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "quantile"])
    @pytest.mark.parametrize("unit", [300, 1e6])
    def test_a_unit_of_all_columns_hardly_matters(self, loss, unit):
        plain, large = (
            MLPRegressor(loss, random_state=0).fit(factor * X, Y).score(factor * X, Y)
            for factor in (1.0, unit)
        )
        assert large > plain - 0.08
