"""PartsTrainer: the engine's trainer on the parts of an epoch, one after the other."""

from __future__ import annotations

from typing import Any

from deepgen import _core
from deepgen._engine.epoch_sums import EpochSums
from deepgen._training.streamed.part_reader import Part, PartReader

__all__ = ["PartsTrainer"]


class PartsTrainer(_core.Trainer):
    """The engine's trainer; for the engine each part is an epoch, shuffled with a key of its own.

    Steps, slices and their sums are those of the whole epoch, so that schedules and averages find
    no difference.
    """

    _reader: PartReader
    _n_steps: int
    _epoch: int
    _number: int
    _held: Part | None
    _before: EpochSums

    def follow(self, reader: PartReader, batch_size: int, *, joins_single_row: bool) -> None:
        """Take the data from a reader.

        ``joins_single_row``: an epoch's last batch of one row joins the one before.
        """
        self._reader, self._held = reader, None
        n_rows = reader.ends[-1]
        joined = joins_single_row and n_rows % batch_size == 1 and n_rows > 1
        self._n_steps = -(-n_rows // batch_size) - joined

    @property
    def steps_per_epoch(self) -> int:
        return self._n_steps

    def begin_epoch(self, epoch: Any) -> None:
        self._epoch, self._before = epoch, EpochSums()
        self._begin_part(0)

    def run(self, rates: Any, n_threads: Any = 1, **moving: Any) -> Any:
        """Run at most to the end of the current part."""
        part, before = super().run(rates, n_threads=n_threads, **moving), self._before
        is_last = self._number + 1 == self._reader.n_parts
        progress = EpochSums(
            before.n_steps + part.n_steps,
            before.n_rows + part.n_rows,
            before.loss + part.loss,
            before.gradient_norm + part.gradient_norm,
            part.finite,
            part.epoch_done and is_last,
        )
        if part.epoch_done and part.finite and not is_last:
            self._before = progress
            self._begin_part(self._number + 1)
        return progress

    def close(self) -> None:
        """End the reading."""
        self._reader.close()

    def _begin_part(self, number: int) -> None:
        self._number = number
        part = self._reader.part(self._epoch, number)
        if part is not self._held:
            self.set_data(part.X, part.y, part.weights)
            self._held = part
        super().begin_epoch(self._epoch * self._reader.n_parts + number)
