"""The estimators among scikit-learn's tools: clone, pickle, pipelines, searches."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from deepgen import MLPClassifier, MLPRegressor
from deepgen.losses import Huber, LogLoss
from deepgen.normalizations import BatchNorm
from deepgen.optimizers import SGD, Adam
from deepgen.schedules import InvScaling
from deepgen.skips import Residual
from estimators.samples import curve, features, same_bits

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features()
Y = curve(X)


def objects():
    return MLPRegressor(
        loss=Huber(0.5),
        hidden_layer_sizes=(6, 6, 6),
        solver=Adam(beta_1=0.8),
        learning_rate=InvScaling(power_t=0.1),
        normalization=BatchNorm(),
        skip=Residual(),
        max_iter=4,
        random_state=0,
    )


def test_clone_copies_components_and_fits_to_the_same_bits():
    model = objects()
    twin = clone(model)
    assert twin.solver == model.solver and twin.solver is not model.solver
    assert same_bits(model.fit(X, Y), twin.fit(X, Y))


@pytest.mark.parametrize("copied", [lambda m: pickle.loads(pickle.dumps(m)), copy.deepcopy])
@pytest.mark.parametrize("name", ["regressor", "classifier"])
def test_a_copy_of_a_fitted_model_is_the_same_model(name, copied):
    classes = np.array(["low", "middle", "high"])[np.digitize(Y, [-0.5, 0.5])]
    model = objects() if name == "regressor" else MLPClassifier(max_iter=3, random_state=0)
    model.fit(X, Y if name == "regressor" else classes)
    twin = copied(model)
    assert np.array_equal(twin.predict(X), model.predict(X))
    assert same_bits(model, twin)
    for key, column in model.history_.items():
        assert np.array_equal(column, twin.history_[key])
    twin.coefs_[0][...] = 0
    assert model.coefs_[0].any()


def test_a_model_without_warm_start_keeps_no_optimizer_state():
    settings = dict(hidden_layer_sizes=(100, 100), max_iter=2, random_state=0)
    lean = len(pickle.dumps(MLPRegressor(**settings).fit(X, Y)))
    full = len(pickle.dumps(MLPRegressor(warm_start=True, **settings).fit(X, Y)))
    parameters = MLPRegressor(**settings).fit(X, Y).network_.parameters.nbytes
    assert lean < 1.3 * parameters
    assert full > 3 * parameters


def test_writing_into_coefs_changes_the_next_prediction():
    model = MLPRegressor(max_iter=2, random_state=0).fit(X, Y)
    before = model.predict(X)
    model.coefs_[-1][...] = 0
    model.intercepts_[-1][...] = 0
    assert not np.array_equal(before, model.predict(X))
    np.testing.assert_allclose(model.predict(X), model.target_mean_[0], rtol=1e-6)


def test_in_a_pipeline():
    model = make_pipeline(StandardScaler(), MLPRegressor(max_iter=100, random_state=0))
    assert model.fit(1e3 * X, Y).score(1e3 * X, Y) > 0.5


def test_grid_search_reaches_into_a_solver_object():
    """Of two rates one is too small for a step to be seen, so the search has to find the other."""
    search = GridSearchCV(
        MLPClassifier(solver=Adam(), max_iter=50, random_state=0),
        {"solver__learning_rate_init": [1e-12, 1e-2], "hidden_layer_sizes": [(8,), (8, 8)]},
        cv=2,
    )
    search.fit(X, Y > 0)
    assert len(search.cv_results_["params"]) == 4
    assert search.best_params_["solver__learning_rate_init"] == 1e-2
    assert search.best_estimator_.solver.learning_rate_init == 1e-2


def test_cross_validation_scores_what_each_fold_alone_scores():
    model = MLPRegressor(max_iter=5, random_state=0)
    alone = [
        clone(model).fit(X[train], Y[train]).score(X[test], Y[test])
        for train, test in KFold(3).split(X)
    ]
    assert cross_val_score(model, X, Y, cv=3).tolist() == alone


def test_parameters_inside_components_are_set_by_their_path():
    model = MLPClassifier(solver=SGD(), loss=LogLoss())
    model.set_params(solver__momentum=0.3, loss__label_smoothing=0.2)
    assert (model.solver.momentum, model.loss.label_smoothing) == (0.3, 0.2)
    assert model.get_params()["solver__momentum"] == 0.3


def test_representation_shows_what_was_changed():
    assert (
        repr(MLPClassifier(solver=Adam(beta_2=0.95))) == "MLPClassifier(solver=Adam(beta_2=0.95))"
    )


def test_metadata_routing_knows_the_arguments_of_fit():
    requests = MLPRegressor().get_metadata_routing().fit.requests
    assert {"sample_weight", "X_val", "y_val", "sample_weight_val"} <= set(requests)
