"""Cosine: half a cosine wave from the learning rate down to a minimum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from deepgen._settings import real
from deepgen.schedules.planned import Planned
from deepgen.schedules.schedule import Position

__all__ = ["Cosine"]


@dataclass(repr=False)
class Cosine(Planned):
    r"""The learning rate falls along half a cosine wave, after an optional warm-up.

    Parameters
    ----------
    warmup : float, default=0.0
        Length of the linear warm-up, >= 0: values below 1 are a share of the whole schedule, values
        from 1 on are epochs.
    min_rate : float, default=0.0
        Final rate, >= 0.
    n_epochs : int, default=None
        Length of the schedule in epochs, warm-up included, in [1, 1e9]; None is ``max_iter``. Later
        steps have the rate of the last one.

    Notes
    -----
    With T steps, W of them warm-up, and steps counted from 0: :math:`\eta_t = \eta_0 (t + 1) /
    (W + 1)` while t < W, then :math:`\eta_t = \eta_{min} + \frac{\eta_0 - \eta_{min}}{2} (1 + \cos
    \pi \frac{t - W}{T - W})`. The second part is PyTorch's ``CosineAnnealingLR``, stepped after
    each batch.

    References
    ----------
    .. [1] I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR
       2017, eq. (5).
    .. [2] P. Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", 2017,
       section 2.2, for the warm-up.

    Examples
    --------
    >>> from deepgen.schedules import Cosine, Position
    >>> start = Position(epoch=0, step=0, steps_per_epoch=8, samples_seen=0, horizon=1)
    >>> Cosine().rates(1.0, start, 8, {}).round(2).tolist()
    [1.0, 0.96, 0.85, 0.69, 0.5, 0.31, 0.15, 0.04]
    """

    name: ClassVar[str] = "cosine"

    warmup: float = real(0.0, "[0, inf)")
    min_rate: float = real(0.0, "[0, inf)")

    def rates(
        self, base: float, position: Position, n_steps: int, state: dict[str, float]
    ) -> NDArray[np.float64]:
        numbers, total = self.steps(position, n_steps)
        unit = total if self.warmup < 1 else position.steps_per_epoch
        n_rising = min(round(self.warmup * unit), total)
        rising = base * (numbers + 1) / (n_rising + 1)
        done = (numbers - n_rising) / max(total - n_rising, 1)
        falling = self.min_rate + (base - self.min_rate) / 2 * (1 + np.cos(np.pi * done))
        return np.where(numbers < n_rising, rising, falling)
