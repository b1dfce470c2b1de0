"""ThenConstant: another schedule until some epoch, then a constant rate."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from deepgen._settings import real
from deepgen.schedules.constant import Constant
from deepgen.schedules.schedule import Position, Schedule

__all__ = ["ThenConstant", "first_epoch"]


def first_epoch(start: float, horizon: int) -> int:
    """Return the number of epochs before the first one that counts.

    Parameters
    ----------
    start : float
        Values below 1 are a share of the run, values from 1 on are epochs.
    horizon : int
        Epochs of the run, >= 1.

    Returns
    -------
    n_epochs : int
        At least 0.
    """
    if start >= 1:
        return int(start)
    # In floats 0.29 * 100 is a little less than 29.
    return int(start * horizon + 1e-9)


@dataclass(repr=False)
class ThenConstant(Schedule):
    """Follow another schedule until some epoch, then a constant rate.

    Parameters
    ----------
    schedule : Schedule, default=Constant()
        Schedule of the first part.
    start : float, default=0.75
        Length of the first part, >= 0: values below 1 are a share of the run, values from 1 on are
        epochs.
    rate : float, default=0.05
        Constant rate of the second part, > 0.

    Examples
    --------
    >>> from deepgen.schedules import Constant, Position
    >>> from deepgen.schedules.then_constant import ThenConstant
    >>> held = ThenConstant(Constant(), start=0.5, rate=0.1)
    >>> here = Position(epoch=2, step=0, steps_per_epoch=2, samples_seen=8, horizon=4)
    >>> held.rates(1.0, here, 2, {}).tolist()
    [0.1, 0.1]
    """

    schedule: Schedule = field(default_factory=Constant)
    start: float = real(0.75, "[0, inf)")
    rate: float = real(0.05, "(0, inf)")

    def rates(
        self, base: float, position: Position, n_steps: int, state: dict[str, float]
    ) -> NDArray[np.float64]:
        if position.epoch < first_epoch(self.start, position.horizon):
            return self.schedule.rates(base, position, n_steps, state)
        return np.full(n_steps, self.rate)

    def end_epoch(self, base: float, monitored: float, state: dict[str, float]) -> bool:
        """Forward an epoch's result to the other schedule."""
        return self.schedule.end_epoch(base, monitored, state)

    def stagnate(self, base: float, state: dict[str, float]) -> bool:
        """Let the other schedule react to training that no longer improves."""
        return self.schedule.stagnate(base, state)
