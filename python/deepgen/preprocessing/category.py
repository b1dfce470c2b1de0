"""Columns of categories as one feature per level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deepgen._inputs.raw_column import RawColumn, told
from deepgen.preprocessing.column import Column

__all__ = ["CategoryColumn", "find_levels", "positions"]


@dataclass(frozen=True, eq=False)
class CategoryColumn(Column):
    """Categories with one feature per level: 1 for the level of the row, else 0.

    With two levels there is one feature: -1 for the first, 1 for the second. A level that does not
    occur in training counts as missing: it gets the level of missing values if training had some,
    else 0 in all features.

    Parameters
    ----------
    name : str or int
        Name of the column.
    place : int
        Its position in the training table.
    start : int
        Index of its first feature.
    levels : tuple of str, int, float or bool
        Levels of the training rows, sorted.
    has_missing : bool
        Whether values were missing in training: they are the last level.
    is_text : bool
        Whether the levels are text.

    Examples
    --------
    >>> from deepgen.preprocessing import TableEncoder
    >>> encoder = TableEncoder().fit([["a", "m"], ["b", None], ["c", "m"]])
    >>> [column.feature_names for column in encoder.columns_]
    [('x0 = a', 'x0 = b', 'x0 = c'), ('x1 is missing',)]
    >>> encoder.transform([["c", None], ["z", "z"]]).tolist()
    [[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.0, 1.0]]
    """

    kind: ClassVar[str] = "category"

    levels: tuple[Any, ...]
    has_missing: bool
    is_text: bool

    @property
    def n_levels(self) -> int:
        """Number of levels, that of missing values included."""
        return len(self.levels) + self.has_missing

    @property
    def feature_kinds(self) -> tuple[str, ...]:
        return ("category",) * (1 if self.n_levels == 2 else self.n_levels)

    @property
    def feature_names(self) -> tuple[str, ...]:
        names = [f"{self.name} = {level}" for level in self.levels]
        names += [f"{self.name} is missing"] * self.has_missing
        return tuple(names[1:] if self.n_levels == 2 else names)

    def write(self, raw: RawColumn, out: NDArray[np.float32]) -> None:
        codes = positions(self, raw)
        if self.has_missing:
            codes = np.where(codes < 0, len(self.levels), codes)
        if self.n_levels == 2:
            # The last one is also that of code -1.
            out[:, 0] = np.array([-1.0, 1.0, 0.0])[codes]
        else:
            known = np.flatnonzero(codes >= 0)
            out[known, codes[known]] = 1.0

    def describe(self) -> str:
        n = len(self.levels)
        return f"{n} categories" + (", missing as one more" if self.has_missing else "")


def find_levels(raw: RawColumn) -> tuple[tuple[Any, ...], NDArray[np.int64], int, bool]:
    """Return the levels of a column.

    Parameters
    ----------
    raw : RawColumn
        A training column.

    Returns
    -------
    levels : tuple
        Sorted levels.
    counts : ndarray of shape (n_levels,)
        Number of rows per level.
    n_missing : int
        Number of missing values.
    is_text : bool
        Whether the levels are text.
    """
    codes, names, is_text = raw.categories()
    counts = np.bincount(codes + 1, minlength=len(names) + 1)
    order = sorted(np.flatnonzero(counts[1:]).tolist(), key=lambda code: names[code])
    levels = tuple(names[code] for code in order)
    return levels, counts[1:][order], int(counts[0]), is_text


def positions(column: Any, raw: RawColumn) -> NDArray[np.intp]:
    """Return the position of each row's level among the levels of a column.

    Parameters
    ----------
    column : CategoryColumn or CodeColumn
        Column with ``levels``.
    raw : RawColumn
        The column of a table.

    Returns
    -------
    codes : ndarray of shape (n_rows,)
        Positions among the levels, -1 for missing values and unknown levels.

    Raises
    ------
    ValueError
        If only one of them is text, so that no level could be found.
    """
    codes, names, is_text = raw.categories()
    if is_text != column.is_text and (codes >= 0).any():
        kinds = ("numbers or truth values", "text")
        row = int(np.flatnonzero(codes >= 0)[0])
        raise ValueError(
            f"{told(raw.name)} holds {kinds[column.is_text]} in the training data, but row "
            f"{raw.row_number(row)} holds {names[codes[row]]!r}"
        )
    known = {level: code for code, level in enumerate(column.levels)}
    return np.array([*(known.get(name, -1) for name in names), -1], dtype=np.intp)[codes]
