"""The estimators inside scikit-learn's meta-estimators, searches, ensembles and curves."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import (
    AdaBoostRegressor,
    BaggingRegressor,
    StackingClassifier,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.impute import SimpleImputer
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    cross_val_predict,
    cross_validate,
    learning_curve,
    validation_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from deepgen import MLPClassifier, MLPRegressor
from deepgen.optimizers import SGD, Adam
from deepgen.schedules import InvScaling
from estimators.samples import curve, features, same_bits

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features(n=240)
Y = curve(X)
THREE = np.digitize(Y, [-0.5, 0.5])
SEVERAL = np.column_stack([Y > 0, X[:, 0] > 0, X[:, 1] > 0.3]).astype(int)


def regressor(**settings):
    own = dict(hidden_layer_sizes=(30,), max_iter=150, learning_rate_init=0.01, random_state=0)
    return MLPRegressor(**{**own, **settings})


def classifier(**settings):
    own = dict(hidden_layer_sizes=(30,), max_iter=100, learning_rate_init=0.01, random_state=0)
    return MLPClassifier(**{**own, **settings})


META_REGRESSORS = {
    "pipeline": lambda: make_pipeline(StandardScaler(), regressor()),
    "voting": lambda: VotingRegressor([("net", regressor()), ("ridge", Ridge())], weights=[9, 1]),
    "bagging": lambda: BaggingRegressor(regressor(), n_estimators=3, random_state=0),
    "boosting": lambda: AdaBoostRegressor(regressor(), n_estimators=2, random_state=0),
    "target": lambda: TransformedTargetRegressor(
        regressor(), transformer=StandardScaler(), check_inverse=False
    ),
    "columns": lambda: make_pipeline(
        ColumnTransformer([("scale", StandardScaler(), [0, 1, 2])], remainder="passthrough"),
        regressor(),
    ),
}
META_CLASSIFIERS = {
    "calibrated": lambda: CalibratedClassifierCV(classifier(), cv=2),
    "isotonic": lambda: CalibratedClassifierCV(classifier(), method="isotonic", cv=2),
    "stacking": lambda: StackingClassifier(
        [("net", classifier()), ("linear", LogisticRegression())], cv=2
    ),
    "voting": lambda: VotingClassifier(
        [("net", classifier()), ("linear", LogisticRegression())], voting="soft"
    ),
    "one against the rest": lambda: OneVsRestClassifier(classifier()),
}


@pytest.mark.parametrize("name", META_REGRESSORS)
def test_regressors_inside_others_fit_and_predict(name):
    model = META_REGRESSORS[name]().fit(X, Y)
    assert model.predict(X).shape == (240,)
    assert model.score(X, Y) > 0.6


@pytest.mark.parametrize("words", [False, True])
@pytest.mark.parametrize("name", META_CLASSIFIERS)
def test_classifiers_inside_others_fit_and_predict(name, words):
    y = np.array(["low", "middle", "high"])[THREE] if words else THREE
    model = META_CLASSIFIERS[name]().fit(X, y)
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (240, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert model.score(X, y) > 0.6


def test_several_outputs_inside_others():
    targets = np.column_stack([Y, X[:, 0]])
    assert MultiOutputRegressor(regressor()).fit(X, targets).score(X, targets) > 0.6
    chain = ClassifierChain(classifier(), random_state=0).fit(X, SEVERAL)
    assert chain.predict_proba(X).shape == (240, 3)


def test_a_grid_search_in_two_processes_finds_what_one_finds():
    grid = {"alpha": [1e-4, 1.0], "hidden_layer_sizes": [(4,), (8, 8)]}
    one, two = (
        GridSearchCV(classifier(max_iter=10), grid, cv=3, n_jobs=n_jobs).fit(X, THREE)
        for n_jobs in (1, 2)
    )
    scores = "mean_test_score"
    assert np.array_equal(one.cv_results_[scores], two.cv_results_[scores])
    assert one.best_params_ == two.best_params_
    assert same_bits(one.best_estimator_, two.best_estimator_)


def test_a_grid_reaches_into_components():
    search = GridSearchCV(
        regressor(solver=SGD(), learning_rate=InvScaling(), max_iter=3),
        [
            {"solver__momentum": [0.5, 0.9], "learning_rate__power_t": [0.1, 0.5]},
            {"solver": [Adam()], "solver__beta_1": [0.7, 0.9]},
        ],
        cv=2,
        error_score="raise",
    ).fit(X, Y)
    assert len(search.cv_results_["params"]) == 6
    assert len(np.unique(search.cv_results_["mean_test_score"])) == 6


def test_a_grid_reaches_through_a_pipeline_into_components():
    model = Pipeline([("scale", StandardScaler()), ("net", regressor(solver=Adam(), max_iter=3))])
    grid = {"net__solver__beta_1": [0.5, 0.9], "net__learning_rate": [InvScaling()]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, Y)
    assert search.best_estimator_["net"].solver.beta_1 == search.best_params_["net__solver__beta_1"]
    assert model["net"].solver == Adam()


def test_a_name_of_a_solver_has_no_parameters_inside():
    with pytest.raises((ValueError, AttributeError), match="beta_1|set_params"):
        regressor(solver="adam").set_params(solver__beta_1=0.5)


@pytest.mark.parametrize("resource", ["n_samples", "max_iter"])
def test_a_halving_search(resource):
    search = HalvingGridSearchCV(
        classifier(),
        {"alpha": [1e-4, 1e-2, 1.0, 100.0]},
        resource=resource,
        max_resources="auto" if resource == "n_samples" else 40,
        cv=2,
        factor=2,
        random_state=0,
    ).fit(X, THREE)
    assert search.best_params_["alpha"] < 100
    assert search.n_iterations_ > 1


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_out_of_fold_predictions(method):
    predicted = cross_val_predict(classifier(), X, THREE, cv=3, method=method)
    likeliest = predicted if method == "predict" else predicted.argmax(axis=1)
    assert predicted.shape == ((240,) if method == "predict" else (240, 3))
    assert np.mean(likeliest == THREE) > 0.6


def test_cross_validation_with_scorers_and_weights():
    results = cross_validate(
        classifier(max_iter=20),
        X,
        Y > 0,
        cv=3,
        scoring=["accuracy", "roc_auc", "neg_log_loss", "neg_brier_score"],
        return_estimator=True,
    )
    assert all(np.isfinite(results[f"test_{name}"]).all() for name in ("roc_auc", "neg_log_loss"))
    assert len(results["estimator"]) == 3


def test_learning_and_validation_curves():
    sizes, training, held_out = learning_curve(
        classifier(max_iter=20), X, THREE, train_sizes=[0.3, 1.0], cv=3
    )
    assert (
        sizes.tolist() == [48, 160] and np.isfinite(training).all() and np.isfinite(held_out).all()
    )
    incremental = learning_curve(
        classifier(),
        X,
        Y > 0,
        train_sizes=[0.3, 1.0],
        cv=3,
        exploit_incremental_learning=True,
    )
    assert np.isfinite(incremental[2]).all()
    training, _ = validation_curve(
        regressor(max_iter=20), X, Y, param_name="alpha", param_range=[1e-4, 1e3], cv=2
    )
    assert (training[0] > training[1]).all()


def test_importances_and_dependence_find_what_matters():
    model = regressor().fit(X, Y)
    importance = permutation_importance(model, X, Y, n_repeats=3, random_state=0)
    assert set(np.argsort(importance.importances_mean)[2:]) == {0, 1, 2}
    averages = partial_dependence(model, X, [0], grid_resolution=5)["average"]
    assert averages[0, -1] > averages[0, 0]
    selector = SequentialFeatureSelector(regressor(max_iter=20), n_features_to_select=1, cv=2)
    assert selector.fit(X, Y).get_support().sum() == 1


def test_frames_go_through_pipelines_with_set_output():
    frame = pd.DataFrame(X, columns=list("abcde"))
    model = make_pipeline(StandardScaler(), regressor(max_iter=5)).set_output(transform="pandas")
    model.fit(frame, Y)
    assert model[-1].feature_names_in_.tolist() == list("abcde")
    with config_context(transform_output="polars"):
        pytest.importorskip("polars")
        other = make_pipeline(StandardScaler(), regressor(max_iter=5)).fit(frame, Y)
        assert np.array_equal(model.predict(frame), other.predict(frame))
    assert other[-1].feature_names_in_.tolist() == list("abcde")


ARRAY_API = """
import warnings, numpy as np
from sklearn import config_context
from deepgen import MLPClassifier, MLPRegressor
warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
X, noise = rng.normal(size=(200, 4)), rng.normal(size=200)
three = np.digitize(X[:, 0], [-0.5, 0.5])
tasks = [
    (MLPRegressor, X[:, 0]),
    (MLPRegressor, X[:, :2]),
    (MLPClassifier, three),
    (MLPClassifier, np.array(["a", "b", "c"])[three]),
    (MLPClassifier, (X > 0).astype(int)),
]

