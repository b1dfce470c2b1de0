"""Tables of any library, column by column: pandas, Polars, Arrow, and arrays without names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from deepgen._inputs.array_column import column_of_array
from deepgen._inputs.arrow_column import read_arrow, row_of_arrow
from deepgen._inputs.columns import list_columns
from deepgen._inputs.object_columns import column_of_objects
from deepgen._inputs.pandas_column import read_pandas, row_of_pandas
from deepgen._inputs.polars_column import read_polars, row_of_polars
from deepgen._inputs.raw_column import RawColumn
from deepgen._user_warnings import warn

__all__ = ["Frame", "read_frame", "refuse_other_names"]


def _no_row() -> None:
    """Return None: such a table is read column by column, one of a single row too."""


@dataclass(frozen=True, eq=False)
class Frame:
    """Columns of a table, read on demand; ``names`` is None for arrays.

    ``untyped`` are the positions of the columns whose kind depends on all of their values. ``row``
    returns the values of a table of one row as Python objects that read as its columns do, in far
    less time; None if some would not.
    """

    names: tuple[Any, ...] | None
    n_rows: int
    n_columns: int
    read: Callable[[int, str | None, slice], RawColumn]
    untyped: frozenset[int] = frozenset()
    row: Callable[[], list[Any] | None] = _no_row
    _whole: dict[int, RawColumn] = field(default_factory=dict, init=False, repr=False)

    def column(self, place: int, zone: str | None = None, rows: slice | None = None) -> RawColumn:
        """Return some rows of a column, or all; times with a zone are converted to ``zone``.

        An untyped column is read as a whole and kept, in at most eight bytes per row.
        """
        if rows is None:
            return self.read(place, zone, slice(None))
        if place not in self.untyped:
            return replace(self.read(place, zone, rows), first_row=rows.start)
        if place not in self._whole:
            self._whole[place] = self.read(place, zone, slice(None))
        return self._whole[place].part(rows)

    def places_of(self, known: tuple[Any, ...] | None, n_columns: int, who: str) -> Sequence[int]:
        """Return the positions of the columns of a fitted ``who``; other columns are an error.

        ``known`` are their names; None means columns without names, which keep their positions.
        """
        if known is None or self.names is None:
            if self.n_columns != n_columns:
                raise ValueError(
                    f"X has {self.n_columns} features, but {who} is expecting {n_columns} features "
                    "as input"
                )
            if known is not None and all(isinstance(name, str) for name in known):
                warn(
                    f"X does not have valid feature names, but {who} was fitted with feature names"
                )
            return range(n_columns)
        places = {name: place for place, name in enumerate(self.names)}
        refuse_other_names(places, known, "X")
        return [places[name] for name in known]


def read_frame(X: Any) -> Frame:
    """Return the columns of a table, or of anything that NumPy converts to two dimensions."""
    if hasattr(X, "collect") and hasattr(X, "collect_schema"):
        raise TypeError("X is a lazy frame; give X.collect()")
    if hasattr(X, "iloc") and hasattr(X, "columns"):
        return _named(
            X.columns.tolist(),
            X.dtypes.tolist(),
            len(X),
            lambda name, place, zone, rows: read_pandas(name, X.iloc[rows, place], zone),
            lambda: row_of_pandas(X),
        )
    if hasattr(X, "get_columns") and hasattr(X, "columns"):
        columns = X.get_columns()
        return _named(
            list(X.columns),
            [column.dtype for column in columns],
            len(X),
            lambda name, place, zone, rows: read_polars(name, columns[place][rows], zone),
            lambda: row_of_polars(X),
        )
    if hasattr(X, "column_names") and hasattr(X, "schema"):
        chunks = list(X.columns)
        return _named(
            list(X.column_names),
            list(X.schema.types),
            X.num_rows,
            lambda name, place, zone, rows: read_arrow(name, chunks[place][rows], zone),
            lambda: row_of_arrow(X),
        )
    return _array(X)


def refuse_other_names(given: Collection[Any], known: Sequence[Any], what: str) -> None:
    """Refuse names of columns that are not those of training; ``what`` has the given ones."""
    wanted = set(known)
    lacking = [name for name in known if name not in given]
    strange = [name for name in given if name not in wanted]
    if lacking or strange:
        lacks = [f"lacks {list_columns(lacking)}"] if lacking else []
        has = [f"has {list_columns(strange)}, which training had not"] if strange else []
        raise ValueError(f"{what} {' and '.join(lacks + has)}")


def _named(
    names: list[Any],
    types: list[Any],
    n_rows: int,
    read: Callable[..., RawColumn],
    row: Callable[[], list[Any] | None],
) -> Frame:
    """Return a frame of columns with names, which must be unique text or whole numbers."""
    # Other names, such as dates, are converted to text, which files support.
    plain = [int(n) if _is_whole(n) else str(n) for n in names]
    if twice := [name for name, count in Counter(plain).items() if count > 1]:
        raise ValueError(f"several columns of X have the same name: {list_columns(twice)}")
    _check_size(n_rows, len(names))
    return Frame(
        tuple(plain),
        n_rows,
        len(names),
        lambda place, zone, rows: read(plain[place], place, zone, rows),
        frozenset(place for place, kind in enumerate(types) if _is_object(kind)),
        row,
    )


def _array(X: Any) -> Frame:
    """Return a frame without names from an array or a list of rows."""
    if hasattr(X, "tocoo"):
        raise TypeError("X is sparse, and a table of raw columns is wanted; use X.toarray()")
    if isinstance(X, np.ma.MaskedArray):
        array = np.array(X.data, dtype=object)
        array[np.ma.getmaskarray(X)] = None
    else:
        try:
            array = np.asarray(X)
        except ValueError:
            raise ValueError("X is no table: its rows differ in length") from None
        if array.dtype.kind in "US" and isinstance(X, (list, tuple)):
            array = np.array(X, dtype=object)  # so that numbers beside text stay numbers
    if array.ndim == 0:
        raise TypeError(f"X must be a table, an array or a list of rows, got {type(X).__name__}")
    if array.dtype.names:
        raise TypeError("X is a structured array; make a data frame of it")
    if array.ndim != 2:
        raise ValueError(
            f"X must have two dimensions, rows and columns, got shape {array.shape}. Reshape your "
            "data: array.reshape(-1, 1) for one column, array.reshape(1, -1) for one row"
        )
    _check_size(*array.shape)

    is_typed = array.dtype.kind in "biufcMm"

    def read(place: int, zone: str | None, rows: slice) -> RawColumn:
        values = array[rows, place]
        if is_typed:
            return column_of_array(place, values)
        return column_of_objects(place, values.tolist(), zone=zone)

    untyped = frozenset(() if is_typed else range(array.shape[1]))
    is_plain = array.dtype.kind in "biufO"
    return Frame(
        None,
        len(array),
        array.shape[1],
        read,
        untyped,
        lambda: array[0].tolist() if is_plain else None,
    )


def _check_size(n_rows: int, n_columns: int) -> None:
    """Raise scikit-learn's error for a table without rows or columns."""
    shape = f"(shape=({n_rows}, {n_columns})) while a minimum of 1 is required"
    if n_columns == 0:
        raise ValueError(f"Found array with 0 feature(s) {shape}.")
    if n_rows == 0:
        raise ValueError(f"Found array with 0 sample(s) {shape}.")


def _is_object(kind: Any) -> bool:
    """Return whether a column of a type holds Python objects."""
    if isinstance(kind, np.dtype):  # whose text takes some microseconds
        return kind.kind == "O"
    return str(kind).lower() == "object"


def _is_whole(name: Any) -> bool:
    return isinstance(name, (int, np.integer)) and not isinstance(name, bool)
