"""HTML: tables for notebooks, and self-contained pages from templates of jinja2."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from importlib import resources
from typing import Any

from deepgen._display.text_table import Row, columns_of, format_value
from deepgen._optional import load_extra

__all__ = ["render", "table"]


def render(template: str, purpose: str, **values: Any) -> str:
    """Return the page of a template in the package, such as "experiments/gallery.html".

    The template's text is HTML, and all ``values`` are escaped. ``purpose`` is the subject of the
    message where jinja2 is not installed.
    """
    jinja2 = load_extra("jinja2", "report", purpose)
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_source),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    environment.filters["table"] = table
    environment.filters["base64"] = _base64
    page: str = environment.get_template(template).render(**values)
    return page


def table(rows: Sequence[Row]) -> str:
    """Return a table that scrolls in narrow windows; the text of its cells is escaped.

    Without jinja2, since a notebook shows such tables and needs no extra for it.
    """
    columns = columns_of(rows)
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    lines = [
        "".join(f"<td>{escape(format_value(row.get(name)))}</td>" for name in columns)
        for row in rows
    ]
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="scroll"><table><tr>{head}</tr>\n{body}</table></div>'


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _source(name: str) -> str:
    return resources.files("deepgen").joinpath(name).read_text(encoding="utf-8")