def outcome(estimator, y):
    settings = dict(early_stopping=True, max_iter=4, random_state=0)
    model = estimator(**settings).fit(X, y, np.abs(noise))
    results = [model.network_.parameters, model.predict(X), model.score(X, y)]
    if estimator is MLPClassifier:
        results += [model.predict_proba(X), model.decision_function(X)]
    return results

for task in tasks:
    plain = outcome(*task)
    with config_context(array_api_dispatch=True):
        dispatched = outcome(*task)
    for one, other in zip(plain, dispatched, strict=True):
        assert type(one) is type(other), (task, type(one), type(other))
        assert np.array_equal(one, other), task
print("same")
"""


@pytest.mark.slow
def test_numpy_arrays_with_array_api_dispatch():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "SCIPY_ARRAY_API": "1"}
    run = subprocess.run(
        [sys.executable, "-c", ARRAY_API],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if "array_api_compat is required" in run.stderr:
        pytest.skip("this version of scikit-learn needs array_api_compat")
    assert run.stdout == "same\n", run.stderr


def test_a_pipeline_of_frames_with_words_on_real_data(shared_data):
    table = pd.read_csv(shared_data / "adult.csv.gz").sample(4000, random_state=0)
    target = table.pop(table.columns[-1])
    words = [name for name in table if not pd.api.types.is_numeric_dtype(table[name])]
    numbers = [name for name in table if name not in words]
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore", min_frequency=5), words),
    )
    model = make_pipeline(columns, classifier(max_iter=15, early_stopping=True))
    model.fit(table[:3000], target[:3000])
    assert model.score(table[3000:], target[3000:]) > 0.82
    assert set(model.classes_) == set(target)
    search = GridSearchCV(model, {"mlpclassifier__alpha": [1e-4, 10.0]}, cv=2, n_jobs=2)
    assert search.fit(table[:1500], target[:1500]).score(table[3000:], target[3000:]) > 0.8
