"""Incompatibilities: parameters that are valid separately but not together."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepgen._component import Component, resolve
from deepgen._user_warnings import warn
from deepgen.augmentation import MarginalNoise, SwapNoise
from deepgen.averaging import LearnedLine
from deepgen.estimators.from_parameters import LEARNING_RATE, batch_norm_of, normalization_of
from deepgen.estimators.front import embeddings_of
from deepgen.estimators.network_spec import hidden_activations, hidden_widths
from deepgen.estimators.on_device import refuse_on_device
from deepgen.initializers import DataDependent, Pretrained
from deepgen.losses import Focal
from deepgen.normalizations import NORMALIZATIONS, Reparametrization
from deepgen.optimizers import KFAC, FirstOrder, Optimizer, Shampoo
from deepgen.schedules import Schedule
from deepgen.skips import SKIPS, Fixup, Highway, Residual, Skip

__all__ = ["refuse_combinations"]

# From here on he_normal's variance is some hundred times that of the inputs.
MANY_BLOCKS = 8


def refuse_combinations(model: Any, optimizer: Optimizer, *, incremental: bool) -> None:
    """Refuse parameters that are valid separately but not together.

    Parameters
    ----------
    model : BaseMLP
        Estimator with constructor parameters.
    optimizer : Optimizer
        Optimizer of the estimator.
    incremental : bool
        Whether the caller is ``partial_fit``.

    Raises
    ------
    ValueError
        If parameters are incompatible.

    Warns
    -----
    UserWarning
        If a parameter has no effect.
    """
    # What a build or a call cannot do at all.
    if model.device == "cuda":
        refuse_on_device(model, optimizer)
    if incremental and model.early_stopping:
        raise ValueError("partial_fit does not support early_stopping=True")
    if incremental and getattr(model, "class_weight", None) == "balanced":
        raise ValueError(
            "class_weight 'balanced' is not supported for partial_fit, which does not see all "
            "samples; give a dict, such as compute_class_weight('balanced', ...) of scikit-learn "
            "makes of a large enough sample of y"
        )
    # Parts that compute weights or codes in their own way, with what needs them otherwise.
    if model.parametrization == "ntk":
        refuse_with_ntk(model, optimizer)
    if isinstance(optimizer, KFAC | Shampoo):
        refuse_with_matrices(model, optimizer)
    if isinstance(model.initializer, DataDependent):
        model.initializer.check()
    if isinstance(model.initializer, Pretrained):
        refuse_with_pretrained(model, model.initializer)
    if model.category_embedding is not None:
        keeps = model.augmentation in (None, "marginal", "swap")
        keeps |= isinstance(model.augmentation, MarginalNoise | SwapNoise)
        if model.mixup > 0 or not keeps:
            raise ValueError(
                "category_embedding does not support mixup, 'jitter' and 'mask', which make codes "
                "of no category; augmentation='swap' does"
            )
    if model.averaging == "subspace" or isinstance(model.averaging, LearnedLine):
        if optimizer.name in ("kfac", "shampoo"):
            raise ValueError(
                f"averaging='subspace' does not support solver='{optimizer.name}': its matrices "
                "are those of one network, and a line has two ends"
            )
    if model.skip is not None:
        skip, widths = resolve(model.skip, SKIPS, "skip"), hidden_widths(model.hidden_layer_sizes)
        _warn_of_growth(model, skip, widths)
        skip.refuse(
            widths=widths,
            bias=bool(model.bias),
            initializer=getattr(model.initializer, "name", model.initializer),
            first_order=isinstance(optimizer, FirstOrder),
        )
    # Settings that move with the epochs: dropout must stay below 1 on the way.
    if isinstance(model.dropout, Schedule):
        _refuse_schedule("dropout", model.dropout)
        if not model.dropout.peak < 1:
            raise ValueError(
                f"dropout={model.dropout!r} reaches {model.dropout.peak:g}, and must stay below 1; "
                "give its size too, such as Scaled(FlatCos(), 0.15)"
            )
    if isinstance(optimizer, FirstOrder):
        base = optimizer.rule()
        decay = getattr(base, "weight_decay", None)
        if isinstance(decay, Component):
            _refuse_schedule("weight_decay", decay)
        rate, rule = optimizer.rate(model.learning_rate_init), type(base).__name__
        if model.learning_rate_init not in (LEARNING_RATE, rate):
            warn(
                f"learning_rate_init={model.learning_rate_init} has no effect: {rule} brings its "
                f"own, {rate}; set the one of the object, {rule}(learning_rate_init=...)"
            )
        return
    # L-BFGS compares losses along a line, so that the loss must be a function of the weights.
    if isinstance(model.dropout, Schedule) or model.dropout > 0:
        raise ValueError("solver='lbfgs' does not support dropout: its loss must not be random")
    if model.mixup > 0:
        raise ValueError("solver='lbfgs' does not support mixup: its loss must not be random")
    if model.augmentation is not None:
        raise ValueError(
            "solver='lbfgs' does not support augmentation: its loss must not be random"
        )
    if batch_norm_of(model) is not None:
        raise ValueError("solver='lbfgs' does not support normalization='batch': it has no batches")
    for name in ("clip_norm", "adaptive_clip"):
        if getattr(model, name) is not None:
            raise ValueError(
                f"solver='lbfgs' does not support {name}: its line search needs the gradient as it "
                "is"
            )
    if model.averaging is not None:
        raise ValueError(
            "solver='lbfgs' does not support averaging: its last point is a minimum, not a sample"
        )
    if model.early_stopping:
        warn("early_stopping has no effect with solver='lbfgs'")


def _refuse_schedule(name: str, schedule: Component) -> None:
    """Refuse what dropout or weight decay cannot move by: more than the step decides on it."""
    if not isinstance(schedule, Schedule):
        raise ValueError(f"{name} must be a number or a schedule object, got {schedule!r}")
    schedule.check()
    if not schedule.goes_by_steps:
        raise ValueError(
            f"{name}={schedule!r}: only schedules that go by steps alone move it, such as "
            "Scaled(FlatCos(), 0.1)"
        )


def _warn_of_growth(model: Any, skip: Skip, widths: list[int]) -> None:
    """Warn of starting weights with which each block doubles the variance of its input."""
    n_blocks = sum(source >= 0 for source in skip.sources(widths))
    doubles = isinstance(skip, Residual) and str(model.initializer).startswith("he_")
    if doubles and model.normalization is None and n_blocks >= MANY_BLOCKS:
        warn(
            f"initializer='{model.initializer}' lets each of {n_blocks} residual blocks double the "
            f"variance, {2**n_blocks:.0g} times in all; use skip='fixup' or 'deepnorm', a "
            "normalization, or initializer='glorot_uniform'"
        )


def refuse_with_pretrained(model: Any, start: Pretrained) -> None:
    """Refuse networks whose first layers are not those of given weights.

    Parameters
    ----------
    model : BaseMLP
        Estimator with constructor parameters.
    start : Pretrained
        Weights of the first layers.

    Raises
    ------
    ValueError
        If the layers differ, or the network contains a part that they do not know.
    """
    start.check()
    widths = hidden_widths(model.hidden_layer_sizes)
    given = [np.shape(coefs)[1] for coefs in start.coefs]
    if widths[: len(given)] != given:
        raise ValueError(
            f"hidden_layer_sizes={tuple(widths)} must begin with the widths of the pretrained "
            f"layers, {tuple(given)}"
        )
    activations = hidden_activations(model.activation, len(widths))[: len(given)]
    if activations != list(start.activations):
        raise ValueError(
            f"activation={model.activation!r} gives the first layers {tuple(activations)}, the "
            f"pretrained layers have {tuple(start.activations)}"
        )
    for what, wanted in (
        ("normalization", None),
        ("skip", None),
        ("numerical_embedding", None),
        ("category_embedding", None),
        ("input_scale", False),
        ("bias", True),
        ("parametrization", "standard"),
    ):
        if getattr(model, what) != wanted:
            raise ValueError(
                f"{what}={getattr(model, what)!r} would give the pretrained layers another "
                f"meaning; they were trained with {what}={wanted!r}"
            )


def refuse_with_ntk(model: Any, optimizer: Optimizer) -> None:
    """Refuse parts of a network that ``parametrization='ntk'`` does not support.

    Parameters
    ----------
    model : BaseMLP
        Estimator with constructor parameters.
    optimizer : Optimizer
        Optimizer of the estimator.

    Raises
    ------
    ValueError
        If the network or the optimizer contains such a part.
    """
    norm = normalization_of(model)
    skip = None if model.skip is None else resolve(model.skip, SKIPS, "skip")
    for what, refused in (
        (f"normalization={type(norm).__name__}()", isinstance(norm, Reparametrization)),
        (f"skip='{getattr(skip, 'name', None)}'", isinstance(skip, Fixup | Highway)),
        ("solver='kfac'", isinstance(optimizer, KFAC)),
    ):
        if refused:
            raise ValueError(
                f"parametrization='ntk' does not support {what}, which has its own way from trained"
                " numbers to weights; use parametrization='standard'"
            )


def refuse_with_matrices(model: Any, optimizer: KFAC | Shampoo) -> None:
    """Refuse parameters that solvers of whole layers do not support.

    Parameters
    ----------
    model : BaseMLP
        Estimator with constructor parameters.
    optimizer : KFAC or Shampoo
        Optimizer of the estimator.

    Raises
    ------
    ValueError
        If a layer consists of more than its matrix, if something before the first layer is trained,
        if weights are computed from others, or if targets cannot be drawn from the loss's
        predictive distribution.
    """
    # Both precondition one matrix per layer.
    if embeddings_of(model) or model.input_scale:
        raise ValueError(
            f"solver='{optimizer.name}' has no factors for embeddings and input_scale, which are "
            "no layers; use another first-order solver or 'lbfgs'"
        )
    skip = None if model.skip is None else resolve(model.skip, SKIPS, "skip")
    if isinstance(skip, Highway):
        raise ValueError(
            f"skip='highway' does not support solver='{optimizer.name}': a layer with a gate is two"
            " matrices, which the solver does not know; use another skip"
        )
    if isinstance(optimizer, Shampoo):
        return
    # K-FAC also needs a likelihood to draw from, and layers whose inputs and slopes it sees.
    loss = getattr(model, "loss", None)
    if optimizer.fisher == "true" and (loss == "focal" or isinstance(loss, Focal)):
        raise ValueError(
            "solver='kfac' draws targets from what a likelihood predicts, and loss='focal' is none;"
            " give solver=KFAC(fisher='empirical')"
        )
    if isinstance(skip, Fixup):
        raise ValueError(
            "skip='fixup' does not support solver='kfac': its branches' weights are multiplied by "
            "trained numbers; use 'residual' or 'deepnorm', or solver='shampoo'"
        )
    if model.normalization is None:
        return
    norm = resolve(model.normalization, NORMALIZATIONS, "normalization")
    if isinstance(norm, Reparametrization):
        raise ValueError(
            f"solver='kfac' has no factors for normalization={type(norm).__name__}(), which makes "
            "weights of others; use BatchNorm(), LayerNorm() or solver='shampoo'"
        )
