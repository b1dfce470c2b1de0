"""What the training loop asks of an average of weights, and what it tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from deepgen import _core
from deepgen._component import Component
from deepgen._engine.arrays import AnyArray
from deepgen.schedules import Position, Schedule

if TYPE_CHECKING:
    from deepgen._training.state import Course, Plan

__all__ = ["Averaging"]


@dataclass(repr=False)
class Averaging(Component):
    """Base of all averages; by itself it averages nothing.

    Attributes
    ----------
    replaces_weights : bool
        Whether the weights that the network predicts with are others than those that steps go on
        from, so that batch norm's statistics are not theirs.
    runs_to_the_end : bool
        Whether using up the epochs is what is wanted.

    Examples
    --------
    >>> from deepgen.averaging import EMA, Averaging
    >>> Averaging().replaces_weights, EMA().replaces_weights
    (False, True)
    """

    replaces_weights: ClassVar[bool] = False
    runs_to_the_end: ClassVar[bool] = False

    def wrappers(self) -> tuple[_core.Component, ...]:
        """Return what stands around the optimizer.

        Returns
        -------
        wrappers : tuple of deepgen._core.Component
            For the engine, from the inside out.
        """
        return ()

    def without_own(self, memory: dict[str, AnyArray]) -> dict[str, AnyArray]:
        """Return the optimizer's memory without the average's part.

        Parameters
        ----------
        memory : dict of str to ndarray
            By name.

        Returns
        -------
        memory : dict of str to ndarray
            Without the names that start with the average's own.
        """
        return {key: memory[key] for key in memory if not key.startswith(f"{self.name}_")}

    def scheduled(self, schedule: Schedule) -> Schedule:
        """Return the schedule that the average wants.

        Parameters
        ----------
        schedule : Schedule
            The one that the estimator asks for.

        Returns
        -------
        schedule : Schedule
            The same or another one.
        """
        return schedule

    def check_run(self, plan: Plan, steps_per_epoch: int) -> None:
        """Refuse a run that the average cannot be taken of.

        Parameters
        ----------
        plan : Plan
            What the run shall do.
        steps_per_epoch : int
            Steps of an epoch, >= 1.

        Raises
        ------
        ValueError
            If it is too short.
        """

    def n_steps_until_look(self, plan: Plan, position: Position) -> int | None:
        """Return after how many steps the average wants to see the weights.

        Parameters
        ----------
        plan : Plan
            What the run shall do.
        position : Position
            Where the next step stands.

        Returns
        -------
        n_steps : int or None
            None: not before the epoch's end.
        """
        return None

    def look(self, plan: Plan, position: Position, course: Course, weights: AnyArray) -> None:
        """Take note of the weights after a slice of steps.

        Parameters
        ----------
        plan : Plan
            What the run shall do.
        position : Position
            Where the next step stands.
        course : Course
            Where the average is kept.
        weights : ndarray of shape (n_parameters,)
            Not to be kept, but copied.
        """

    def end_epoch(self, plan: Plan, course: Course, weights: AnyArray) -> None:
        """Take note of the weights after an epoch.

        Parameters
        ----------
        plan : Plan
            What the run shall do.
        course : Course
            Where the average is kept; it does not count the epoch yet.
        weights : ndarray of shape (n_parameters,)
            Not to be kept, but copied.
        """

    def memory(self, course: Course, weights: AnyArray, n_trainable: int) -> dict[str, AnyArray]:
        """Return what the engine shall remember where a run begins.

        Parameters
        ----------
        course : Course
            Where the average is kept.
        weights : ndarray of shape (n_parameters,)
            Where steps begin.
        n_trainable : int
            How many of them are trained.

        Returns
        -------
        memory : dict of str to ndarray
            By name.
        """
        return {}

    def served(
        self, course: Course, trainer: _core.Trainer, weights: AnyArray, n_trainable: int
    ) -> AnyArray:
        """Return the weights that the network predicts with.

        Parameters
        ----------
        course : Course
            Where the average is kept.
        trainer : deepgen._core.Trainer
            Holds what the engine averages.
        weights : ndarray of shape (n_parameters,)
            Those that steps go on from.
        n_trainable : int
            How many of them are trained; the rest are batch norm's statistics.

        Returns
        -------
        served : ndarray of shape (n_parameters,)
            The same array where there is no average (yet).
        """
        return weights

    def say_unused(self, course: Course) -> None:
        """Warn where a whole run was too short for an average.

        Parameters
        ----------
        course : Course
            As the run left it.

        Warns
        -----
        UserWarning
            If nothing was averaged.
        """
