"""The dates of a single row, those of all columns together."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._inputs.object_columns import column_of_objects
from deepgen._inputs.raw_column import NO_TIME
from deepgen.preprocessing.column import Column
from deepgen.preprocessing.date import PARTS, DateColumn, circle, days_of, part_of

__all__ = ["RowDates"]


class RowDates:
    """Encoder of the calendar parts of a row's dates.

    Parameters
    ----------
    named : iterable of tuple
        Name of each column for messages, and the column.

    Examples
    --------
    >>> import datetime
    >>> import numpy as np
    >>> from deepgen.preprocessing import TableEncoder
    >>> from deepgen.preprocessing.row_dates import RowDates
    >>> days = [datetime.date(1890, 1, 1), datetime.date(1890, 4, 1)]
    >>> encoder = TableEncoder().fit([[day] for day in days])
    >>> row = np.zeros(len(encoder.feature_kinds_), dtype=np.float32)
    >>> RowDates([("day", encoder.columns_[0])]).write(days[:1], row)
    [-29219.0]
    """

    def __init__(self, named: Iterable[tuple[Any, Column]]) -> None:
        self._columns = [(name, c) for name, c in named if isinstance(c, DateColumn)]
        # Of each part: the points of its circle, its columns here, and their two features.
        self._parts = []
        for part in PARTS:
            of = [i for i, (_, column) in enumerate(self._columns) if part in column.parts]
            first = [_first_feature(self._columns[i][1], part) for i in of]
            to = np.array(first, dtype=np.intp).reshape(-1, 1) + [0, 1]
            self._parts.append((part, circle(part), np.array(of, dtype=np.intp), to))

    def write(self, values: Sequence[Any], row: NDArray[np.float32]) -> list[float]:
        """Write the calendar parts of all dates.

        Parameters
        ----------
        values : sequence
            A value per column of the training table.
        row : ndarray of shape (n_features_out,)
            Array for the features.

        Returns
        -------
        days : list of float
            Days since 1970 per column of dates, NaN if missing.

        Raises
        ------
        ValueError
            If a value is no date.
        """
        if not self._columns:
            return []
        read = [_read(name, column, values[column.place]) for name, column in self._columns]
        dates = np.array(read, dtype="datetime64[s]")
        missing = np.isnat(dates)
        for part, points, of, to in self._parts:
            if len(of):
                turns = np.where(missing, PARTS[part], part_of(dates, part))
                row[to] = points[turns[of]]
        days: list[float] = days_of(dates).tolist()
        return days


def _first_feature(column: DateColumn, part: str) -> int:
    """Return the position of the sine of a part."""
    return column.start + len(column.days.feature_kinds) + 2 * column.parts.index(part)


def _read(name: Any, column: DateColumn, value: Any) -> np.datetime64:
    """Return a value as seconds on the clock of its column."""
    if value is None:
        return NO_TIME
    plain = type(value) is datetime.date
    if plain or (type(value) is datetime.datetime and value.tzinfo is None):
        if column.zone is None:
            return np.datetime64(value, "s")
    seconds: np.datetime64 = column_of_objects(name, [value], zone=column.zone).dates(column.zone)[
        0
    ]
    return seconds
