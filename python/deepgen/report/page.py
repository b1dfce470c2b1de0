"""The page: all sections in one self-contained HTML file."""

from __future__ import annotations

import io
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Final

from deepgen._display import html
from deepgen._display.style import new_figure
from deepgen._engine.version import VERSION
from deepgen._optional import load_extra
from deepgen._replace_file import replace_file
from deepgen.report.columns import columns
from deepgen.report.data_summary import data_summary
from deepgen.report.errors import errors
from deepgen.report.learning_curves import learning_curves
from deepgen.report.predictions import predictions
from deepgen.report.regions import regions
from deepgen.report.section import ReportData, Section

__all__ = ["SECTIONS", "write_report"]

SECTIONS: Final[tuple[Callable[[ReportData], Section | None], ...]] = (
    data_summary,
    errors,
    learning_curves,
    predictions,
    columns,
    regions,
)
"""One line a section; a section that has nothing to say returns None."""


def write_report(
    data: ReportData,
    path: str | Path,
    progress: Callable[[str, int, int], None] | None = None,
) -> None:
    """Write a report as one HTML file with its figures inside.

    Parameters
    ----------
    data : ReportData
        Model and table.
    path : str or path
        The file; one that is there is replaced.
    progress : callable or None, default=None
        Told what runs, how many sections are done and how many there are.

    Raises
    ------
    ValueError
        If the file cannot be written.
    """
    load_extra("matplotlib", "plot", "a report")
    parts = []
    for place, section in enumerate(SECTIONS):
        if progress is not None:
            progress(section.__name__.replace("_", " "), place, len(SECTIONS))
        result = section(data)
        if result is not None:
            parts.append(_html(result))
    title = f"{data.name}: {data.model.target}"
    page = html.page(
        title,
        f"<h1>Report: {escape(title)}</h1>\n" + "\n".join(parts) + "\n"
        f'<p class="small">Written by deepgen {VERSION}.</p>',
    )
    try:
        replace_file(path, page.encode())
    except OSError as error:
        raise ValueError(f"cannot write {path}: {error.strerror or error}") from None


def _html(section: Section) -> str:
    text = "\n".join(f"<p>{escape(paragraph)}</p>" for paragraph in section.paragraphs)
    table = html.table(section.table) if section.table else ""
    picture = ""
    if section.draw is not None:
        png = io.BytesIO()
        new_figure(section.draw).savefig(png, format="png", dpi=120)
        picture = html.image(png.getvalue(), section.title)
    return f"<section>\n<h2>{escape(section.title)}</h2>\n{text}\n{table}\n{picture}\n</section>"
