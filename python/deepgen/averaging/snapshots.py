"""Snapshots: an ensemble of the weights that the cycles of one training end with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from deepgen._engine.arrays import AnyArray
from deepgen.averaging.averaging import Averaging
from deepgen.schedules import Position, Snapshot

if TYPE_CHECKING:
    from deepgen._training.state import Course, Plan

__all__ = ["Snapshots"]


@dataclass(repr=False)
class Snapshots(Averaging):
    r"""One training in ``n_members`` cycles; the weights at the end of each are a member.

    Notes
    -----
    The learning rate is that of ``deepgen.schedules.Snapshot`` with a cycle for each member; the
    training runs through all of them, and patience does not end it. The members are averaged as
    those of independent trainings are, at the price of one.

    References
    ----------
    .. [1] G. Huang, Y. Li, G. Pleiss, Z. Liu, J. Hopcroft and K. Weinberger, "Snapshot ensembles:
       train 1, get M for free", ICLR 2017.

    Examples
    --------
    >>> from deepgen.averaging import Snapshots
    >>> Snapshots()
    Snapshots()
    """

    name: ClassVar[str] = "snapshot"
    runs_to_the_end: ClassVar[bool] = True

    def check_run(self, plan: Plan, steps_per_epoch: int) -> None:
        """Refuse a run that has fewer cycles than members.

        Parameters
        ----------
        plan : Plan
            Its schedule is a `Snapshot`.
        steps_per_epoch : int
            Steps of an epoch, >= 1.

        Raises
        ------
        ValueError
            If the last cycle has no step.
        """
        total = plan.horizon * steps_per_epoch
        length, n_cycles = cycle_of(plan, total), n_cycles_of(plan)
        if length * (n_cycles - 1) >= total:
            raise ValueError(
                f"max_iter={plan.horizon} gives {total} steps, which cannot be cut into "
                f"n_members={n_cycles} cycles of {length} each: take a multiple of n_members"
            )

    def n_steps_until_look(self, plan: Plan, position: Position) -> int | None:
        """Return how many steps are left of the cycle.

        Parameters
        ----------
        plan : Plan
            Its schedule is a `Snapshot`.
        position : Position
            Where the next step stands.

        Returns
        -------
        n_steps : int
            At least 1.
        """
        length = cycle_of(plan, plan.horizon * position.steps_per_epoch)
        return length - position.number % length

    def look(self, plan: Plan, position: Position, course: Course, weights: AnyArray) -> None:
        """Keep the weights that a cycle ends with, but for the last one, whose are the run's.

        Parameters
        ----------
        plan : Plan
            Its schedule is a `Snapshot`.
        position : Position
            Where the next step stands.
        course : Course
            Where they are kept.
        weights : ndarray of shape (n_parameters,)
            Copied.
        """
        length = cycle_of(plan, plan.horizon * position.steps_per_epoch)
        n_ended = min(position.number // length, n_cycles_of(plan) - 1)
        if n_ended > len(course.finished):
            course.finished = [*course.finished, weights.copy()]


def n_cycles_of(plan: Plan) -> int:
    """Return the number of cycles of a run.

    Parameters
    ----------
    plan : Plan
        Its schedule is a `Snapshot`.

    Returns
    -------
    n_cycles : int
        At least 1.
    """
    assert isinstance(plan.schedule, Snapshot)
    return plan.schedule.n_cycles


def cycle_of(plan: Plan, total: int) -> int:
    """Return the length of a cycle of a run.

    Parameters
    ----------
    plan : Plan
        Its schedule is a `Snapshot`.
    total : int
        Steps of the run, >= 1.

    Returns
    -------
    n_steps : int
        At least 1.
    """
    assert isinstance(plan.schedule, Snapshot)
    return plan.schedule.cycle(total)
