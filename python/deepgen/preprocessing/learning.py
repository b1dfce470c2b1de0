"""From the columns of a training table to their learned properties."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deepgen._inputs.columns import list_columns
from deepgen._inputs.frame import Frame
from deepgen._inputs.raw_column import RawColumn, told
from deepgen._names import hint
from deepgen.preprocessing.category import CategoryColumn, find_levels
from deepgen.preprocessing.code import FEWEST_LEVELS, CodeColumn
from deepgen.preprocessing.column import Column
from deepgen.preprocessing.date import DateColumn
from deepgen.preprocessing.number import NumberColumn
from deepgen.preprocessing.scales import Scale

__all__ = ["Plan", "chosen_categories", "learn_columns"]

# From here on a float has several whole numbers for neighbours.
INEXACT = 2.0**53


@dataclass(frozen=True)
class Plan:
    """Settings of the columns.

    Parameters
    ----------
    scale : type of Scale
        Scale of numbers.
    n_bins : int
        Number of bins of their encoding; 0 for none.
    categories : frozenset of int or None
        Positions of the columns of categories; None means those with a suitable type.
    max_levels : int
        Largest number of levels of text, even for few rows.
    dates : bool
        Whether columns of dates and times are accepted.
    as_codes : bool
        Whether categories with many levels become codes.

    Examples
    --------
    >>> from deepgen.preprocessing.learning import Plan
    >>> from deepgen.preprocessing.scales import RobustScale
    >>> Plan(RobustScale, 16, None, 255, True, False).n_bins
    16
    """

    scale: type[Scale]
    n_bins: int
    categories: frozenset[int] | None
    max_levels: int
    dates: bool
    as_codes: bool


def chosen_categories(wanted: Any, frame: Frame) -> frozenset[int] | None:
    """Return the positions of the columns that a parameter defines as categories.

    Parameters
    ----------
    wanted : 'from_dtype', None, or array-like of bool, int or str
        The parameter ``categorical_features``.
    frame : Frame
        The training table.

    Returns
    -------
    places : frozenset of int or None
        None for 'from_dtype'.

    Raises
    ------
    ValueError
        If there is no such column, or a mask has the wrong length.
    """
    if wanted is None:
        return frozenset()
    if isinstance(wanted, str):
        if wanted == "from_dtype":
            return None
        raise ValueError(
            "categorical_features is 'from_dtype', None, a mask, positions or names of columns in "
            f"a list; got {wanted!r}.{hint(wanted, ['from_dtype'])}"
        )
    # A list of booleans is a mask. It must be recognized first, since a boolean is an int.
    given = list(wanted) if not isinstance(wanted, np.ndarray) else np.atleast_1d(wanted).tolist()
    if given and all(isinstance(entry, (bool, np.bool_)) for entry in given):
        if len(given) != frame.n_columns:
            raise ValueError(
                f"categorical_features is a mask of {len(given)} entries, X has {frame.n_columns} "
                "columns"
            )
        return frozenset(np.flatnonzero(given).tolist())
    places, unknown = set(), []
    for entry in given:
        if isinstance(entry, str) and frame.names is not None and entry in frame.names:
            places.add(frame.names.index(entry))
        elif isinstance(entry, (int, np.integer)) and -1 < entry < frame.n_columns:
            places.add(int(entry))
        else:
            unknown.append(entry)
    if unknown:
        names = [] if frame.names is None else list(frame.names)
        raise ValueError(
            f"categorical_features: X has no {list_columns(unknown)}."
            f"{hint(unknown[0], [name for name in names if isinstance(name, str)])}"
        )
    return frozenset(places)


def learn_columns(frame: Frame, plan: Plan) -> tuple[tuple[Column, ...], tuple[int, ...]]:
    """Learn from the training rows.

    Parameters
    ----------
    frame : Frame
        The training table.
    plan : Plan
        Settings of the columns.

    Returns
    -------
    columns : tuple of Column
        Columns in the order of the table.
    empty : tuple of int
        Positions of the columns without values. Neither they nor constant columns are among the
        columns.

    Raises
    ------
    ValueError
        If a column cannot be read, or no column varies.
    """
    columns: list[Column] = []
    empty, start = [], 0
    for place in range(frame.n_columns):
        raw = frame.column(place)
        if raw.missing().all():
            empty.append(place)
            continue
        column = _learn(raw, f"x{place}" if frame.names is None else raw.name, place, plan)
        if column is not None:
            columns.append(replace(column, start=start))
            start = columns[-1].features.stop
    if not columns:
        raise ValueError(
            f"no column of X can be used: each is empty or constant (n_samples = {frame.n_rows}, "
            f"{frame.n_columns} feature(s))"
        )
    return tuple(columns), tuple(empty)


def _learn(raw: RawColumn, name: Any, place: int, plan: Plan) -> Column | None:
    """Return the learned properties of a column; None for a constant one."""
    if plan.categories is None:
        as_category = raw.is_category or raw.kind in ("text", "boolean")
    else:
        as_category = place in plan.categories
    if as_category:
        return _learn_category(raw, name, place, plan)
    if raw.kind == "text":
        raise ValueError(
            f"{told(raw.name)} holds text and is none of categorical_features; name it there, "
            "encode it before, or take categorical_features='from_dtype'"
        )
    if raw.kind == "date":
        if not plan.dates:
            raise ValueError(f"{told(raw.name)} holds dates, and dates=False refuses them")
        return DateColumn.learn(name, place, raw, plan.n_bins)
    return NumberColumn.learn(name, place, raw.numbers(), plan.scale, plan.n_bins)


def _learn_category(raw: RawColumn, name: Any, place: int, plan: Plan) -> Column | None:
    levels, counts, n_missing, is_text = find_levels(raw)
    if raw.kind == "number" and max(map(abs, levels)) >= INEXACT:
        raise ValueError(
            f"{told(raw.name)} is a category with numbers of 2**53 and more, where floats cannot "
            "tell neighbouring whole numbers apart: make it text, such as with .astype(str)"
        )
    if len(levels) == 1 and not n_missing:
        return None
    if len(levels) > max(plan.max_levels, raw.n_rows / 20):
        raise ValueError(_too_many_levels(raw, levels))
    if plan.as_codes and len(levels) >= FEWEST_LEVELS:
        return CodeColumn.learn(name, place, levels, counts, n_missing, is_text)
    return CategoryColumn(name, place, 0, levels, n_missing > 0, is_text)


def _too_many_levels(raw: RawColumn, levels: tuple[Any, ...]) -> str:
    """Return the refusal of categories whose levels hardly repeat."""
    found = f"{len(levels):,} different values in {raw.n_rows:,} rows"
    if raw.is_category or raw.kind != "text":
        return (
            f"{told(raw.name)} has {found}, too many for categories; group rare ones, or raise "
            "max_levels"
        )
    try:
        [float(level) for level in levels]
    except ValueError:
        return (
            f"{told(raw.name)} is free text: {found}. Encode it before, such as with skrub's "
            "StringEncoder or TextEncoder (https://skrub-data.org), drop it, or raise max_levels"
        )
    return (
        f"{told(raw.name)} holds numbers written as text, {found}: make them numbers before, such "
        "as with pandas.to_numeric, or raise max_levels if they are names of things"
    )
