"""Scores of the fitted model on its own rows and on the table."""

from __future__ import annotations

from typing import Any

from deepgen.report.report_data import ReportData
from deepgen.report.scores import score_intervals
from deepgen.report.section import Section
from deepgen.tables.measures import class_measures

__all__ = ["errors"]


def errors(data: ReportData) -> Section:
    """Compare training, held-out and present score.

    Parameters
    ----------
    data : ReportData
        Model and table.

    Returns
    -------
    section : Section
        Section with one row per set of samples.
    """
    model, metadata = data.model, data.model.metadata
    metric = model.metric
    rows: list[dict[str, Any]] = [
        {"samples": "training rows", "rows": metadata["rows"]["training"]},
        {"samples": "rows held out in training", "rows": metadata["rows"]["held out"]},
    ]
    rows[0][metric], rows[1][metric] = metadata["score"]["training"], metadata["score"]["held out"]
    rows.append({"samples": "held out, same answer for all", metric: metadata["baseline"]})
    # Models of older versions have none.
    measured = metadata.get("probabilities", {})
    for row, part in zip(rows, ("training", "held out", "baseline"), strict=True):
        row |= measured.get(part, {})
    gap = metadata["score"]["training"] - metadata["score"]["held out"]
    several = len(model.estimator.mlp_.members_) > 1
    paragraphs = [
        f"The {metric} on training rows is {abs(gap):.4f} {'above' if gap >= 0 else 'below'} that "
        "on rows held out. The held-out rows decided when training stopped, so their figure is "
        "slightly too good."
        + (
            " Each network is measured on the rows that it held out: most rows are among both."
            if several
            else ""
        ),
    ]
    if data.is_training_table:
        paragraphs.insert(0, "This is the very table that the model was trained on.")
    elif data.judged is None:
        paragraphs.insert(0, f"This table has no target '{model.target}' to compare with.")
    else:
        measured_here = score_intervals(data.judged)
        here: dict[str, Any] = {"samples": data.name, "rows": data.judged.n_rows}
        here |= {name: interval.estimate for name, interval in measured_here.items()}
        if metric in measured_here:
            here |= {"low": measured_here[metric].low, "high": measured_here[metric].high}
        if data.judged.classes is not None:
            X, y = data.judged.X, data.judged.y
            here |= class_measures(y, model.estimator.predict_proba(X), data.judged.classes)
        rows.append(here)
    return Section("Scores of the model itself", paragraphs, rows)
