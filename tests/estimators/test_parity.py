"""Weights equal scikit-learn's from equal starting weights."""

import numpy as np
import pytest
from sklearn import neural_network

import deepgen
from estimators.samples import curve, features, starting_weights, weights

pytest.importorskip("sklearn", "1.7", reason="scikit-learn's MLP takes weights from 1.7 on")

HIDDEN = (8, 6)
TIGHT = 1e-9
LBFGS = 1e-6

SOLVERS = {
    "plain": dict(solver="sgd", momentum=0.0, nesterovs_momentum=False, learning_rate_init=0.01),
    "momentum": dict(solver="sgd", nesterovs_momentum=False, learning_rate_init=0.01),
    "nesterov": dict(solver="sgd", learning_rate_init=0.01),
    "invscaling": dict(
        solver="sgd", learning_rate="invscaling", learning_rate_init=0.05, power_t=0.4
    ),
    "adaptive": dict(
        solver="sgd", learning_rate="adaptive", learning_rate_init=0.02, n_iter_no_change=2
    ),
    "adam": dict(solver="adam", learning_rate_init=0.01),
    "adam_settings": dict(
        solver="adam", learning_rate_init=0.01, beta_1=0.8, beta_2=0.95, epsilon=1e-6
    ),
}


def task(name):
    """Class, parameters, targets and number of outputs."""
    X = features()
    y = curve(X)
    return {
        "regression": ("MLPRegressor", {}, y, 1),
        "two_outputs": ("MLPRegressor", {}, np.column_stack([y, X[:, 3]]), 2),
        "counts": ("MLPRegressor", {"loss": "poisson"}, np.floor(np.exp(y / 2)), 1),
        "two_classes": ("MLPClassifier", {}, y > 0, 1),
        "three_classes": ("MLPClassifier", {}, np.digitize(y, [-0.5, 0.5]), 3),
        "labels": ("MLPClassifier", {}, np.column_stack([y > 0, X[:, 1:3] > 0.3]).astype(int), 3),
    }[name]


def pair(task_name, activation, sample_weight, n_epochs, **settings):
    """The same training by scikit-learn and by deepgen."""
    name, own, y, n_outputs = task(task_name)
    factor = 2.0 if activation == "logistic" else 6.0
    coefs, intercepts = starting_weights([5, *HIDDEN, n_outputs], factor=factor)
    settings = {
        "hidden_layer_sizes": HIDDEN,
        "activation": activation,
        "alpha": 0.3,
        "shuffle": False,
        "tol": 0,
        "batch_size": 32,
        "max_iter": n_epochs,
        **settings,
        **own,
    }
    theirs = getattr(neural_network, name)(**settings)
    starts = iter([(c.copy(), b.copy()) for c, b in zip(coefs, intercepts, strict=True)])
    theirs._init_coef = lambda fan_in, fan_out, dtype: next(starts)
    scaling = {"target_scaling": None} if name == "MLPRegressor" else {}
    ours = getattr(deepgen, name)(**settings, **scaling, dtype="float64")
    theirs.fit(features(), y, sample_weight)
    ours.fit(features(), y, sample_weight, coefs_init=coefs, intercepts_init=intercepts)
    return ours, theirs


def largest_difference(ours, theirs):
    """max|difference| / max|w| over the worst array."""
    return max(
        np.abs(a - b).max() / np.abs(b).max()
        for a, b in zip(
            ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True
        )
    )


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize(
    "task_name",
    ["regression", "two_outputs", "counts", "two_classes", "three_classes", "labels"],
)
@pytest.mark.parametrize("solver", SOLVERS)
def test_first_order_solvers_step_as_scikit_learn(solver, task_name, activation, weighted):
    settings = dict(SOLVERS[solver])
    if task_name == "counts":
        settings["learning_rate_init"] /= 20
    sample_weight = weights() if weighted else None
    ours, theirs = pair(task_name, activation, sample_weight, 12, **settings)
    assert largest_difference(ours, theirs) <= TIGHT
    if task_name != "two_outputs":
        np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=TIGHT)
        assert ours.best_loss_ == pytest.approx(theirs.best_loss_, rel=TIGHT)
    assert (ours.t_, ours.n_iter_) == (theirs.t_, theirs.n_iter_)
    assert ours.out_activation_ == theirs.out_activation_
    assert (ours.n_layers_, ours.n_outputs_) == (theirs.n_layers_, theirs.n_outputs_)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize(
    "task_name", ["regression", "counts", "two_classes", "three_classes", "labels"]
)
def test_lbfgs_goes_the_same_way_for_twenty_iterations(task_name, activation, weighted):
    sample_weight = weights() if weighted else None
    ours, theirs = pair(task_name, activation, sample_weight, 20, solver="lbfgs")
    assert largest_difference(ours, theirs) <= LBFGS
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=LBFGS)
    assert ours.n_iter_ == theirs.n_iter_


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_adaptive_rate_falls_and_stops_where_scikit_learns_does():
    settings = dict(SOLVERS["adaptive"], n_iter_no_change=1, tol=1e-2)
    ours, theirs = pair("regression", "relu", None, 200, **settings)
    assert ours.n_iter_ == theirs.n_iter_ < 200
    assert largest_difference(ours, theirs) <= TIGHT


@pytest.mark.parametrize("task_name", ["regression", "two_classes"])
def test_stopping_by_tol_counts_epochs_as_scikit_learn(task_name):
    ours, theirs = pair(task_name, "tanh", None, 400, solver="adam", tol=1e-2)
    assert ours.n_iter_ == theirs.n_iter_ < 400


def test_convex_loss_has_the_same_minimum():
    X, y = features(), curve(features()) > 0
    settings = dict(hidden_layer_sizes=(), alpha=1.0, tol=1e-9, max_iter=1000, solver="lbfgs")
    ours = deepgen.MLPClassifier(dtype="float64", random_state=0, **settings).fit(X, y)
    theirs = neural_network.MLPClassifier(random_state=1, **settings).fit(X, y)
    # SciPy stops where the loss falls by less than 2e-9 of itself.
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-8)


@pytest.mark.parametrize("name", ["MLPRegressor", "MLPClassifier"])
def test_every_parameter_of_scikit_learn_has_its_default_and_place(name):
    import inspect

    theirs = inspect.signature(getattr(neural_network, name)).parameters
    ours = inspect.signature(getattr(deepgen, name)).parameters
    assert {key: p.default for key, p in theirs.items()} == {
        key: ours[key].default for key in theirs
    }
    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert [key for key, p in ours.items() if p.kind == positional] == [
        key for key, p in theirs.items() if p.kind == positional
    ]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", ["MLPRegressor", "MLPClassifier"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_every_fitted_attribute_of_scikit_learn_is_there(name, early_stopping):
    X, y = features(), (curve(features()) > 0).astype(int)
    settings = dict(max_iter=3, early_stopping=early_stopping)
    theirs = getattr(neural_network, name)(**settings).fit(X, y)
    ours = getattr(deepgen, name)(**settings).fit(X, y)
    public = [key for key in vars(theirs) if key.endswith("_") and not key.startswith("_")]
    for key in public:
        kind = type(getattr(theirs, key))
        assert isinstance(getattr(ours, key), kind) or kind in (int, float, np.float64), key
