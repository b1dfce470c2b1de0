"""What do eight members cost, beside one, eight fits in turn and scikit-learn's MLP eight times?"""

import numpy as np
import pytest
import sklearn.neural_network
from sklearn.exceptions import ConvergenceWarning

import deepgen

N_MEMBERS = 8
SETTINGS = {"hidden_layer_sizes": (64, 64), "batch_size": 32, "max_iter": 5, "tol": 0.0}

pytestmark = [
    pytest.mark.benchmark(group="members of 16-64-64-1, 4,096 rows, 5 epochs"),
    pytest.mark.filterwarnings(f"ignore::{ConvergenceWarning.__module__}.ConvergenceWarning"),
]


@pytest.fixture(scope="module")
def table():
    X = np.random.default_rng(0).standard_normal((4_096, 16), dtype=np.float32)
    return X, X[:, 0] * X[:, 1]


def in_turn(library, table):
    """Fit a network for each seed; return their mean prediction."""
    models = [library.MLPRegressor(random_state=seed, **SETTINGS) for seed in range(N_MEMBERS)]
    return np.mean([model.fit(*table).predict(table[0]) for model in models], axis=0)


def error(predictions, table):
    """Mean squared error, in variances of the targets."""
    return np.mean((predictions - table[1]) ** 2) / table[1].var()


def test_one(benchmark, table):
    model = deepgen.MLPRegressor(n_jobs=1, random_state=0, **SETTINGS)
    benchmark.pedantic(model.fit, args=table, rounds=3)
    assert error(model.predict(table[0]), table) < 0.8


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_members(benchmark, table, n_jobs):
    model = deepgen.MLPRegressor(n_members=N_MEMBERS, n_jobs=n_jobs, random_state=0, **SETTINGS)
    benchmark.pedantic(model.fit, args=table, rounds=3)
    assert error(model.predict(table[0]), table) < 0.8


@pytest.mark.parametrize("library", [deepgen, sklearn.neural_network], ids=lambda l: l.__name__)
def test_fits_in_turn(benchmark, table, library):
    predictions = benchmark.pedantic(in_turn, args=(library, table), rounds=1)
    assert error(predictions, table) < 0.8
