"""Predictions for rows by networks trained on them, and by networks that held them out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen.estimators.held_out import held_out_rows
from deepgen.tabular.mean_by_row import Part, mean_by_row

__all__ = ["seen_and_held_out"]


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
    seen: list[Part] = []
    held_out: list[Part] = []
    for mlp in model.mlp_.members_:
        rows = held_out_rows(mlp, encoded, y)
        unseen = np.zeros(len(y), dtype=bool)
        unseen[[] if rows is None else rows] = True
        predictions = (mlp.predict_proba if hasattr(mlp, "classes_") else mlp.predict)(encoded)
        for parts, mask in ((seen, ~unseen), (held_out, unseen)):
            parts.append(Part(np.flatnonzero(mask), predictions[mask]))
    return mean_by_row(seen), mean_by_row(held_out)
