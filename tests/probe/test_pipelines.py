"""A probe of a pipeline measures its last step on what the steps before make of X."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, StandardScaler

from deepgen import MLPClassifier, MLPRegressor, Probe, TabularRegressor
from probe.fitted_models import classes, features, smooth_target

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X = features()
y = smooth_target(X)


def net(**settings):
    return MLPRegressor(hidden_layer_sizes=(5,), max_iter=3, random_state=0, **settings)


def same(probe, other):
    assert probe.loss() == other.loss()
    np.testing.assert_array_equal(probe.gradient(), other.gradient())


def test_the_last_step_is_measured_on_transformed_features():
    pipeline = make_pipeline(StandardScaler(), "passthrough", net()).fit(100 * X, y)
    alone = net().fit(StandardScaler().fit_transform(100 * X), y)
    weights = np.linspace(1, 2, len(X))
    probe = Probe(pipeline, 100 * X, y, weights)
    same(probe, Probe(alone, StandardScaler().fit_transform(100 * X), y, weights))
    assert type(probe.model) is MLPRegressor
    scaled = pipeline[:-1].transform(100 * X)
    np.testing.assert_array_equal(
        probe.jacobian(scaled[:2]), Probe(alone, X, y).jacobian(scaled[:2])
    )


def test_pipelines_may_be_nested_and_of_one_step():
    inner = make_pipeline(StandardScaler(), net())
    nested = Pipeline([("twice", FunctionTransformer(lambda X: 2 * X)), ("net", inner)])
    nested.fit(X, y)
    same(Probe(nested, X, y), Probe(inner, 2 * X, y))
    same(Probe(make_pipeline(net()).fit(X, y), X, y), Probe(net().fit(X, y), X, y))


def test_frames_sparse_features_classifiers_and_tables_go_through():
    frame = pd.DataFrame(X, columns=list("abcd"))
    named = make_pipeline(StandardScaler().set_output(transform="pandas"), net()).fit(frame, y)
    assert Probe(named, frame, y).n_samples == 40
    sparse = csr_array(np.where(np.abs(X) > 1, X, 0.0))
    thin = make_pipeline(MaxAbsScaler(), net()).fit(sparse, y)
    assert Probe(thin, sparse, y).loss() > 0
    labels = classes(X)
    classifier = make_pipeline(StandardScaler(), MLPClassifier((4,), max_iter=2)).fit(X, labels)
    assert Probe(classifier, X, labels).n_outputs == 3
    table = make_pipeline(
        FunctionTransformer(), TabularRegressor(n_members=1, network={"max_iter": 1})
    ).fit(frame, y)
    assert Probe(table, frame, y).n_samples == 40


def test_what_has_no_network_at_its_end_is_refused_by_name():
    with pytest.raises(NotFittedError):
        Probe(make_pipeline(StandardScaler(), net()), X, y)
    with pytest.raises(NotFittedError, match="MLPRegressor"):
        Probe(make_pipeline(net()), X, y)
    with pytest.raises(TypeError, match="got LinearRegression as the last step of the pipeline"):
        Probe(make_pipeline(StandardScaler(), LinearRegression()).fit(X, y), X, y)
    with pytest.raises(TypeError, match="pass its regressor_ with the transformed y"):
        Probe(TransformedTargetRegressor(net(), func=np.log, inverse_func=np.exp).fit(X, y), X, y)
    search = GridSearchCV(net(), {"alpha": [0.0, 1.0]}, cv=2).fit(X, y)
    with pytest.raises(TypeError, match="got GridSearchCV; pass its best_estimator_"):
        Probe(search, X, y)
    assert Probe(search.best_estimator_, X, y).loss() > 0
