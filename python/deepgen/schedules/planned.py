"""Planned: base of the schedules that run over a known number of epochs and then stay constant."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

import numpy as np
from numpy.typing import NDArray

from deepgen._settings import whole
from deepgen.schedules.schedule import Position, Schedule

__all__ = ["Planned"]


@dataclass(repr=False)
class Planned(Schedule):
    """Base of the schedules with an end.

    Parameters
    ----------
    n_epochs : int, default=None
        Length of the schedule in epochs, in [1, 1e9]; None is ``max_iter``. Later steps have the
        rate of the last one.

    Examples
    --------
    >>> from deepgen.schedules import Planned, Position
    >>> here = Position(epoch=1, step=0, steps_per_epoch=2, samples_seen=8, horizon=9)
    >>> numbers, total = Planned(n_epochs=2).steps(here, 4)
    >>> numbers.tolist(), total
    ([2, 3, 3, 3], 4)
    """

    _: KW_ONLY
    n_epochs: int | None = whole(None, "[1, 1e9]")

    @property
    def goes_by_steps(self) -> bool:
        return True

    def steps(self, position: Position, n_steps: int) -> tuple[NDArray[np.int64], int]:
        """Return the numbers of the next steps within the schedule.

        Parameters
        ----------
        position : Position
            Position of the first step.
        n_steps : int
            Number of steps.

        Returns
        -------
        numbers : ndarray of shape (n_steps,)
            Counted from 0; none is beyond the schedule's last.
        total : int
            Steps of the whole schedule, >= 1.
        """
        n_epochs = position.horizon if self.n_epochs is None else self.n_epochs
        total = max(1, round(n_epochs * position.steps_per_epoch))
        numbers = position.number + np.arange(n_steps, dtype=np.int64)
        return np.minimum(numbers, total - 1), total

    def factors(self, numbers: NDArray[np.int64], total: int) -> NDArray[np.float64]:
        """Return the factors by which the learning rate is multiplied.

        Parameters
        ----------
        numbers : ndarray of shape (n_steps,)
            Steps of the schedule, from 0.
        total : int
            Steps of the whole schedule, >= 1.

        Returns
        -------
        factors : ndarray of shape (n_steps,)
            One factor per step.
        """
        raise NotImplementedError

    def is_spent(self, base: float, position: Position, state: dict[str, float]) -> bool:
        """Return whether the epochs of ``max_iter`` are over."""
        return self.n_epochs is None and position.epoch >= position.horizon

    def rates(
        self, base: float, position: Position, n_steps: int, state: dict[str, float]
    ) -> NDArray[np.float64]:
        return base * self.factors(*self.steps(position, n_steps))
