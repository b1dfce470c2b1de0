"""SWA: stochastic weight averaging, the mean of the weights at the ends of the last epochs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from deepgen._engine.arrays import AnyArray
from deepgen._engine.step_trainer import StepTrainer
from deepgen._settings import real
from deepgen._user_warnings import warn
from deepgen.averaging.averaging import Averaging
from deepgen.schedules import Position, Schedule
from deepgen.schedules.then_constant import ThenConstant, first_epoch

__all__ = ["SWA"]


@dataclass(repr=False)
class SWA(Averaging):
    r"""The network predicts with the mean of the weights at the ends of the last epochs.

    Parameters
    ----------
    start : float, default=0.75
        First epoch of the mean, >= 0: values below 1 are a share of ``max_iter``, values from 1 on
        are epochs.
    learning_rate : float, default=None
        Learning rate from ``start`` on, > 0; with a high rate the weights move around the minimum,
        near which their mean lies. None keeps the estimator's ``learning_rate``.

    Notes
    -----
    With n weights averaged so far: :math:`\bar w \leftarrow \bar w + (w - \bar w) / (n + 1)`, in
    float64. Training itself continues from w; before ``start`` the network predicts with w.
    Patience counts from the first epoch, so training may stop before ``start``; then nothing is
    averaged and a warning says so. Batch norm's statistics are computed anew for the mean: after
    each epoch that is validated, else at the end.

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
        """Return the schedule followed by the average's own learning rate."""
        if self.learning_rate is None:
            return schedule
        return ThenConstant(schedule, self.start, float(self.learning_rate))

    def restart(self, state: dict[str, Any]) -> None:
        """Drop the mean."""
        state.clear()

    def end_epoch(self, position: Position, weights: AnyArray, state: dict[str, Any]) -> None:
        """Update the mean with the weights after an epoch."""
        if position.epoch < first_epoch(self.start, position.horizon):
            return
        mean = state.get("mean", np.zeros(len(weights)))
        n_averaged = state.get("n_averaged", 0) + 1
        # A new array each time, since checkpoints of the state share the old one.
        state.update(mean=mean + (weights - mean) / n_averaged, n_averaged=n_averaged)

    def prediction_weights(
        self, trainer: StepTrainer, weights: AnyArray, n_trainable: int, state: dict[str, Any]
    ) -> AnyArray:
        """Return the mean."""
        return state["mean"].astype(weights.dtype) if "mean" in state else weights

    def warn_if_unused(self, n_epochs: int, state: dict[str, Any]) -> None:
        """Warn if the whole run ended before ``start``."""
        if "mean" not in state:
            warn(
                f"averaging='swa' averaged nothing: training ended after {n_epochs} epochs, "
                f"before start={self.start:g}. A smaller start or max_iter, or a larger "
                "n_iter_no_change, lets it begin."
            )
