"""A column of a raw table, independent of the library of the table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import FloatArray

__all__ = ["NO_TIME", "RawColumn", "told"]

NO_TIME = np.datetime64("NaT", "s")


def told(name: Any) -> str:
    """Return the name of a column for messages: "column 'age'", or "column 3" of an array."""
    return f"column {name!r}"


@dataclass(frozen=True, eq=False)
class RawColumn:
    """The values of a column in one of four forms.

    ``kind`` is 'number' (``values``: float64, NaN where missing), 'date' (``values``: seconds as
    datetime64 in the time zone ``zone``, NaT where missing), 'text' or 'boolean' (``levels``: the
    different values, ``codes``: their positions, -1 where missing), or 'empty' (only missing
    values). ``is_category`` is True for categorical types; ``first_row`` is the position of the
    first row in the table, for messages.
    """

    name: Any
    kind: str
    n_rows: int
    values: NDArray[Any] | None = None
    codes: NDArray[np.intp] | None = None
    levels: tuple[Any, ...] = ()
    zone: str | None = None
    is_category: bool = False
    first_row: int = 0

    def part(self, rows: slice) -> RawColumn:
        """Return some rows of the column, as a view."""
        start, stop, _ = rows.indices(self.n_rows)
        return replace(
            self,
            n_rows=stop - start,
            values=None if self.values is None else self.values[rows],
            codes=None if self.codes is None else self.codes[rows],
            first_row=self.first_row + start,
        )

    def row_number(self, row: int) -> int:
        """Return the number of a row of this part in the table, from 1."""
        return self.first_row + row + 1

    def missing(self) -> NDArray[np.bool_]:
        """Return a mask of missing values, (n_rows,)."""
        if self.codes is not None:
            return self.codes < 0
        if self.values is None:
            return np.ones(self.n_rows, dtype=bool)
        missing: NDArray[np.bool_] = (np.isnat if self.kind == "date" else np.isnan)(self.values)
        return missing

    def numbers(self) -> FloatArray:
        """Return the values as numbers (n_rows,), NaN where missing; other kinds are an error."""
        if self.kind == "empty":
            return np.full(self.n_rows, np.nan)
        if self.kind == "boolean":
            assert self.codes is not None
            return np.array([*map(float, self.levels), np.nan])[self.codes]
        if self.kind != "number":
            raise self._mismatch("numbers")
        values: FloatArray = np.asarray(self.values)
        # A finite sum has finite terms; it takes one pass and no copy.
        if not np.isfinite(values.sum()) and np.isinf(values).any():
            row = self.row_number(int(np.flatnonzero(np.isinf(values))[0]))
            raise ValueError(f"{told(self.name)} holds infinity in row {row}")
        return values

    def dates(self, zone: str | None) -> NDArray[np.datetime64]:
        """Return the values as seconds (n_rows,) in the time zone ``zone``, NaT where missing."""
        if self.kind == "empty":
            return np.full(self.n_rows, NO_TIME)
        if self.kind != "date":
            raise self._mismatch("dates")
        if self.zone != zone:
            there, here = (f"in {name}" if name else "without one" for name in (zone, self.zone))
            raise ValueError(
                f"{told(self.name)} holds times of a time zone: {there} in the training data, "
                f"{here} now"
            )
        return np.asarray(self.values)

    def categories(self) -> tuple[NDArray[np.intp], list[Any], bool]:
        """Return codes (n_rows,), -1 where missing, the levels, and whether these are text."""
        if self.kind == "empty":
            return np.full(self.n_rows, -1), [], True
        if self.kind in ("text", "boolean"):
            assert self.codes is not None
            return self.codes, list(self.levels), self.kind == "text"
        values = self.numbers() if self.kind == "number" else np.asarray(self.values)
        missing = self.missing()
        found, places = np.unique(values[~missing], return_inverse=True)
        codes = np.full(self.n_rows, -1)
        codes[~missing] = places
        if self.kind == "date":
            return codes, [str(level) for level in found], True
        return codes, [int(v) if v.is_integer() else v for v in found.tolist()], False

    def _mismatch(self, wanted: str) -> ValueError:
        """Return the error for values of another kind than in training."""
        row = int(np.argmin(self.missing()))
        if self.codes is not None:
            value = repr(self.levels[self.codes[row]])
        else:
            value = str(np.asarray(self.values)[row])
        return ValueError(
            f"{told(self.name)} holds {wanted} in the training data, but row "
            f"{self.row_number(row)} holds {value}"
        )
