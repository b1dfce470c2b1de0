"""Metadata routing: weights and validation data on their way through meta-estimators."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.model_selection import GridSearchCV, GroupKFold, GroupShuffleSplit, cross_validate
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from deepgen import MLPClassifier, MLPRegressor
from estimators.samples import curve, features, same_bits, weights

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features(n=120)
Y = curve(X)
THREE = np.digitize(Y, [-0.5, 0.5])
W = weights(n=120)
VALIDATION = {"X_val": X[:30] + 0.1, "y_val": Y[:30], "sample_weight_val": W[:30]}
OF_FIT = {*VALIDATION, "sample_weight", "coefs_init", "intercepts_init", "groups"}
SETTINGS = dict(hidden_layer_sizes=(8,), max_iter=4, random_state=0)


@pytest.fixture(autouse=True)
def routing():
    with config_context(enable_metadata_routing=True):
        yield


def test_every_argument_can_be_requested():
    for cls in (MLPRegressor, MLPClassifier):
        requests = cls().get_metadata_routing()
        assert set(requests.fit.requests) == OF_FIT
        assert set(requests.score.requests) == {"sample_weight"}
        more = {"classes"} if cls is MLPClassifier else set()
        assert set(requests.partial_fit.requests) == {"sample_weight"} | more


def test_requests_survive_clone_and_name_only_what_there_is():
    model = MLPRegressor().set_fit_request(X_val=True, y_val="held_out")
    requests = clone(model).get_metadata_routing().fit.requests
    assert (requests["X_val"], requests["y_val"]) == (True, "held_out")
    assert MLPClassifier().set_partial_fit_request(classes=True)
    with pytest.raises(TypeError, match="Unexpected args: {'folds'}"):
        MLPRegressor().set_fit_request(folds=True)


def test_weights_that_nobody_asked_for_are_refused():
    with pytest.raises(UnsetMetadataPassedError, match="set_fit_request"):
        GridSearchCV(MLPRegressor(**SETTINGS), {"alpha": [1]}, cv=2).fit(X, Y, sample_weight=W)


def test_validation_data_and_weights_reach_fit_through_a_pipeline():
    net = MLPRegressor(**SETTINGS).set_fit_request(
        sample_weight=True, X_val=True, y_val=True, sample_weight_val=True
    )
    scaler = StandardScaler().set_fit_request(sample_weight=False)
    model = Pipeline([("scale", scaler), ("net", net)]).fit(X, Y, sample_weight=W, **VALIDATION)
    scaled = StandardScaler().fit(X).transform(X)
    alone = MLPRegressor(**SETTINGS).fit(scaled, Y, W, **VALIDATION)
    assert same_bits(model["net"], alone)
    assert np.array_equal(model["net"].history_["val_loss"], alone.history_["val_loss"])
    assert len(alone.history_["val_loss"]) == 4


def test_a_pipeline_transforms_validation_features_too():
    net = MLPRegressor(early_stopping=True, **SETTINGS).set_fit_request(X_val=True, y_val=True)
    model = Pipeline([("scale", StandardScaler()), ("net", net)], transform_input=["X_val"])
    model.fit(100 * X, Y, X_val=100 * VALIDATION["X_val"], y_val=VALIDATION["y_val"])
    scaler = StandardScaler().fit(100 * X)
    alone = MLPRegressor(early_stopping=True, **SETTINGS).fit(
        scaler.transform(100 * X),
        Y,
        X_val=scaler.transform(100 * VALIDATION["X_val"]),
        y_val=VALIDATION["y_val"],
    )
    assert same_bits(model["net"], alone)
    assert model["net"].validation_scores_ == alone.validation_scores_


def test_weights_reach_the_folds_of_a_search():
    model = MLPClassifier(**SETTINGS)
    asked = clone(model).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    grid = {"alpha": [1e-4, 1e-1]}
    weighted = GridSearchCV(asked, grid, cv=3).fit(X, THREE, sample_weight=W)
    plain = GridSearchCV(model, grid, cv=3).fit(X, THREE)
    alpha = weighted.best_params_["alpha"]
    alone = clone(model).set_params(alpha=alpha).fit(X, THREE, W)
    assert same_bits(weighted.best_estimator_, alone)
    assert not same_bits(weighted.best_estimator_, plain.best_estimator_)


def test_groups_reach_the_split_of_early_stopping_inside_a_search():
    seen = []

    class Seen(GroupShuffleSplit):
        def split(self, X, y=None, groups=None):
            seen.append(np.unique(groups).size)
            return super().split(X, y, groups)

        def __deepcopy__(self, memo):
            return self

    groups = np.arange(120) // 10
    model = MLPRegressor(
        early_stopping=True, validation_fraction=Seen(1, test_size=0.3), **SETTINGS
    )
    asked = model.set_fit_request(groups=True)
    search = GridSearchCV(asked, {"alpha": [1e-4]}, cv=GroupKFold(3).set_split_request(groups=True))
    search.fit(X, Y, groups=groups)
    assert seen == [8, 8, 8, 12]


def test_weights_reach_cross_validation_under_another_name():
    model = MLPRegressor(**SETTINGS).set_fit_request(sample_weight="importance")
    model.set_score_request(sample_weight="importance")
    results = cross_validate(model, X, Y, cv=3, params={"importance": W}, return_estimator=True)
    ones = cross_validate(model, X, Y, cv=3, params={"importance": np.ones(120)})
    assert not np.array_equal(results["test_score"], ones["test_score"])


def test_weights_reach_bagged_classifiers():
    model = MLPClassifier(**SETTINGS).set_fit_request(sample_weight=True)
    bag = BaggingClassifier(model, n_estimators=2, random_state=0)
    weighted = clone(bag).fit(X, THREE, sample_weight=W)
    plain = clone(bag).fit(X, THREE, sample_weight=np.ones(120))
    for one, other in zip(weighted, plain, strict=True):
        assert not same_bits(one, other)
