"""CosLog: cosine waves, each twice as long as the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from deepgen._settings import real
from deepgen.schedules.planned import Planned

__all__ = ["CosLog"]


@dataclass(repr=False)
class CosLog(Planned):
    r"""The learning rate runs through whole cosine waves, each twice as long as the one before.

    Parameters
    ----------
    k : float, default=4
        Number of waves, in (0, 64].
    n_epochs : int, default=None
        Length of the schedule in epochs, in [1, 1e9]; None is ``max_iter``. Later steps have the
        rate of the last one.

    Notes
    -----
    With t the completed share of the steps: :math:`\eta = \frac{\eta_0}{2} (1 - \cos(2 \pi \log_2(1
    + (2^k - 1) t)))`. The first step has rate 0, the waves end at :math:`t = (2^i - 1) / (2^k -
    1)`, and the last and longest takes a little more than half of the steps.

    References
    ----------
    .. [1] D. Holzmueller, L. Grinsztajn and I. Steinwart, "Better by default: strong pre-tuned MLPs
       and boosted trees on tabular data", NeurIPS 2024.

    Examples
    --------
    >>> from deepgen.schedules import CosLog, Position
    >>> start = Position(epoch=0, step=0, steps_per_epoch=6, samples_seen=0, horizon=1)
    >>> CosLog(k=2).rates(1.0, start, 6, {}).round(2).tolist()
    [0.0, 0.93, 0.0, 0.72, 0.93, 0.32]
    """

    name: ClassVar[str] = "coslog4"

    k: float = real(4, "(0, 64]")

    def factors(self, numbers: NDArray[np.int64], total: int) -> NDArray[np.float64]:
        waves = np.log2(1 + (2.0**self.k - 1) * (numbers / total))
        factors: NDArray[np.float64] = 0.5 * (1 - np.cos(2 * np.pi * waves))
        return factors
