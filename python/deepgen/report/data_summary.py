"""The table and the model: what went in."""

from __future__ import annotations

from typing import Any

from deepgen._names import shortened
from deepgen.report.section import ReportData, Section
from deepgen.tables.columns import NumberColumn

__all__ = ["data_summary"]

MAX_CATEGORIES = 5
"""Categories that are listed of a column."""


def data_summary(data: ReportData) -> Section:
    """Describe the table column by column, and the network.

    Parameters
    ----------
    data : ReportData
        Model and table.

    Returns
    -------
    section : Section
        With a row a column.
    """
    model, table = data.model, data.table
    model.encoder.check(table)
    rows = []
    for column in model.encoder.columns:
        values = table[column.name]
        row: dict[str, Any] = {
            "column": column.name,
            "becomes": column.describe(),
            "missing here": int(values.isna().sum()),
        }
        if isinstance(column, NumberColumn):
            row |= {"training mean": column.mean, "training s.d.": column.scale}
        else:
            learned = set(column.categories)
            present = values.dropna().astype(object)
            row["not seen in training"] = sum(str(value) not in learned for value in present)
            row["categories"] = shortened(column.categories, MAX_CATEGORIES)
        rows.append(row)
    estimator, metadata = model.estimator, model.metadata
    n_rows = metadata["rows"]
    members = estimator.members_
    network = model.network
    widths = [estimator.n_features_in_, *(int(coefs.shape[1]) for coefs in network.coefs_)]
    n_parameters = sum(
        coefs.size + intercepts.size
        for coefs, intercepts in zip(network.coefs_, network.intercepts_, strict=True)
    )
    several = f"The mean of {len(members)} networks, each a n" if len(members) > 1 else "N"
    paragraphs = [
        f"{data.name}: {len(table):,} rows, {len(table.columns):,} columns. The model predicts "
        f"'{model.target}' ({model.task}: {metadata['reason']}).",
        f"{several}etwork {'-'.join(map(str, widths))} of {n_parameters:,} parameters, trained on "
        f"{n_rows['training']:,} rows; {n_rows['held out']:,} more were held out to stop training.",
    ]
    if model.encoder.ignored:
        paragraphs.append(
            f"Left out, as they say nothing (empty, constant, or text that hardly repeats): "
            f"{', '.join(model.encoder.ignored)}."
        )
    return Section("Data and model", paragraphs, rows)
