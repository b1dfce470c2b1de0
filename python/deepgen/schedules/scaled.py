"""Scaled: another schedule times a number."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from deepgen._names import hint
from deepgen._settings import real
from deepgen.schedules.constant import Constant
from deepgen.schedules.schedule import Position, Schedule

__all__ = ["Scaled"]


@dataclass(repr=False)
class Scaled(Schedule):
    """Another schedule times a number, for example for dropout and weight decay.

    Parameters
    ----------
    schedule : Schedule, default=Constant()
        Schedule to be multiplied.
    factor : float, default=1.0
        Factor, >= 0; for dropout below 1.

    Notes
    -----
    A schedule alone has the maximum 1. ``dropout=Scaled(FlatCos(), 0.15)`` drops 15 % of the units
    in the first half of the run and ever fewer in the second, as RealMLP does with dropout and
    weight decay. Schedules that depend on the loss (`Plateau`, `Adaptive`) or on rows seen
    (`InvScaling`) are for the learning rate only.

    References
    ----------
    .. [1] D. Holzmueller, L. Grinsztajn and I. Steinwart, "Better by default: strong pre-tuned MLPs
       and boosted trees on tabular data", NeurIPS 2024, appendix A.

    Examples
    --------
    >>> from deepgen.schedules import FlatCos, Position, Scaled
    >>> start = Position(epoch=0, step=0, steps_per_epoch=8, samples_seen=0, horizon=1)
    >>> Scaled(FlatCos(), 0.2).rates(1.0, start, 8, {}).round(2).tolist()
    [0.2, 0.2, 0.2, 0.2, 0.2, 0.17, 0.1, 0.03]
    """

    name: ClassVar[str] = "scaled"

    schedule: Schedule = field(default_factory=Constant)
    factor: float = real(1.0, "[0, inf)")

    def check(self) -> None:
        """Refuse fields that are out of range or of the wrong kind."""
        super().check()
        schedule: object = self.schedule
        if not isinstance(schedule, Schedule):
            raise ValueError(
                "Scaled: schedule must be a schedule object, such as FlatCos(), got "
                f"{schedule!r}.{hint(schedule, ())}"
            )
        schedule.check()

    @property
    def goes_by_steps(self) -> bool:
        """Whether those of the multiplied schedule do."""
        return self.schedule.goes_by_steps

    @property
    def peak(self) -> float:
        """The peak of the multiplied schedule, times the factor."""
        return self.factor * self.schedule.peak

    def rates(
        self, base: float, position: Position, n_steps: int, state: dict[str, float]
    ) -> NDArray[np.float64]:
        return self.schedule.rates(self.factor * base, position, n_steps, state)

    def is_spent(self, base: float, position: Position, state: dict[str, float]) -> bool:
        """Ask the multiplied schedule."""
        return self.schedule.is_spent(self.factor * base, position, state)

    def end_epoch(self, base: float, monitored: float, state: dict[str, float]) -> bool:
        """Forward an epoch's result to the multiplied schedule."""
        return self.schedule.end_epoch(self.factor * base, monitored, state)

    def stagnate(self, base: float, state: dict[str, float]) -> bool:
        """Let the multiplied schedule react to training that no longer improves."""
        return self.schedule.stagnate(self.factor * base, state)
