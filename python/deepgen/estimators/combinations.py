"""Combinations: parameters that are sound by themselves but not together."""

from __future__ import annotations

from typing import Any

from deepgen.averaging import Line
from deepgen.component import resolve
from deepgen.estimators.assembly import LEARNING_RATE, batch_norm_of
from deepgen.optimizers import FirstOrder, Optimizer
from deepgen.skips import SKIPS
from deepgen.specification import hidden_widths
from deepgen.warning import warn

__all__ = ["refuse_combinations"]


def refuse_combinations(model: Any, optimizer: Optimizer, *, incremental: bool) -> None:
    """Refuse parameters that are sound by themselves but not together.

    Parameters
    ----------
    model : BaseMLP
        Whose constructor parameters are read.
    optimizer : Optimizer
        What its ``solver`` stands for.
    incremental : bool
        Whether ``partial_fit`` was called.

    Raises
    ------
    ValueError
        If they cannot be together.

    Warns
    -----
    UserWarning
        If one of them has no effect.
    """
    if model.device == "cuda":
        raise ValueError("device='cuda' needs a build with CUDA, which this one is not; use 'cpu'")
    if incremental and model.early_stopping:
        raise ValueError("partial_fit does not support early_stopping=True")
    if incremental and getattr(model, "class_weight", None) == "balanced":
        raise ValueError(
            "class_weight 'balanced' is not supported for partial_fit, which does not see all "
            "samples; give a dict, such as compute_class_weight('balanced', ...) of scikit-learn "
            "makes of a large enough sample of y"
        )
    if model.averaging == "subspace" or isinstance(model.averaging, Line):
        if optimizer.name in ("kfac", "shampoo"):
            raise ValueError(
                f"averaging='subspace' does not support solver='{optimizer.name}': its matrices "
                "are those of one network, and a line has two ends"
            )
    if model.skip is not None:
        resolve(model.skip, SKIPS, "skip").refuse(
            widths=hidden_widths(model.hidden_layer_sizes),
            bias=bool(model.bias),
            initializer=model.initializer,
            first_order=isinstance(optimizer, FirstOrder),
        )
    if isinstance(optimizer, FirstOrder):
        rate = optimizer.rate(model.learning_rate_init)
        if model.learning_rate_init not in (LEARNING_RATE, rate):
            warn(
                f"learning_rate_init={model.learning_rate_init} has no effect: "
                f"{type(optimizer).__name__} brings its own, {rate}; set the one of the object, "
                f"solver={type(optimizer).__name__}(learning_rate_init=...)"
            )
        return
    if model.dropout > 0:
        raise ValueError("solver='lbfgs' does not support dropout: its loss must not be random")
    if model.mixup > 0:
        raise ValueError("solver='lbfgs' does not support mixup: its loss must not be random")
    if model.augmentation is not None:
        raise ValueError(
            "solver='lbfgs' does not support augmentation: its loss must not be random"
        )
    if batch_norm_of(model) is not None:
        raise ValueError("solver='lbfgs' does not support normalization='batch': it has no batches")
    if model.clip_norm is not None:
        raise ValueError(
            "solver='lbfgs' does not support clip_norm: its line search needs the loss"
        )
    if model.averaging is not None:
        raise ValueError(
            "solver='lbfgs' does not support averaging: its last point is a minimum, not a sample"
        )
    if model.early_stopping:
        warn("early_stopping has no effect with solver='lbfgs'")
