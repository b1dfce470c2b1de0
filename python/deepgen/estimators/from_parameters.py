"""From the constructor parameters of an estimator to the parts of a training run."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepgen import _core
from deepgen._component import resolve
from deepgen._engine.device import open_plugin
from deepgen._engine.memory import memory_limit
from deepgen._network.network import Network
from deepgen._training.data import Data
from deepgen._user_warnings import warn
from deepgen.augmentation import AUGMENTATIONS
from deepgen.averaging import AVERAGINGS, Averaging
from deepgen.estimators.front import front_settings
from deepgen.estimators.network_spec import (
    hidden_activations,
    hidden_widths,
    network_spec,
)
from deepgen.normalizations import NORMALIZATIONS, BatchNorm, Normalization
from deepgen.optimizers import LBFGS, SGD, SOLVERS, Adam, AdamW, FirstOrder, Optimizer
from deepgen.schedules import SCHEDULES, Constant, InvScaling, Schedule

__all__ = [
    "LEARNING_RATE",
    "batch_norm_of",
    "make_augmentation",
    "make_averaging",
    "make_network",
    "make_optimizer",
    "make_schedule",
    "make_wrappers",
    "normalization_of",
    "recalibrates",
    "refuse_beyond_memory",
]

# The constructors' default of learning_rate_init.
LEARNING_RATE = 0.001

# Networks below this size are not checked against the memory: 1 GiB with Adam.
MANY_PARAMETERS = 2**24
# Lower bounds of the memory of training, in numbers. Measured peaks were ten numbers per parameter
# with sgd, eleven with adam and twenty with lbfgs (4 million parameters), and two per row of a
# batch and unit (a million units).
PER_PARAMETER = 8
PER_UNIT = 2


def normalization_of(model: Any) -> Normalization | None:
    """Return the normalization of an estimator.

    Parameters
    ----------
    model : BaseMLP
        Estimator with constructor parameters.

    Returns
    -------
    norm : Normalization or None
        The object itself, or one made from the name.
    """
    if model.normalization is None:
        return None
    return resolve(model.normalization, NORMALIZATIONS, "normalization")


def batch_norm_of(model: Any) -> BatchNorm | None:
    """Return the batch norm of an estimator.

    Parameters
    ----------
    model : BaseMLP
        Estimator with constructor parameters.

    Returns
    -------
    norm : BatchNorm or None
        None for another normalization or none.
    """
    norm = normalization_of(model)
    return norm if isinstance(norm, BatchNorm) else None


def make_optimizer(model: Any) -> Optimizer:
    """Return the optimizer of an estimator.

    Parameters
    ----------
    model : BaseMLP
        Estimator with constructor parameters.

    Returns
    -------
    optimizer : Optimizer
        The object itself; for a name its class with the estimator's ``momentum``, ``beta_1`` ...
    """
    solver = resolve(model.solver, SOLVERS, "solver")
    solver.check()
    if not isinstance(model.solver, str):
        return solver
    if isinstance(solver, SGD):
        return SGD(momentum=model.momentum, nesterov=model.nesterovs_momentum)
    if isinstance(solver, Adam):
        kind = AdamW if isinstance(solver, AdamW) else Adam
        return kind(beta_1=model.beta_1, beta_2=model.beta_2, epsilon=model.epsilon)
    return LBFGS(max_fun=model.max_fun) if isinstance(solver, LBFGS) else solver


def make_averaging(model: Any) -> Averaging | None:
    """Return the weight averaging of an estimator.

    Parameters
    ----------
    model : BaseMLP
        Estimator with constructor parameters.

    Returns
    -------
    averaging : Averaging or None
        The object itself, or one made from the name.
    """
    if model.averaging is None:
        return None
    averaging = resolve(model.averaging, AVERAGINGS, "averaging")
    averaging.check()
    return averaging


def make_wrappers(
    model: Any, optimizer: Optimizer, averaging: Averaging | None
) -> tuple[_core.Component, ...]:
    """Return the wrappers around an estimator's optimizer.

    Parameters
    ----------
    model : BaseMLP
        Estimator with constructor parameters.
    optimizer : Optimizer
        Optimizer of the estimator.
    averaging : Averaging or None
        Weight averaging of the estimator.

    Returns
    -------
    wrappers : tuple of deepgen._core.Component
        From the innermost to the outermost: clipping, sharpness, averaging.
    """
    wrappers = []
    if model.clip_norm is not None:
        wrappers.append(_core.Component("clip_norm", {"limit": float(model.clip_norm)}))
    if model.adaptive_clip is not None:
        wrappers.append(_core.Component("adaptive_clip", {"ratio": float(model.adaptive_clip)}))
    if isinstance(optimizer, FirstOrder):
        wrappers.extend(optimizer.wrappers())
    if averaging is not None:
        wrappers.extend(averaging.wrappers())
    return tuple(wrappers)


def make_augmentation(model: Any) -> _core.Component:
    """Return the augmentation that an estimator's parameters ask for.

    Parameters
    ----------
    model : BaseMLP
        Estimator with constructor parameters.

    Returns
    -------
    augmentation : deepgen._core.Component
        Component of the engine; 'none' without augmentation.
    """
    if model.augmentation is None:
        return _core.Component("none")
    return resolve(model.augmentation, AUGMENTATIONS, "augmentation").to_core()


def make_schedule(model: Any, optimizer: Optimizer) -> Schedule:
    """Return the learning rate schedule of an estimator.

    Parameters
    ----------
    model : BaseMLP
        Estimator with constructor parameters.
    optimizer : Optimizer
        Optimizer of the estimator.

    Returns
    -------
    schedule : Schedule
        The object itself, or one made from the name.

    Warns
    -----
    UserWarning
        If the name acts for stochastic gradient descent only, or the solver chooses its own steps.
    """
    schedule = resolve(model.learning_rate, SCHEDULES, "learning_rate")
    schedule.check()
    if model.learning_rate not in ("adaptive", "invscaling"):
        if not isinstance(optimizer, FirstOrder) and not isinstance(schedule, Constant):
            warn(f"learning_rate={model.learning_rate!r} has no effect with solver='lbfgs'")
        return schedule
    if not isinstance(optimizer.rule() if isinstance(optimizer, FirstOrder) else optimizer, SGD):
        warn(
            f"learning_rate='{model.learning_rate}' acts with solver='sgd' only, as in "
            f"scikit-learn; give the object {type(schedule).__name__}() for other solvers",
        )
        return Constant()
    return InvScaling(power_t=model.power_t) if isinstance(schedule, InvScaling) else schedule


def recalibrates(model: Any, averaging: Averaging | None, *, incremental: bool) -> bool:
    """Return whether batch norm's statistics are computed anew for the final weights.

    Parameters
    ----------
    model : BaseMLP
        Estimator with constructor parameters.
    averaging : Averaging or None
        Weight averaging of the estimator.
    incremental : bool
        Whether the caller is ``partial_fit``, whose samples are only part of the data.

    Returns
    -------
    recalibrates : bool
        True for averaged weights, for which no statistics were collected; else the setting of the
        batch norm. False without batch norm.
    """
    norm = normalization_of(model)
    if not isinstance(norm, BatchNorm):
        return False
    averaged = averaging is not None and averaging.replaces_weights
    return averaged or (norm.recalibrate and not incremental)


def _batch_rows(model: Any, n_rows: int) -> int:
    """Return the number of rows per step."""
    wanted = 200 if model.batch_size == "auto" else model.batch_size
    return min(n_rows, int(wanted))


def refuse_beyond_memory(core: _core.Network, widths: list[int], batch_size: int) -> None:
    """Refuse a network that needs more memory for training than there is.

    Parameters
    ----------
    core : deepgen._core.Network
        Network to be trained.
    widths : list of int
        Numbers of units of its hidden layers.
    batch_size : int
        Rows per step.

    Raises
    ------
    MemoryError
        The message says how much it would need, and how much there is.
    """
    size = np.dtype(core.dtype).itemsize
    parameters = PER_PARAMETER * core.n_parameters * size
    rows = PER_UNIT * batch_size * sum(widths) * size
    limit = memory_limit()
    if parameters + rows > limit:
        raise MemoryError(
            f"hidden_layer_sizes={widths} makes {core.n_parameters:,} parameters. Training them "
            f"takes at least {(parameters + rows) / 2**30:,.0f} GiB of memory "
            f"({parameters / 2**30:,.0f} for the parameters and the state of the optimizer, the "
            f"rest for {batch_size} rows of a batch), and there are {limit / 2**30:,.1f} GiB"
        )


def make_network(
    model: Any,
    *,
    n_inputs: int,
    n_outputs: int,
    loss: _core.Component,
    products: str,
    before: Network | None,
    data: Data | None = None,
) -> Network:
    """Return the network of an estimator.

    Parameters
    ----------
    model : BaseMLP
        Estimator with constructor parameters.
    n_inputs, n_outputs : int
        Numbers of features and of outputs.
    loss : deepgen._core.Component
        The engine's loss.
    products : {'bfloat16', 'float32', 'float64'}
        Type of the products of training.
    before : Network or None
        Network to be continued.
    data : Data, default=None
        Training samples; None if it will not be trained.

    Returns
    -------
    network : Network
        Its parameters are a copy of those of ``before``, else zeros.

    Raises
    ------
    ValueError
        If the parameters of ``before`` do not fit.

    Notes
    -----
    `refuse_beyond_memory` checks the memory that training needs.
    """
    widths = hidden_widths(model.hidden_layer_sizes)
    # The network has room for the largest dropout; a schedule sets the current one in each step.
    dropout = model.dropout
    if isinstance(dropout, Schedule):
        dropout = dropout.peak
    front: dict[str, Any] = {}
    asked = (model.numerical_embedding, model.category_embedding, model.input_scale or None)
    if data is not None and asked != (None, None, None):
        front = front_settings(model, data, before)
    spec = network_spec(
        n_inputs=n_inputs,
        widths=widths,
        n_outputs=n_outputs,
        activations=hidden_activations(model.activation, len(widths)),
        normalization=model.normalization,
        skip=model.skip,
        dropout=dropout,
        bias=model.bias,
        loss=loss,
        parametrization=model.parametrization,
        **front,
    )
    device = open_plugin() if model.device == "cuda" else None
    core = _core.Network(spec, dtype=products, device=device)
    if before is None:
        batch_size = 0 if data is None else _batch_rows(model, len(data.y))
        if batch_size and max(core.n_parameters, batch_size * sum(widths)) > MANY_PARAMETERS:
            refuse_beyond_memory(core, widths, batch_size)
        return Network(core)
    # Continuing requires parameters of the same shapes and the same meaning. Equal layouts do not
    # suffice: features of an embedding, and the numbers that 'ntk' trains, are not part of it.
    old, new = ([(b.name, b.rows, b.columns) for b in c.layout] for c in (before.core, core))
    embedded = [[e.features for e in c.spec.embeddings] for c in (before.core, core)]
    if old != new or embedded[0] != embedded[1]:
        raise ValueError(
            f"the fitted network is {before!r}, the parameters now ask for {Network(core)!r}; call "
            "fit with warm_start=False to start afresh"
        )
    kinds = ([layer.reparametrization.name for layer in c.spec.layers] for c in (before.core, core))
    if len({"ntk" in names for names in kinds}) > 1:
        raise ValueError(
            f"parametrization={model.parametrization!r} is not that of the fitted network, whose "
            "weights would mean something else; call fit with warm_start=False to start afresh"
        )
    return Network(core, before.parameters.astype(core.dtype))
