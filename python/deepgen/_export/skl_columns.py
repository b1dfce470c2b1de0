"""The columns of a raw table among the inputs that skl2onnx has for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from deepgen._export.onnx_graph import Graph
from deepgen._inputs.columns import list_columns
from deepgen._optional import load_extra

__all__ = ["columns_of"]


def columns_of(graph: Graph, encoder: Any, inputs: Any) -> dict[str, str]:
    """Return the value of each column of an encoder by its name, as text or float64.

    ``inputs`` are skl2onnx's variables, whose values are named X0, X1 ... here; each has one column
    or more. Their names count if they are those of the training table, else their order.
    """
    types = load_extra("skl2onnx.common.data_types", "onnx", "exporting pipelines to ONNX")
    places: Sequence[int]
    found: list[tuple[str, bool]] = []
    for number, variable in enumerate(inputs):
        is_text = isinstance(variable.type, types.StringTensorType)
        width, own = variable.type.shape[1], f"X{number}"
        if width == 1:
            found.append((own, is_text))
            continue
        for place in range(width or 0):
            one = graph.constant([place], np.int64)
            found.append((graph.add("Gather", own, one, axis=1), is_text))
    n_columns = encoder.n_features_in_
    if len(found) != n_columns:
        raise ValueError(
            f"skl2onnx has {len(found)} columns for a table of {n_columns}: give each column a name"
            " and a type in initial_types"
        )
    names = [str(name) for name in encoder._names or range(n_columns)]
    given = [variable.raw_name for variable in inputs]
    places = range(n_columns)
    if sorted(given) == sorted(names):
        places = [given.index(name) for name in names]
    values: dict[str, str] = {}
    wrong: dict[bool, list[Any]] = {True: [], False: []}
    for column in encoder.columns_:
        value, is_text = found[places[column.place]]
        wants_text = bool(getattr(column, "is_text", False))
        if wants_text != is_text:
            wrong[wants_text].append(column.name)
        values[str(column.name)] = value if wants_text else graph.cast(value, np.float64)
    for wants_text, columns in wrong.items():
        if columns:
            kind = "text: give StringTensorType" if wants_text else "numbers: give DoubleTensorType"
            raise ValueError(f"{list_columns(columns)} held {kind}")
    return values
