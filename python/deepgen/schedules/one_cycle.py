"""OneCycle: up to the learning rate and down again, once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from deepgen._settings import real
from deepgen.schedules.planned import Planned

__all__ = ["OneCycle"]


@dataclass(repr=False)
class OneCycle(Planned):
    r"""The learning rate rises to its maximum along half a cosine wave, then falls along another.

    Parameters
    ----------
    rise : float, default=0.3
        Share of the steps in which the rate rises, in [0, 1].
    start_divisor : float, default=25.0
        Ratio of the maximum to the first rate, >= 1.
    end_divisor : float, default=1e4
        Ratio of the first rate to the last rate, >= 1.
    n_epochs : int, default=None
        Length of the schedule in epochs, in [1, 1e9]; None is ``max_iter``. Later steps have the
        rate of the last one.

    Notes
    -----
    The maximum is the estimator's or solver's ``learning_rate_init``; it is reached at step
    :math:`p = \text{rise} \cdot T - 1` of the steps 0 to T - 1, the last rate at step T - 1. In
    between :math:`\eta = \eta_{to} + \frac{\eta_{from} - \eta_{to}}{2} (1 + \cos \pi s)` with s the
    completed share of the phase. This is PyTorch's ``OneCycleLR`` with two phases (``pct_start``,
    ``div_factor``, ``final_div_factor``); PyTorch also changes the momentum, which stays constant
    here.

    References
    ----------
    .. [1] L. N. Smith and N. Topin, "Super-convergence: very fast training of neural networks using
       large learning rates", 2018.

    Examples
    --------
    >>> from deepgen.schedules import OneCycle, Position
    >>> start = Position(epoch=0, step=0, steps_per_epoch=10, samples_seen=0, horizon=1)
    >>> OneCycle().rates(1.0, start, 10, {}).round(2).tolist()
    [0.04, 0.52, 1.0, 0.95, 0.81, 0.61, 0.39, 0.19, 0.05, 0.0]
    """

    name: ClassVar[str] = "one_cycle"

    rise: float = real(0.3, "[0, 1]")
    start_divisor: float = real(25.0, "[1, inf)")
    end_divisor: float = real(1e4, "[1, inf)")

    def factors(self, numbers: NDArray[np.int64], total: int) -> NDArray[np.float64]:
        first = 1 / self.start_divisor
        last = first / self.end_divisor
        peak = self.rise * total - 1
        # One of the sides may have no steps; the peak may then lie before the first one.
        up = numbers / peak if peak > 0 else np.ones(len(numbers))
        down = (numbers - peak) / (total - 1 - peak) if peak < total - 1 else np.zeros(len(numbers))
        rising = 1 + (first - 1) / 2 * (1 + np.cos(np.pi * up))
        falling = last + (1 - last) / 2 * (1 + np.cos(np.pi * down))
        factors: NDArray[np.float64] = np.where(numbers <= peak, rising, falling)
        return factors
