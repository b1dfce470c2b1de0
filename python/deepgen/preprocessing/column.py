"""What the kinds of columns share: where a column came from, and which features it makes."""

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
"""What a feature can be."""


@dataclass(frozen=True, eq=False)
class Column:
    """Base of what is learned of a column; not to be used by itself.

    Parameters
    ----------
    name : str or int
        Of the column; of an array ``x0``, ``x1`` ...
    place : int
        Its position in the training table.
    start : int
        The first of its features.

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
        """What each of the features is: one of `KINDS`."""

    @property
    @abstractmethod
    def feature_names(self) -> tuple[str, ...]:
        """What each of the features is called."""

    @property
    def clock(self) -> str | None:
        """The time zone on whose clock the column is read; None where there is none."""
        return None

    @property
    def features(self) -> slice:
        """Which columns of the output are this column's."""
        return slice(self.start, self.start + len(self.feature_kinds))

    @abstractmethod
    def write(self, raw: RawColumn, out: NDArray[np.float32]) -> None:
        """Write the features of a column.

        Parameters
        ----------
        raw : RawColumn
            The column of a table.
        out : ndarray of shape (n_rows, n_features)
            Zeros, which are replaced.
        """

    @abstractmethod
    def describe(self) -> str:
        """Say in a few words what becomes of the column.

        Returns
        -------
        text : str
            Such as "7 categories".
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
        """Return what was learned as plain data.

        Returns
        -------
        data : dict
            Of numbers, text, tuples and arrays.
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
            From `to_data`, without its kind.

        Returns
        -------
        column : Column
            Writes the same features.
        """
        return cls(**data)
