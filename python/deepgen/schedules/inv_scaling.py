"""InvScaling: divide by a power of the number of samples seen, as in scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from deepgen._settings import real
from deepgen.schedules.schedule import Position, Schedule

__all__ = ["InvScaling"]


@dataclass(repr=False)
class InvScaling(Schedule):
    r"""The learning rate falls with a power of the samples seen, epoch by epoch.

    Parameters
    ----------
    power_t : float, default=0.5
        Exponent, >= 0.

    Notes
    -----
    :math:`\eta_t = \eta_0 / (t + 1)^p` with t the training rows seen before the epoch, as in
    scikit-learn.

    Examples
    --------
    >>> from deepgen.schedules import InvScaling, Position
    >>> third = Position(epoch=2, step=0, steps_per_epoch=1, samples_seen=99, horizon=5)
    >>> InvScaling().rates(1.0, third, 1, {}).tolist()
    [0.1]
    """

    name: ClassVar[str] = "invscaling"

    power_t: float = real(0.5, "[0, inf)")

    def rates(
        self, base: float, position: Position, n_steps: int, state: dict[str, float]
    ) -> NDArray[np.float64]:
        # In floats: an exact integer power could have millions of digits.
        with np.errstate(over="ignore"):
            divisor = np.float64(position.samples_seen + 1) ** np.float64(self.power_t)
        return np.full(n_steps, base / divisor)
