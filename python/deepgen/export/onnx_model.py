"""A fitted model as an ONNX model."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepgen._export.described import describe
from deepgen._export.onnx_graph import ML_DOMAIN, ML_OPSET, OPSET, Graph, load_onnx
from deepgen._export.onnx_network import classify, predict
from deepgen._export.onnx_table import encode, input_types
from deepgen._export.parts import parts_of

__all__ = ["to_onnx"]

IR_VERSION = 8
"""Version of the file format that belongs to `OPSET`, so that older runtimes read the file."""


def to_onnx(model: Any) -> Any:
    """Write a fitted model as an ONNX model.

    Parameters
    ----------
    model : MLPRegressor, MLPClassifier, TabularRegressor, TabularClassifier or TableModel
        Fitted model.

    Returns
    -------
    onnx_model : onnx.ModelProto
        Model with operators of opset 17 (and opset 3 of ai.onnx.ml, for text). An MLP takes one
        input ``X`` (n_samples, n_features) in the type of the network: float32, or float64 after a
        fit with ``dtype="float64"``. A model of a table takes one input (n, 1) per column, under
        its name: text (an empty one is missing, if it was no level in training) or float64 (NaN is
        missing, truth values are 0 and 1, dates are seconds since 1970 on the column's clock).
        Columns that were empty or constant in training have no input. A regressor gives
        ``variable`` (n_samples, n_outputs), a classifier ``label`` and ``probabilities``; numbers
        are float64.

    Raises
    ------
    NotFittedError
        If the model is not fitted.
    TypeError
        If it is of another kind.
    ValueError
        If something in it cannot be exported, such as a column that has no name, or the name of
        another column as text or of an output; the message names it, and what to do.
    MissingExtra
        If onnx is not installed.

    See Also
    --------
    to_c : The same as C.
    register_skl2onnx : Conversion of pipelines.

    Notes
    -----
    Norms are folded into the weights, and members are averaged in the graph. Networks are computed
    in their type, links and units in float64; the error function of ``gelu`` is computed in
    float32, since onnxruntime has no other. Sparse multilabel predictions become dense.

    Examples
    --------
    >>> from deepgen.export import to_onnx
    >>> to_onnx("model")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    TypeError: str cannot be exported: ...
    """
    encoder, mlp = parts_of(model)
    described = describe(mlp)
    helper = load_onnx("onnx.helper")
    names = ["variable"] if described.classes is None else ["label", "probabilities"]
    if encoder is None:
        graph, x = Graph(), "X"
        inputs = [_value(x, described.dtype, described.n_features)]
    else:
        types = input_types(encoder, names)
        graph = Graph([*types, *names])
        inputs = [_value(name, kind, 1) for name, kind in types.items()]
        x = encode(graph, encoder, {c.place: str(c.name) for c in encoder.columns_})
        x = graph.cast(x, described.dtype)
    if described.classes is None:
        graph.rename(predict(graph, described, x), names[0])
        outputs = [_value(names[0], np.float64, described.n_outputs)]
    else:
        made = classify(graph, described, x)
        graph.rename(made.label, names[0])
        graph.rename(made.probabilities, names[1])
        n_classes = len(described.classes)
        kind = np.int64 if described.multilabel else described.classes.dtype
        width = n_classes if described.multilabel else None
        outputs = [_value(names[0], kind, width), _value(names[1], np.float64, n_classes)]
    onnx_graph = helper.make_graph(
        graph.nodes, type(mlp).__name__, inputs, outputs, initializer=graph.constants
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML_DOMAIN, ML_OPSET)]
    onnx_model = helper.make_model(
        onnx_graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="deepgen"
    )
    load_onnx("onnx.checker").check_model(onnx_model)
    return onnx_model


def _value(name: str, kind: Any, width: int | None) -> Any:
    helper = load_onnx("onnx.helper")
    dtype = np.dtype(object) if np.dtype(kind).kind in "UO" else np.dtype(kind)
    shape = ["n"] if width is None else ["n", width]
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(dtype), shape)
