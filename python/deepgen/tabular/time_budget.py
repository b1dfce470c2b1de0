"""Time budgets: plans of epochs and networks for the available seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.threads import effective_threads
from deepgen._user_warnings import collect_warnings, warn
from deepgen.averaging import BatchEnsemble, Snapshots
from deepgen.estimators.ensemble import join_members
from deepgen.tabular.plan import HEADROOM, Plan
from deepgen.tabular.samples import Samples

__all__ = ["fit_in_time", "seconds_per_epoch"]

# Largest numbers of rows and batches that are timed first and scaled to all rows.
TIMED_ROWS = 2048
TIMED_BATCHES = 32
# Share of the remaining time that whole epochs may take for a second measurement.
TIMED_SHARE = 0.05
TIMED_EPOCHS = 5
# Share of the epochs below which a shorter schedule is reported.
FEW = 0.2
# Averages whose members come from one training.
TOGETHER = (BatchEnsemble.name, Snapshots.name)
# Beginning of the warning after Ctrl-C.
INTERRUPTED = "interrupted by user"
# Work per measured row relative to a training row: one pass of three.
MEASURED = 1 / 3


def fit_in_time(
    plan: Plan,
    samples: Samples,
    validation: Samples,
    deadline: float,
    watch: Callable[[], None] | None = None,
) -> tuple[Any, Plan]:
    """Train networks until a deadline.

    Parameters
    ----------
    plan : Plan
        Plan without a time limit; its number of networks is the largest.
    samples, validation : Samples
        Training samples, and validation samples if the user gave them.
    deadline : float
        Deadline by ``time.perf_counter``.
    watch : callable, default=None
        Function called after each epoch of each network.

    Returns
    -------
    mlp : MLPRegressor or MLPClassifier
        Fitted MLP, with one network or several.
    plan : Plan
        The executed plan.

    Raises
    ------
    ValueError
        If the members come from one training.

    Notes
    -----
    Some steps on some rows are timed. If the schedule would not end in time, one network gets as
    many epochs as fit, with the whole schedule; otherwise networks are trained in parallel, one per
    thread, followed by others while the time of the last ones is still left.
    """
    averaging = plan.network["averaging"]
    if isinstance(averaging, BatchEnsemble | Snapshots) or averaging in TOGETHER:
        raise ValueError(
            f"max_time plans networks one by one, and averaging={averaging!r} makes all members in "
            "one training: give network={'max_iter': ...} instead of max_time"
        )
    left = deadline - time.perf_counter()
    first = plan.within(left, seconds_per_epoch(plan, samples, validation, left))
    if first.n_epochs < FEW * plan.n_epochs:
        from sklearn.exceptions import ConvergenceWarning

        warn(
            f"max_time leaves {left:.3g} s for training, enough for {first.n_epochs} of the "
            f"{plan.n_epochs} epochs that the preset is made for",
            ConvergenceWarning,
        )
    # A shortened schedule means that not even one network fits, so there is only one.
    most = plan.n_members if first.n_epochs == plan.n_epochs else 1
    n_workers = effective_threads(plan.network["n_jobs"])
    random = np.random.RandomState(plan.network["random_state"])
    members: list[Any] = []
    # Networks are trained in rounds, one per thread. The duration of the last round, with some
    # reserve, decides whether another one is started; the first round always is.
    n_next, took = min(n_workers, first.n_members), 0.0
    while n_next and (not members or took * HEADROOM <= deadline - time.perf_counter()):
        began = time.perf_counter()
        with collect_warnings() as collected:
            mlp = first.train(
                samples,
                validation,
                watch,
                n_members=n_next,
                random_state=int(random.randint(np.iinfo(np.int32).max)),
                max_time=max(deadline - began, 1e-3),
            )
        members += mlp.members_
        for told in collected:
            warn(*told)
        if any(INTERRUPTED in message for message, _ in collected):
            break
        took = time.perf_counter() - began
        n_next = min(n_workers, most - len(members))
    done = first.with_network(n_members=len(members))
    if len(members) > 1:
        joined = done.make_network()
        joined.n_features_in_ = members[0].n_features_in_
        join_members(joined, members)
        return joined, done
    return members[0], done


def seconds_per_epoch(plan: Plan, samples: Samples, validation: Samples, left: float) -> float:
    """Time some steps of one network and, if that is cheap, some epochs.

    Parameters
    ----------
    plan : Plan
        Plan with the network.
    samples, validation : Samples
        Training samples and validation samples.
    left : float
        Remaining seconds.

    Returns
    -------
    seconds : float
        Seconds per epoch over all rows, validation included.
    """
    n_rows = len(samples.X)
    batch = plan.network["batch_size"]
    n_timed = min(n_rows, max(TIMED_ROWS, 0 if batch == "auto" else TIMED_BATCHES * batch))
    rows = np.linspace(0, n_rows - 1, n_timed).astype(np.int64)
    part = Samples(*(None if values is None else _some(values, rows) for values in samples))
    seconds = _timed(plan, part, Samples(), early_stopping=False) / n_timed
    if validation.X is not None:
        seconds *= n_rows + MEASURED * len(validation.X)
    else:
        share = plan.network["validation_fraction"] if plan.network["early_stopping"] else 0.0
        share = share if isinstance(share, float) else 0.0
        seconds *= n_rows * (1 - share + MEASURED * share)
    if seconds * TIMED_EPOCHS <= TIMED_SHARE * left:
        return _timed(plan, samples, validation)
    return seconds


def _some(values: Any, rows: NDArray[np.int64]) -> Any:
    return values.tocsr()[rows] if hasattr(values, "tocoo") else np.asarray(values)[rows]


def _timed(plan: Plan, samples: Samples, validation: Samples, **changes: Any) -> float:
    """Return the seconds of an epoch after the first one, which also warms up caches."""
    mlp = plan.train(samples, validation, n_members=1, max_iter=TIMED_EPOCHS, verbose=0, **changes)
    ends = mlp.history_["time"]
    return float(np.median(np.diff(ends)) if len(ends) > 1 else ends[0])
