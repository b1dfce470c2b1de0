"""Columns as NumPy arrays of numbers, truth values and times."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._inputs.raw_column import RawColumn, told

__all__ = ["column_of_array"]


def column_of_array(
    name: Any, values: NDArray[Any], *, zone: str | None = None, is_category: bool = False
) -> RawColumn:
    """Read an array (n_rows,) of numbers, truth values, points or spans of time (these in days)."""
    kind, n_rows = values.dtype.kind, len(values)
    if kind == "c":
        raise ValueError(f"Complex data not supported: {told(name)} is {values.dtype}")
    if kind == "b":
        codes = values.astype(np.intp)
        return RawColumn(name, "boolean", n_rows, None, codes, (False, True), None, is_category)
    if kind == "M":
        seconds = values.astype("datetime64[s]")
        return RawColumn(name, "date", n_rows, seconds, zone=zone, is_category=is_category)
    if kind == "m":
        values = values / np.timedelta64(1, "D")
    numbers = values.astype(np.float64, copy=False)
    return RawColumn(name, "number", n_rows, numbers, is_category=is_category)
