"""What the estimators' constructor parameters may be, in scikit-learn's own terms."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer_names
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions

from deepgen._network.initializers import INITIALIZERS
from deepgen._settings import Setting, engine_settings, settings_of
from deepgen.augmentation import AUGMENTATIONS, Augmentation
from deepgen.averaging import AVERAGINGS, Averaging
from deepgen.estimators.network_spec import ACTIVATIONS, TYPES
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

__all__ = ["CLASSIFIER", "REGRESSOR", "SHARED"]


def _interval(setting: Setting) -> Interval:
    """Return what a component's field may be as scikit-learn says it."""
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
    "activation": [StrOptions(set(ACTIVATIONS)), "array-like"],
    "solver": [StrOptions(set(SOLVERS)), Optimizer],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate": [StrOptions(set(SCHEDULES)), Schedule],
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
    "normalization": [StrOptions(set(NORMALIZATIONS)), Normalization, None],
    "skip": [StrOptions(set(SKIPS)), Skip, None],
    "dropout": [Interval(Real, 0, 1, closed="left")],
    "bias": ["boolean"],
    "initializer": [StrOptions(set(INITIALIZERS))],
    "clip_norm": [_interval(engine_settings("wrappers", "clip_norm")["limit"]), None],
    "adaptive_clip": [_interval(engine_settings("wrappers", "adaptive_clip")["ratio"]), None],
    "mixup": [Interval(Real, 0, None, closed="left")],
    "augmentation": [StrOptions(set(AUGMENTATIONS)), Augmentation, None],
    "scoring": [StrOptions({"loss", *get_scorer_names()}), callable, None],
    "max_time": [Interval(Real, 0, None, closed="neither"), None],
    "averaging": [StrOptions(set(AVERAGINGS)), Averaging, None],
    "n_members": [Interval(Integral, 1, None, closed="left")],
    "dtype": [StrOptions(set(TYPES))],
    "n_jobs": [None, Integral],
    "device": [StrOptions({"cpu", "cuda"})],
}
"""Parameters that both estimators have."""

REGRESSOR: dict[str, Any] = {
    **SHARED,
    "loss": [StrOptions(set(REGRESSION_LOSSES)), RegressionLoss],
    "target_scaling": [StrOptions({"standard"}), None],
}
"""Parameters of `MLPRegressor`."""

CLASSIFIER: dict[str, Any] = {
    **SHARED,
    "loss": [StrOptions(set(CLASSIFICATION_LOSSES)), ClassificationLoss],
    "class_weight": [dict, list, StrOptions({"balanced"}), None],
}
"""Parameters of `MLPClassifier`."""
