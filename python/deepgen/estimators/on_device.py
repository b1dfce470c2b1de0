"""Estimators on a device: the parameters that it does not support, each with the reason."""

from __future__ import annotations

from typing import Any, Final

from deepgen._component import resolve
from deepgen._engine.device import usable_plugin
from deepgen.averaging import EMA, SWA, Snapshots
from deepgen.estimators.from_parameters import make_averaging, normalization_of
from deepgen.normalizations import BatchNorm, LayerNorm
from deepgen.optimizers import GSAM, KFAC, LBFGS, LPFSGD, Optimizer, Shampoo
from deepgen.skips import SKIPS, DeepNorm, Residual

__all__ = ["refuse_on_device", "refused_on_device"]

REASONS: Final = {
    "solver": "it has sgd, adam, adamw, adagrad, rmsprop and adadelta, and SAM and ASAM of them",
    "dtype": "it computes in float32",
    "parametrization": "it trains the weights themselves",
    "normalization": "it has 'batch' and 'layer'",
    "skip": "it has 'residual' and 'deepnorm'",
    "numerical_embedding": "it trains nothing before the first layer",
    "category_embedding": "it trains nothing before the first layer",
    "input_scale": "it trains nothing before the first layer",
    "adaptive_clip": "it has clip_norm",
    "averaging": "it has 'ema', 'swa' and 'snapshot'",
    "mixup": "it trains on the rows as they are",
    "augmentation": "it trains on the rows as they are",
}
"""What the device does instead, by the parameter that asks for more."""


def refused_on_device(model: Any, optimizer: Optimizer) -> dict[str, str]:
    """Return the parameters whose values the device does not support.

    Parameters
    ----------
    model : BaseMLP
        Estimator with constructor parameters.
    optimizer : Optimizer
        Optimizer of the estimator.

    Returns
    -------
    refused : dict of str to str
        Each with its value and the reason, as text. The default of each parameter is supported.
        Whether X is sparse is known to the engine only.
    """
    norm, averaging = normalization_of(model), make_averaging(model)
    skip = None if model.skip is None else resolve(model.skip, SKIPS, "skip")
    refused = {
        "solver": isinstance(optimizer, KFAC | Shampoo | LBFGS | GSAM | LPFSGD),
        "dtype": model.dtype != "float32",
        "parametrization": model.parametrization != "standard",
        "normalization": not isinstance(norm, BatchNorm | LayerNorm | None),
        "skip": not isinstance(skip, Residual | DeepNorm | None),
        "numerical_embedding": model.numerical_embedding is not None,
        "category_embedding": model.category_embedding is not None,
        "input_scale": bool(model.input_scale),
        "adaptive_clip": model.adaptive_clip is not None,
        "averaging": not isinstance(averaging, EMA | SWA | Snapshots | None),
        "mixup": model.mixup > 0,
        "augmentation": model.augmentation is not None,
    }
    return {
        name: f"{name}={getattr(model, name)!r} ({reason})"
        for name, reason in REASONS.items()
        if refused[name]
    }


def refuse_on_device(model: Any, optimizer: Optimizer) -> None:
    """Refuse parameters that the device does not support, and a device that cannot be used.

    Where plugin, driver or device are missing or too old, `usable_plugin` says how to get them.

    Parameters
    ----------
    model : BaseMLP
        Estimator with constructor parameters.
    optimizer : Optimizer
        Optimizer of the estimator.

    Raises
    ------
    ValueError
        If a parameter is not supported. The message gives the reason.
    """
    if refused := refused_on_device(model, optimizer):
        given = " and ".join(refused.values())
        raise ValueError(
            f"device='{model.device}' does not support {given}; change that or use device='cpu'"
        )
    usable_plugin()
