"""The table of measures that are said to go along with generalization."""

from __future__ import annotations

from typing import Final

from deepgen.generalization.measures import measures as measure
from deepgen.report.judged import Judged
from deepgen.report.report_data import USUAL_TIME, ReportData
from deepgen.report.section import Section

__all__ = ["measures"]

TITLE: Final = "Measures of generalization"
MOST_ROWS: Final = 500
"""Largest number of rows."""
WORK: Final = 1e10
"""Multiply-adds for sharpness, which takes most: about five seconds."""
SHARPNESS: Final = 500
"""Multiply-adds of all measures of sharpness, per row and parameter: 170 gradients."""
FEWEST_ROWS: Final = 50
MOST_PARAMETERS: Final = 1_000_000
"""Largest number of parameters: norms and compression take seconds."""
GROUPS: Final = ("size", "margin", "norms", "compression")


def measures(data: ReportData) -> Section | None:
    """Show the measures of the first network.

    Parameters
    ----------
    data : ReportData
        Model and table.

    Returns
    -------
    section : Section or None
        None if the table has no targets.
    """
    if data.labelled is None:
        return None
    X, y = data.labelled
    judged = Judged(data.model.estimator, X, y, f"{len(y):,} rows of {data.name}")
    n_parameters = judged.members[0].network_.core.n_trainable
    if n_parameters > MOST_PARAMETERS:
        return Section(TITLE, [f"Left out: {n_parameters:,} parameters are many."])
    share = 1.0 if data.max_time is None else min(1.0, data.max_time / USUAL_TIME)
    n_rows = int(min(MOST_ROWS, len(y), share * WORK / (SHARPNESS * n_parameters)))
    is_cheap = n_rows >= min(FEWEST_ROWS, len(y))
    some = judged.some(n_rows if is_cheap else MOST_ROWS)
    try:
        found = measure(some.probe, of=[*GROUPS, "sharpness"] if is_cheap else GROUPS)
    except ValueError as error:
        return Section(TITLE, [f"Not measured: {error}."])
    table = [
        {"measure": name, "value": found.values[name], "what it is": about}
        for name, about in found.about.items()
        if name in found.values
    ]
    refused: dict[str, list[str]] = {}
    for name, reason in found.reasons.items():
        refused.setdefault(reason, []).append(name)
    points = [f"Not measured: {', '.join(names)}: {reason}." for reason, names in refused.items()]
    text = [
        f"Of {judged.network} on {some.where}"
        f"{', training rows among them' if data.is_training_table else ', not its training rows'}. "
        "Each is proposed by a paper, none is a law: a value alone says nothing, and networks may "
        "be compared by it only on the same rows, at equal training loss."
    ]
    if not is_cheap:
        text.append(
            f"Measures of sharpness were left out: {n_parameters:,} parameters take longer than a "
            "section may."
        )
    return Section(TITLE, text, table, points=points, folded=True)
