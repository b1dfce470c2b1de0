"""The numbers of a single row, those of all columns together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import FloatArray
from deepgen._inputs.object_columns import column_of_objects
from deepgen.preprocessing.bins import within_bins
from deepgen.preprocessing.column import Column
from deepgen.preprocessing.date import DateColumn
from deepgen.preprocessing.number import NumberColumn
from deepgen.preprocessing.scales import QuantileScale, Scale

__all__ = ["RowNumbers"]

# Types that NumPy converts to float64 as the reading of columns does.
PLAIN: Final = frozenset(
    (float, int, bool, type(None), np.bool_, np.float64, np.float32, np.float16)
    + (np.int64, np.int32, np.int16, np.int8, np.uint64, np.uint32, np.uint16, np.uint8)
)

Places = NDArray[np.intp]


class RowNumbers:
    """Encoder of the numbers of a row: plain numbers, then the days of dates.

    Parameters
    ----------
    named : iterable of tuple
        Name of each column for messages, and the column.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.preprocessing import TableEncoder
    >>> from deepgen.preprocessing.row_numbers import RowNumbers
    >>> column = TableEncoder("standard").fit([[0.0], [2.0]]).columns_[0]
    >>> row = np.zeros(1, dtype=np.float32)
    >>> RowNumbers([("x", column)]).write([3.0], [], row)
    >>> row.tolist()
    [2.0]
    """

    def __init__(self, named: Iterable[tuple[Any, Column]]) -> None:
        plain, dates = [], []
        for name, column in named:
            if isinstance(column, NumberColumn):
                plain.append((name, column))
            elif isinstance(column, DateColumn):
                dates.append((column.days, column.start))
        self._read = [(name, column.place) for name, column in plain]
        own = [(column, column.start) for _, column in plain] + dates
        self._unit = np.array([column.unit for column, _ in own])
        self._median = np.array([column.median for column, _ in own])
        self._scales = _joined_scales(own)
        self._bins = _joined_bins(own)
        marked = [i for i, (column, _) in enumerate(own) if column.has_missing]
        ends = [start + len(column.feature_kinds) - 1 for column, start in own]
        self._marked = _places(marked), _places([ends[i] for i in marked])

    def write(self, values: Sequence[Any], days: Sequence[float], row: NDArray[np.float32]) -> None:
        """Write the features of all numbers.

        Parameters
        ----------
        values : sequence
            A value per column of the training table.
        days : sequence of float
            Days since 1970 per column of dates, NaN if missing.
        row : ndarray of shape (n_features_out,)
            Array for the features.

        Raises
        ------
        ValueError
            If a value is no number, or infinite.
        """
        picked = [values[place] for _, place in self._read]
        if not PLAIN.issuperset(map(type, picked)):
            picked = self._converted(picked)
        try:
            numbers = np.array([*picked, *days], dtype=np.float64)
        except OverflowError:
            numbers = np.array([*self._converted(picked, check=True), *days])
        if not len(numbers):
            return
        missing = np.isnan(numbers)
        if np.isinf(numbers).any():
            self._converted(picked, check=True)
        filled = np.where(missing, self._median, numbers / self._unit)
        for scale, of, to in self._scales:
            row[to] = scale.apply(filled[of])
        if self._bins is not None:
            of, to, lower, widths, weight = self._bins
            row[to] = within_bins(filled[of], lower, widths, weight)
        of, to = self._marked
        row[to] = missing[of]

    def _converted(self, picked: Sequence[Any], *, check: bool = False) -> list[Any]:
        """Return values as numbers, those of plain types unless ``check`` refuses some of them."""
        return [
            value
            if type(value) in PLAIN and not check
            else column_of_objects(name, [value]).numbers()[0]
            for (name, _), value in zip(self._read, picked, strict=True)
        ]


def _joined_scales(
    own: Sequence[tuple[NumberColumn, int]],
) -> list[tuple[Scale, Places, Places]]:
    """Return scales of many numbers, with the positions of these and of their features.

    Scales of one kind become one whose settings are arrays; one of quantiles stays alone.
    """
    scaled = [(i, column.scale) for i, (column, _) in enumerate(own) if column.scale is not None]
    kinds = dict.fromkeys(type(scale) for _, scale in scaled)
    groups = [[pair for pair in scaled if type(pair[1]) is kind] for kind in kinds]
    joined = []
    for group in groups:
        parts = [[pair] for pair in group] if isinstance(group[0][1], QuantileScale) else [group]
        for part in parts:
            of = [i for i, _ in part]
            scale = part[0][1] if len(part) == 1 else _joined([scale for _, scale in part])
            joined.append((scale, _places(of), _places([own[i][1] for i in of])))
    return joined


def _joined(scales: Sequence[Scale]) -> Scale:
    """Return one scale of several numbers: its settings are arrays."""
    kind = type(scales[0])
    names = [field.name for field in fields(kind)]
    return kind(**{name: np.array([getattr(scale, name) for scale in scales]) for name in names})


def _joined_bins(
    own: Sequence[tuple[NumberColumn, int]],
) -> tuple[Places, Places, FloatArray, FloatArray, FloatArray] | None:
    """Return number, feature, lower edge, width and weight of each bin of all columns."""
    of, to, lower, widths, weights = [], [], [], [], []
    for i, (column, start) in enumerate(own):
        if column.bins is not None:
            n, first = column.bins.n_features, start + (column.scale is not None)
            of.append(np.full(n, i))
            to.append(np.arange(first, first + n))
            lower.append(column.bins.edges[:-1])
            widths.append(np.diff(column.bins.edges))
            weights.append(np.full(n, column.bins.weight))
    if not of:
        return None
    join = np.concatenate
    return join(of), join(to), join(lower), join(widths), join(weights)


def _places(places: Sequence[int]) -> Places:
    return np.array(places, dtype=np.intp)
