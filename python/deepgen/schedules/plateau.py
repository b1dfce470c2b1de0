"""Plateau: reduce the rate each time that the loss has stopped falling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from deepgen._settings import real, whole
from deepgen.schedules.schedule import Position, Schedule

__all__ = ["Plateau"]

# A smaller reduction is not made, as in PyTorch.
SMALLEST_CUT = 1e-8


@dataclass(repr=False)
class Plateau(Schedule):
    r"""The learning rate is multiplied by a factor each time that the loss has stopped falling.

    Parameters
    ----------
    factor : float, default=0.1
        Factor of a reduction, in (0, 1).
    patience : int, default=10
        Number of epochs without improvement after which the learning rate is reduced, >= 0.
    threshold : float, default=1e-4
        Relative decrease below the best loss that counts as an improvement, in [0, 1].
    cooldown : int, default=0
        Number of epochs after a reduction that are not counted, >= 0.
    min_rate : float, default=0.0
        Lower bound of the rate, >= 0.

    Notes
    -----
    The monitored loss is that of the validation data, or of the training data without them. The
    rule is PyTorch's ``ReduceLROnPlateau``: an epoch is an improvement if its loss is below best x
    (1 - threshold); reductions of less than 1e-8 are not made.

    A reduction resets the estimator's patience (``n_iter_no_change``), so that the lower rate has
    time to act. If that patience is shorter than this schedule's, training ends before any
    reduction.

    Examples
    --------
    >>> from deepgen.schedules import Plateau, Position
    >>> state, schedule = {}, Plateau(patience=1)
    >>> [schedule.end_epoch(0.5, loss, state) for loss in (2.0, 1.0, 1.0, 1.0)]
    [False, False, False, True]
    >>> start = Position(epoch=4, step=0, steps_per_epoch=1, samples_seen=8, horizon=9)
    >>> schedule.rates(0.5, start, 1, state).tolist()
    [0.05]
    """

    name: ClassVar[str] = "plateau"

    factor: float = real(0.1, "(0, 1)")
    patience: int = whole(10, "[0, inf)")
    threshold: float = real(1e-4, "[0, 1]")
    cooldown: int = whole(0, "[0, inf)")
    min_rate: float = real(0.0, "[0, inf)")

    def rates(
        self, base: float, position: Position, n_steps: int, state: dict[str, float]
    ) -> NDArray[np.float64]:
        return np.full(n_steps, self._rate(base, state))

    def is_spent(self, base: float, position: Position, state: dict[str, float]) -> bool:
        """Return whether no further reduction would be made."""
        return not self._is_cut(self._rate(base, state))

    def end_epoch(self, base: float, monitored: float, state: dict[str, float]) -> bool:
        """Count the epochs without improvement, and reduce the rate after too many of them."""
        if monitored < state.get("best", np.inf) * (1 - self.threshold):
            state["best"], state["n_level"] = monitored, 0
        else:
            state["n_level"] = state.get("n_level", 0) + 1
        if state.get("n_cooling", 0) > 0:
            state["n_cooling"] -= 1
            state["n_level"] = 0
        if state["n_level"] <= self.patience:
            return False
        state["n_cooling"], state["n_level"] = self.cooldown, 0
        rate = self._rate(base, state)
        if not self._is_cut(rate):
            return False
        state["n_cuts"] = state.get("n_cuts", 0) + 1
        return True

    def _lower(self, rate: float) -> float:
        return max(rate * self.factor, self.min_rate)

    def _is_cut(self, rate: float) -> bool:
        return rate - self._lower(rate) > SMALLEST_CUT

    def _rate(self, base: float, state: dict[str, float]) -> float:
        rate = base
        for _ in range(int(state.get("n_cuts", 0))):
            rate = self._lower(rate) if self._is_cut(rate) else rate
        return rate
