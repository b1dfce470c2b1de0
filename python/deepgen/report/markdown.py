"""Sections as Markdown: text and tables, without figures."""

from __future__ import annotations

import re
from collections.abc import Sequence

from deepgen._display.text_table import Row, columns_of, format_value
from deepgen.report.section import Section

__all__ = ["to_markdown"]


def to_markdown(title: str, summary: str, sections: Sequence[Section], version: str) -> str:
    """Return a page of sections as Markdown.

    Parameters
    ----------
    title, summary : str
        Heading of the page, and a line below it.
    sections : sequence of Section
        Their figures are left out.
    version : str
        Version of the package.

    Returns
    -------
    page : str
        Text whose names cannot be taken for markup.
    """
    parts = [f"# {_plain(title)}", _plain(summary)]
    for section in sections:
        parts.append(f"## {_plain(section.title)}")
        parts += [_plain(paragraph) for paragraph in section.paragraphs]
        if section.points:
            parts.append("\n".join(f"- {_plain(point)}" for point in section.points))
        if section.table:
            parts.append(_table(section.table))
    parts.append(f"Written by deepgen {version}.")
    return "\n\n".join(parts) + "\n"


def _table(rows: Sequence[Row]) -> str:
    columns = columns_of(rows)
    lines = [[_plain(name) for name in columns], ["---"] * len(columns)]
    lines += [[_plain(format_value(row.get(name))) for name in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(text: str) -> str:
    """Return text on one line with the characters of markup escaped."""
    return re.sub(r"([\\`*_<>|\[\]#$~&])", r"\\\1", " ".join(str(text).split()))
