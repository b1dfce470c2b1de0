"""PartReader: the parts of an epoch, read ahead by a thread into two buffers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import AnyArray
from deepgen._engine.random_streams import ROW_GROUPS, generator, stream
from deepgen._parquet import ParquetReader

__all__ = ["Part", "PartReader", "RowSource"]


@dataclass(frozen=True)
class RowSource:
    """Where rows come from: files, and the conversion of their targets.

    ``encode`` maps targets in the user's form to those of the engine and weights or None.
    """

    reader: ParquetReader
    encode: Callable[[AnyArray], tuple[AnyArray, AnyArray | None]]
    dtype: np.dtype[np.floating]


class Part(NamedTuple):
    """Rows of a part of an epoch in the engine's format."""

    X: AnyArray
    y: AnyArray
    weights: AnyArray | None


class PartReader:
    """Parts of one epoch after the other; while one is used, a thread reads the next.

    ``ends`` are the ends of an epoch's parts. Row groups come in an order of the epoch's own, or in
    that of the files without ``shuffle``; what a part's end cuts off of a row group is in the next.
    Nothing is read after ``n_epochs`` epochs from the first one asked for. If all rows
    are in one part, they are read once.
    """

    def __init__(
        self, source: RowSource, ends: list[int], *, seed: int, shuffle: bool, n_epochs: int
    ) -> None:
        self.source, self.ends = source, ends
        self._seed, self._shuffle, self._n_left = seed, shuffle, n_epochs
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="deepgen-parquet")
        self._closed = Event()
        self._buffers: list[AnyArray] = []
        self._n_filled = 0
        self._ahead: Future[Part] | None = None
        self._next = (-1, 0)
        self._only: Part | None = None

    @property
    def n_parts(self) -> int:
        """Number of parts of an epoch."""
        return len(self.ends)

    def part(self, epoch: int, number: int) -> Part:
        """Return a part, for which the ones before are given up; begin to read the one after it."""
        if self._only is not None:
            return self._only
        if self._ahead is None or self._next != (epoch, number):
            self._next = (epoch, number)
            self._ahead = self._pool.submit(self._read, epoch, number)
        part = self._ahead.result()
        if self.n_parts == 1:
            self._only, self._ahead = part, None
            return part
        last = number + 1 == self.n_parts
        self._n_left -= last
        self._ahead = None
        if self._n_left > 0:
            self._next = (epoch + 1, 0) if last else (epoch, number + 1)
            self._ahead = self._pool.submit(self._read, *self._next)
        return part

    def close(self) -> None:
        """End the thread, and close the files."""
        self._closed.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self.source.reader.close()

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Return the row groups in the order of an epoch."""
        groups = np.arange(len(self.source.reader.group_rows), dtype=np.int64)
        if not self._shuffle:
            return groups
        return generator(stream(self._seed, ROW_GROUPS) + epoch, ROW_GROUPS).permutation(groups)

    def _read(self, epoch: int, number: int) -> Part:
        """Fill a buffer with the rows of a part; runs in the thread, part after part."""
        source, ends = self.source, self.ends
        if len(self._buffers) < min(2, self.n_parts):
            shape = int(np.diff([0, *ends]).max()), source.reader.n_features
            self._buffers.append(np.empty(shape, source.dtype))
        first, end = ends[number - 1] if number else 0, ends[number]
        X = self._buffers[self._n_filled % len(self._buffers)][: end - first]
        self._n_filled += 1
        encoded, order = [], self.order(epoch)
        # Positions in the epoch: of the part, and of each row group that has rows in it.
        group_ends = np.cumsum(source.reader.group_rows[order])
        position = first
        while position < end:
            if self._closed.is_set():
                raise RuntimeError("the reader was closed")
            place = int(np.searchsorted(group_ends, position, side="right"))
            group, group_end = int(order[place]), int(group_ends[place])
            begin = group_end - int(source.reader.group_rows[group])
            until = min(group_end, end)
            rows = X[position - first : until - first]
            y = source.reader.read(group, position - begin, until - begin, rows)
            encoded.append(source.encode(y))
            position = until
        weights = [own for _, own in encoded if own is not None]
        return Part(
            X,
            np.concatenate([y for y, _ in encoded]),
            np.concatenate(weights) if weights else None,
        )
