"""The columns of a raw table among the inputs that skl2onnx has for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from deepgen._export.onnx_graph import Graph
from deepgen._inputs.columns import list_columns
from deepgen._optional import load_extra

__all__ = ["columns_of"]

NUMBERS = "numbers: give DoubleTensorType"
JOINED = (
    "numbers, which skl2onnx joined with text to one input of text, as it does in a"
    " ColumnTransformer: use one TableEncoder per type, or one for the whole table"
)


def columns_of(graph: Graph, encoder: Any, inputs: Any) -> dict[int, str]:
    """Return the value of each column of an encoder by its place, as text or float64.

    ``inputs`` are skl2onnx's variables, whose values are named X0, X1 ... here; each has one column
    or more. Their names count if they are those of the training table, else their order.
    """
    types = load_extra("skl2onnx.common.data_types", "onnx", "exporting pipelines to ONNX")
    found: list[tuple[str, bool, bool]] = []
    for number, variable in enumerate(inputs):
        is_text = isinstance(variable.type, types.StringTensorType)
        width, own = _width(variable), f"X{number}"
        if width == 1:
            found.append((own, is_text, False))
            continue
        for place in range(width):
            one = graph.constant([place], np.int64)
            found.append((graph.add("Gather", own, one, axis=1), is_text, True))
    if len(found) != encoder.n_features_in_:
        raise ValueError(
            f"skl2onnx has {len(found)} columns for a table of {encoder.n_features_in_}: give each"
            " column a name and a type in initial_types"
        )
    places = _places(encoder, inputs)
    values: dict[int, str] = {}
    wrong: dict[str, list[Any]] = {}
    for column in encoder.columns_:
        value, is_text, is_joined = found[places[column.place]]
        wants_text = bool(getattr(column, "is_text", False))
        if wants_text and not is_text:
            wrong.setdefault("text: give StringTensorType", []).append(column.name)
        elif is_text and not wants_text:
            wrong.setdefault(JOINED if is_joined else NUMBERS, []).append(column.name)
        values[column.place] = value if wants_text else graph.cast(value, np.float64)
    for what, columns in wrong.items():
        raise ValueError(f"{list_columns(columns)} held {what}")
    return values


def _width(variable: Any) -> int:
    """Return the number of columns of an input, 0 if skl2onnx does not know it."""
    shape = variable.type.shape
    return int(shape[1] or 0) if len(shape) == 2 else 0


def _places(encoder: Any, inputs: Any) -> Sequence[int]:
    """Return which of the given columns each column of the training table is."""
    names = [str(name) for name in encoder._names or range(encoder.n_features_in_)]
    given = [variable.raw_name for variable in inputs if _width(variable) == 1]
    if not set(given) & set(names):
        return range(len(names))
    if sorted(given) != sorted(names):
        raise ValueError(
            f"the inputs are {list_columns([each.raw_name for each in inputs])}, and the training"
            f" table had {list_columns(names)}: name all inputs by the columns, or none"
        )
    return [given.index(name) for name in names]
