"""How long do fit and predict take, beside scikit-learn's MLP with the same settings?"""

import numpy as np
import pytest
import sklearn.neural_network
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

import deepgen
from deepgen.datasets import load_california_housing

LIBRARIES = {"deepgen": deepgen, "scikit-learn": sklearn.neural_network}
SETTINGS = {"hidden_layer_sizes": (64, 64), "batch_size": 128, "max_iter": 5, "random_state": 0}

pytestmark = pytest.mark.filterwarnings(
    f"ignore::{ConvergenceWarning.__module__}.ConvergenceWarning"
)


@pytest.fixture(scope="module")
def housing():
    X, y = load_california_housing()
    return scale(X).astype(np.float32), scale(y).astype(np.float32)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return (X / 16).astype(np.float32), y


@pytest.fixture(params=LIBRARIES)
def library(request):
    return LIBRARIES[request.param]


@pytest.mark.benchmark(group="fit California housing, 5 epochs")
def test_fit_regressor(benchmark, library, housing):
    model = library.MLPRegressor(**SETTINGS)
    benchmark.pedantic(model.fit, args=housing, rounds=3)
    assert model.score(*housing) > 0.6


@pytest.mark.benchmark(group="fit digits, 5 epochs")
def test_fit_classifier(benchmark, library, digits):
    model = library.MLPClassifier(**SETTINGS)
    benchmark.pedantic(model.fit, args=digits, rounds=3)
    assert model.score(*digits) > 0.8


@pytest.mark.benchmark(group="predict 20,640 rows of California housing")
def test_predict_many_rows(benchmark, library, housing):
    X, y = housing
    model = library.MLPRegressor(**SETTINGS).fit(X, y)
    assert benchmark(model.predict, X).shape == y.shape


@pytest.mark.benchmark(group="predict 1 row of California housing")
def test_predict_one_row(benchmark, library, housing):
    X, y = housing
    model = library.MLPRegressor(**SETTINGS).fit(X, y)
    # The sum of a row alone may be ordered otherwise in scikit-learn's BLAS.
    assert benchmark(model.predict, X[:1]) == pytest.approx(model.predict(X)[:1], rel=1e-4)


@pytest.mark.benchmark(group="predict_proba 1,797 digits")
def test_predict_proba(benchmark, library, digits):
    X, y = digits
    model = library.MLPClassifier(**SETTINGS).fit(X, y)
    np.testing.assert_allclose(benchmark(model.predict_proba, X).sum(axis=1), 1, rtol=1e-5)
