"""Columns ranked by their contribution to the predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepgen.report.section import ReportData, Section

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["columns"]

MOST_ROWS: Final = 2_000
"""Largest number of rows that are evaluated."""


def columns(data: ReportData) -> Section | None:
    """Rank the columns by their contribution to predictions.

    Parameters
    ----------
    data : ReportData
        Model and table.

    Returns
    -------
    section : Section or None
        A section without a table if the predictions have no slopes.
    """
    table = data.model.columns(data.table)
    rows = np.unique(np.linspace(0, len(table) - 1, MOST_ROWS).astype(int))
    try:
        attributions = data.model.estimator.attributions(table.iloc[rows])
    except ValueError as error:
        return Section("Columns", [f"Not measured: {error}."])
    importance = attributions.mean()
    order = np.argsort(-importance, kind="stable")
    ranked: list[dict[str, Any]] = [
        {
            "column": str(attributions.columns[place]),
            f"mean size, in units of the {attributions.unit}": float(importance[place]),
        }
        for place in order
    ]
    text = (
        "What each column adds to a prediction, to first order: slope times distance from the "
        f"mean training row, summed over the column's features; mean size over {len(rows):,} rows."
    )

    def draw(figure: Figure) -> None:
        attributions.plot(figure.subplots())

    return Section("Columns", [text], ranked, draw)
