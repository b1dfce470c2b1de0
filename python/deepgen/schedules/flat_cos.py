"""FlatCos: a constant rate, then half a cosine wave down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from deepgen._settings import real
from deepgen.schedules.planned import Planned

__all__ = ["FlatCos"]


@dataclass(repr=False)
class FlatCos(Planned):
    r"""The learning rate stays constant at first and then falls along half a cosine wave.

    Parameters
    ----------
    flat : float, default=0.5
        Share of the steps with a constant rate, in [0, 1].
    n_epochs : int, default=None
        Length of the schedule in epochs, in [1, 1e9]; None is ``max_iter``. Later steps have the
        rate of the last one.

    Notes
    -----
    With t the completed share of the steps and f = ``flat``: :math:`\eta = \eta_0` while t < f,
    then :math:`\eta = \frac{\eta_0}{2} (1 + \cos \pi \frac{t - f}{1 - f})`.

    References
    ----------
    .. [1] D. Holzmueller, L. Grinsztajn and I. Steinwart, "Better by default: strong pre-tuned MLPs
       and boosted trees on tabular data", NeurIPS 2024, for f = 1/2.

    Examples
    --------
    >>> from deepgen.schedules import FlatCos, Position
    >>> start = Position(epoch=0, step=0, steps_per_epoch=8, samples_seen=0, horizon=1)
    >>> FlatCos().rates(1.0, start, 8, {}).round(2).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0, 0.85, 0.5, 0.15]
    """

    name: ClassVar[str] = "flat_cos"

    flat: float = real(0.5, "[0, 1]")

    def factors(self, numbers: NDArray[np.int64], total: int) -> NDArray[np.float64]:
        if self.flat >= 1:
            return np.ones(len(numbers))
        falling = np.maximum(numbers / total - self.flat, 0) / (1 - self.flat)
        return 0.5 * (1 + np.cos(np.pi * falling))
