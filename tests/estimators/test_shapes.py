"""Shapes at the edges, and features of absurd size: results are finite, and right where told."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

import reference
from deepgen import MLPClassifier, MLPRegressor
from deepgen.optimizers import SOLVERS
from estimators.samples import curve, features, starting_weights

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:Got `batch_size` less than 1 or larger"),
]

WITHOUT_LEARNING = dict(max_iter=3, random_state=0)


def twin_outputs(model, X):
    """The outputs of a fitted plain ReLU net, computed by NumPy alone."""
    hidden = np.asarray(X, dtype=np.float64)
    *inner, last = zip(model.coefs_, model.intercepts_, strict=True)
    for weights, bias in inner:
        hidden = np.maximum(hidden @ weights.astype(np.float64) + bias, 0.0)
    return hidden @ last[0].astype(np.float64) + last[1]


SHAPES = {
    "one sample": (1, 5, (8,), {}),
    "one feature": (60, 1, (8,), {}),
    "one of each": (1, 1, (1,), {}),
    "two samples": (2, 3, (8,), {}),
    "batch larger than all": (30, 4, (8,), {"batch_size": 1000}),
    "a last batch of one": (31, 4, (8,), {"batch_size": 10}),
    "an odd last batch": (37, 4, (8,), {"batch_size": 10}),
    "batches of one": (20, 4, (8,), {"batch_size": 1}),
    "no hidden layer": (50, 4, (), {}),
    "one unit": (50, 4, (1,), {}),
    "thirty layers": (40, 4, (9,) * 30, {}),
    "wide and odd": (33, 17, (129, 65, 3), {}),
    "thousands of features": (25, 5000, (16,), {}),
}


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("name", SHAPES)
def test_predictions_at_every_edge_are_those_of_the_twin(name, solver):
    n, n_features, hidden, more = SHAPES[name]
    X = features(n=n, n_features=n_features)
    y = X[:, 0] + 1
    settings = dict(hidden_layer_sizes=hidden, solver=solver, dtype="float64", **more)
    model = MLPRegressor(**settings, **WITHOUT_LEARNING).fit(X, y)
    assert len(model.coefs_) == len(hidden) + 1 and np.isfinite(model.loss_curve_).all()
    means = twin_outputs(model, X).ravel() * model.target_scale_ + model.target_mean_
    np.testing.assert_allclose(model.predict(X), means, rtol=1e-9, atol=1e-9)
    single = MLPRegressor(**{**settings, "dtype": "float32"}, **WITHOUT_LEARNING).fit(X, y)
    assert np.isfinite(single.predict(X)).all()
    np.testing.assert_allclose(single.loss_curve_[0], model.loss_curve_[0], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", SHAPES)
def test_sparse_features_at_every_edge_train_as_dense_ones(name):
    n, n_features, hidden, more = SHAPES[name]
    X = np.where(features(n=n, n_features=n_features) > 0.5, 1.5, 0.0)
    settings = dict(hidden_layer_sizes=hidden, dtype="float64", **more, **WITHOUT_LEARNING)
    dense = MLPRegressor(**settings).fit(X, X[:, 0])
    thin = MLPRegressor(**settings).fit(sparse.csr_array(X), X[:, 0])
    np.testing.assert_allclose(
        thin.network_.parameters, dense.network_.parameters, rtol=1e-7, atol=1e-10
    )


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [1, 2, 3, 17, 100, 1000])
def test_any_number_of_classes(n_classes, solver):
    X = features(n=2 * max(n_classes, 20))
    y = np.arange(len(X)) % n_classes
    model = MLPClassifier((6,), solver=solver, dtype="float64", **WITHOUT_LEARNING).fit(X, y)
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (len(X), n_classes)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-9)
    assert np.array_equal(model.predict(X), probabilities.argmax(axis=1))
    if n_classes > 2:
        logits = twin_outputs(model, X)
        np.testing.assert_allclose(model.decision_function(X), logits, rtol=1e-9, atol=1e-9)


def test_a_step_over_thousands_of_features_is_the_twins():
    """One full-batch step of plain gradient descent, against the executable specification."""
    n, n_features, hidden = 12, 5000, (7,)
    X = features(n=n, n_features=n_features)
    coefs, intercepts = starting_weights([n_features, *hidden, 1])
    model = MLPRegressor(
        hidden_layer_sizes=hidden,
        solver="sgd",
        momentum=0.0,
        learning_rate_init=0.01,
        alpha=0.1,
        max_iter=1,
        dtype="float64",
        target_scaling=None,
    ).fit(X, X[:, 0], coefs_init=coefs, intercepts_init=intercepts)
    layers = [reference.LayerSpec(width=7), reference.LayerSpec(width=1, activation="identity")]
    spec = reference.NetworkSpec(n_inputs=n_features, layers=layers)
    flat = np.concatenate(
        [part.ravel() for pair in zip(coefs, intercepts, strict=True) for part in pair]
    )
    _, gradient = reference.loss_and_gradient(spec, flat, X, X[:, :1], alpha=0.1)
    np.testing.assert_allclose(
        model.network_.parameters, flat - 0.01 * gradient, rtol=1e-9, atol=1e-12
    )


HUGE = {
    "1e10": features() * 1e10,
    "1e18": features() * 1e18,
    "1e30": features() * 1e30,
    "1e37": features() * 1e37,
    "constant": np.ones((157, 5)),
    "constant and huge": np.full((157, 5), 1e30),
    "zero": np.zeros((157, 5)),
    "tiny": features() * 1e-38,
    "one huge column": features() * [1, 1, 1, 1, 1e30],
    "one huge row": features() * np.where(np.arange(157) == 7, 1e37, 1)[:, np.newaxis],
}
NETWORKS = [{}, {"normalization": "batch"}, {"normalization": "layer"}, {"dtype": "float64"}]
TRAININGS = [
    {"solver": solver, **settings}
    for solver in SOLVERS
    for settings in NETWORKS
    if solver != "lbfgs" or settings.get("normalization") != "batch"  # which needs batches
]


@pytest.mark.parametrize("settings", TRAININGS, ids=lambda settings: "-".join(settings.values()))
@pytest.mark.parametrize("cls", [MLPRegressor, MLPClassifier])
@pytest.mark.parametrize("name", HUGE)
def test_features_of_any_size_never_give_nan_in_silence(name, cls, settings):
    X, y = HUGE[name], curve(features())
    y = y if cls is MLPRegressor else np.digitize(y, [-0.5, 0.5])
    model = cls(max_iter=10, random_state=0, **settings)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            model.fit(X, y)
        except ValueError as error:
            assert "non-finite parameter weights. The input data may contain large" in str(error)
            assert str(error).endswith(f"The largest value of X is {np.abs(X).max():.3g}.")
            assert not hasattr(model, "network_")
            return
    said = [str(one.message) for one in heard if one.category is ConvergenceWarning]
    if not np.isfinite(model.loss_curve_).all():
        assert any("diverged" in text for text in said)
    # The last step of a run that was ended while it diverged may lead too far; prediction says so.
    predict = model.predict if cls is MLPRegressor else model.decision_function
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        outputs = predict(X)
    messages = [str(one.message) for one in heard if one.category is RuntimeWarning]
    assert np.isfinite(outputs).all() == (not messages), messages
    assert np.isfinite(outputs).all() or model.loss_ > 1e100


@pytest.mark.parametrize("name", ["constant", "zero", "tiny"])
def test_columns_without_information_predict_the_mean(name):
    X, y = HUGE[name], curve(features()) + 5
    model = MLPRegressor(max_iter=300, random_state=0, alpha=0).fit(X, y)
    np.testing.assert_allclose(model.predict(X), y.mean(), atol=0.05)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_predictions_that_overflow_are_warned_about(method):
    X = features()
    model = MLPClassifier(max_iter=2, random_state=0).fit(X, X[:, 0] > 0)
    model.coefs_[0][...] *= 1e6
    X[:3] *= 1e36
    with pytest.warns(RuntimeWarning, match="outputs for 3 of 157 samples are not finite") as heard:
        getattr(model, method)(X)
    assert heard[0].filename == __file__
