"""Settings: the validated constructor parameters of an estimator, read once per call."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from deepgen._engine.device import open_plugin
from deepgen._engine.threads import effective_threads
from deepgen._engine.workers import Stop, current_share
from deepgen._inputs.targets import Targets
from deepgen._training.plan import FirstOrderPlan, LBFGSPlan
from deepgen._user_warnings import warn
from deepgen.averaging import Averaging
from deepgen.estimators.from_parameters import (
    batch_norm_of,
    make_augmentation,
    make_averaging,
    make_optimizer,
    make_schedule,
    make_wrappers,
    recalibrates,
)
from deepgen.estimators.incompatibilities import refuse_combinations
from deepgen.estimators.network_spec import hidden_widths, numpy_type
from deepgen.estimators.refuse_beside_rows import refuse_rows
from deepgen.optimizers import LBFGS, FirstOrder, Optimizer
from deepgen.schedules import Schedule

__all__ = ["Settings", "criterion", "draw_seed", "make_plan", "read_settings"]


@dataclass(frozen=True)
class Settings:
    """Settings of a call of ``fit`` or ``partial_fit``, independent of the data.

    Parameters
    ----------
    optimizer : Optimizer
        Optimizer from ``solver``.
    schedule : Schedule
        Schedule from ``learning_rate``.
    averaging : Averaging or None
        Weight averaging from ``averaging``.
    products : {'bfloat16', 'float32', 'float64'}
        Type of the products of training.
    dtype, prediction_dtype : numpy.dtype
        Types of training and of the fitted network.
    n_threads : int
        Largest number of threads.
    verbose : int
        Number of epochs per printed line, and one for the last; 0 for none.
    incremental : bool
        Whether the caller is ``partial_fit``, which trains one epoch.
    began : float
        Time of the beginning of the call, by ``time.perf_counter``.
    stop : Stop, default=None
        Request that ends training like Ctrl-C.
    watch : callable, default=None
        Called after each epoch, in the thread that trains.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> from deepgen.estimators.settings import read_settings
    >>> read_settings(MLPRegressor(solver="lbfgs"), incremental=False).products
    'float64'
    """

    optimizer: Optimizer
    schedule: Schedule
    averaging: Averaging | None
    products: str
    dtype: np.dtype[Any]
    prediction_dtype: np.dtype[Any]
    n_threads: int
    verbose: int
    incremental: bool
    began: float
    stop: Stop | None = None
    watch: Callable[[], None] | None = None


def read_settings(
    model: Any, held_out: tuple[Any, Any, Any] = (None, None, None), *, incremental: bool
) -> Settings:
    """Read an estimator's parameters; raise errors that do not depend on the data.

    Parameters
    ----------
    model : BaseMLP
        Estimator with constructor parameters.
    held_out : tuple of array-like
        Validation features, targets and weights.
    incremental : bool
        Whether the caller is ``partial_fit``.

    Returns
    -------
    settings : Settings
        Settings for one network or several.

    Raises
    ------
    ValueError
        If parameters are out of range or incompatible, or a part of the validation data is missing.

    Warns
    -----
    UserWarning
        If a parameter has no effect.
    """
    began = time.perf_counter()
    model._validate_params()
    hidden_widths(model.hidden_layer_sizes)
    optimizer = make_optimizer(model)
    refuse_combinations(model, optimizer, incremental=incremental)
    if held_out[0] is not None:
        refuse_rows("X_val", held_out[0])
    if (held_out[0] is None) != (held_out[1] is None):
        raise ValueError("X_val and y_val belong together: give both or neither")
    if held_out[0] is None and held_out[2] is not None:
        raise ValueError("sample_weight_val needs X_val and y_val: it weighs their samples")
    # L-BFGS computes in float64, since its line search compares losses that hardly differ.
    products = "float64" if isinstance(optimizer, LBFGS) else model.dtype
    prediction_dtype = numpy_type(model.dtype)
    share = current_share.get()
    return Settings(
        optimizer=optimizer,
        schedule=make_schedule(model, optimizer),
        averaging=make_averaging(model),
        products=products,
        dtype=np.dtype(np.float64) if isinstance(optimizer, LBFGS) else prediction_dtype,
        prediction_dtype=prediction_dtype,
        n_threads=effective_threads(model.n_jobs),
        verbose=int(model.verbose),
        incremental=incremental,
        began=began,
        stop=None if share is None else share.stop,
        # Set by a model around the estimator for the time of a fit.
        watch=vars(model).get("_watch"),
    )


def make_plan(model: Any, settings: Settings, n_rows: int) -> FirstOrderPlan | LBFGSPlan:
    """Return the plan of a training run.

    Parameters
    ----------
    model : BaseMLP
        Estimator with constructor parameters.
    settings : Settings
        Settings of the call.
    n_rows : int
        Number of training rows, >= 1.

    Returns
    -------
    plan : FirstOrderPlan or LBFGSPlan
        Plan for `deepgen._training.first_order.train` or `deepgen._training.lbfgs.minimize`.

    Raises
    ------
    ValueError
        If batch norm would have batches of one row.

    Warns
    -----
    UserWarning
        If the batch is larger than the data.
    """
    optimizer, averaging, incremental = settings.optimizer, settings.averaging, settings.incremental
    common: dict[str, Any] = dict(
        n_rows=n_rows,
        alpha=float(model.alpha),
        n_epochs=1 if incremental else int(model.max_iter),
        tol=float(model.tol),
        verbose=settings.verbose,
        max_time=None if model.max_time is None else float(model.max_time),
        n_threads=settings.n_threads,
        incremental=incremental,
        keep_state=bool(model.warm_start) or incremental,
        began=settings.began,
        stop=settings.stop,
        watch=settings.watch,
    )
    # L-BFGS has neither batches nor a schedule, so only the common settings apply to it.
    if isinstance(optimizer, LBFGS):
        max_fun = model.max_fun if optimizer.max_fun is None else optimizer.max_fun
        return LBFGSPlan(**common, history_size=optimizer.history_size, max_fun=max_fun)
    assert isinstance(optimizer, FirstOrder)
    batch_size = min(200, n_rows) if model.batch_size == "auto" else int(model.batch_size)
    if batch_size > n_rows:
        warn("Got `batch_size` less than 1 or larger than sample size. It is going to be clipped")
    batch_size = min(batch_size, n_rows)
    if batch_size < 2 and batch_norm_of(model) is not None:
        raise ValueError(
            f"batch norm needs batches of at least 2 rows, got {n_rows} training samples in "
            f"batches of {batch_size}"
        )
    # The wrappers of an optimizer have no schedules; those of its rule change with each step.
    schedule, rule = settings.schedule, optimizer.rule()
    given = {"dropout": model.dropout, "weight_decay": getattr(rule, "weight_decay", None)}
    moving = {}
    for name in given:
        if isinstance(by := given[name], Schedule):
            moving[name] = by
    return FirstOrderPlan(
        **common,
        optimizer=rule.to_core(),
        rate_factors=getattr(rule, "rate_factors", None) or {},
        wrappers=make_wrappers(model, optimizer, averaging),
        augmentation=make_augmentation(model),
        mixup=float(model.mixup),
        batch_size=batch_size,
        shuffle=bool(model.shuffle),
        schedule=schedule if averaging is None else averaging.scheduled(schedule),
        moving=moving,
        learning_rate=optimizer.rate(float(model.learning_rate_init)),
        horizon=int(model.max_iter),
        n_iter_no_change=model.n_iter_no_change,
        early_stopping=bool(model.early_stopping),
        averaging=averaging,
        recalibrates=recalibrates(model, averaging, incremental=incremental),
        device=open_plugin() if model.device == "cuda" else None,
    )


def criterion(model: Any, targets: Targets) -> str:
    """Return a text that identifies an estimator's loss and score.

    Parameters
    ----------
    model : BaseMLP
        Estimator with ``scoring``.
    targets : Targets
        Targets with the loss.

    Returns
    -------
    criterion : str
        Equal texts mean comparable losses and scores.
    """
    scoring = model.scoring
    if callable(scoring):
        # Neither text contains an address, which a pickle would change.
        name = getattr(scoring, "__qualname__", type(scoring).__name__)
        scoring = repr(scoring) if hasattr(scoring, "_score_func") else name
    return f"{targets.loss!r}, {scoring}"


def draw_seed(model: Any) -> int:
    """Return the seed of a run.

    Parameters
    ----------
    model : BaseMLP
        Estimator with ``random_state``; the state of a ``RandomState`` instance changes.

    Returns
    -------
    seed : int
        At least 0.
    """
    random = check_random_state(model.random_state)
    return int(random.randint(np.iinfo(np.int64).max, dtype=np.int64))
