"""Section: a part of a page, with text, table and figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepgen._display.text_table import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Section"]


@dataclass(frozen=True)
class Section:
    """Heading, text, table and figure of a section.

    Parameters
    ----------
    title : str
        The heading.
    paragraphs : sequence of str
        Plain text.
    table : sequence of mapping
        Rows of named values.
    draw : callable or None
        Function that draws the figure on an empty `matplotlib.figure.Figure`.
    points : sequence of str
        Plain text, one list item each, between paragraphs and table.
    folded : bool
        Whether only the heading shows until it is clicked.

    Examples
    --------
    >>> from deepgen.report import Section
    >>> Section("Data", ["Three rows."]).table
    ()
    """

    title: str
    paragraphs: Sequence[str] = ()
    table: Sequence[Row] = ()
    draw: Callable[[Figure], None] | None = None
    points: Sequence[str] = ()
    folded: bool = False
