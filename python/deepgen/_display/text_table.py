"""Tables: rows of named values as text and as CSV."""

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
    """Return the names of all columns, in order of first appearance."""
    return tuple(dict.fromkeys(name for row in rows for name in row))


def format_value(value: Any) -> str:
    """Format a value: four digits for numbers, 'yes' or 'no' for truth values, '' for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Real) and not isinstance(value, Integral):
        return f"{float(value):.4g}"
    return str(value)


def format_table(rows: Sequence[Row]) -> str:
    """Format a table as text: a header and one line per row, numbers right-aligned."""
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
    """Format a table as CSV, with all digits of the numbers."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns_of(rows), lineterminator="\n")
    writer.writeheader()
    writer.writerows([{name: _plain(value) for name, value in row.items()} for row in rows])
    return text.getvalue()


def _plain(value: Any) -> Any:
    # NumPy scalars print as np.float64(...); their item() prints as a number.
    return value.item() if hasattr(value, "item") else value
