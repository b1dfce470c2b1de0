"""Columns of dates as C: seconds in, days and calendar parts out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from deepgen._export.c_text import CArrays
from deepgen._export.calendar import DAY, Arithmetic, turns
from deepgen.preprocessing.date import PARTS, DateColumn, circle

__all__ = ["DATES_END", "days_of_field", "parts_of_date"]

DATES_END = 2**52
"""Seconds from 1970 below which the arithmetic is exact: 142 million years."""


def days_of_field(field: str) -> str:
    """Return the expression of days since 1970 with their fractions."""
    return f"floor(row->{field}) / {DAY}.0"


def parts_of_date(arrays: CArrays, column: DateColumn, field: str) -> Iterator[str]:
    """Yield the lines that write the points of the calendar parts on their circles."""
    start = column.start + len(column.days.feature_kinds)
    for place, part in enumerate(column.parts):
        points = circle(part).astype(np.float32)
        table = arrays.add_doubles(f"column{column.place}_{part}", points)
        lines = _Lines()
        turn = turns(lines, "seconds", part)
        yield "    {"
        yield f"        int turn = {PARTS[part]};"
        yield f"        double seconds = floor(row->{field});"
        yield f"        if (fabs(seconds) < {DATES_END}.0) {{"
        yield from (f"            {line}" for line in lines.lines)
        yield f"            turn = (int){turn};"
        yield "        }"
        yield f"        x[{start + 2 * place}] = {table}[2 * turn];"
        yield f"        x[{start + 2 * place + 1}] = {table}[2 * turn + 1];"
        yield "    }"


class _Lines(Arithmetic[str]):
    """Arithmetic whose results are variables, and the lines that compute them."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def plus(self, a: str, b: str | int) -> str:
        return self._keep(f"{a} + {b if isinstance(b, str) else f'{b}.0'}")

    def minus(self, a: str, b: str) -> str:
        return self._keep(f"{a} - {b}")

    def times(self, a: str, n: int) -> str:
        return self._keep(f"{a} * {n}.0")

    def over(self, a: str, n: int) -> str:
        return self._keep(f"floor({a} / {n}.0)")

    def _keep(self, expression: str) -> str:
        name = f"t{len(self.lines)}"
        self.lines.append(f"double {name} = {expression};")
        return name
