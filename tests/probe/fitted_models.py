"""Small fitted estimators of every kind, with the data they were fitted to."""

import functools
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

import deepgen
from deepgen.losses import Focal, LogLoss, Quantile
from deepgen.normalizations import BatchNorm, LayerNorm, WeightNorm

N = 40


def features(n=N, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 4))


def smooth_target(X):
    return 100.0 + 30.0 * np.sin(X[:, 0]) + 10.0 * X[:, 1] * X[:, 2]


def counts(X):
    return np.random.default_rng(1).poisson(np.exp(0.5 * X[:, 0])).astype(float)


def classes(X):
    return np.array(["ant", "bee", "cat"])[np.digitize(X[:, 0] + X[:, 1], [-0.5, 0.5])]


def labels(X):
    return (X[:, :3] + 0.3 * X[:, 1:] > 0).astype(int)


BLOCK = {"skip": "residual", "hidden_layer_sizes": (6, 6, 6)}

REGRESSORS = {
    "squared error": ({}, smooth_target),
    "unscaled": ({"target_scaling": None}, lambda X: smooth_target(X) / 100),
    "two outputs": ({}, lambda X: np.column_stack([smooth_target(X), X[:, 3]])),
    "absolute error": ({"loss": "absolute_error"}, smooth_target),
    "huber": ({"loss": "huber"}, smooth_target),
    "quantile": ({"loss": Quantile(quantile=0.8)}, smooth_target),
    "quantiles": ({"loss": Quantile(quantile=[0.1, 0.5, 0.9])}, smooth_target),
    "poisson": ({"loss": "poisson"}, counts),
    "shares": ({"loss": "binary_cross_entropy"}, lambda X: counts(X) / (1 + counts(X))),
    "gamma": ({"loss": "gamma"}, lambda X: 0.1 + counts(X)),
    "linear": ({"hidden_layer_sizes": ()}, smooth_target),
    "no bias": ({"bias": False}, smooth_target),
    "relu": ({"activation": "relu"}, smooth_target),
    "layer norm": ({"normalization": "layer"}, smooth_target),
    "layer norm, residual": (
        {"normalization": LayerNorm(eps=0.1), **BLOCK, "bias": False},
        smooth_target,
    ),
    "batch norm": ({"normalization": "batch"}, smooth_target),
    "batch norm, residual": (
        {"normalization": BatchNorm(eps=0.1), **BLOCK},
        smooth_target,
    ),
    "weight norm": ({"normalization": "weight"}, smooth_target),
    "weight norm, residual": (
        {"normalization": WeightNorm(data_dependent=False), **BLOCK},
        smooth_target,
    ),
    "weight standardization": ({"normalization": "weight_standardization"}, smooth_target),
    "scaled weight standardization, residual": (
        {"normalization": "scaled_weight_standardization", **BLOCK, "bias": False},
        smooth_target,
    ),
    "fixup": ({**BLOCK, "skip": "fixup"}, smooth_target),
    "deepnorm": ({**BLOCK, "skip": "deepnorm"}, smooth_target),
    "highway": ({**BLOCK, "skip": "highway"}, smooth_target),
    "dropout": ({"dropout": 0.3}, smooth_target),
    "float64": ({"dtype": "float64"}, smooth_target),
}

CLASSIFIERS = {
    "three classes": ({}, classes),
    "two classes": ({}, lambda X: classes(X) == "bee"),
    "several labels": ({}, labels),
    "smoothed classes": ({"loss": LogLoss(label_smoothing=0.1)}, classes),
    "smoothed labels": ({"loss": LogLoss(label_smoothing=0.1)}, labels),
    "weight norm of classes": ({"normalization": "weight"}, classes),
    "focal": ({"loss": "focal"}, classes),
    "focal of two": ({"loss": Focal(gamma=0.7)}, lambda X: classes(X) == "bee"),
    "balanced": ({"class_weight": "balanced"}, classes),
    "weighted labels": ({"class_weight": [{0: 1.0, 1: 3.0}, {0: 2.0, 1: 1.0}, {}]}, labels),
}

KINDS = sorted([*REGRESSORS, *CLASSIFIERS])
SMOOTH = [
    kind
    for kind in KINDS
    if kind not in ("absolute error", "huber", "quantile", "quantiles", "relu")
]


def data_of(kind):
    X = features()
    make = (REGRESSORS | CLASSIFIERS)[kind][1]
    return X, make(X), np.random.default_rng(2).uniform(0.2, 2.0, size=N)


@functools.cache
def fitted(kind, **changes):
    """Fitted for some epochs with sample weights, in float32 unless the kind says otherwise."""
    parameters = (REGRESSORS | CLASSIFIERS)[kind][0]
    make = deepgen.MLPRegressor if kind in REGRESSORS else deepgen.MLPClassifier
    model = make(
        **{
            "hidden_layer_sizes": (6, 6),
            "activation": "tanh",
            "alpha": 0.0,
            "batch_size": 16,
            "learning_rate_init": 0.01,
            "max_iter": 5,
            "random_state": 0,
            **parameters,
            **changes,
        }
    )
    X, y, weights = data_of(kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y, weights)


def probe_of(kind, **changes):
    return deepgen.Probe(fitted(kind, **changes), *data_of(kind))
