"""SWA: the mean of the weights that the last epochs end with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from deepgen import _core
from deepgen._engine.arrays import AnyArray
from deepgen._settings import real
from deepgen._user_warnings import warn
from deepgen.averaging.averaging import Averaging
from deepgen.schedules import Constant, Position, Schedule

if TYPE_CHECKING:
    from deepgen._training.state import Course, Plan

__all__ = ["SWA"]


def first_epoch(start: float, horizon: int) -> int:
    """Return how many epochs come before the first one that counts.

    Parameters
    ----------
    start : float
        Share of the run below 1, epochs from 1 on.
    horizon : int
        Epochs of the run, >= 1.

    Returns
    -------
    n_epochs : int
        At least 0.
    """
    if start >= 1:
        return int(start)
    # A share such as 0.29 of 100 is a little less than 29.
    return int(start * horizon + 1e-9)


@dataclass(repr=False)
class SWA(Averaging):
    r"""The network predicts with the mean of the weights that the last epochs end with.

    Parameters
    ----------
    start : float, default=0.75
        After which epochs count, >= 0: below 1 a share of ``max_iter``, from 1 on so many epochs.
    learning_rate : float, default=None
        Learning rate from then on, > 0; a high one lets the weights wander around the minimum that
        their mean lies in. None leaves it to the estimator's ``learning_rate``.

    Notes
    -----
    With n weights of epochs so far: :math:`\bar w \leftarrow \bar w + (w - \bar w) / (n + 1)`, in
    float64. Training itself goes on from w; until ``start`` the network predicts with w. Patience
    counts from the beginning, so a training that stops before ``start`` averages nothing, which is
    warned about. Batch norm's statistics are computed anew for the mean: after each epoch that is
    measured, else at the end.

    References
    ----------
    .. [1] P. Izmailov, D. Podoprikhin, T. Garipov, D. Vetrov and A. G. Wilson, "Averaging weights
       leads to wider optima and better generalization", UAI 2018, algorithm 1.

    Examples
    --------
    >>> from deepgen.averaging import SWA
    >>> SWA(start=0.5, learning_rate=0.01)
    SWA(start=0.5, learning_rate=0.01)
    """

    name: ClassVar[str] = "swa"
    replaces_weights: ClassVar[bool] = True

    start: float = real(0.75, "[0, inf)")
    learning_rate: float | None = real(None, "(0, inf)")

    def scheduled(self, schedule: Schedule) -> Schedule:
        """Return the schedule with the average's own learning rate after it.

        Parameters
        ----------
        schedule : Schedule
            The one that the estimator asks for.

        Returns
        -------
        schedule : Schedule
            The same without a learning rate of its own.
        """
        if self.learning_rate is None:
            return schedule
        return HeldFrom(schedule, self.start, float(self.learning_rate))

    def end_epoch(self, plan: Plan, course: Course, weights: AnyArray) -> None:
        """Take the weights after an epoch into the mean.

        Parameters
        ----------
        plan : Plan
            What the run shall do.
        course : Course
            Where the mean is kept; it does not count the epoch yet.
        weights : ndarray of shape (n_parameters,)
            Copied.
        """
        if course.n_epochs < first_epoch(self.start, plan.horizon):
            return
        mean = np.zeros(len(weights)) if course.mean is None else course.mean
        course.mean = mean + (weights - mean) / (course.n_averaged + 1)
        course.n_averaged += 1

    def served(
        self, course: Course, trainer: _core.Trainer, weights: AnyArray, n_trainable: int
    ) -> AnyArray:
        """Return the mean.

        Parameters
        ----------
        course : Course
            Where the mean is kept.
        trainer : deepgen._core.Trainer
            Not used.
        weights : ndarray of shape (n_parameters,)
            Those that steps go on from.
        n_trainable : int
            Not used: the statistics are computed anew.

        Returns
        -------
        served : ndarray of shape (n_parameters,)
            The mean; ``weights`` themselves before the first epoch that counts.
        """
        return weights if course.mean is None else course.mean.astype(weights.dtype)

    def say_unused(self, course: Course) -> None:
        """Warn where a whole run ended before the first epoch that counts.

        Parameters
        ----------
        course : Course
            As the run left it.

        Warns
        -----
        UserWarning
            If nothing was averaged.
        """
        if course.mean is None:
            warn(
                f"averaging='swa' averaged nothing: training ended after {course.n_epochs} epochs, "
                f"before start={self.start:g}. A smaller start or max_iter, or a larger "
                "n_iter_no_change, lets it begin."
            )


@dataclass(repr=False)
class HeldFrom(Schedule):
    """Another schedule, and from some epoch on a rate that stays.

    Parameters
    ----------
    schedule : Schedule, default=Constant()
        What comes before.
    start : float, default=0.75
        After which share of the run the rate stays, from 1 on after how many epochs, >= 0.
    rate : float, default=0.05
        That rate, > 0.

    Examples
    --------
    >>> from deepgen.averaging.swa import HeldFrom
    >>> from deepgen.schedules import Constant, Position
    >>> held = HeldFrom(Constant(), start=0.5, rate=0.1)
    >>> here = Position(epoch=2, step=0, steps_per_epoch=2, samples_seen=8, horizon=4)
    >>> held.rates(1.0, here, 2, {}).tolist()
    [0.1, 0.1]
    """

    schedule: Schedule = field(default_factory=Constant)
    start: float = real(0.75, "[0, inf)")
    rate: float = real(0.05, "(0, inf)")

    def rates(
        self, base: float, position: Position, n_steps: int, memory: dict[str, float]
    ) -> NDArray[np.float64]:
        """Return the learning rates of the next steps.

        Parameters
        ----------
        base : float
            The learning rate before any schedule, > 0.
        position : Position
            Where the first of the steps stands; all of them lie in one epoch.
        n_steps : int
            How many rates are asked for.
        memory : dict of str to float
            That of the other schedule.

        Returns
        -------
        rates : ndarray of shape (n_steps,)
            One learning rate a step.
        """
        if position.epoch < first_epoch(self.start, position.horizon):
            return self.schedule.rates(base, position, n_steps, memory)
        return np.full(n_steps, self.rate)

    def end_epoch(self, base: float, monitored: float, memory: dict[str, float]) -> bool:
        """Tell the other schedule of an epoch's result.

        Parameters
        ----------
        base : float
            The learning rate before any schedule, > 0.
        monitored : float
            Loss of the validation data, without them of training; lower is better.
        memory : dict of str to float
            That of the other schedule.

        Returns
        -------
        changed : bool
            Whether it lowered its rate.
        """
        return self.schedule.end_epoch(base, monitored, memory)

    def stagnate(self, base: float, memory: dict[str, float]) -> bool:
        """Let the other schedule answer to training that no longer improves.

        Parameters
        ----------
        base : float
            The learning rate before any schedule, > 0.
        memory : dict of str to float
            That of the other schedule.

        Returns
        -------
        changed : bool
            True if training shall go on.
        """
        return self.schedule.stagnate(base, memory)
