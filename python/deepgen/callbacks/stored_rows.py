"""Rows of equal length that move from memory into a file when they become too many."""

from __future__ import annotations

import tempfile
import weakref
from pathlib import Path
from typing import Any

import numpy as np

from deepgen._engine.arrays import AnyArray

__all__ = ["StoredRows"]


class StoredRows:
    """A growing matrix, in memory or in a temporary file.

    Parameters
    ----------
    max_bytes : int
        Size up to which the rows stay in memory.
    folder : str, path or None
        Place of the file; None means the system's folder for temporary files. The file has no name
        (where the system allows that) and disappears with this object.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.callbacks.stored_rows import StoredRows
    >>> rows = StoredRows(max_bytes=20, folder=None)
    >>> rows.append(np.zeros(2)), rows.append(np.ones(2))
    (None, None)
    >>> rows.on_disk, rows.array().tolist()
    (True, [[0.0, 0.0], [1.0, 1.0]])
    """

    def __init__(self, max_bytes: int, folder: str | Path | None) -> None:
        self.max_bytes, self.folder = max_bytes, folder
        self._length = 0
        self._rows: list[AnyArray] = []
        self._file: Any = None
        self._kind: tuple[np.dtype[Any], int] | None = None

    def __len__(self) -> int:
        return self._length

    @property
    def on_disk(self) -> bool:
        """Whether the rows are in a file."""
        return self._file is not None

    def append(self, row: AnyArray) -> None:
        """Add a row.

        Parameters
        ----------
        row : ndarray of shape (n_columns,)
            Numbers of the type of the first row; kept, not copied, while the rows are in memory.
        """
        self._kind = self._kind or (row.dtype, len(row))
        self._length += 1
        if self._file is None and self._length * row.nbytes <= self.max_bytes:
            self._rows.append(row)
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self.folder)
            weakref.finalize(self, self._file.close)
            for earlier in self._rows:
                self._file.write(np.ascontiguousarray(earlier).data)
            self._rows = []
        self._file.write(np.ascontiguousarray(row).data)

    def array(self) -> AnyArray:
        """Return all rows as one matrix.

        Returns
        -------
        rows : ndarray of shape (n_rows, n_columns)
            Read-only; a memory map if the rows are in a file.
        """
        if self._kind is None:
            return np.zeros((0, 0))
        dtype, n_columns = self._kind
        if self._file is not None:
            self._file.flush()
            shape = (self._length, n_columns)
            return np.memmap(self._file, dtype=dtype, mode="r", shape=shape)
        together = np.stack(self._rows)
        together.flags.writeable = False
        # Views, so that the numbers are in memory once.
        self._rows = list(together)
        return together

    def __getstate__(self) -> dict[str, Any]:
        return {
            "max_bytes": self.max_bytes,
            "folder": self.folder,
            "rows": np.array(self.array()),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        rows = state.pop("rows")
        self.__init__(**state)  # type: ignore[misc]
        for row in rows:
            self.append(row)
