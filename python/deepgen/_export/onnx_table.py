"""The encoder of raw tables as nodes of an ONNX graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from deepgen._export.levels_table import levels_table
from deepgen._export.onnx_dates import add_days, add_parts
from deepgen._export.onnx_graph import ML_DOMAIN, Graph
from deepgen._export.onnx_quantiles import add_quantile_scale
from deepgen._inputs.columns import list_columns
from deepgen.preprocessing.date import DateColumn
from deepgen.preprocessing.number import NumberColumn
from deepgen.preprocessing.scales import FARTHEST, QuantileScale, RobustScale

__all__ = ["encode", "input_types"]

F32, F64 = np.float32, np.float64


def input_types(encoder: Any, outputs: Collection[str]) -> dict[str, Any]:
    """Return name and type of the input of each column: text or float64.

    Names that an input cannot have next to others and the ``outputs`` of the model are refused.
    """
    names = [column.name for column in encoder.columns_]
    count = Counter(map(str, names))
    reasons = {
        "no input of ONNX may have": [name for name in names if name == ""],
        "several inputs of ONNX would have": [name for name in names if count[str(name)] > 1],
        "an output of the ONNX model has": [name for name in names if str(name) in outputs],
    }
    for reason, wrong in reasons.items():
        if wrong:
            raise ValueError(
                f"{list_columns(wrong)} cannot be exported under a name that {reason}: give"
                " other names in the table, and fit again"
            )
    return {
        str(column.name): np.str_ if getattr(column, "is_text", False) else F64
        for column in encoder.columns_
    }


def encode(graph: Graph, encoder: Any, values: Mapping[int, str]) -> str:
    """Add the features of a table, (n, n_features) in float32.

    ``values`` are those of its columns by their places in the training table, (n, 1) each, as text
    or float64.
    """
    parts: list[str] = []
    for column in encoder.columns_:
        x = values[column.place]
        if isinstance(column, NumberColumn):
            parts += _number(graph, column, x)
        elif isinstance(column, DateColumn):
            parts += _number(graph, column.days, add_days(graph, x))
            parts += add_parts(graph, column, x)
        else:
            table = graph.constant(levels_table(column), F32)
            parts.append(graph.add("Gather", table, _position(graph, column, x)))
    return graph.add("Concat", *parts, axis=1)


def _number(graph: Graph, column: NumberColumn, x: str) -> list[str]:
    missing = graph.add("IsNaN", x)
    size = graph.add("Div", x, graph.constant(column.unit, F64))
    filled = graph.add("Where", missing, graph.constant(column.median, F64), size)
    parts = []
    if column.scale is not None:
        parts.append(graph.cast(_scaled(graph, column.scale, filled), F32))
    if column.bins is not None:
        edges = column.bins.edges
        share = graph.add("Sub", filled, graph.constant(edges[:-1], F64))
        share = graph.add("Div", share, graph.constant(np.diff(edges), F64))
        share = graph.add("Clip", share, graph.constant(0.0, F64), graph.constant(1.0, F64))
        share = graph.add("Sub", share, graph.constant(0.5, F64))
        share = graph.add("Mul", share, graph.constant(2 * column.bins.weight, F64))
        parts.append(graph.cast(share, F32))
    if column.has_missing:
        parts.append(graph.cast(missing, F32))
    return parts


def _scaled(graph: Graph, scale: Any, filled: str) -> str:
    if isinstance(scale, QuantileScale):
        return add_quantile_scale(graph, scale, filled)
    z = graph.add("Sub", filled, graph.constant(scale.center, F64))
    z = graph.add("Div", z, graph.constant(scale.width, F64))
    far = graph.constant(-FARTHEST, F64), graph.constant(FARTHEST, F64)
    z = graph.add("Clip", z, *far)
    if not isinstance(scale, RobustScale):
        return z
    third = graph.add("Div", z, graph.constant(3.0, F64))
    square = graph.add("Mul", third, third)
    root = graph.add("Sqrt", graph.add("Add", square, graph.constant(1.0, F64)))
    return graph.add("Div", z, root)


def _position(graph: Graph, column: Any, x: str) -> str:
    """Add the row of the table of levels: 0 for an unknown one, the last for a missing value."""
    n_levels = len(column.levels)
    axis = graph.constant([1], np.int64)
    if column.is_text:
        places = {level: place + 1 for place, level in enumerate(column.levels)}
        places.setdefault("", n_levels + 1)
        place = graph.add(
            "LabelEncoder",
            x,
            domain=ML_DOMAIN,
            keys_strings=list(places),
            values_int64s=list(places.values()),
            default_int64=0,
        )
        return graph.add("Squeeze", place, axis)
    levels = np.array([float(level) for level in column.levels])
    same = graph.cast(graph.add("Equal", x, graph.constant(levels, F64)), F64)
    places_of = graph.constant(np.arange(1.0, n_levels + 1)[:, None], F64)
    found = graph.add("MatMul", same, places_of)
    last = graph.constant(n_levels + 1, F64)
    place = graph.add("Where", graph.add("IsNaN", x), last, found)
    return graph.add("Squeeze", graph.cast(place, np.int64), axis)
