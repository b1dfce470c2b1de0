"""Interface between the training loop and the schedules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepgen._component import Component

__all__ = ["Position", "Schedule"]


@dataclass(frozen=True)
class Position:
    """Position of a slice of steps in the training.

    Parameters
    ----------
    epoch : int
        Completed epochs.
    step : int
        Completed steps of the current epoch.
    steps_per_epoch : int
        Steps of a full epoch, >= 1.
    samples_seen : int
        Training rows seen in all epochs before this one (scikit-learn's ``t_``).
    horizon : int
        Planned number of epochs.

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
    """Base of all schedules; subclasses define `rates`.

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
            Position of the first step; all steps are in one epoch.
        n_steps : int
            Number of rates.
        state : dict of str to float
            Variables of this schedule, empty at first.

        Returns
        -------
        rates : ndarray of shape (n_steps,)
            One learning rate per step.
        """
        raise NotImplementedError

    def is_spent(self, base: float, position: Position, state: dict[str, float]) -> bool:
        """Return whether the rate has reached the value that it keeps in all further epochs.

        Parameters
        ----------
        base : float
            The learning rate before any schedule, > 0.
        position : Position
            Position at the beginning of the next epoch.
        state : dict of str to float
            Variables of this schedule.

        Returns
        -------
        is_spent : bool
            False for an end that the user has set in epochs: training may then continue at the last
            rate.
        """
        return False

    def end_epoch(self, base: float, monitored: float, state: dict[str, float]) -> bool:
        """Update the state with an epoch's result.

        Parameters
        ----------
        base : float
            The learning rate before any schedule, > 0.
        monitored : float
            Loss of the validation data, or of the training data without them; lower is better.
        state : dict of str to float
            Variables of this schedule; may be changed.

        Returns
        -------
        changed : bool
            True if the rate was reduced, so that patience starts afresh.
        """
        return False

    def stagnate(self, base: float, state: dict[str, float]) -> bool:
        """React to training that no longer improves.

        Parameters
        ----------
        base : float
            The learning rate before any schedule, > 0.
        state : dict of str to float
            Variables of this schedule; may be changed.

        Returns
        -------
        changed : bool
            True if the rate was reduced and training shall go on, False if it shall stop.
        """
        return False
