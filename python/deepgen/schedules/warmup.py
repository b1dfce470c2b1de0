"""Warmup: a linear rise of the learning rate before another schedule."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from deepgen._names import hint
from deepgen._settings import whole
from deepgen.schedules.constant import Constant
from deepgen.schedules.schedule import Position, Schedule

__all__ = ["Warmup"]


@dataclass(repr=False)
class Warmup(Schedule):
    r"""The learning rate rises linearly from step to step; then another schedule begins.

    Parameters
    ----------
    schedule : Schedule, default=Constant()
        Schedule after the warm-up; not another `Warmup`.
    epochs : int, default=5
        Length of the warm-up in epochs, in [0, 1e9].

    Notes
    -----
    With W steps of warm-up, counted from 0: :math:`\eta_t = \eta_0 (t + 1) / (W + 1)`. The second
    schedule counts steps and rows from the end of the warm-up; if its length is ``max_iter``, it
    has the remaining epochs.

    References
    ----------
    .. [1] P. Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", 2017,
       section 2.2.

    Examples
    --------
    >>> from deepgen.schedules import Cosine, Position, Warmup
    >>> start = Position(epoch=0, step=0, steps_per_epoch=4, samples_seen=0, horizon=3)
    >>> Warmup(Cosine(), epochs=1).rates(1.0, start, 4, {}).tolist()
    [0.2, 0.4, 0.6, 0.8]
    """

    name: ClassVar[str] = "warmup"

    schedule: Schedule = field(default_factory=Constant)
    epochs: int = whole(5, "[0, 1e9]")

    def check(self) -> None:
        """Refuse fields that are out of range or of the wrong kind."""
        super().check()
        schedule: object = self.schedule
        if not isinstance(schedule, Schedule) or isinstance(schedule, Warmup):
            raise ValueError(
                "Warmup: schedule must be a schedule object other than Warmup, such as Cosine(), "
                f"got {schedule!r}.{hint(schedule, ())}"
            )
        schedule.check()

    @property
    def goes_by_steps(self) -> bool:
        """Whether those of the second schedule do."""
        return self.schedule.goes_by_steps

    @property
    def peak(self) -> float:
        """The peak of the second schedule, to which the rise leads."""
        return max(1.0, self.schedule.peak)

    def rates(
        self, base: float, position: Position, n_steps: int, state: dict[str, float]
    ) -> NDArray[np.float64]:
        if position.epoch < self.epochs:
            numbers = position.number + np.arange(1, n_steps + 1)
            return base * numbers / (self.epochs * position.steps_per_epoch + 1)
        n_rows = state.setdefault("n_warm_rows", position.samples_seen)
        return self.schedule.rates(base, self._after(position, n_rows), n_steps, state)

    def is_spent(self, base: float, position: Position, state: dict[str, float]) -> bool:
        """Ask the second schedule, once it has begun."""
        if position.epoch < self.epochs:
            return False
        return self.schedule.is_spent(base, self._after(position, 0), state)

    def _after(self, position: Position, n_rows: float) -> Position:
        """Return the position of a step within the second schedule."""
        return replace(
            position,
            epoch=position.epoch - self.epochs,
            samples_seen=position.samples_seen - int(n_rows),
            horizon=max(position.horizon - self.epochs, 1),
        )

    def end_epoch(self, base: float, monitored: float, state: dict[str, float]) -> bool:
        """Forward an epoch's result to the second schedule, once it has begun."""
        begun = "n_warm_rows" in state
        return begun and self.schedule.end_epoch(base, monitored, state)

    def stagnate(self, base: float, state: dict[str, float]) -> bool:
        """Let the second schedule react to training that no longer improves."""
        return self.schedule.stagnate(base, state)
