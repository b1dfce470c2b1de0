"""How far the right class is ahead of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from deepgen.generalization.norms.margins import margins as measure
from deepgen.report.judged import Judged, refusing
from deepgen.report.section import Section

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["margins"]

TITLE: Final = "Margins"
MOST_ROWS: Final = 10_000
"""Largest number of rows that are measured."""


@refusing(TITLE)
def margins(judged: Judged) -> Section | None:
    """Show the margins of the rows, class by class.

    Parameters
    ----------
    judged : Judged
        Model and rows.

    Returns
    -------
    section : Section or None
        None for regressors and for several labels per row.
    """
    if judged.classes is None or judged.y.ndim > 1:
        return None
    some = judged.some(MOST_ROWS)
    measured = measure(some.probe)
    text = (
        f"Of {judged.network} and {some.where}: the margin of a row is the logit of its class "
        "minus the largest of the others; where it is negative the answer is wrong."
    )
    points = [
        f"The median margin is {np.median(measured.margin):.3g}, the 5th percentile "
        f"{measured.percentile():.3g}; {measured.wrong:.1%} are 0 or less."
    ]
    if measured.normalized is None:
        points.append(f"Not normalized: {measured.reason}.")
    else:
        assert measured.complexity is not None
        points.append(
            f"Over the spectral complexity ({measured.complexity.value:.3g}) and the size of the "
            f"rows the median is {np.median(measured.normalized):.3g}: by this number, after "
            "Bartlett, Foster and Telgarsky (2017), networks on the same rows are compared. "
            "Larger is better; alone it says nothing."
        )
    table = [
        {
            "class": str(one.label),
            "rows": one.n,
            "wrong": one.wrong if one.n else None,
            "5th percentile": one.low if one.n else None,
            "median": one.median if one.n else None,
        }
        for one in measured.by_class
    ]

    def draw(figure: Figure) -> None:
        figure.set_size_inches(6.5, 4.5)
        measured.plot(figure.subplots())

    return Section(TITLE, [text], table, draw, points=points)
