"""Columns of dates as nodes of an ONNX graph: seconds in, days and calendar parts out."""

from __future__ import annotations

import numpy as np

from deepgen._export.calendar import DAY, Arithmetic, turns
from deepgen._export.onnx_graph import Graph
from deepgen.preprocessing.date import PARTS, DateColumn, circle

__all__ = ["add_days", "add_parts"]

F64 = np.float64


def add_days(graph: Graph, x: str) -> str:
    """Add days since 1970 with their fractions; ``x`` are seconds, NaN where missing."""
    return graph.add("Div", graph.add("Floor", x), graph.constant(DAY, F64))


def add_parts(graph: Graph, column: DateColumn, x: str) -> list[str]:
    """Add the points of the calendar parts on their circles, (n, 2) in float32 each."""
    missing, zero = graph.add("IsNaN", x), graph.constant(0.0, F64)
    seconds = graph.add("Where", missing, zero, graph.add("Floor", x))
    parts = []
    for part in column.parts:
        turn = turns(_Nodes(graph), seconds, part)
        middle = graph.constant(PARTS[part], F64)
        place = graph.cast(graph.add("Where", missing, middle, turn), np.int64)
        place = graph.add("Squeeze", place, graph.constant([1], np.int64))
        parts.append(graph.add("Gather", graph.constant(circle(part), np.float32), place))
    return parts


class _Nodes(Arithmetic[str]):
    """Arithmetic whose results are the names of nodes."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def plus(self, a: str, b: str | int) -> str:
        return self._graph.add("Add", a, b if isinstance(b, str) else self._number(b))

    def minus(self, a: str, b: str) -> str:
        return self._graph.add("Sub", a, b)

    def times(self, a: str, n: int) -> str:
        return self._graph.add("Mul", a, self._number(n))

    def over(self, a: str, n: int) -> str:
        return self._graph.add("Floor", self._graph.add("Div", a, self._number(n)))

    def _number(self, n: int) -> str:
        return self._graph.constant(n, F64)
