"""Snapshot: several cosine waves of equal length, each from the full learning rate down to 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from deepgen._settings import whole
from deepgen.schedules.planned import Planned

__all__ = ["Snapshot"]


@dataclass(repr=False)
class Snapshot(Planned):
    r"""The learning rate falls along half a cosine wave, several times.

    Parameters
    ----------
    n_cycles : int, default=5
        Number of waves, >= 1.
    n_epochs : int, default=None
        Length of all waves in epochs, in [1, 1e9]; None is ``max_iter``. Later steps have the rate
        of the last one.

    Notes
    -----
    With T steps in M cycles, each of :math:`C = \lceil T / M \rceil` steps but for the last, which
    may be shorter, and steps counted from 1: :math:`\eta_t = \frac{\eta_0}{2} (1 + \cos(\pi
    \frac{(t - 1) \bmod C}{C}))`. The rate restarts at the steps :math:`k C + 1`.

    References
    ----------
    .. [1] G. Huang, Y. Li, G. Pleiss, Z. Liu, J. Hopcroft and K. Weinberger, "Snapshot ensembles:
       train 1, get M for free", ICLR 2017, eq. (2).

    Examples
    --------
    >>> from deepgen.schedules import Position, Snapshot
    >>> start = Position(epoch=0, step=0, steps_per_epoch=8, samples_seen=0, horizon=1)
    >>> Snapshot(n_cycles=2).rates(1.0, start, 8, {}).round(2).tolist()
    [1.0, 0.85, 0.5, 0.15, 1.0, 0.85, 0.5, 0.15]
    """

    name: ClassVar[str] = "snapshot"

    n_cycles: int = whole(5, "[1, inf)")

    def cycle(self, total: int) -> int:
        """Return the length of a wave in steps.

        Parameters
        ----------
        total : int
            Steps of all waves, >= 1.

        Returns
        -------
        n_steps : int
            At least 1.
        """
        return -(-total // self.n_cycles)

    def factors(self, numbers: NDArray[np.int64], total: int) -> NDArray[np.float64]:
        length = self.cycle(total)
        return 0.5 * (1 + np.cos(np.pi * (numbers % length) / length))
