"""Conversion of pipelines by skl2onnx: what it calls for an MLP in them."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepgen._export.described import describe
from deepgen._export.onnx_graph import ML_DOMAIN, ML_OPSET, OPSET, Graph, load_onnx
from deepgen._export.onnx_network import classify, predict
from deepgen._optional import load_extra
from deepgen.estimators import MLPClassifier, MLPRegressor

__all__ = ["register_skl2onnx"]


def register_skl2onnx() -> None:
    """Make skl2onnx convert the MLPs, so that it converts pipelines with them.

    Needs skl2onnx (extra ``onnx``) and a ``target_opset`` of at least 17. Calling it again changes
    nothing.

    Probabilities are an array: there is no ZipMap, and so no option for it. skl2onnx finds the
    models that options belong to by walking all attributes, in which ``members_`` of a single
    network leads back to it.

    See Also
    --------
    to_onnx : Conversion of a model without a pipeline, and of models of tables.

    Examples
    --------
    >>> from deepgen.export import register_skl2onnx
    >>> callable(register_skl2onnx)
    True
    """
    skl2onnx = load_extra("skl2onnx", "onnx", "exporting pipelines to ONNX")
    skl2onnx.update_registered_converter(
        MLPRegressor, "DeepgenMLPRegressor", _shape_of_regressor, _convert
    )
    skl2onnx.update_registered_converter(
        MLPClassifier,
        "DeepgenMLPClassifier",
        _shape_of_classifier,
        _convert,
        parser=_parse_classifier,
    )


def _parse_classifier(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:
    """Declare a classifier with two outputs, whose types are set later."""
    types = load_extra("skl2onnx.common.data_types", "onnx", "exporting pipelines to ONNX")
    operator = scope.declare_local_operator("DeepgenMLPClassifier", model)
    operator.inputs = inputs
    for name, kind in (("label", types.Int64TensorType), ("probabilities", types.FloatTensorType)):
        operator.outputs.append(scope.declare_local_variable(name, kind()))
    return operator.outputs


def _shape_of_regressor(operator: Any) -> None:
    rows, kind = _rows_and_type(operator)
    operator.outputs[0].type = kind([rows, operator.raw_operator.n_outputs_])


def _shape_of_classifier(operator: Any) -> None:
    types = load_extra("skl2onnx.common.data_types", "onnx", "exporting pipelines to ONNX")
    rows, kind = _rows_and_type(operator)
    model = describe(operator.raw_operator)
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
    """Return the number of rows and the type of numbers: double for doubles, else float."""
    types = load_extra("skl2onnx.common.data_types", "onnx", "exporting pipelines to ONNX")
    given = operator.inputs[0].type
    is_double = isinstance(given, types.DoubleTensorType)
    return given.shape[0], types.DoubleTensorType if is_double else types.FloatTensorType


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Put the nodes of a model into the graph of a pipeline, under names that are free there."""
    types = load_extra("skl2onnx.common.data_types", "onnx", "exporting pipelines to ONNX")
    helper, model, graph = load_onnx("onnx.helper"), describe(operator.raw_operator), Graph()
    x = graph.cast("X", np.float32)
    is_double = isinstance(operator.outputs[-1].type, types.DoubleTensorType)
    number = np.float64 if is_double else np.float32
    names = {"X": operator.inputs[0].full_name}
    if model.classes is None:
        made = [graph.cast(predict(graph, model, x), number)]
    else:
        label, probabilities = classify(graph, model, x)
        if model.multilabel or model.classes.dtype.kind in "iu":
            label = graph.cast(label, np.int64)
        made = [label, graph.cast(probabilities, number)]
    for value, output in zip(made, operator.outputs, strict=True):
        names[value] = output.full_name

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
