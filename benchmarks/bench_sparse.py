"""What does a first layer on CSR rows cost, beside the same rows dense and scikit-learn's MLP?"""

import numpy as np
import pytest
import sklearn.neural_network
from scipy import sparse

import deepgen

N_FEATURES, DENSITY = 20_000, 0.01


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = sparse.random_array((1_024, N_FEATURES), density=DENSITY, format="csr", dtype="f", rng=rng)
    return X, rng.standard_normal(X.shape[0]).astype(np.float32)


@pytest.fixture(
    params=[(64, 256), (256, 256), (64, 32)], ids=lambda p: f"{p[0]} units, batch {p[1]}"
)
def settings(request, benchmark):
    width, batch_size = request.param
    benchmark.group = f"an epoch on {N_FEATURES} features, {width} units, batch {batch_size}"
    return {"hidden_layer_sizes": (width,), "batch_size": batch_size, "random_state": 0}


def epoch(benchmark, library, settings, X, y):
    """Time passes over the rows; return the mean loss of the first."""
    model = library.MLPRegressor(**settings).partial_fit(X, y)
    loss = model.loss_curve_[0]
    benchmark.pedantic(model.partial_fit, args=(X, y), rounds=3)
    assert model.loss_curve_[-1] < loss
    return loss


def test_csr(benchmark, settings, rows):
    X, y = rows
    loss = epoch(benchmark, deepgen, settings, X, y)
    dense = deepgen.MLPRegressor(**settings).partial_fit(X.toarray(), y)
    assert loss == pytest.approx(dense.loss_curve_[0], rel=1e-3)


def test_dense(benchmark, settings, rows):
    X, y = rows
    epoch(benchmark, deepgen, settings, X.toarray(), y)


def test_csr_of_scikit_learn(benchmark, settings, rows):
    X, y = rows
    epoch(benchmark, sklearn.neural_network, settings, X, y)
