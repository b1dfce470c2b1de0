"""SWA: the mean of the weights that the last epochs end with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from deepgen import _core
from deepgen._engine.arrays import AnyArray
from deepgen._settings import real
from deepgen._user_warnings import warn
from deepgen.averaging.averaging import Averaging
from deepgen.schedules import Position, Schedule
from deepgen.schedules.then_constant import ThenConstant, first_epoch

__all__ = ["SWA"]


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
        """Return the schedule with the average's own learning rate after it."""
        if self.learning_rate is None:
            return schedule
        return ThenConstant(schedule, self.start, float(self.learning_rate))

    def restart(self, state: dict[str, Any]) -> None:
        """Drop the mean."""
        state.clear()

    def end_epoch(self, position: Position, weights: AnyArray, state: dict[str, Any]) -> None:
        """Take the weights after an epoch into the mean."""
        if position.epoch < first_epoch(self.start, position.horizon):
            return
        mean = state.get("mean", np.zeros(len(weights)))
        n_averaged = state.get("n_averaged", 0) + 1
        # A new array each time: notes of earlier states keep theirs.
        state.update(mean=mean + (weights - mean) / n_averaged, n_averaged=n_averaged)

    def prediction_weights(
        self, trainer: _core.Trainer, weights: AnyArray, n_trainable: int, state: dict[str, Any]
    ) -> AnyArray:
        """Return the mean."""
        return state["mean"].astype(weights.dtype) if "mean" in state else weights

    def warn_if_unused(self, n_epochs: int, state: dict[str, Any]) -> None:
        """Warn where a whole run ended before the first epoch that counts."""
        if "mean" not in state:
            warn(
                f"averaging='swa' averaged nothing: training ended after {n_epochs} epochs, "
                f"before start={self.start:g}. A smaller start or max_iter, or a larger "
                "n_iter_no_change, lets it begin."
            )
