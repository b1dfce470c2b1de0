"""Hidden activations of a fitted network."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.exceptions import NotFittedError

from deepgen import MLPClassifier, MLPRegressor
from deepgen.normalizations import BatchNorm
from estimators.samples import curve, features
from reference.activations import ACTIVATIONS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X = features()
Y = curve(X)


def fitted(**settings):
    settings = {"hidden_layer_sizes": (6, 6, 6), "max_iter": 3, "random_state": 0, **settings}
    return MLPRegressor(dtype="float64", **settings).fit(X, Y)


def test_layers_are_what_the_next_layer_gets():
    model = fitted(activation=["tanh", "relu", "logistic"], dropout=0.3)
    hidden = X
    for layer, name in enumerate(["tanh", "relu", "logistic"]):
        value = ACTIVATIONS[name][0]
        hidden = value(hidden @ model.coefs_[layer] + model.intercepts_[layer])
        np.testing.assert_allclose(model.embed(X, layer), hidden, rtol=1e-10, atol=1e-12)


def test_the_last_hidden_layer_is_the_one_asked_for_by_default():
    model = fitted()
    last = model.embed(X)
    assert np.array_equal(last, model.embed(X, layer=2))
    assert np.array_equal(model.embed(X, layer=-3), model.embed(X, layer=np.int64(0)))
    scaled = (last @ model.coefs_[-1] + model.intercepts_[-1]).ravel()
    predictions = scaled * model.target_scale_ + model.target_mean_
    np.testing.assert_allclose(model.predict(X), predictions, rtol=1e-10)


def test_normalization_and_skip_belong_to_the_layer():
    model = fitted(normalization=BatchNorm(), skip="residual")
    last = model.embed(X)
    scaled = (last @ model.coefs_[-1] + model.intercepts_[-1]).ravel()
    predictions = scaled * model.target_scale_ + model.target_mean_
    np.testing.assert_allclose(model.predict(X), predictions, rtol=1e-10)
    blocks = model.network_.blocks()
    normed = X @ blocks["coefs_0"] - blocks["mean_0"]
    normed /= np.sqrt(blocks["variance_0"] + 1e-5)
    first = np.maximum(blocks["scale_0"] * normed + blocks["shift_0"], 0)
    np.testing.assert_allclose(model.embed(X, 0), first, rtol=1e-9, atol=1e-12)


def test_rows_do_not_know_each_other_and_the_type_is_the_estimators():
    model = MLPClassifier(hidden_layer_sizes=(33, 17), max_iter=2).fit(X, Y > 0)
    whole = model.embed(X)
    assert whole.shape == (len(X), 17) and whole.dtype == np.float32
    for rows in (slice(0, 1), slice(5, 12), slice(None, None, -1)):
        assert np.array_equal(model.embed(X[rows]), whole[rows])
    assert np.array_equal(model.embed(csr_matrix(X)), whole)


@pytest.mark.parametrize("layer", [3, -4, 1.0, "last", None])
def test_layers_that_there_are_not_are_refused(layer):
    with pytest.raises(ValueError, match=r"layer must be an integer in \[-3, 2\], .* got"):
        fitted().embed(X, layer)


def test_a_network_without_hidden_layers_has_nothing_to_show():
    with pytest.raises(ValueError, match="embed needs a hidden layer, the network has none"):
        fitted(hidden_layer_sizes=()).embed(X)


def test_without_a_fit_there_is_nothing_to_show():
    with pytest.raises(NotFittedError):
        MLPRegressor().embed(X)
