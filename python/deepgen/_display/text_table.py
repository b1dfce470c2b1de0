"""Tables: rows of named values, for a terminal and for CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any, TypeAlias

__all__ = ["Row", "columns_of", "format_table", "format_value", "to_csv"]

Row: TypeAlias = Mapping[str, Any]
"""One row: column name to number, text, truth value or None."""


def columns_of(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the names of all columns, in order of first appearance.

    Parameters
    ----------
    rows : sequence of mapping
        The table.

    Returns
    -------
    columns : tuple of str
        Each name once.

    Examples
    --------
    >>> from deepgen._display.text_table import columns_of
    >>> columns_of([{"width": 2}, {"width": 4, "loss": 0.5}])
    ('width', 'loss')
    """
    return tuple(dict.fromkeys(name for row in rows for name in row))


def format_value(value: Any) -> str:
    """Write a value for a reader: four digits for numbers, nothing for None.

    Parameters
    ----------
    value : object
        What stands in a table.

    Returns
    -------
    text : str
        A short form.

    Examples
    --------
    >>> from deepgen._display.text_table import format_value
    >>> format_value(2 / 3), format_value(12345), format_value(None), format_value(True)
    ('0.6667', '12345', '', 'yes')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Real) and not isinstance(value, Integral):
        return f"{float(value):.4g}"
    return str(value)


def format_table(rows: Sequence[Row]) -> str:
    """Align a table for a terminal.

    Parameters
    ----------
    rows : sequence of mapping
        The table.

    Returns
    -------
    text : str
        A header and one line a row; numbers are aligned to the right, text to the left.

    Examples
    --------
    >>> from deepgen._display.text_table import format_table
    >>> print(format_table([{"model": "tree", "loss": 0.25}, {"model": "MLP", "loss": 0.125}]))
    model   loss
    tree    0.25
    MLP    0.125
    """
    columns = columns_of(rows)
    cells = [[format_value(row.get(name)) for name in columns] for row in rows]
    widths = [
        max([len(name), *(len(line[place]) for line in cells)])
        for place, name in enumerate(columns)
    ]
    text = [any(isinstance(row.get(name), str) for row in rows) for name in columns]
    lines = []
    for line in [list(columns), *cells]:
        aligned = (
            cell.ljust(width) if left else cell.rjust(width)
            for cell, width, left in zip(line, widths, text, strict=True)
        )
        lines.append("  ".join(aligned).rstrip())
    return "\n".join(lines)


def to_csv(rows: Sequence[Row]) -> str:
    """Write a table as CSV, numbers in full.

    Parameters
    ----------
    rows : sequence of mapping
        The table.

    Returns
    -------
    text : str
        A header and one line a row.

    Examples
    --------
    >>> from deepgen._display.text_table import to_csv
    >>> print(to_csv([{"width": 2, "loss": 0.1}]), end="")
    width,loss
    2,0.1
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, columns_of(rows), lineterminator="\n")
    writer.writeheader()
    writer.writerows([{name: _plain(value) for name, value in row.items()} for row in rows])
    return text.getvalue()


def _plain(value: Any) -> Any:
    # NumPy scalars print as np.float64(...); their item() prints as a number.
    return value.item() if hasattr(value, "item") else value
