"""The page: all sections in one self-contained HTML file."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from deepgen._display.html import render
from deepgen._display.style import new_figure
from deepgen._engine.version import VERSION
from deepgen._optional import load_extra
from deepgen._replace_file import replace_file
from deepgen.report.calibration import calibration
from deepgen.report.columns import columns
from deepgen.report.curvature import curvature
from deepgen.report.data_summary import data_summary
from deepgen.report.errors import errors
from deepgen.report.how_good import how_good
from deepgen.report.judged import SectionOfJudged
from deepgen.report.learning_curves import learning_curves
from deepgen.report.lipschitz_bracket import lipschitz_bracket
from deepgen.report.margins import margins
from deepgen.report.measures import measures
from deepgen.report.predictions import predictions
from deepgen.report.regions import regions
from deepgen.report.report_data import ReportData
from deepgen.report.section import Section
from deepgen.report.whose_error import whose_error

__all__ = ["SECTIONS", "render_page", "write_report"]

SectionOfReport: TypeAlias = Callable[[ReportData], Section | None]


def _of_judged(make: SectionOfJudged) -> SectionOfReport:
    """Return the same section for a report; None if its table has no targets."""

    @functools.wraps(make)
    def section(data: ReportData) -> Section | None:
        return None if data.judged is None else make(data.judged)

    return section


SECTIONS: Final[tuple[SectionOfReport, ...]] = (
    how_good,
    whose_error,
    curvature,
    measures,
    _of_judged(lipschitz_bracket),
    errors,
    learning_curves,
    _of_judged(predictions),
    _of_judged(calibration),
    _of_judged(margins),
    regions,
    _of_judged(columns),
    data_summary,
)
"""One entry per section; a section without content is None."""


def write_report(data: ReportData, path: str | Path) -> None:
    """Write a report as one HTML file with its figures inside.

    Parameters
    ----------
    data : ReportData
        Model and table, with the time for refits and a function that shows the progress.
    path : str or path
        Path of the file; an existing file is replaced.

    Raises
    ------
    ValueError
        If the file cannot be written.
    """
    load_extra("matplotlib", "report", "a report")
    sections: list[Section] = []
    for place, make_section in enumerate(SECTIONS):
        if data.progress is not None:
            data.progress(make_section.__name__.replace("_", " "), place, len(SECTIONS))
        section = make_section(data)
        if section is not None:
            sections.append(section)
    title = f"Report: {data.name}: {data.model.target}"
    page = render_page(title, data.model.estimator.summary_, sections)
    try:
        replace_file(path, page.encode())
    except OSError as error:
        raise ValueError(f"cannot write {path}: {error.strerror or error}") from None


def render_page(title: str, summary: str, sections: Sequence[Section]) -> str:
    """Return sections as one HTML page with their figures inside.

    Parameters
    ----------
    title, summary : str
        Heading of the page, and a line below it.
    sections : sequence of Section
        Sections in the page's order.

    Returns
    -------
    page : str
        HTML.
    """
    load_extra("matplotlib", "report", "a report")
    return render(
        "report/page.html",
        "a report",
        title=title,
        version=VERSION,
        summary=summary,
        sections=[{"content": section, "png": _figure(section)} for section in sections],
    )


def _figure(section: Section) -> bytes:
    """Return the figure of a section as PNG; empty if there is none."""
    if section.draw is None:
        return b""
    png = io.BytesIO()
    new_figure(section.draw).savefig(png, format="png", dpi=120)
    return png.getvalue()
