"""Parameters that training on shards does not support, refused by name."""

from __future__ import annotations

from typing import Any

from deepgen.averaging import Averaging
from deepgen.estimators.from_parameters import batch_norm_of
from deepgen.estimators.settings import Settings
from deepgen.optimizers import KFAC, FirstOrder, Shampoo

__all__ = ["refuse_on_shards"]


def refuse_on_shards(model: Any, settings: Settings, *, has_validation: bool) -> None:
    """Refuse parameters that training on shards does not support.

    Parameters
    ----------
    model : MLPRegressor or MLPClassifier
        Estimator with the parameters of training.
    settings : Settings
        Settings read from it.
    has_validation : bool
        Whether there are validation data.

    Raises
    ------
    ValueError
        If there is such a parameter; the message names it and what to do.
    """
    optimizer, averaging = settings.optimizer, settings.averaging
    rule = optimizer.rule() if isinstance(optimizer, FirstOrder) else optimizer
    if not isinstance(optimizer, FirstOrder):
        reason = "its line search needs the loss of all rows at each point; use 'adam'"
        raise ValueError(f"solver={model.solver!r} is not supported on shards: {reason}")
    if isinstance(rule, KFAC | Shampoo):
        reason = "averages of its matrices are not the matrices of an average; use 'adam'"
        raise ValueError(f"solver={model.solver!r} is not supported on shards: {reason}")
    named = type(averaging).__name__ if isinstance(averaging, Averaging) else averaging
    norm = batch_norm_of(model)
    for what, is_given, reason in (
        (
            "early_stopping=True without X_val and y_val",
            model.early_stopping and not has_validation,
            "give them to fit",
        ),
        ("warm_start=True", model.warm_start, "give fit a checkpoint, from which it goes on"),
        (f"n_members={model.n_members}", model.n_members > 1, "fit each with a seed of its own"),
        (f"averaging={named}", averaging is not None, "the shards are averaged already"),
        ("numerical_embedding", model.numerical_embedding is not None, "encode columns before"),
        ("category_embedding", model.category_embedding is not None, "encode columns before"),
        (f"device='{model.device}'", model.device != "cpu", "workers train on their processors"),
        (
            "BatchNorm(recalibrate=True)",
            norm is not None and norm.recalibrate,
            "the statistics are averages over the shards",
        ),
    ):
        if is_given:
            raise ValueError(f"{what} is not supported on shards: {reason}")
