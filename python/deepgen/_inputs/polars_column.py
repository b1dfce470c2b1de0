"""A column of Polars."""

from __future__ import annotations

from typing import Any

from deepgen._inputs.array_column import column_of_array
from deepgen._inputs.object_columns import column_of_objects
from deepgen._inputs.raw_column import RawColumn, told

__all__ = ["read_polars", "row_of_polars"]

PLAIN = {"Boolean", "String", "Categorical", "Enum", "Date", "Float32", "Float64"} | {
    f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)
}
"""Types whose values read as objects as they do as a column."""


def row_of_polars(X: Any) -> list[Any] | None:
    """Return the values of a frame of one row as objects; None if some would read differently."""
    if {dtype.base_type().__name__ for dtype in X.dtypes} <= PLAIN:
        return list(X.row(0))
    return None


def read_polars(name: Any, values: Any, zone: str | None) -> RawColumn:
    """Read a ``polars.Series``."""
    dtype = values.dtype
    kind = str(dtype).partition("(")[0]
    if dtype.is_numeric():
        return column_of_array(name, values.cast(float).to_numpy())
    if kind in ("Date", "Datetime"):
        own = getattr(dtype, "time_zone", None)
        if own is not None:
            own, values = zone or own, values.dt.convert_time_zone(zone or own)
            values = values.dt.replace_time_zone(None)
        return column_of_array(name, values.to_numpy().astype("datetime64[s]"), zone=own)
    if kind == "Duration":
        return column_of_array(name, values.to_numpy())
    if kind in ("Time", "List", "Array", "Struct", "Binary"):
        raise ValueError(f"{told(name)} is of type {dtype}; make it numbers, text or dates first")
    return column_of_objects(
        name, values.to_list(), is_category=kind in ("Categorical", "Enum"), zone=zone
    )
