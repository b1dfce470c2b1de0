"""Conversion of pipelines by skl2onnx: what it calls for our estimators in them."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepgen._export.described import Described, describe
from deepgen._export.onnx_graph import ML_DOMAIN, ML_OPSET, OPSET, Graph, load_onnx
from deepgen._export.onnx_network import classify, predict
from deepgen._export.onnx_table import encode
from deepgen._export.parts import parts_of
from deepgen._export.skl_columns import columns_of
from deepgen._export.skl_options import (
    OPTIONS,
    keep_from_members,
    wants_raw_scores,
)
from deepgen._optional import load_extra
from deepgen.estimators import MLPClassifier, MLPRegressor
from deepgen.preprocessing import TableEncoder
from deepgen.tabular import TabularClassifier, TabularRegressor

__all__ = ["register_skl2onnx"]

PURPOSE = "exporting pipelines to ONNX"


def register_skl2onnx() -> None:
    """Make skl2onnx convert our estimators, so that it converts pipelines with them.

    These are the MLPs, `TabularRegressor`, `TabularClassifier` and `TableEncoder`. Needs skl2onnx
    (extra ``onnx``) and a ``target_opset`` of at least 17. Calling it again changes nothing.

    A raw table comes as all its columns: one input per column by the names of the training table,
    or under other names, or in fewer inputs, in its order. Only some of the names are an error.
    Columns of text need ``StringTensorType``; dates are seconds since 1970 on the column's clock,
    as ``DoubleTensorType``, which keeps all seconds.

    Probabilities are an array: there is no ZipMap, whatever the option ``zipmap`` says. With the
    option ``raw_scores`` they are the values of ``decision_function``, for two classes those of
    both. Calibration and stacks get what they were fitted on. A stack on labels, or on decision
    values of two classes, is refused, because skl2onnx converts none rightly.

    See Also
    --------
    to_onnx : Conversion of a model without a pipeline.

    Examples
    --------
    >>> from deepgen.export import register_skl2onnx
    >>> callable(register_skl2onnx)
    True
    """
    skl2onnx = load_extra("skl2onnx", "onnx", PURPOSE)
    keep_from_members((MLPRegressor, MLPClassifier, TabularRegressor, TabularClassifier))
    for regressor in (MLPRegressor, TabularRegressor):
        skl2onnx.update_registered_converter(
            regressor, f"Deepgen{regressor.__name__}", _shape_of_regressor, _convert
        )
    for classifier in (MLPClassifier, TabularClassifier):
        skl2onnx.update_registered_converter(
            classifier,
            f"Deepgen{classifier.__name__}",
            _shape_of_classifier,
            _convert,
            parser=_parse_classifier,
            options=OPTIONS,
        )
    skl2onnx.update_registered_converter(
        TableEncoder, "DeepgenTableEncoder", _shape_of_encoder, _convert
    )


def _parse_classifier(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:
    """Declare a classifier with two outputs, whose types are set later."""
    types = load_extra("skl2onnx.common.data_types", "onnx", PURPOSE)
    operator = scope.declare_local_operator(f"Deepgen{type(model).__name__}", model)
    operator.inputs = inputs
    for name, kind in (("label", types.Int64TensorType), ("probabilities", types.FloatTensorType)):
        operator.outputs.append(scope.declare_local_variable(name, kind()))
    return operator.outputs


def _shape_of_regressor(operator: Any) -> None:
    rows, kind = _rows_and_type(operator)
    _, mlp = parts_of(operator.raw_operator)
    operator.outputs[0].type = kind([rows, mlp.n_outputs_])


def _shape_of_encoder(operator: Any) -> None:
    types = load_extra("skl2onnx.common.data_types", "onnx", PURPOSE)
    rows, _ = _rows_and_type(operator)
    n_features = len(operator.raw_operator.feature_kinds_)
    operator.outputs[0].type = types.FloatTensorType([rows, n_features])


def _shape_of_classifier(operator: Any) -> None:
    types = load_extra("skl2onnx.common.data_types", "onnx", PURPOSE)
    rows, kind = _rows_and_type(operator)
    model = describe(parts_of(operator.raw_operator)[1])
    assert model.classes is not None
    shape = [rows, len(model.classes)] if model.multilabel else [rows]
    label = types.Int64TensorType
    if not model.multilabel and model.classes.dtype.kind in "UO":
        label = types.StringTensorType
    elif not model.multilabel and model.classes.dtype.kind not in "iu":
        raise ValueError(
            f"skl2onnx knows labels of integers and text, these are {model.classes.dtype}: use"
            " deepgen.export.to_onnx, or fit with other labels"
        )
    operator.outputs[0].type = label(shape)
    operator.outputs[1].type = kind([rows, len(model.classes)])


def _rows_and_type(operator: Any) -> tuple[Any, Any]:
    """Return the number of rows, if known, and the type: double for doubles, else float."""
    types = load_extra("skl2onnx.common.data_types", "onnx", PURPOSE)
    given = [variable.type for variable in operator.inputs]
    is_double = any(isinstance(kind, types.DoubleTensorType) for kind in given)
    rows = given[0].shape[0] if given[0].shape else None
    return rows, types.DoubleTensorType if is_double else types.FloatTensorType


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Put the nodes of an estimator into the graph of a pipeline, under names that are free."""
    graph, model = Graph(), operator.raw_operator
    if container.target_opset < OPSET:
        raise ValueError(
            f"target_opset={container.target_opset} is too low for {type(model).__name__}: give"
            f" {OPSET} or more"
        )
    names = {f"X{i}": variable.full_name for i, variable in enumerate(operator.inputs)}
    if isinstance(model, TableEncoder):
        made = [_encoded(graph, model, operator)]
    else:
        encoder, mlp = parts_of(model)
        own = describe(mlp)
        x = "X0" if encoder is None else _encoded(graph, encoder, operator)
        x = graph.cast(x, own.dtype)
        raw_scores = own.classes is not None and wants_raw_scores(model, scope, container)
        made = _predicted(graph, own, x, operator, raw_scores=raw_scores)
    for value, output in zip(made, operator.outputs, strict=True):
        names[value] = output.full_name
    _insert(graph, names, scope, container)


