"""Columns of Python objects: numbers, text, truth values or dates."""

from __future__ import annotations

import datetime
import math
import numbers
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from deepgen._inputs.raw_column import NO_TIME, RawColumn, told

__all__ = ["column_of_objects"]

DAY = 86_400.0
# Missing values of pandas; None and NaN are recognized separately.
NOTHING = ("NAType", "NaTType")
# Types of most columns of numbers; NumPy converts them at once.
PLAIN_NUMBERS = {float, int, type(None)}
WORDS = {"number": "numbers", "text": "text", "boolean": "truth values", "date": "dates"}


def column_of_objects(
    name: Any, values: list[Any], *, is_category: bool = False, zone: str | None = None
) -> RawColumn:
    """Read a list of values; raise an error for values of unknown or mixed kinds.

    Points in time with a time zone are converted to ``zone``, or to UTC.
    """
    if set(map(type, values)) <= PLAIN_NUMBERS:
        try:
            array = np.array(values, dtype=np.float64)
        except OverflowError:
            pass  # the code below names the row
        else:
            kind = "empty" if np.isnan(array).all() else "number"
            return RawColumn(name, kind, len(values), array, is_category=is_category)
    places: dict[Any, int] = {}
    try:
        raw = np.array([places.setdefault(value, len(places)) for value in values], dtype=np.intp)
    except TypeError:
        row, value = next((i, v) for i, v in enumerate(values, 1) if not _is_hashable(v))
        raise ValueError(
            f"{told(name)} holds a value of type {type(value).__name__} in row {row}; numbers, "
            "text, truth values and dates can be read"
        ) from None
    present, kinds = [], []
    for place, value in enumerate(places):
        kind = _kind(value)
        if kind == "strange":
            row = int(np.flatnonzero(raw == place)[0]) + 1
            raise ValueError(
                f"{told(name)} holds a value of type {type(value).__name__} in row {row}"
                + ("; decode bytes to text" if isinstance(value, bytes) else "")
                + ("; Complex data not supported" if isinstance(value, complex) else "")
            )
        if kind != "missing":
            present.append(place)
            kinds.append(kind)
    n_rows = len(values)
    if not present:
        return RawColumn(name, "empty", n_rows, is_category=is_category)
    if set(kinds) == {"number", "boolean"}:
        kinds = ["number"] * len(kinds)
    if len(set(kinds)) > 1:
        raise _mixture(name, raw, list(places), dict(zip(present, kinds, strict=True)))
    known = list(places)
    levels = [known[place] for place in present]
    # From positions among all values, the missing ones included, to positions among levels.
    moved = np.full(len(places), -1)
    moved[present] = np.arange(len(present))
    codes = moved[raw]
    kind = kinds[0]
    if kind in ("text", "boolean"):
        plain = tuple(str(level) if kind == "text" else bool(level) for level in levels)
        return RawColumn(name, kind, n_rows, None, codes, plain, is_category=is_category)
    if kind == "number":
        array = np.array([*_as_numbers(name, levels), np.nan])[codes]
        return RawColumn(name, kind, n_rows, array, is_category=is_category)
    seconds, zone = _as_seconds(name, levels, zone)
    array = np.array([*seconds, NO_TIME])[codes]
    return RawColumn(name, kind, n_rows, array, zone=zone, is_category=is_category)


def _kind(value: Any) -> str:
    """Return the kind of a value: "number", "text" ..., "missing" or "strange"."""
    own: Any = type(value)
    kind = _kind_of(own)
    # Only missing values differ from themselves.
    return "missing" if kind in ("number", "date") and value != value else kind


@cache
def _kind_of(kind: type[Any]) -> str:
    """Return the kind of the values of a type."""
    if kind is type(None) or kind.__name__ in NOTHING:
        return "missing"
    if issubclass(kind, str):
        return "text"
    if issubclass(kind, (bool, np.bool_)):
        return "boolean"
    if issubclass(kind, (np.datetime64, datetime.date)):
        return "date"
    spans = (datetime.timedelta, np.timedelta64)
    return "number" if issubclass(kind, (*spans, numbers.Real, Decimal)) else "strange"


def _is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _mixture(
    name: Any, raw: NDArray[np.intp], known: list[Any], kinds: dict[int, str]
) -> Exception:
    """Return the error for a column of mixed kinds, with a row of each kind."""
    rows: dict[str, int] = {}
    for place, kind in kinds.items():
        rows.setdefault(kind, int(np.flatnonzero(raw == place)[0]))
    what = " and ".join(WORDS[kind] for kind in rows)
    where = ", ".join(f"{known[raw[row]]!r} in row {row + 1}" for row in rows.values())
    return ValueError(f"{told(name)} mixes {what}: {where}")


def _as_numbers(name: Any, levels: list[Any]) -> list[float]:
    """Return numbers; spans of time are converted to days."""
    plain = []
    for level in levels:
        if isinstance(level, datetime.timedelta):
            level = level.total_seconds() / DAY
        elif isinstance(level, np.timedelta64):
            level = level / np.timedelta64(1, "D")
        try:
            number = float(level)
        except OverflowError:
            number = math.inf
        if math.isinf(number):
            raise ValueError(f"{told(name)} holds infinity or a number beyond 1.8e308")
        plain.append(number)
    return plain


def _as_seconds(
    name: Any, levels: list[Any], zone: str | None
) -> tuple[list[np.datetime64], str | None]:
    """Return points in time in seconds, and their time zone."""
    aware = [getattr(level, "tzinfo", None) is not None for level in levels]
    if not any(aware):
        return [np.datetime64(level, "s") for level in levels], None
    if not all(aware):
        raise ValueError(f"{told(name)} mixes times with a time zone and times without")
    zone = zone or "UTC"
    clock = datetime.timezone.utc if zone == "UTC" else ZoneInfo(zone)
    local = [level.astimezone(clock).replace(tzinfo=None) for level in levels]
    return [np.datetime64(level, "s") for level in local], zone
