"""Constant: the learning rate as given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from deepgen.schedules.schedule import Position, Schedule

__all__ = ["Constant"]


@dataclass(repr=False)
class Constant(Schedule):
    """The learning rate is constant.

    Examples
    --------
    >>> from deepgen.schedules import Constant, Position
    >>> here = Position(epoch=0, step=0, steps_per_epoch=2, samples_seen=0, horizon=1)
    >>> Constant().rates(0.1, here, 2, {}).tolist()
    [0.1, 0.1]
    """

    name: ClassVar[str] = "constant"

    @property
    def goes_by_steps(self) -> bool:
        return True

    def rates(
        self, base: float, position: Position, n_steps: int, state: dict[str, float]
    ) -> NDArray[np.float64]:
        return np.full(n_steps, base)
