"""Fitting an estimator on shards: what `deepgen.estimators.fit` does for rows in one place."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np

from deepgen._training.data import Data
from deepgen._training.first_order import train
from deepgen._training.plan import FirstOrderPlan
from deepgen._training.state import TrainingState
from deepgen.distributed.advance import Work, shard_threads
from deepgen.distributed.checkpoint import Checkpoint, EpochEnds
from deepgen.distributed.combine import Nesterov
from deepgen.distributed.executor import Executor
from deepgen.distributed.facts import Facts, learn_targets, warn_if_sorted
from deepgen.distributed.refusals import refuse_on_shards
from deepgen.distributed.rows import Rows
from deepgen.distributed.trainer import VELOCITY, FixedSlices, ShardTrainer
from deepgen.estimators.fit import read_validation
from deepgen.estimators.from_parameters import make_network
from deepgen.estimators.scoring import network_validation
from deepgen.estimators.settings import criterion, draw_seed, make_plan, read_settings
from deepgen.estimators.starting_weights import start_network
from deepgen.estimators.validation_set import ValidationSet
from deepgen.optimizers import FirstOrder

__all__ = ["Course", "fit_shards", "local_batch", "rate_factor", "steps_of_round"]

# Below so many rows the fixed costs of a step exceed those of its arithmetic, so that no shard has
# smaller batches, unless the user's own batch is smaller.
SMALLEST_BATCH = 16
# Arithmetic of a round on one shard, in floating-point operations: about half a second of a core,
# beside which the cost of sending a network hardly counts.
ROUND_WORK = 50e9
# Rounds of an epoch of little arithmetic: many shards drift apart in longer ones.
EPOCH_ROUNDS = 8
# Nesterov's momentum on the rounds needs some of them to build up, and changes that are more than
# the noise of a few steps.
FEWEST_ROUNDS, FEWEST_STEPS = 50, 8


@dataclass(frozen=True)
class Course:
    """What was chosen for a fit on shards.

    Parameters
    ----------
    n_shards : int
        Number of shards.
    local_batch : int
        Rows of a step on a shard.
    local_steps : int
        Steps of a round.
    steps_per_epoch : int
        Steps of an epoch.
    outer : {'mean', 'nesterov'}
        Rule between the rounds.
    rate_factor : float
        Factor of the learning rate on every shard.

    Examples
    --------
    >>> from deepgen.distributed import Course
    >>> Course(4, 64, 128, 500, "mean", 2.0).n_shards
    4
    """

    n_shards: int
    local_batch: int
    local_steps: int
    steps_per_epoch: int
    outer: str
    rate_factor: float


def local_batch(batch_size: int, n_shards: int) -> int:
    """Return the rows of a step on each shard, so that ``batch_size`` is that of all together.

    Parameters
    ----------
    batch_size : int
        Rows of a step of all shards, >= 1.
    n_shards : int
        Number of shards, >= 1.

    Returns
    -------
    rows : int
        At least 16, or ``batch_size`` if that is less: smaller steps are mostly overhead.

    Examples
    --------
    >>> from deepgen.distributed.fit import local_batch
    >>> local_batch(200, 4), local_batch(200, 64)
    (50, 16)
    """
    return max(-(-batch_size // n_shards), min(batch_size, SMALLEST_BATCH))


def steps_of_round(n_weights: int, batch_size: int, steps_per_epoch: int) -> int:
    """Return the steps of a round by its arithmetic.

    Parameters
    ----------
    n_weights : int
        Number of weights of the network, >= 1.
    batch_size : int
        Rows of a step on a shard, >= 1.
    steps_per_epoch : int
        Steps of an epoch, >= 1.

    Returns
    -------
    n_steps : int
        The smallest power of two of at least 50 GFLOP (six operations per weight and row), at most
        an eighth of an epoch, rounded up.

    Examples
    --------
    >>> from deepgen.distributed.fit import steps_of_round
    >>> steps_of_round(148_000, 64, 10_000), steps_of_round(1_000, 64, 100)
    (1024, 13)
    """
    wanted = max(1.0, ROUND_WORK / (6.0 * n_weights * batch_size))
    return min(-(-steps_per_epoch // EPOCH_ROUNDS), 1 << int(np.ceil(np.log2(wanted))))


def rate_factor(optimizer: FirstOrder, batch_size: int, rows: int, outer: str) -> float:
    """Return the factor of the learning rate on every shard.

    An adaptive rule divides the gradient by the root of a mean of its squares. Of a smaller batch
    this root is larger, since most of the gradient is noise: a shard would go less far in the
    direction that all shards have in common, by the root of the ratio of the batches.

    Parameters
    ----------
    optimizer : FirstOrder
        Rule of the steps.
    batch_size : int
        Rows of a step of all shards, >= 1.
    rows : int
        Rows of a step on a shard, >= 1.
    outer : {'mean', 'nesterov'}
        Rule between the rounds.

    Returns
    -------
    factor : float
        Root of ``batch_size / rows`` for adaptive rules under the mean, at least 1. Else 1: the
        mean of plain gradients does not depend on the batch, and Nesterov's momentum on the rounds
        lengthens the steps itself.

    Examples
    --------
    >>> from deepgen.distributed.fit import rate_factor
    >>> from deepgen.optimizers import SGD, Adam
    >>> [rate_factor(rule, 256, 64, "mean") for rule in (Adam(), SGD())]
    [2.0, 1.0]
    """
    if not optimizer.is_adaptive or outer != "mean":
        return 1.0
    return float(np.sqrt(max(batch_size / rows, 1.0)))


def fit_shards(
    model: Any,
    executor: Executor,
    *,
    held_out: tuple[Any, Any, Any] = (None, None, None),
    local_steps: Any = "auto",
    outer: str = "auto",
    checkpoint: str | os.PathLike[str] | None = None,
) -> Course:
    """Fit an estimator on shards.

    Parameters
    ----------
    model : MLPRegressor or MLPClassifier
        Estimator that gets the fitted attributes.
    executor : Executor
        Where the shards are.
    held_out : tuple of array-like, default=(None, None, None)
        Validation features, targets and weights.
    local_steps : int or 'auto', default='auto'
        Steps of a round; 'auto' is `steps_of_round`.
    outer : {'auto', 'mean', 'nesterov'}, default='auto'
        Rule between the rounds; 'auto' is 'nesterov' if the local batches had to be raised above
        ``batch_size / n_shards`` and there are at least 50 rounds of at least 8 steps, else 'mean'.
    checkpoint : str or path-like, default=None
        File that is written after each epoch, and from which the fit goes on if it exists.

    Returns
    -------
    course : Course
        What was chosen.

    Raises
    ------
    ValueError
        If parameters, rows or the checkpoint cannot be used.

    Warns
    -----
    UserWarning
        If the rows are sorted by their targets.
    ConvergenceWarning
        As by ``fit``.
    """
    settings = read_settings(model, held_out, incremental=False)
    refuse_on_shards(model, settings, has_validation=held_out[0] is not None)
    file = None if checkpoint is None else Checkpoint(checkpoint)
    before = None if file is None else file.read(model)
    dtype, prediction_dtype = settings.dtype, settings.prediction_dtype

    # Targets: what all shards together determine.
    facts = executor.describe(model)
    Rows.refuse_unlike([each.sample for each in facts], "shard")
    warn_if_sorted(facts)
    sample = Rows.join([each.sample for each in facts])
    model.n_features_in_ = sample.X.shape[1]
    vars(model).pop("feature_names_in_", None)
    if sample.names is not None:
        model.feature_names_in_ = sample.names
    state = TrainingState(draw_seed(model)) if before is None else before._training_state
    targets = learn_targets(model, facts) if before is None else before._targets

    # Network, started by a sample of the rows.
    shown = sample.encode(model, targets)
    network = make_network(
        model,
        n_inputs=sample.X.shape[1],
        n_outputs=targets.n_outputs,
        loss=targets.core,
        products=settings.products,
        before=None if before is None else before.network_,
        data=Data(shown.X, shown.y, shown.weights),
    )
    data = Data(shown.X, shown.y, shown.weights)
    if before is None:
        outputs = start_network(model, network, data, state.seed, coefs=None, intercepts=None)
        state.start = network.checksum()
        if (moved := targets.in_units_of(outputs)) is not targets:
            targets = moved
            shown = sample.encode(model, targets)
            data = Data(shown.X, shown.y, shown.weights)
    weights = executor.encode(model, targets)

    # Plan: rounds of equal steps on all shards.
    n_rows, n_shards = sum(each.n_rows for each in facts), len(facts)
    plan = make_plan(model, settings, n_rows)
    assert isinstance(plan, FirstOrderPlan)
    rows = local_batch(plan.batch_size, n_shards)
    steps_per_epoch = -(-n_rows // (rows * n_shards))
    n_weights = sum(coefs.size for coefs in network.coefs())
    n_steps = steps_of_round(n_weights, rows, steps_per_epoch)
    if local_steps != "auto":
        n_steps = min(int(local_steps), steps_per_epoch)
    if outer == "auto" and before is not None:
        # That of the course, since ``max_iter`` may be another one now.
        outer = "nesterov" if VELOCITY in (state.optimizer_state or {}) else "mean"
    elif outer == "auto":
        n_rounds = plan.n_epochs * -(-steps_per_epoch // n_steps)
        raised = rows > -(-plan.batch_size // n_shards)
        fits = n_rounds >= FEWEST_ROUNDS and n_steps >= FEWEST_STEPS
        outer = "nesterov" if raised and fits else "mean"
    assert isinstance(settings.optimizer, FirstOrder)
    rule = settings.optimizer.rule()
    factor = rate_factor(rule, plan.batch_size, rows, outer)
    course = Course(n_shards, rows, n_steps, steps_per_epoch, outer, factor)
    held = None
    if held_out[0] is not None:
        held = read_validation(
            model, targets, *held_out, dtype=dtype, prediction_dtype=prediction_dtype
        )
    described = _described(course, facts, weights, sample, data, held)
    if before is not None and file is not None:
        file.check(state, described)
        is_over = state.patience.n_stale > plan.n_iter_no_change
        left = 0 if is_over else max(plan.n_epochs - state.n_epochs, 0)
        plan = replace(plan, n_epochs=left)
    state.data = described
    state.use_criterion(criterion(model, targets))

    # Training, epoch by epoch as on rows in one place.
    validation = None if held is None else network_validation(model, targets, held, state)
    work = _work_of(network, plan, rule, state.seed, course, shard_threads(model.n_jobs))
    total = sum(weights)
    trainer = ShardTrainer(
        executor,
        work,
        [weight / total for weight in weights],
        steps_per_epoch,
        Nesterov() if outer == "nesterov" else None,
        factor,
    )
    tasks: Any = None
    if file is not None:
        tasks = EpochEnds(
            lambda network, best: file.write(
                model, targets, network, state, plan.optimizer.name, trainer.state(), best
            ),
            state,
            early_stopping=plan.early_stopping,
            best=state.best_weights,
        )
    n_epochs = 0
    if plan.n_epochs:
        sizer = FixedSlices(n_steps)
        n_epochs = train(
            network, data, validation, plan, state, tasks, trainer=trainer, sizer=sizer
        )
    else:
        # The checkpoint is that of a course that has come to its end.
        if state.best_weights is not None:
            network.parameters[...] = state.best_weights
        state.drop_optimizer_state()
    state.data = ""
    model.network_, model._training_state = network.as_type(prediction_dtype), state
    model._targets, model.n_iter_ = targets, n_epochs
    return course


def _described(
    course: Course,
    facts: Sequence[Facts],
    weights: Sequence[float],
    sample: Rows,
    data: Data,
    held: ValidationSet | None,
) -> str:
    """Return a text, a line per entry, that tells courses on other rows apart."""
    entries = {
        **vars(course),
        "rows of the shards": [each.n_rows for each in facts],
        "weights of the shards": list(weights),
        "features": None if sample.names is None else sample.names.tolist(),
        "checksum of some rows": data.checksum(data.X),
        "checksum of the validation rows": held and held.data.checksum(held.checked),
    }
    return "\n".join(f"{name} {entry!r}" for name, entry in entries.items())


def _work_of(
    network: Any, plan: FirstOrderPlan, rule: FirstOrder, seed: int, course: Course, n_threads: int
) -> Work:
    """Return the settings of local steps that a plan of all rows means."""
    if isinstance(decay := getattr(rule, "weight_decay", None), Real):
        # It is multiplied by the rate.
        decaying: Any = rule
        rule = replace(decaying, weight_decay=float(decay) / course.rate_factor)
    return Work(
        core=network.core,
        optimizer=rule.to_core(),
        wrappers=plan.wrappers,
        # The penalty of a batch is divided by its rows, of which a local one has a share.
        alpha=plan.alpha / course.n_shards,
        batch_size=course.local_batch,
        shuffle=plan.shuffle,
        seed=seed,
        augmentation=plan.augmentation,
        mixup=plan.mixup,
        rate_factors=plan.rate_factors,
        n_threads=n_threads,
    )
