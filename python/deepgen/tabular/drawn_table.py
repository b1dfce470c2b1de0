"""Rows drawn from a table in files, with one row of each category and of each kind of gap."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepgen._engine.arrays import AnyArray
from deepgen._inputs.frame import read_frame
from deepgen._inputs.target_statistics import ClassStatistics
from deepgen._optional import load_extra
from deepgen._parquet import ParquetReader
from deepgen.estimators.streamed_samples import DRAWN
from deepgen.preprocessing.learning import chosen_categories
from deepgen.tabular.encoded_rows import as_table

__all__ = ["draw_table"]

# Levels that are looked for in a column: more than an encoder takes of as many rows as are drawn.
MOST_LEVELS = max(255, DRAWN // 20)


def draw_table(
    reader: ParquetReader, categorical_features: Any, *, is_class: bool
) -> tuple[Any, AnyArray, int | None]:
    """Read all rows once, and keep those that an encoder learns from.

    Parameters
    ----------
    reader : ParquetReader
        Reader of the rows.
    categorical_features : array-like, str or None
        Parameter of `TableEncoder`.
    is_class : bool
        Whether the targets are classes.

    Returns
    -------
    table : pyarrow.Table
        Feature columns of at most 2^19 drawn rows, and of the first row with each category or with
        a missing value that no drawn row has. Of columns with thousands of categories the last ones
        may be left out.
    y : ndarray of shape (n_drawn,) or (n_drawn, n_targets)
        Their targets.
    n_rare : int or None
        Number of all rows outside of the most frequent class; None for numbers and for several
        labels per row.
    """
    arrow = load_extra("pyarrow", "parquet", "ParquetRows")
    statistics = ClassStatistics() if is_class else None
    first: _FirstRows | None = None
    tables, y = [], []
    for batch, drawn in reader.drawn_batches(min(DRAWN, reader.buffer_rows)):
        targets = reader.read_targets(batch)
        if statistics is not None:
            statistics.add(targets)
        table = as_table(reader, batch)
        if first is None:
            first = _FirstRows(table, categorical_features)
        rows = np.union1d(drawn, first.of(table)).astype(np.int64)
        tables.append(table.take(rows))
        y.append(targets[rows])
    n_rare = None if statistics is None else statistics.n_outside_most_frequent
    return arrow.concat_tables(tables), np.concatenate(y), n_rare


class _FirstRows:
    """First rows with a category, or with a missing value."""

    def __init__(self, table: Any, categorical_features: Any) -> None:
        chosen = chosen_categories(categorical_features, read_frame(table))
        kinds = [str(column.type) for column in table.columns]
        names = table.column_names
        self._levels: dict[str, set[Any]] = {
            name: set()
            for place, (name, kind) in enumerate(zip(names, kinds, strict=True))
            if (place in chosen if chosen is not None else _is_category(kind))
        }
        self._complete = {*names} - {*self._levels}

    def of(self, table: Any) -> list[int]:
        """Return rows of a table that are the first ones of their kind."""
        rows = []
        for name, known in [*self._levels.items()]:
            column = table.column(name).chunk(0)
            if str(column.type).startswith("dictionary"):
                column = column.cast(column.type.value_type)
            coded = column.dictionary_encode("encode")
            levels = coded.dictionary.to_pylist()
            new = [code for code, level in enumerate(levels) if level not in known]
            if new:
                codes, places = np.unique(coded.indices.to_numpy(), return_index=True)
                rows += places[np.isin(codes, new)].tolist()
                known.update(levels)
            if len(known) > MOST_LEVELS:
                del self._levels[name]
        for name in [*self._complete]:
            missing = table.column(name).is_null(nan_is_null=True).to_numpy()
            if missing.any():
                rows.append(int(np.argmax(missing)))
                self._complete.remove(name)
        return rows


def _is_category(kind: str) -> bool:
    return kind.startswith(("dictionary", "string", "large_string", "string_view", "bool"))
