"""In the place of scikit-learn's boosted trees: pipelines, searches, meta-estimators."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import VotingClassifier
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_predict
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from deepgen import TabularClassifier, TabularRegressor

from .frames import TINY, frame, labels, numbers

TABLE = frame(90)


def test_a_search_goes_through_networks_and_presets():
    search = GridSearchCV(
        TabularRegressor(random_state=0),
        {"preset": ["fast", "balanced"], "network": [TINY, {**TINY, "activation": "relu"}]},
        cv=2,
    )
    search.fit(TABLE, numbers(TABLE), sample_weight=np.ones(90))
    assert len(search.cv_results_["params"]) == 4
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.predict(TABLE).shape == (90,)


def test_it_stands_at_the_end_of_a_pipeline():
    pipeline = make_pipeline(
        FunctionTransformer(lambda table: table.drop(columns="sold")),
        TabularClassifier(network=TINY),
    )
    pipeline.fit(TABLE, labels(TABLE), tabularclassifier__sample_weight=np.ones(90))
    assert pipeline.predict_proba(TABLE).shape == (90, 3)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: CalibratedClassifierCV(model, cv=2),
        lambda model: VotingClassifier([("a", model), ("b", clone(model))], voting="soft"),
        lambda model: OneVsRestClassifier(model),
    ],
)
def test_meta_estimators_hand_frames_on(wrap):
    model = wrap(TabularClassifier(network=TINY, random_state=0))
    model.fit(TABLE, labels(TABLE))
    assert model.predict(TABLE).shape == (90,)


def test_targets_may_be_transformed_and_predictions_crossed():
    inner = TabularRegressor(network=TINY)
    model = TransformedTargetRegressor(inner, func=np.arcsinh, inverse_func=np.sinh)
    assert model.fit(TABLE, numbers(TABLE)).predict(TABLE).shape == (90,)
    crossed = cross_val_predict(TabularRegressor(network=TINY), TABLE, numbers(TABLE), cv=3)
    assert crossed.shape == (90,)


def test_rows_are_set_aside_by_a_splitter():
    model = TabularRegressor(network=TINY, validation_fraction=TimeSeriesSplit(3))
    assert "held-out RMSE" in model.fit(TABLE, numbers(TABLE)).summary_


def test_a_scorer_by_name_chooses_the_epoch():
    model = TabularRegressor(network=TINY, scoring="neg_mean_absolute_error")
    model.fit(TABLE, numbers(TABLE))
    assert (model.history_["val_score"] < 0).all()
