"""Columns of Arrow as arrays of NumPy: numbers, truth values and labels."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from deepgen._engine.arrays import AnyArray

__all__ = ["column_names", "is_number", "is_target", "numbers", "shown_type", "target_values"]

NUMBERS = ("int", "uint", "float", "double", "halffloat", "bool", "decimal")
TEXT = ("string", "large_string", "string_view")


def column_names(schema: Any) -> list[str]:
    """Return the columns of an Arrow schema; an index that pandas wrote without a name is none."""
    return [name for name in schema.names if not re.fullmatch(r"__index_level_\d+__", name)]


def is_number(kind: Any) -> bool:
    """Return whether values of an Arrow type are numbers or truth values."""
    return str(kind).startswith(NUMBERS)


def is_target(kind: Any, *, several: bool) -> bool:
    """Return whether an Arrow type can be a target; of several, each must be a number."""
    if str(kind).startswith("dictionary"):
        kind = kind.value_type
    return is_number(kind) or (not several and str(kind).startswith(TEXT))


def shown_type(kind: Any) -> str:
    """Return an Arrow type for a message."""
    text = str(kind)
    if text.startswith("dictionary"):
        return f"categories of {kind.value_type}"
    return "text" if text.startswith(TEXT) else text


def numbers(column: Any) -> AnyArray:
    """Return an Arrow column of numbers or truth values, NaN where one is missing."""
    kind = str(column.type)
    if kind.startswith("decimal") or (kind == "bool" and column.null_count):
        column = column.cast("float64")
    values: AnyArray = column.to_numpy(zero_copy_only=False)
    return values


def target_values(column: Any) -> AnyArray:
    """Return a target's Arrow column: numbers, truth values, or objects for text."""
    kind = str(column.type)
    if kind.startswith("dictionary"):
        column, kind = column.cast(column.type.value_type), str(column.type.value_type)
    if not kind.startswith(TEXT):
        return numbers(column)
    # Equal labels share one object, which is faster than an object per row.
    coded = column.dictionary_encode()
    known = np.array([*coded.dictionary.to_pylist(), None], dtype=object)
    codes = coded.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False)
    labels: AnyArray = known[codes]
    return labels
