"""Constraints on the estimators' constructor parameters, in scikit-learn's format."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, get_args

import numpy as np
from sklearn.metrics import get_scorer_names
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    Options,
    StrOptions,
)

from deepgen._names import hint, listed
from deepgen._network.initializers import INITIALIZERS
from deepgen._settings import Setting, engine_settings, settings_of
from deepgen.activations import Parametric
from deepgen.augmentation import AUGMENTATIONS, Augmentation
from deepgen.averaging import AVERAGINGS, Averaging
from deepgen.embeddings import NUMERICAL_EMBEDDINGS, CategoryEmbedding, NumericalEmbedding
from deepgen.estimators.names import DeviceName, ParametrizationName
from deepgen.estimators.network_spec import ACTIVATIONS, TYPES
from deepgen.initializers import DataDependent, Pretrained
from deepgen.losses import (
    CLASSIFICATION_LOSSES,
    REGRESSION_LOSSES,
    ClassificationLoss,
    RegressionLoss,
)
from deepgen.normalizations import NORMALIZATIONS, Normalization
from deepgen.optimizers import LBFGS, SGD, SOLVERS, Adam, Optimizer
from deepgen.schedules import SCHEDULES, InvScaling, Schedule
from deepgen.skips import SKIPS, Skip

__all__ = ["CLASSIFIER", "REGRESSOR", "SHARED", "Names", "refusal_hint"]


class Names(StrOptions):
    """Names accepted by a parameter; messages show them sorted, long lists shortened.

    Parameters
    ----------
    options : set of str
        The names.
    deprecated : set of str, default=None
        Those of them that messages mark as deprecated.

    Examples
    --------
    >>> from deepgen.estimators.constraints import Names
    >>> str(Names({"log_loss", "focal"}))
    "a str among {'focal', 'log_loss'}"
    """

    def __str__(self) -> str:
        return f"a str among {{{listed(self.options)}}}"


def refusal_hint(constraints: dict[str, Any], params: dict[str, Any], message: str) -> str:
    """Return a suggestion that completes scikit-learn's message about a parameter.

    Parameters
    ----------
    constraints : dict
        Constraints on an estimator's parameters, by name.
    params : dict
        Parameters of the estimator.
    message : str
        Message of scikit-learn.

    Returns
    -------
    hint : str
        Text such as " Did you mean 'silu'?", or ''.

    Examples
    --------
    >>> from deepgen.estimators.constraints import SHARED, refusal_hint
    >>> message = "The 'activation' parameter of MLPRegressor must be ..."
    >>> refusal_hint(SHARED, {"activation": "swish"}, message)
    " Did you mean 'silu'?"
    """
    for name, value in params.items():
        if f"The {name!r} parameter of" in message:
            known = [rule.options for rule in constraints[name] if isinstance(rule, Names)]
            return hint(value, set().union(*known))
    return ""


def _interval(setting: Setting) -> Interval:
    """Return the range of a component's field as scikit-learn's `Interval`."""
    allowed = setting.allowed
    assert allowed is not None
    convert = int if setting.kind is int else float
    low, high = (
        None if np.isinf(bound) else convert(bound) for bound in (allowed.low, allowed.high)
    )
    closed = {
        (False, False): "both",
        (False, True): "left",
        (True, False): "right",
        (True, True): "neither",
    }[allowed.open_low or low is None, allowed.open_high or high is None]
    return Interval(Integral if setting.kind is int else Real, low, high, closed=closed)


SGD_SETTINGS, ADAM_SETTINGS = settings_of(SGD), settings_of(Adam)

SHARED: dict[str, Any] = {
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [Names(set(ACTIVATIONS)), Parametric, "array-like"],
    "solver": [Names(set(SOLVERS)), Optimizer],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [Names({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate": [Names(set(SCHEDULES)), Schedule],
    "learning_rate_init": [_interval(SGD_SETTINGS["learning_rate_init"])],
    "power_t": [_interval(settings_of(InvScaling)["power_t"])],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [_interval(SGD_SETTINGS["momentum"])],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="left"), HasMethods("split")],
    "beta_1": [_interval(ADAM_SETTINGS["beta_1"])],
    "beta_2": [_interval(ADAM_SETTINGS["beta_2"])],
    "epsilon": [_interval(ADAM_SETTINGS["epsilon"])],
    "n_iter_no_change": [
        Interval(Integral, 1, None, closed="left"),
        Options(Real, {np.inf}),
    ],
    "max_fun": [_interval(settings_of(LBFGS)["max_fun"])],
    "normalization": [Names(set(NORMALIZATIONS)), Normalization, None],
    "skip": [Names(set(SKIPS)), Skip, None],
    "numerical_embedding": [Names(set(NUMERICAL_EMBEDDINGS)), NumericalEmbedding, None],
    "category_embedding": [CategoryEmbedding, None],
    "input_scale": ["boolean"],
    "dropout": [Interval(Real, 0, 1, closed="left"), Schedule],
    "bias": ["boolean"],
    "parametrization": [Names(set(get_args(ParametrizationName)))],
    "initializer": [Names(set(INITIALIZERS)), DataDependent, Pretrained],
    "clip_norm": [_interval(engine_settings("wrappers", "clip_norm")["limit"]), None],
    "adaptive_clip": [_interval(engine_settings("wrappers", "adaptive_clip")["ratio"]), None],
    "mixup": [Interval(Real, 0, None, closed="left")],
    "augmentation": [Names(set(AUGMENTATIONS)), Augmentation, None],
    "scoring": [Names({"loss", *get_scorer_names()}), callable, None],
    "max_time": [Interval(Real, 0, None, closed="neither"), None],
    "averaging": [Names(set(AVERAGINGS)), Averaging, None],
    "n_members": [Interval(Integral, 1, None, closed="left")],
    "dtype": [Names(set(TYPES))],
    "n_jobs": [None, Integral],
    "device": [Names(set(get_args(DeviceName)))],
}
"""Parameters of both estimators."""

REGRESSOR: dict[str, Any] = {
    **SHARED,
    "loss": [Names(set(REGRESSION_LOSSES)), RegressionLoss],
    "target_scaling": [Names({"standard"}), None],
    "clip_predictions": ["boolean"],
}
"""Parameters of `MLPRegressor`."""

CLASSIFIER: dict[str, Any] = {
    **SHARED,
    "loss": [Names(set(CLASSIFICATION_LOSSES)), ClassificationLoss],
    "class_weight": [dict, list, Names({"balanced"}), None],
}
"""Parameters of `MLPClassifier`."""
