"""The section on the three errors: gains of more rows, longer training and a larger network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepgen.report.report_data import ReportData
from deepgen.report.section import Section

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["whose_error"]

MEANING = (
    "Noise is what no model avoids; approximation is what a network of this size cannot express; "
    "estimation is what more rows would teach; optimization is what training left (negative: "
    "stopping early helps). The truth behind the data is not known: these are estimates."
)


def whose_error(data: ReportData) -> Section | None:
    """Show the three errors, the noise floor and the gains of remedies.

    Parameters
    ----------
    data : ReportData
        Model and table.

    Returns
    -------
    section : Section or None
        None if the table has no targets.
    """
    answer = data.answer
    if answer is None:
        return None
    rows = [
        {"part of the loss": row[""], **{name: row[name] for name in ("estimate", "low", "high")}}
        for row in (*answer.errors, *answer.gains)
    ]
    for row in rows[len(answer.errors) :]:
        row["part of the loss"] = f"taken off by {row['part of the loss']}"

    def draw(figure: Figure) -> None:
        if answer.law is None:
            answer.plot(figure.subplots())
            return
        left, right = figure.subplots(1, 2)
        answer.plot(left)
        answer.plot_curve(right)

    return Section(
        "Which error is mine?", [MEANING, *answer.notes], rows, draw, points=answer.advice
    )
