"""EMA: exponential moving average of the weights over the steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from deepgen import _core
from deepgen._engine.arrays import AnyArray
from deepgen._engine.step_trainer import StepTrainer
from deepgen.averaging.averaging import Averaging

__all__ = ["EMA"]


@dataclass(repr=False)
class EMA(Averaging):
    r"""The network predicts with an exponential moving average of its weights.

    Parameters
    ----------
    decay : float, default=0.99
        Weight of the previous average in each step, in [0, 1). The average covers about the last 1
        / (1 - ``decay``) steps, which should be a small part of the training.

    Notes
    -----
    After the first step :math:`a_1 = w_1`, then :math:`a_t = d a_{t-1} + (1 - d) w_t`, for all
    trainable parameters, as PyTorch's ``swa_utils``. Training itself continues from w. The average
    needs memory for one number per parameter and is updated within the step. Batch norm's
    statistics are computed anew for the averaged weights: after each epoch that is validated, else
    at the end.

    References
    ----------
    .. [1] B. T. Polyak and A. B. Juditsky, "Acceleration of stochastic approximation by averaging",
       SIAM Journal on Control and Optimization 30, 1992.
    .. [2] A. Tarvainen and H. Valpola, "Mean teachers are better role models", NeurIPS 2017.

    Examples
    --------
    >>> from deepgen.averaging import EMA
    >>> EMA(decay=0.999)
    EMA(decay=0.999)
    """

    name: ClassVar[str] = "ema"
    family: ClassVar[str] = "wrappers"
    replaces_weights: ClassVar[bool] = True

    decay: float = 0.99

    def wrappers(self) -> tuple[_core.Component, ...]:
        """Return the wrapper that computes the average."""
        return (self.to_core(),)

    def prediction_weights(
        self, trainer: StepTrainer, weights: AnyArray, n_trainable: int, state: dict[str, Any]
    ) -> AnyArray:
        """Return the average."""
        if not trainer.recall("ema_begun")[0]:
            return weights
        average: AnyArray = trainer.recall("ema_average")
        average[n_trainable:] = weights[n_trainable:]
        return average
