"""Weights of a fitted estimator: read, written into, assigned."""

import pickle

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from deepgen import MLPRegressor
from estimators.samples import curve, features

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X = features()
Y = curve(X)


def fitted(**settings):
    settings = {"hidden_layer_sizes": (4,), "max_iter": 3, "random_state": 0, **settings}
    return MLPRegressor(target_scaling=None, **settings).fit(X, Y)


def relu_network(model, X):
    hidden = np.maximum(X @ model.coefs_[0] + model.intercepts_[0], 0)
    return (hidden @ model.coefs_[1] + model.intercepts_[1]).ravel()


def test_writing_into_weights_changes_the_next_prediction():
    model = fitted(dtype="float64")
    before = model.predict(X)
    model.coefs_[1][...] *= 2
    model.intercepts_[1][...] *= 2
    np.testing.assert_allclose(model.predict(X), 2 * before, rtol=1e-12)


def test_weights_can_be_assigned_all_at_once():
    model = fitted(dtype="float64")
    model.coefs_ = [np.ones((5, 4)), np.full((4, 1), 0.5)]
    model.intercepts_ = [[1, 2, 3, 4], [5]]
    np.testing.assert_allclose(model.predict(X), relu_network(model, X), rtol=1e-12)
    assert model.intercepts_[0].tolist() == [1, 2, 3, 4]


def test_weights_can_be_assigned_layer_by_layer():
    model = fitted(dtype="float64")
    model.coefs_[0] = np.ones((5, 4))
    model.intercepts_[-1] = np.array([7.0])
    assert (model.coefs_[0] == 1).all() and model.intercepts_[1] == 7
    np.testing.assert_allclose(model.predict(X), relu_network(model, X), rtol=1e-12)


def test_lists_of_weights_copy_as_plain_lists():
    model = fitted()
    copied = pickle.loads(pickle.dumps(model.coefs_))
    assert type(copied) is list
    copied[0] = None
    assert model.coefs_[0].shape == (5, 4)


@pytest.mark.parametrize(
    ("coefs", "message"),
    [
        (5, "coefs_ must be a list of arrays, one per layer, got 5"),
        ([np.ones((5, 4))], "coefs_ has 1 arrays, the network has 2 layers"),
        ([np.zeros((5, 4)), np.ones(4)], r"coefs_\[1\] has shape \(4,\), .* expects \(4, 1\)"),
        ([np.zeros((5, 4)), [[np.nan]] * 4], r"coefs_\[1\] contains NaN or infinity"),
        ([np.zeros((5, 4)), [["a"]] * 4], r"coefs_\[1\] must be an array of numbers"),
    ],
)
def test_weights_that_do_not_fit_leave_all_layers_alone(coefs, message):
    model = fitted()
    before = model.network_.parameters.copy()
    with pytest.raises(ValueError, match=message):
        model.coefs_ = coefs
    assert np.array_equal(model.network_.parameters, before)


def test_one_layer_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"coefs_\[0\] has shape \(\), the network expects"):
        fitted().coefs_[0] = 1.0


def test_without_bias_intercepts_are_zeros_and_stay_zeros():
    model = fitted(bias=False)
    assert [intercepts.tolist() for intercepts in model.intercepts_] == [[0] * 4, [0]]
    assert model.network_.core.n_trainable == 5 * 4 + 4
    with pytest.raises(ValueError, match=r"intercepts_\[1\] must be zero, the layer has no inter"):
        model.intercepts_[1] = [1.0]


def test_weights_of_an_estimator_without_a_fit_cannot_be_assigned():
    with pytest.raises(NotFittedError):
        MLPRegressor().coefs_ = [np.ones((5, 1))]


@pytest.mark.parametrize(
    ("init", "message"),
    [
        ({"coefs_init": 5}, "coefs_init must be a list of arrays, one per layer, got 5"),
        ({"intercepts_init": "ab"}, "intercepts_init must be a list of arrays"),
        ({"coefs_init": [[["a"]], [[1]]]}, r"coefs_init\[0\] must be an array of numbers"),
    ],
)
def test_starting_weights_that_are_none_are_refused(init, message):
    with pytest.raises(ValueError, match=message):
        MLPRegressor(hidden_layer_sizes=(1,)).fit(X[:, :1], Y, **init)
