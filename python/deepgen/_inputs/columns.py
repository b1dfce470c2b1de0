"""Columns: their names in a table, and those with values that a network cannot use."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import AnyArray
from deepgen._names import shortened

__all__ = ["column_of_time", "columns_not_finite", "columns_of_no_numbers", "list_columns"]

# Largest number of columns in a message.
MAX_NAMES = 10

# Prefixes of the type names of dates, times and durations in NumPy, pandas, Polars and Arrow.
TIMES = ("date", "time", "duration", "period", "month_day_nano")


def list_columns(names: list[Any]) -> str:
    """Return names or positions as text for a message, such as "columns 'a', 'b'"."""
    listed = shortened([repr(name) for name in names], MAX_NAMES)
    return f"{'column' if len(names) == 1 else 'columns'} {listed}"


def columns_not_finite(values: Any, largest: float) -> tuple[list[Any], bool]:
    """Return the columns with gaps, else those beyond a number; and whether they have gaps.

    ``values`` (n_samples, n_columns), dense or sparse; for other values the list is empty.
    """
    names = _names(values)
    if hasattr(values, "tocoo"):
        entries = values.tocoo()
        numbers, places = entries.data, entries.col
    else:
        try:
            table = np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError):
            return [], False
        if table.ndim != 2:
            return [], False
        numbers, places = table, np.broadcast_to(np.arange(table.shape[1]), table.shape)
    gaps: NDArray[np.bool_] = np.isnan(numbers)
    bad = gaps if gaps.any() else np.abs(numbers) > largest
    return [names[place] for place in np.unique(places[bad])], bool(gaps.any())


def columns_of_no_numbers(values: Any) -> tuple[list[Any], list[Any]]:
    """Return the columns with strings, and those with other objects that are not numbers."""
    words, objects = [], []
    for name, column in _columns(values):
        try:
            np.asarray(column, dtype=object).astype(np.float64)
        except ValueError:
            words.append(name)
        except TypeError:
            objects.append(name)
    return words, objects


def column_of_time(values: Any) -> tuple[Any, str] | None:
    """Return the first column of dates, times or durations, and its type; None if there is none.

    NumPy and Polars would convert some of them to numbers: days, microseconds or nanoseconds.
    """
    types = _types(values)
    for place, kind in enumerate(types):
        if getattr(kind, "kind", "O") not in "biufc" and str(kind).lower().startswith(TIMES):
            return _names(values)[place], str(kind)
    if all(str(kind) != "object" for kind in types):
        return None
    for name, column in _columns(values):
        for kind in set(map(type, np.ravel(np.asarray(column, dtype=object)))):
            # NumPy's generic NaT, or any subclass of the standard library's types.
            if any(above.__name__.startswith(TIMES) for above in kind.__mro__):
                return name, kind.__name__
    return None


def _types(values: Any) -> list[Any]:
    """Return the type of each column; for a list the one type that NumPy finds."""
    if hasattr(values, "schema") and hasattr(values, "column_names"):
        return list(values.schema.types)
    if hasattr(values, "columns"):
        return list(getattr(values, "dtypes", []))
    if isinstance(values, list | tuple):
        try:
            return [np.asarray(values).dtype]
        except ValueError:
            return []  # of rows of many lengths, which others tell of
    return [getattr(values, "dtype", getattr(values, "type", None))]


def _names(values: Any) -> list[Any]:
    """Return the names of a table's columns, or their positions if they have none."""
    if hasattr(values, "column_names"):
        return list(values.column_names)
    if hasattr(values, "columns"):
        return list(values.columns)
    shape = np.shape(values) if not hasattr(values, "shape") else values.shape
    return list(range(shape[1] if len(shape) > 1 else 1))


def _columns(values: Any) -> list[tuple[Any, Any]]:
    """Return the names and columns of a table; an empty list for other values."""
    if hasattr(values, "column_names"):
        return list(zip(values.column_names, values.columns, strict=True))
    if hasattr(values, "get_columns"):
        return list(zip(values.columns, values.get_columns(), strict=True))
    if hasattr(values, "columns"):
        return [(name, values.iloc[:, place]) for place, name in enumerate(values.columns)]
    try:
        table: AnyArray = np.asarray(values, dtype=object)
    except ValueError:
        return []
    if table.ndim not in (1, 2) or not table.size or hasattr(values, "tocoo"):
        return []
    return list(enumerate(table.reshape(len(table), -1).T))
