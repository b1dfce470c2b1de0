"""Columns of rows: how the model reads each, and what it holds in these rows."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from deepgen._inputs.frame import read_frame
from deepgen._names import shortened
from deepgen.preprocessing import CategoryColumn, NumberColumn, TableEncoder
from deepgen.preprocessing.category import positions

__all__ = ["column_table", "encoder_of", "in_training_order", "names_of"]

MAX_CATEGORIES: Final = 5
"""Largest number of categories listed per column."""
MAX_COLUMNS: Final = 100
"""Largest number of columns of an array."""


def encoder_of(model: Any) -> TableEncoder | None:
    """Return the encoder of a model of raw tables, or None.

    Parameters
    ----------
    model : estimator or Pipeline
        Fitted model.

    Returns
    -------
    encoder : TableEncoder or None
        The model's own, or the first step of a pipeline.
    """
    steps = getattr(model, "steps", None)
    first = steps[0][1] if steps else model
    encoder = first if isinstance(first, TableEncoder) else getattr(first, "encoder_", None)
    return encoder if isinstance(encoder, TableEncoder) else None


def names_of(X: Any) -> tuple[Any, ...] | None:
    """Return the names of the columns of rows.

    Parameters
    ----------
    X : data frame, array-like or sparse matrix of shape (n_samples, n_columns)
        Rows.

    Returns
    -------
    names : tuple or None
        None for rows without names.
    """
    # The columns of an Arrow table are not names.
    names = getattr(X, "column_names", getattr(X, "columns", None))
    return None if names is None else tuple(names)


def in_training_order(X: Any, encoder: TableEncoder | None) -> Any:
    """Return rows with their columns in the order of the training table.

    Parameters
    ----------
    X : data frame, array-like or sparse matrix of shape (n_samples, n_columns)
        Rows that the encoder can transform.
    encoder : TableEncoder or None
        Fitted encoder of the model, if it has one.

    Returns
    -------
    X : data frame, array-like or sparse matrix
        The same rows.
    """
    from sklearn.utils import _safe_indexing

    names, known = names_of(X), None if encoder is None else encoder._names
    if names is None or known is None or names == tuple(known):
        return X
    return _safe_indexing(X, [names.index(name) for name in known], axis=1)


def column_table(X: Any, encoder: TableEncoder | None) -> list[dict[str, Any]]:
    """Describe the columns of rows.

    Parameters
    ----------
    X : data frame, array-like or sparse matrix of shape (n_samples, n_columns)
        Rows.
    encoder : TableEncoder or None
        Fitted encoder of the model, if it has one.

    Returns
    -------
    table : list of dict
        One row per column, of columns without an encoder at most a hundred.
    """
    return _of_array(X) if encoder is None else _of_table(X, encoder)


def _of_table(X: Any, encoder: TableEncoder) -> list[dict[str, Any]]:
    frame = read_frame(X)
    rows = []
    for column in encoder.columns_:
        values = frame.column(column.place, column.clock)
        missing = values.missing()
        row: dict[str, Any] = {
            "column": str(column.name),
            "becomes": column.describe(),
            "missing here": int(missing.sum()),
        }
        if isinstance(column, NumberColumn):
            row["training median"] = column.median * column.unit
            present = values.numbers()[~missing]
            if len(present):
                row |= {"lowest here": float(present.min()), "highest here": float(present.max())}
        if isinstance(column, CategoryColumn):
            row["not seen in training"] = int(((positions(column, values) < 0) & ~missing).sum())
            row["categories"] = shortened([str(level) for level in column.levels], MAX_CATEGORIES)
        rows.append(row)
    return rows


def _of_array(X: Any) -> list[dict[str, Any]]:
    from scipy.sparse import issparse

    names = names_of(X) or range(np.shape(X)[1])
    some = X.tocsc()[:, :MAX_COLUMNS].toarray() if issparse(X) else np.asarray(X)[:, :MAX_COLUMNS]
    table = []
    for name, values in zip(names, some.T, strict=False):
        try:
            numbers = values.astype(float)
        except (TypeError, ValueError):
            table.append({"column": str(name), "different values here": len(set(map(str, values)))})
            continue
        table.append(
            {
                "column": str(name),
                "lowest here": float(numbers.min()),
                "median here": float(np.median(numbers)),
                "highest here": float(numbers.max()),
            }
        )
    return table
