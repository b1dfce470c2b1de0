"""A column of pandas with values in NumPy, Arrow, masked arrays or categories."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from deepgen._inputs.array_column import column_of_array
from deepgen._inputs.arrow_column import read_arrow
from deepgen._inputs.object_columns import column_of_objects
from deepgen._inputs.raw_column import RawColumn, told

__all__ = ["read_pandas", "row_of_pandas"]

LEVELS = (str, bool, int, float, np.generic)
"""Types of categories; others are named by their text."""
NULLABLE = {"StringDtype", "BooleanDtype", "Float32Dtype", "Float64Dtype"} | {
    f"{sign}Int{bits}Dtype" for sign in ("", "U") for bits in (8, 16, 32, 64)
}
"""Names of pandas' own types whose values are Python's or missing."""


def read_pandas(name: Any, values: Any, zone: str | None) -> RawColumn:
    """Read a ``pandas.Series``."""
    dtype = values.dtype
    if hasattr(dtype, "pyarrow_dtype"):
        arrow = importlib.import_module("pyarrow")
        return read_arrow(name, arrow.array(values.array), zone)
    if hasattr(dtype, "categories") and hasattr(values, "cat"):
        return _categories(name, values)
    if type(dtype).__name__ in ("PeriodDtype", "IntervalDtype"):
        raise ValueError(f"{told(name)} is of type {dtype}; make it numbers, text or dates first")
    if dtype.kind == "M":
        if values.dt.tz is None:
            return column_of_array(name, values.to_numpy(dtype="datetime64[s]"))
        own = str(values.dt.tz)
        if zone not in (None, own):
            values, own = values.dt.tz_convert(zone), zone
        local = values.dt.tz_localize(None).to_numpy(dtype="datetime64[s]")
        return column_of_array(name, local, zone=own)
    if isinstance(dtype, np.dtype) and dtype.kind in "biufcm":
        return column_of_array(name, values.to_numpy())
    if dtype.kind in "iuf":
        return column_of_array(name, values.to_numpy(dtype=np.float64, na_value=np.nan))
    return column_of_objects(name, values.tolist(), zone=zone)


def row_of_pandas(X: Any) -> list[Any] | None:
    """Return the values of a frame of one row as objects; None if some would read differently.

    A column of a frame takes some ten microseconds to get at, all values of a row together as much
    as ten columns.
    """
    types = X.dtypes.tolist()
    categories = [place for place, kind in enumerate(types) if hasattr(kind, "categories")]
    if not all(map(_reads_as_objects, types)):
        return None
    values: list[Any] = X.iloc[0].tolist()
    for place in categories:
        if not isinstance(values[place], LEVELS):
            values[place] = str(values[place])
    return values


def _reads_as_objects(kind: Any) -> bool:
    """Return whether the values of a column of a type read as objects as they do as a column."""
    if isinstance(kind, np.dtype):
        return kind.kind in "biufMO"
    if hasattr(kind, "categories"):
        own = kind.categories.dtype
        return type(own).__name__ == "StringDtype" or own.kind in "biufO"
    return type(kind).__name__ in NULLABLE


def _categories(name: Any, values: Any) -> RawColumn:
    """Read categories; the value of each category is converted once."""
    codes = values.cat.codes.to_numpy().astype(np.intp)
    levels = [level if isinstance(level, LEVELS) else str(level) for level in values.cat.categories]
    read = column_of_objects(name, levels, is_category=True)
    if read.kind in ("text", "boolean"):
        assert read.codes is not None
        codes = np.append(read.codes, -1)[codes]
        return RawColumn(name, read.kind, len(codes), None, codes, read.levels, None, True)
    if read.kind == "empty":
        return RawColumn(name, "empty", len(codes), is_category=True)
    numbers = np.append(read.numbers(), np.nan)[codes]
    return RawColumn(name, "number", len(codes), numbers, is_category=True)
