"""The table and the model: an overview."""

from __future__ import annotations

from deepgen.report.column_table import column_table
from deepgen.report.report_data import ReportData
from deepgen.report.section import Section

__all__ = ["data_summary"]


def data_summary(data: ReportData) -> Section:
    """Describe the table column by column, and the network.

    Parameters
    ----------
    data : ReportData
        Model and table.

    Returns
    -------
    section : Section
        Section with one row per column.
    """
    model, table = data.model, data.table
    rows = column_table(model.columns(table), model.encoder)
    metadata = model.metadata
    members = model.estimator.mlp_.members_
    network = model.network
    widths = [network.n_features_in_, *(int(coefs.shape[1]) for coefs in network.coefs_)]
    n_parameters = sum(
        coefs.size + intercepts.size
        for coefs, intercepts in zip(network.coefs_, network.intercepts_, strict=True)
    )
    several = f"The mean of {len(members)} networks, each a n" if len(members) > 1 else "N"
    paragraphs = [
        f"{data.name}: {len(table):,} rows, {len(table.columns):,} columns. The model predicts "
        f"'{model.target}' ({model.task}: {metadata['reason']}).",
        f"{several}etwork {'-'.join(map(str, widths))} of {n_parameters:,} parameters. Each sets "
        "a fifth of the rows aside and keeps the weights of the epoch that was best on them.",
        f"{model.estimator.summary_}.",
    ]
    if model.encoder.dropped_columns_:
        paragraphs.append(
            "Left out, as they say nothing (empty or constant): "
            f"{', '.join(map(str, model.encoder.dropped_columns_))}."
        )
    return Section("Data and model, column by column", paragraphs, rows, folded=True)
