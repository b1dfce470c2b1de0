"""Fitted models whose networks hold random numbers, so that every part of them counts."""

import warnings
from contextlib import contextmanager
from typing import get_args

import numpy as np

from deepgen import MLPClassifier, MLPRegressor
from deepgen.activations import Parametric
from deepgen.averaging import SWA
from deepgen.embeddings import PBLD, CategoryEmbedding, PiecewiseLinear
from deepgen.estimators.names import ActivationName
from deepgen.losses import Quantile

N_FEATURES = 5
ROWS = np.random.default_rng(7).normal(size=(60, N_FEATURES)).astype(np.float32)
ROWS[:, 1] = np.arange(60) % 9  # codes, some of them unknown in training
X = ROWS[ROWS[:, 1] < 7]
TARGET = 1000 + 30 * X[:, 0] + 10 * X[:, 2] ** 2
LABELS = {
    "one": np.full(len(X), "only"),
    "two words": np.where(X[:, 0] > 0, "yes", "no"),
    "odd words": np.array(['?"', "x\\n", "übel ??/"])[np.arange(len(X)) % 3],
    "numbers": np.arange(len(X)) % 4 * 10,
    "floats": np.array([1.0, 2.0, 5.0])[np.arange(len(X)) % 3],
    "truth": X[:, 0] > 0,
    "several": np.stack([X[:, 0] > 0, X[:, 2] > 0, X[:, 3] > 1], axis=1).astype(int),
}

DEEP = (7, 7, 7, 7)
REGRESSORS = {
    **{f"activation {name}": {"activation": name} for name in get_args(ActivationName)},
    **{
        f"parametric {name}": {"activation": Parametric(name)}
        for name in ("relu", "tanh", "mish", "gelu")
    },
    "batch norm": {"normalization": "batch"},
    "layer norm": {"normalization": "layer", "activation": "gelu"},
    "weight norm": {"normalization": "weight"},
    "weight standardization": {"normalization": "weight_standardization"},
    "scaled standardization": {"normalization": "scaled_weight_standardization"},
    "residual": {"skip": "residual", "hidden_layer_sizes": DEEP, "normalization": "batch"},
    "highway": {"skip": "highway", "hidden_layer_sizes": DEEP, "activation": "tanh"},
    "deepnorm": {"skip": "deepnorm", "hidden_layer_sizes": DEEP},
    "fixup": {"skip": "fixup", "hidden_layer_sizes": DEEP},
    "no hidden layer": {"hidden_layer_sizes": ()},
    "absolute error": {"loss": "absolute_error"},
    "poisson": {"loss": "poisson"},
    "gamma": {"loss": "gamma"},
    "quantiles": {"loss": Quantile([0.1, 0.5, 0.9])},
    "members": {"n_members": 3},
    "batch ensemble": {"n_members": 3, "averaging": "batch_ensemble"},
    "averaged": {"averaging": SWA(start=0.5)},
    "float64": {"dtype": "float64"},
    "input scale": {"input_scale": True},
    "pbld": {"numerical_embedding": PBLD(features=[0, 2])},
    "piecewise linear": {"numerical_embedding": PiecewiseLinear(features=[0, 3], n_bins=6)},
    "levels": {"category_embedding": CategoryEmbedding(features=[1])},
    "levels and pbld": {
        "category_embedding": CategoryEmbedding(features=[1]),
        "numerical_embedding": PBLD(features=[0, 4]),
        "input_scale": True,
    },
    "ntk": {"parametrization": "ntk"},
    "clipped": {"clip_predictions": True},
    "without bias": {"bias": False, "normalization": "batch"},
}


def randomize(model, seed=0):
    """Overwrite the numbers of each network, keep scales and variances away from 0."""
    rng = np.random.default_rng(seed)
    for member in model.members_:
        for block, view in member.network_.views():
            size = 1 / np.sqrt(block.rows) if "coefs" in block.kind else 0.3
            view[...] = size * rng.normal(size=view.shape)
            if block.kind in ("scale", "gain", "variance", "input_scale"):
                view[...] = rng.uniform(0.5, 1.5, size=view.shape)
    return model


def regressor(name, **more):
    parameters = {"hidden_layer_sizes": (8, 6), **REGRESSORS[name], **more}
    y = TARGET if parameters.get("loss") is None else TARGET / 100
    return randomize(fitted(MLPRegressor, parameters, y))


def classifier(name, **more):
    return randomize(fitted(MLPClassifier, {"hidden_layer_sizes": (8,), **more}, LABELS[name]))


def fitted(kind, parameters, y):
    """Fit for two epochs, which end too early: the numbers will be overwritten."""
    with quietly():
        return kind(**{"max_iter": 2, "random_state": 0, **parameters}).fit(X, y)


@contextmanager
def quietly():
    """Ignore what training says of its few epochs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
