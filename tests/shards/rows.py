"""Rows for the tests of shards, whole and in parts, and fits on them."""

import numpy as np

from deepgen import MLPClassifier, MLPRegressor
from deepgen.distributed import Rows, SerialExecutor, fit_shards

N = 403
DRAWS = np.random.default_rng(7)
X = DRAWS.normal(size=(N, 5)).astype(np.float32)
Y = np.sin(2 * X[:, 0]) + X[:, 1] ** 2 + 3 * X[:, 2].astype(np.float64) + 40
THREE = np.array(["low", "middle", "high"])[np.digitize(Y, [39, 42])]
SEVERAL = np.column_stack([X[:, 0] > 0, X[:, 1] > 0.3]).astype(int)
WEIGHTS = DRAWS.integers(0, 4, N).astype(float)
SETTINGS = dict(hidden_layer_sizes=(12, 12, 12), max_iter=4, batch_size=64, random_state=3)


def regressor(**settings):
    return MLPRegressor(**{**SETTINGS, **settings})


def classifier(**settings):
    return MLPClassifier(**{**SETTINGS, **settings})


def parts_of(n_shards, n_rows=N):
    return np.array_split(np.arange(n_rows), n_shards)


def fitted_on(parts, model, y=Y, weights=None, X=X, **options):
    """Fit on shards, one after the other; returns the model and what was chosen."""
    given = None if weights is None else np.asarray(weights)
    shards = [
        Rows.read(model, X[part], y[part], None if given is None else given[part]) for part in parts
    ]
    return model, fit_shards(model, SerialExecutor(shards), **options)


def weights_of(model):
    return model.network_.parameters
