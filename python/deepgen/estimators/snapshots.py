"""Snapshots: members from the ends of the cycles of one training.

    one training in n_members cycles of the cosine schedule, each from the full learning rate;
    the weights at the end of each cycle are a member

The last member is the estimator that was trained: it has the same bits as if trained alone, and
only it can be continued. Huang et al. (2017), Snapshot ensembles: train 1, get M for free.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from sklearn.base import clone

from deepgen._engine.arrays import AnyArray, Matrix
from deepgen._inputs.features import as_matrix, read_groups
from deepgen._network.network import Network
from deepgen._training.state import unchanged_on_failure
from deepgen.averaging import Averaging
from deepgen.estimators.ensemble import join_members
from deepgen.estimators.fit import fit_network, read_samples
from deepgen.estimators.from_parameters import recalibrates
from deepgen.estimators.settings import read_settings
from deepgen.schedules import Position, Snapshot

__all__ = ["CycleEnds", "fit_snapshots"]


@dataclass(repr=False)
class CycleEnds(Averaging):
    """Keep the weights at the ends of all cycles but the last.

    Parameters
    ----------
    schedule : Snapshot, default=Snapshot()
        Schedule with the cycles.

    Examples
    --------
    >>> from deepgen.estimators.snapshots import CycleEnds
    >>> from deepgen.schedules import Position, Snapshot
    >>> here = Position(epoch=1, step=1, steps_per_epoch=4, samples_seen=0, horizon=6)
    >>> CycleEnds(Snapshot(n_cycles=3)).steps_until_update(here)
    3
    """

    runs_to_the_end: ClassVar[bool] = True

    schedule: Snapshot = field(default_factory=Snapshot)

    def check_run(self, start: Position) -> None:
        """Refuse a run with fewer cycles than members."""
        length, n_cycles = self._length(start), self.schedule.n_cycles
        total = start.horizon * start.steps_per_epoch
        if length * (n_cycles - 1) >= total:
            raise ValueError(
                f"max_iter={start.horizon} gives {total} steps, which cannot be cut into "
                f"n_members={n_cycles} cycles of {length} each: take a multiple of n_members"
            )

    def steps_until_update(self, position: Position) -> int | None:
        """Return the number of remaining steps of the cycle."""
        length = self._length(position)
        return length - position.number % length

    def on_steps(self, position: Position, weights: AnyArray, state: dict[str, Any]) -> None:
        """Keep the weights at the end of a cycle; those of the last cycle are the run's."""
        n_ended = min(position.number // self._length(position), self.schedule.n_cycles - 1)
        known = state.get("cycle_ends", np.empty((0, len(weights)), weights.dtype))
        if n_ended > len(known):
            state["cycle_ends"] = np.vstack([known, weights])

    def _length(self, position: Position) -> int:
        return self.schedule.cycle(position.horizon * position.steps_per_epoch)


def fit_snapshots(
    model: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    held_out: tuple[Any, Any, Any] = (None, None, None),
    coefs_init: Any = None,
    intercepts_init: Any = None,
    classes: Any = None,
    groups: Any = None,
    incremental: bool = False,
) -> None:
    """Train one network and keep the weights at the end of each cycle.

    Parameters
    ----------
    model : BaseMLP
        Estimator; its ``n_members`` is the number of cycles. It gets the members, and the
        properties of features and targets.
    X, y, sample_weight : array-like
        Training data as for ``fit``.
    held_out : tuple of array-like
        Validation features, targets and weights.
    coefs_init, intercepts_init : sequence of array-like, default=None
        Starting weights.
    classes : array-like of shape (n_classes,), default=None
        All classes, if ``y`` may lack some.
    groups : array-like of shape (n_samples,), default=None
        Groups of samples that early stopping keeps together.
    incremental : bool, default=False
        Whether the caller is ``partial_fit``.

    Raises
    ------
    ValueError
        If parameters or data cannot be used.
    """
    settings = read_settings(model, held_out, incremental=incremental)
    refuse_settings(model)
    schedule = Snapshot(n_cycles=model.n_members)
    known = vars(model).get("_members") if model.warm_start or incremental else None
    if known is not None and known[-1].learning_rate != schedule:
        raise ValueError(
            f"the fitted members are not those of a training in {model.n_members} cycles; call fit "
            "with warm_start=False to start afresh"
        )
    # The run is an estimator with the parameters of the same training without members.
    run = clone(model) if known is None else known[-1]
    own = {
        "averaging": None,
        "n_members": 1,
        "learning_rate": schedule,
        "n_iter_no_change": np.inf,
        "random_state": run.random_state,
    }
    run.set_params(**model.get_params(deep=False) | own)
    settings = replace(settings, schedule=schedule, averaging=CycleEnds(schedule))
    is_first = known is None or coefs_init is not None
    with unchanged_on_failure(run):
        samples = read_samples(run, X, y, sample_weight, settings.dtype, reset=is_first)
        samples = replace(samples, classes=classes, groups=read_groups(groups, samples.X))
        fit_network(
            run,
            settings,
            samples,
            held_out=held_out,
            coefs_init=coefs_init,
            intercepts_init=intercepts_init,
        )
    features = None
    if recalibrates(run, settings.averaging, incremental=incremental):
        features = as_matrix(samples.X)
    members = [
        member_of(run, weights, features, settings.n_threads)
        for weights in run._training_state.averaging_state.get("cycle_ends", ())
        # At the end of a cycle its weights are the run's, which is a member already.
        if not np.array_equal(weights, run.network_.parameters)
    ]
    if not (model.warm_start or incremental):
        run._training_state.averaging_state = {}
    give_members(model, run, [*members, run])


def refuse_settings(model: Any) -> None:
    """Refuse parameters that contradict a training in cycles.

    Parameters
    ----------
    model : BaseMLP
        Estimator with constructor parameters.

    Raises
    ------
    ValueError
        If a parameter does.
    """
    if model.n_members < 2:
        raise ValueError(
            "averaging='snapshot' makes a member of each of n_members cycles: n_members must be at "
            f"least 2, such as 5, got {model.n_members}"
        )
    if model.max_iter < model.n_members:
        raise ValueError(
            f"averaging='snapshot' runs n_members={model.n_members} cycles in max_iter epochs, "
            f"which must be at least as many, got max_iter={model.max_iter}"
        )
    if model.early_stopping:
        raise ValueError(
            "averaging='snapshot' does not support early_stopping=True: it runs all its cycles; "
            "X_val and y_val are measured without"
        )
    if model.learning_rate not in ("constant", "snapshot"):
        raise ValueError(
            "averaging='snapshot' brings the schedule 'snapshot' with a cycle for each member; "
            f"learning_rate must be 'constant' or 'snapshot', got {model.learning_rate!r}"
        )
    if getattr(model, "_skl_callbacks", None):
        raise ValueError("callbacks follow one network, and averaging='snapshot' makes several")


def give_members(model: Any, run: Any, members: list[Any]) -> None:
    """Give an estimator the members of one training, and what that learned of the data.

    Parameters
    ----------
    model : BaseMLP
        Estimator of several networks.
    run : BaseMLP
        Estimator that was trained.
    members : list of BaseMLP
        All members.
    """
    vars(model).pop("feature_names_in_", None)
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(run, name):
            setattr(model, name, getattr(run, name))
    join_members(model, members)


def member_of(run: Any, weights: AnyArray, features: Matrix | None, n_threads: int) -> Any:
    """Return an estimator that predicts with the weights at the end of a cycle.

    Parameters
    ----------
    run : BaseMLP
        Estimator that was trained.
    weights : ndarray of shape (n_parameters,)
        Weights at the end of the cycle.
    features : ndarray or deepgen._core.SparseRows or None
        Training features, if batch norm's statistics must be computed anew.
    n_threads : int
        Largest number of threads.

    Returns
    -------
    member : BaseMLP
        Fitted estimator with the history of the run.
    """
    member = clone(run)
    network = Network(run.network_.core, weights.astype(run.network_.dtype))
    if features is not None:
        network.recalibrate(features, n_threads=n_threads)
    member.network_, member._training_state = network, run._training_state.snapshot()
    member._targets, member.n_iter_ = run._targets, run.n_iter_
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(run, name):
            setattr(member, name, getattr(run, name))
    return member
