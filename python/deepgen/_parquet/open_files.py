"""OpenFiles: Parquet files that are opened when they are read, and must not change meanwhile."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from deepgen._optional import load_extra

__all__ = ["FileStamp", "OpenFiles", "changed"]

# To open a file costs as much as to read thousands of its rows.
OPEN_FILES = 16


class FileStamp(NamedTuple):
    """What tells whether a file is the same as before; the time is in nanoseconds."""

    device: int
    number: int
    size: int
    changed: int


class OpenFiles:
    """Parquet files by name, of which those used last stay open.

    ``stamps`` are those of the files when they were opened first. A file with another stamp is
    refused, however many rows it has.
    """

    def __init__(self) -> None:
        self._arrow = load_extra("pyarrow", "parquet", "ParquetRows")
        self._parquet = load_extra("pyarrow.parquet", "parquet", "ParquetRows")
        self._open: dict[str, Any] = {}
        self.stamps: dict[str, FileStamp] = {}

    def get(self, file: str) -> Any:
        """Return an open file; one that cannot be read is refused by name."""
        if (opened := self._open.pop(file, None)) is None:
            opened = self._opened(file)
            if len(self._open) == OPEN_FILES:
                self._open.pop(next(iter(self._open))).close()
        self._open[file] = opened  # the last one used is the last one closed
        return opened

    def refuse_change(self, file: str) -> None:
        """Refuse a file that has been written to, replaced or removed since it was opened first."""
        try:
            found = os.stat(file)
        except OSError:
            raise changed(file) from None
        stamp = FileStamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
        if self.stamps.setdefault(file, stamp) != stamp:
            raise changed(file)

    def close(self) -> None:
        """Close all files, and free the memory that Arrow keeps."""
        while self._open:
            self._open.popitem()[1].close()
        self.free_memory()

    def free_memory(self) -> None:
        """Give the memory that Arrow keeps back to the system."""
        self._arrow.default_memory_pool().release_unused()

    def _opened(self, file: str) -> Any:
        self.refuse_change(file)
        try:
            # Without these settings whole row groups would be read ahead.
            opened = self._parquet.ParquetFile(file, pre_buffer=False, buffer_size=2**16)
        except (OSError, ValueError) as error:
            self.refuse_change(file)
            raise ValueError(f"{file} cannot be read as Parquet: {error}") from None
        # What was opened has the stamp of the name, if that is the same before and after.
        self.refuse_change(file)
        return opened


def changed(file: str) -> ValueError:
    """Return the error of a file that is another one than before."""
    return ValueError(f"{file} has changed while its rows were used")
