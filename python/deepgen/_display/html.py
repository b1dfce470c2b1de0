"""Self-contained HTML pages: style, tables and figures are inside the file."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from importlib import resources

from deepgen._display.text_table import Row, columns_of, format_value

__all__ = ["image", "page", "table"]


def page(title: str, body: str) -> str:
    """Return a page with a title (plain text) and a body (HTML)."""
    css = resources.files("deepgen._display").joinpath("page.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{css}</style></head>\n<body>\n{body}\n"
        "</body></html>\n"
    )


def image(png: bytes, description: str) -> str:
    """Return an image element with the picture inside and a description in plain text."""
    data = base64.b64encode(png).decode("ascii")
    return f'<img src="data:image/png;base64,{data}" alt="{escape(description)}">'


def table(rows: Sequence[Row]) -> str:
    """Return a table that scrolls in narrow windows; the text of its cells is escaped."""
    columns = columns_of(rows)
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    lines = [
        "".join(f"<td>{escape(format_value(row.get(name)))}</td>" for name in columns)
        for row in rows
    ]
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="scroll"><table><tr>{head}</tr>\n{body}</table></div>'
