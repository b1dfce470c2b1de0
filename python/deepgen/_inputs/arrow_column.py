"""A column of Arrow."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from deepgen._inputs.array_column import column_of_array
from deepgen._inputs.object_columns import column_of_objects
from deepgen._inputs.raw_column import RawColumn, told

__all__ = ["read_arrow", "row_of_arrow"]

STRANGE = (
    *("time", "list", "large_list", "fixed_size_list", "struct", "map", "binary"),
    *("large_binary", "fixed_size_binary", "sparse_union", "dense_union", "month_day_nano"),
)

PLAIN = {"bool", "string", "large_string", "float", "double", "date32[day]"} | {
    f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
}
"""Types whose values read as objects as they do as a column."""


def row_of_arrow(X: Any) -> list[Any] | None:
    """Return the values of a table of one row as objects; None if some would read differently."""
    if {str(kind) for kind in X.schema.types} <= PLAIN:
        return [column[0].as_py() for column in X.columns]
    return None


def read_arrow(name: Any, values: Any, zone: str | None) -> RawColumn:
    """Read a ``pyarrow.ChunkedArray`` or ``pyarrow.Array``."""
    kind = str(values.type)
    is_category = kind.startswith("dictionary")
    if is_category:
        values = values.cast(values.type.value_type)
        kind = str(values.type)
    if kind.startswith("timestamp"):
        own = values.type.tz
        if own is not None:
            arrow = importlib.import_module("pyarrow")
            own = zone or own
            values = values.cast(arrow.timestamp(values.type.unit, own))
            values = importlib.import_module("pyarrow.compute").local_timestamp(values)
        return column_of_array(name, _numpy(values).astype("datetime64[s]"), zone=own)
    if kind.startswith(("int", "uint", "float", "double", "halffloat", "date", "duration")):
        return column_of_array(name, _numpy(values), is_category=is_category)
    if kind.startswith(STRANGE):
        raise ValueError(f"{told(name)} is of type {kind}; make it numbers, text or dates first")
    return column_of_objects(name, _numpy(values).tolist(), is_category=is_category, zone=zone)


def _numpy(values: Any) -> Any:
    return np.asarray(values.to_numpy(zero_copy_only=False))
