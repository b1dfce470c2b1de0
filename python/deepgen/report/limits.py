"""What the model does not know, and what these rows cannot say."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from deepgen._names import shortened
from deepgen.losses import Quantile
from deepgen.report.column_table import column_table, encoder_of
from deepgen.report.judged import Judged
from deepgen.report.section import Section

__all__ = ["limits"]

FEW: Final = 20
"""Number of rows of a class below which nothing is said about it."""
LISTED: Final = 10


def limits(judged: Judged) -> Section:
    """Tell the limits of the model and of its measurements.

    Parameters
    ----------
    judged : Judged
        Model and rows.

    Returns
    -------
    section : Section
        Limits as points, and the columns as a table.
    """
    encoder = encoder_of(judged.model)
    table = column_table(judged.X, encoder)
    points = [
        "Measurements here are of the rows that were given. They hold for rows drawn in the same "
        "way, and not for another place, time or way of measuring. Rows that the model was trained "
        "on make it look better than it is.",
        "Outside of the ranges of its training rows a prediction is an extrapolation, which "
        "nothing here measures; the table shows the ranges of the given rows.",
        *(_of_numbers(judged) if judged.classes is None else _of_classes(judged)),
        *(_of_table(table, encoder) if encoder is not None else []),
        "Attributions and importances describe the model, not causes.",
    ]
    n_columns = np.shape(judged.X)[1]
    dropped = 0 if encoder is None else len(encoder.dropped_columns_)
    if len(table) < n_columns - dropped:
        points.append(f"The table shows {len(table)} of {n_columns:,} columns.")
    return Section("Limits", [], table, points=points)


def _of_numbers(judged: Judged) -> list[str]:
    targets = judged.members[0]._targets
    points = []
    if not isinstance(targets.loss, Quantile):
        points.append("It predicts numbers without saying how sure they are.")
    if targets.clips and targets.lowest is not None:
        ends = zip(np.ravel(targets.lowest), np.ravel(targets.highest), strict=True)
        ranges = shortened([f"{low:.4g} to {high:.4g}" for low, high in ends], LISTED)
        points.append(f"It never predicts outside of its training targets: {ranges}.")
    return points


def _of_classes(judged: Judged) -> list[str]:
    classes: Any = judged.classes
    if judged.y.ndim > 1:
        return ["Several labels per row are judged together: a row is right if all labels are."]
    counts = {name: int((judged.y == name).sum()) for name in classes}
    points = [f"It answers with one of {len(classes)} known classes, whatever the row is."]
    strange = sorted({str(name) for name in judged.y} - {str(name) for name in classes})
    if strange:
        points.append(f"Classes here that it does not know: {shortened(strange, LISTED)}.")
    rare = [f"{name} ({n})" for name, n in counts.items() if 0 < n < FEW]
    if rare:
        points.append(
            f"Rare here, so that little is known about their rows: {shortened(rare, LISTED)}."
        )
    absent = [str(name) for name, n in counts.items() if not n]
    if absent:
        points.append(f"Not judged, since no row here has them: {shortened(absent, LISTED)}.")
    return points


def _of_table(table: list[dict[str, Any]], encoder: Any) -> list[str]:
    points = []
    holes = [f"{row['column']} ({row['missing here']})" for row in table if row["missing here"]]
    if holes:
        points.append(f"Missing cells here: {shortened(holes, LISTED)}.")
    unknown = [
        f"{row['column']} ({row['not seen in training']})"
        for row in table
        if row.get("not seen in training")
    ]
    if unknown:
        points.append(
            f"Categories here that it has not seen count as missing: {shortened(unknown, LISTED)}."
        )
    if len(encoder.dropped_columns_):
        dropped = shortened([str(name) for name in encoder.dropped_columns_], LISTED)
        points.append(f"Columns that it ignores, empty or constant in training: {dropped}.")
    return points
