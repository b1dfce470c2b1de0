"""Base of all kinds of columns: their position in the table, and their features."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deepgen._inputs.frame import Frame
from deepgen._inputs.raw_column import RawColumn

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["KINDS", "Column", "write_columns"]

KINDS = ("number", "encoding", "indicator", "category", "code", "date part")
"""Kinds of features."""


@dataclass(frozen=True, eq=False)
class Column:
    """Base of the learned properties of a column, not for direct use.

    Parameters
    ----------
    name : str or int
        Name of the column; ``x0``, ``x1`` ... for an array.
    place : int
        Its position in the training table.
    start : int
        Index of its first feature.

    Examples
    --------
    >>> from deepgen.preprocessing import Column, NumberColumn
    >>> issubclass(NumberColumn, Column)
    True
    """

    kind: ClassVar[str]

    name: Any
    place: int
    start: int

    @property
    @abstractmethod
    def feature_kinds(self) -> tuple[str, ...]:
        """Kind of each feature, one of `KINDS`."""

    @property
    @abstractmethod
    def feature_names(self) -> tuple[str, ...]:
        """Name of each feature."""

    @property
    def clock(self) -> str | None:
        """Time zone of the column's clock; None without one."""
        return None

    @property
    def features(self) -> slice:
        """Columns of the output that belong to this column."""
        return slice(self.start, self.start + len(self.feature_kinds))

    @abstractmethod
    def write(self, raw: RawColumn, out: NDArray[np.float32]) -> None:
        """Write the features of a column.

        Parameters
        ----------
        raw : RawColumn
            The column of a table.
        out : ndarray of shape (n_rows, n_features)
            Zeros, to be overwritten.
        """

    @abstractmethod
    def describe(self) -> str:
        """Describe the features of the column in a few words.

        Returns
        -------
        text : str
            Text such as "7 categories".
        """

    def named(self, name: str) -> Self:
        """Return the column under another name.

        Parameters
        ----------
        name : str
            The other name.

        Returns
        -------
        column : Column
            A copy.
        """
        return replace(self, name=name)

    def to_data(self) -> dict[str, Any]:
        """Return the learned properties as plain data.

        Returns
        -------
        data : dict
            Numbers, text, tuples and arrays.
        """
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        plain = {k: v.to_data() if hasattr(v, "to_data") else v for k, v in own.items()}
        return {"kind": self.kind, **plain}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Self:
        """Return a column from plain data.

        Parameters
        ----------
        data : dict
            Data from `to_data`, without the kind.

        Returns
        -------
        column : Column
            Column that writes the same features.
        """
        return cls(**data)


def write_columns(
    columns: Sequence[Column], frame: Frame, places: Sequence[int], rows: slice | None = None
) -> NDArray[np.float32]:
    """Return the features of some rows of a table.

    Parameters
    ----------
    columns : sequence of Column
        Columns with features, in their order.
    frame : Frame
        Table.
    places : sequence of int
        Positions in it of the columns of the training table.
    rows : slice or None, default=None
        Rows; None means all.

    Returns
    -------
    features : ndarray of shape (n_rows, n_features_out)
        Features.
    """
    n_rows = frame.n_rows if rows is None else rows.stop - rows.start
    out = np.zeros((n_rows, columns[-1].features.stop), dtype=np.float32)
    for column in columns:
        raw = frame.column(places[column.place], column.clock, rows)
        column.write(raw, out[:, column.features])
    return out
