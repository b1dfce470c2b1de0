"""Predictions for rows by networks trained on them, and by networks that held them out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen.estimators.held_out import held_out_rows

__all__ = ["Part", "seen_and_held_out"]


@dataclass(frozen=True)
class Part:
    """Rows and their predictions.

    Parameters
    ----------
    rows : ndarray of shape (n,)
        Indices of the rows.
    predictions : ndarray of shape (n,) or (n, n_classes)
        Numbers, or probabilities of classes.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.tables.held_out import Part
    >>> Part(np.array([2]), np.array([0.5])).predictions.tolist()
    [0.5]
    """

    rows: NDArray[np.int64]
    predictions: NDArray[Any]


def seen_and_held_out(model: Any, X: Any, y: NDArray[Any]) -> tuple[Part, Part]:
    """Return predictions for training rows and for held-out rows.

    Parameters
    ----------
    model : TabularRegressor or TabularClassifier
        Fitted on these rows.
    X : pandas.DataFrame
        Columns of the table.
    y : ndarray of shape (n_rows,)
        Targets.

    Returns
    -------
    seen : Part
        Mean prediction of the networks that were trained on the row.
    held_out : Part
        Mean prediction of the networks that held the row out. With several networks most rows are
        in both parts.
    """
    encoded = model.encoder_.transform(X)
    totals: list[Any] = [0.0, 0.0]
    counts = np.zeros((2, len(y)))
    for mlp in model.mlp_.members_:
        rows = held_out_rows(mlp, encoded, y)
        unseen = np.zeros(len(y), dtype=bool)
        unseen[[] if rows is None else rows] = True
        predict = mlp.predict_proba if hasattr(mlp, "classes_") else mlp.predict
        predictions = predict(encoded)
        for place, part in enumerate((~unseen, unseen)):
            counts[place] += part
            totals[place] = totals[place] + predictions * part.reshape(
                -1, *(1,) * (predictions.ndim - 1)
            )
    seen, held_out = (
        Part(rows, total[rows] / count[rows].reshape(-1, *(1,) * (total.ndim - 1)))
        for total, count in zip(totals, counts, strict=True)
        for rows in [np.flatnonzero(count)]
    )
    return seen, held_out