def _encoded(graph: Graph, encoder: TableEncoder, operator: Any) -> str:
    """Add the features of a table whose columns are those of the operator's inputs."""
    columns = columns_of(graph, encoder, operator.inputs)
    return encode(graph, encoder, columns)


def _predicted(
    graph: Graph, model: Described, x: str, operator: Any, *, raw_scores: bool
) -> list[str]:
    """Add what an estimator predicts, in the types of the operator's outputs.

    With ``raw_scores`` a classifier gives the values of ``decision_function``, no probabilities.
    """
    types = load_extra("skl2onnx.common.data_types", "onnx", PURPOSE)
    is_double = isinstance(operator.outputs[-1].type, types.DoubleTensorType)
    number = np.float64 if is_double else np.float32
    if model.classes is None:
        return [graph.cast(predict(graph, model, x), number)]
    made = classify(graph, model, x)
    label, values = made.label, made.probabilities
    if model.multilabel or model.classes.dtype.kind in "iu":
        label = graph.cast(label, np.int64)
    if raw_scores:
        values = made.decision(graph, model)
    return [label, graph.cast(values, number)]


def _insert(graph: Graph, names: dict[str, str], scope: Any, container: Any) -> None:
    """Put nodes and constants into a pipeline; ``names`` has those of inputs and outputs."""
    helper = load_onnx("onnx.helper")

    def named(values: Any) -> list[str]:
        for value in values:
            if value not in names:
                names[value] = scope.get_unique_variable_name(f"deepgen_{value}")
        return [names[value] for value in values]

    for constant in graph.constants:
        content = load_onnx("onnx.numpy_helper").to_array(constant)
        if constant.data_type == helper.np_dtype_to_tensor_dtype(np.dtype(object)):
            content = [text.decode() if isinstance(text, bytes) else text for text in content]
        shape = list(constant.dims)
        values = np.ravel(content).tolist()
        container.add_initializer(named([constant.name])[0], constant.data_type, shape, values)
    for node in graph.nodes:
        container.add_node(
            node.op_type,
            named(node.input),
            named(node.output),
            op_domain=node.domain,
            op_version=ML_OPSET if node.domain == ML_DOMAIN else OPSET,
            name=scope.get_unique_operator_name(f"deepgen_{node.op_type}"),
            **{each.name: helper.get_attribute_value(each) for each in node.attribute},
        )
