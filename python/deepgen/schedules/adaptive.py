"""Adaptive: divide the rate each time that training stagnates, as in scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from deepgen._settings import real
from deepgen.schedules.schedule import Position, Schedule

__all__ = ["Adaptive"]


@dataclass(repr=False)
class Adaptive(Schedule):
    """The learning rate is divided each time that training no longer improves.

    Parameters
    ----------
    factor : float, default=5.0
        Divisor of the rate, > 1.
    min_rate : float, default=1e-6
        Training stops if it stagnates at this rate or below, >= 0.

    Notes
    -----
    ``tol`` and ``n_iter_no_change`` of the estimator define stagnation, as in scikit-learn.

    Examples
    --------
    >>> from deepgen.schedules import Adaptive, Position
    >>> state = {}
    >>> Adaptive().stagnate(0.1, state)
    True
    >>> start = Position(epoch=0, step=0, steps_per_epoch=1, samples_seen=0, horizon=1)
    >>> Adaptive().rates(0.1, start, 1, state).tolist()
    [0.02]
    """

    name: ClassVar[str] = "adaptive"

    factor: float = real(5.0, "(1, inf)")
    min_rate: float = real(1e-6, "[0, inf)")

    def rates(
        self, base: float, position: Position, n_steps: int, state: dict[str, float]
    ) -> NDArray[np.float64]:
        return np.full(n_steps, self._rate(base, state))

    def is_spent(self, base: float, position: Position, state: dict[str, float]) -> bool:
        """Return whether the next stagnation ends training."""
        return self._rate(base, state) <= self.min_rate

    def stagnate(self, base: float, state: dict[str, float]) -> bool:
        """Divide the rate, unless it has reached ``min_rate``."""
        if self._rate(base, state) <= self.min_rate:
            return False
        state["n_cuts"] = state.get("n_cuts", 0) + 1
        return True

    def _rate(self, base: float, state: dict[str, float]) -> float:
        rate = base
        # Divide once per cut instead of by a power: the rounding is then scikit-learn's.
        for _ in range(int(state.get("n_cuts", 0))):
            rate /= self.factor
        return rate
