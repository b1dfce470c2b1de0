"""From tables to features: one encoding a column, learnt from the training rows, kept as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._names import shortened
from deepgen.tables.columns import (
    CategoryColumn,
    Column,
    from_data,
    learn_column,
    to_data,
)

__all__ = ["TableEncoder"]


@dataclass(frozen=True)
class TableEncoder:
    """How the columns of a table become features.

    Numbers, truth values and dates are standardised, and the median stands in for missing ones;
    text becomes one feature a category. Where values were missing in training a feature marks them.

    Parameters
    ----------
    columns : tuple of Column
        One encoding a column, in the order of the features.
    ignored : tuple of str
        Columns that say nothing: empty, constant, or text that hardly repeats.

    Examples
    --------
    >>> import pandas
    >>> from deepgen.tables import TableEncoder
    >>> table = pandas.DataFrame({"age": [20, 40], "town": ["Ulm", "Bonn"]})
    >>> encoder = TableEncoder.learn(table)
    >>> encoder.features
    ['age', 'town = Bonn', 'town = Ulm']
    >>> encoder.encode(table).tolist()
    [[-1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]
    """

    columns: tuple[Column, ...]
    ignored: tuple[str, ...] = ()

    @classmethod
    def learn(cls, table: Any) -> TableEncoder:
        """Learn from the training rows.

        Parameters
        ----------
        table : pandas.DataFrame
            Without the target.

        Returns
        -------
        encoder : TableEncoder
            One encoding a column.

        Raises
        ------
        ValueError
            If no column says anything.
        """
        learnt = {name: learn_column(name, table[name]) for name in table.columns}
        columns = tuple(column for column in learnt.values() if column is not None)
        if not columns:
            raise ValueError(
                "no column can be used: all are empty, constant, or text that hardly repeats"
            )
        return cls(columns, tuple(name for name, column in learnt.items() if column is None))

    @property
    def features(self) -> list[str]:
        """Names of the features."""
        return [name for column in self.columns for name in column.features]

    @property
    def text_columns(self) -> list[str]:
        """Names of the columns that hold text."""
        return [column.name for column in self.columns if isinstance(column, CategoryColumn)]

    def encode(self, table: Any) -> NDArray[np.float64]:
        """Turn a table into features.

        Parameters
        ----------
        table : pandas.DataFrame
            With the training columns, in any order; others are ignored.

        Returns
        -------
        X : ndarray of shape (n_rows, n_features)
            No value is missing.

        Raises
        ------
        ValueError
            If a column is missing or holds what cannot be read; the message names it.
        """
        self.check(table)
        return np.hstack([column.encode(table[column.name]) for column in self.columns])

    def check(self, table: Any) -> None:
        """Refuse a table that lacks columns.

        Parameters
        ----------
        table : pandas.DataFrame
            Any table.

        Raises
        ------
        ValueError
            If a column is missing; the message names it.
        """
        missing = [column.name for column in self.columns if column.name not in table.columns]
        if missing:
            raise ValueError(
                f"the table lacks {_names(missing)}; it has {_names(list(table.columns))}"
            )

    def to_data(self) -> dict[str, Any]:
        """Return what was learnt as plain data.

        Returns
        -------
        data : dict
            Of text, numbers, truth values and lists, which JSON can hold.
        """
        return {
            "columns": [to_data(column) for column in self.columns],
            "ignored": list(self.ignored),
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> TableEncoder:
        """Build an encoder from plain data.

        Parameters
        ----------
        data : dict
            From `to_data`.

        Returns
        -------
        encoder : TableEncoder
            Equal to the one that gave the data.
        """
        return cls(tuple(from_data(column) for column in data["columns"]), tuple(data["ignored"]))


def _names(names: list[str], most: int = 8) -> str:
    return shortened([f"'{name}'" for name in names], most)
