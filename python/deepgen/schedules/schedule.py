"""What the training loop asks of a schedule, and what it tells it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepgen._component import Component

__all__ = ["Position", "Schedule"]


@dataclass(frozen=True)
class Position:
    """Where in training a slice of steps begins.

    Parameters
    ----------
    epoch : int
        Epochs done before this one.
    step : int
        Steps of this epoch already done.
    steps_per_epoch : int
        Steps of a whole epoch, >= 1.
    samples_seen : int
        Training rows seen in all epochs before this one (scikit-learn's ``t_``).
    horizon : int
        Epochs that the run is planned for.

    Examples
    --------
    >>> from deepgen.schedules import Position
    >>> Position(epoch=3, step=5, steps_per_epoch=10, samples_seen=300, horizon=20).epoch
    3
    """

    epoch: int
    step: int
    steps_per_epoch: int
    samples_seen: int
    horizon: int

    @property
    def number(self) -> int:
        """Steps of the whole training before this one."""
        return self.epoch * self.steps_per_epoch + self.step


@dataclass(repr=False)
class Schedule(Component):
    """Base of all schedules; each has `rates` of its own.

    Examples
    --------
    >>> from deepgen.schedules import Cosine, Schedule
    >>> isinstance(Cosine(), Schedule)
    True
    """

    @property
    def goes_by_steps(self) -> bool:
        """Whether rates follow from the step alone, so that there is nothing to remember."""
        return False

    @property
    def peak(self) -> float:
        """The highest rate over the one before any schedule."""
        return 1.0

    def rates(
        self, base: float, position: Position, n_steps: int, state: dict[str, float]
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
        state : dict of str to float
            What this schedule remembers, empty at first.

        Returns
        -------
        rates : ndarray of shape (n_steps,)
            One learning rate a step.
        """
        raise NotImplementedError

    def is_spent(self, base: float, position: Position, state: dict[str, float]) -> bool:
        """Say whether the rate has come down to where it stays in all further epochs.

        Parameters
        ----------
        base : float
            The learning rate before any schedule, > 0.
        position : Position
            Where the next epoch begins.
        state : dict of str to float
            What this schedule remembers.

        Returns
        -------
        is_spent : bool
            False for an end that the user has set in epochs: there the last rate is meant to hold.
        """
        return False

    def end_epoch(self, base: float, monitored: float, state: dict[str, float]) -> bool:
        """Take note of an epoch's result.

        Parameters
        ----------
        base : float
            The learning rate before any schedule, > 0.
        monitored : float
            Loss of the validation data, without them of training; lower is better.
        state : dict of str to float
            What this schedule remembers; may be changed.

        Returns
        -------
        changed : bool
            True if the rate was lowered, so that patience with training begins afresh.
        """
        return False

    def stagnate(self, base: float, state: dict[str, float]) -> bool:
        """Answer to training that no longer improves.

        Parameters
        ----------
        base : float
            The learning rate before any schedule, > 0.
        state : dict of str to float
            What this schedule remembers; may be changed.

        Returns
        -------
        changed : bool
            True if the rate was lowered and training shall go on, False if it shall stop.
        """
        return False
