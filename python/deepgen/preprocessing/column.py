"""Base of all kinds of columns: their position in the table, and their features."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deepgen._inputs.raw_column import RawColumn

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["KINDS", "Column"]

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
