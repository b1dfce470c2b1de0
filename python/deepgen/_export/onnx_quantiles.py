"""Numbers scaled by their quantiles as nodes of an ONNX graph."""

from __future__ import annotations

import numpy as np

from deepgen._export.normal_quantile import (
    LEAST,
    MIDDLE,
    NEAR_MIDDLE,
    NEAR_TAIL,
    NEAREST,
    SQUARED_MIDDLE,
    TAIL_START,
)
from deepgen._export.onnx_graph import Graph
from deepgen.preprocessing.scales import QuantileScale

__all__ = ["add_quantile_scale"]

F64 = np.float64


def add_quantile_scale(graph: Graph, scale: QuantileScale, x: str) -> str:
    """Add the normal quantiles of the ranks of numbers, (n, 1) in float64."""
    least, most = graph.constant(LEAST, F64), graph.constant(1 - LEAST, F64)
    share = graph.add("Clip", _ranks(graph, scale.quantiles, x), least, most)
    near, first, last = NEAREST, scale.quantiles[0], scale.quantiles[-1]
    above = graph.add("Add", x, graph.constant(near, F64))
    share = graph.add("Where", graph.add("Greater", above, graph.constant(last, F64)), most, share)
    below = graph.add("Sub", x, graph.constant(near, F64))
    share = graph.add("Where", graph.add("Less", below, graph.constant(first, F64)), least, share)
    return _normal_quantile(graph, share)


def _ranks(graph: Graph, quantiles: np.ndarray, x: str) -> str:
    """Add the ranks of numbers among quantiles, from 0 to 1; the middle one of equal quantiles.

    A rank is the number of gaps between quantiles that lie below; the gap around a number counts by
    its part below, and a gap of no width, at which the rank jumps, by half.
    """
    left, widths = quantiles[:-1], np.diff(quantiles)
    wide, parts = widths > 0, []
    if wide.any():
        part = graph.add("Sub", x, graph.constant(left[wide], F64))
        part = graph.add("Div", part, graph.constant(widths[wide], F64))
        part = graph.add("Clip", part, graph.constant(0.0, F64), graph.constant(1.0, F64))
        parts.append(_summed(graph, part, np.ones(wide.sum())))
    if not wide.all():
        side = graph.add("Sign", graph.add("Sub", x, graph.constant(left[~wide], F64)))
        half = graph.add("Add", side, graph.constant(1.0, F64))
        parts.append(_summed(graph, half, np.full((~wide).sum(), 0.5)))
    total = parts[0] if len(parts) == 1 else graph.add("Add", *parts)
    return graph.add("Div", total, graph.constant(len(widths), F64))


def _summed(graph: Graph, values: str, factors: np.ndarray) -> str:
    return graph.add("MatMul", values, graph.constant(factors[:, None], F64))


def _normal_quantile(graph: Graph, share: str) -> str:
    def number(value: float) -> str:
        return graph.constant(value, F64)

    distance = graph.add("Sub", share, number(0.5))
    squared = graph.add("Sub", number(SQUARED_MIDDLE), graph.add("Mul", distance, distance))
    middle = graph.add("Mul", distance, _rational(graph, NEAR_MIDDLE, squared))
    tail = graph.add("Min", share, graph.add("Sub", number(1.0), share))
    root = graph.add("Sqrt", graph.add("Neg", graph.add("Log", tail)))
    size = _rational(graph, NEAR_TAIL, graph.add("Sub", root, number(TAIL_START)))
    outer = graph.add("Mul", graph.add("Sign", distance), size)
    inside = graph.add("LessOrEqual", graph.add("Abs", distance), number(MIDDLE))
    return graph.add("Where", inside, middle, outer)


def _rational(graph: Graph, coefficients: tuple[tuple[float, ...], ...], x: str) -> str:
    above, below = (_polynomial(graph, own, x) for own in coefficients)
    return graph.add("Div", above, below)


def _polynomial(graph: Graph, coefficients: tuple[float, ...], x: str) -> str:
    *rest, value = (graph.constant(own, F64) for own in coefficients)
    for own in reversed(rest):
        value = graph.add("Add", graph.add("Mul", value, x), own)
    return value
