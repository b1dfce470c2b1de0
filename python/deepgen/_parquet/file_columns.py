"""Columns that Parquet files have between them."""

from __future__ import annotations

from typing import Any

from deepgen._parquet.columns import column_names
from deepgen._parquet.files import find_files
from deepgen._parquet.open_files import OpenFiles

__all__ = ["file_columns"]


def file_columns(path: Any) -> list[str]:
    """Return the columns of all files of a path, and those that names of folders hold."""
    found, files = find_files(path), OpenFiles()
    names = [name for file in found.names for name in column_names(files.get(file).schema_arrow)]
    files.close()
    return [*dict.fromkeys([*names, *found.partitions])]
