"""Networks, links and labels as nodes of an ONNX graph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepgen._export.described import Described, FeatureMap, Layer, Member, clip_bounds
from deepgen._export.onnx_graph import Graph

__all__ = ["Classified", "classify", "predict"]

F32, F64 = np.float32, np.float64


def predict(graph: Graph, model: Described, x: str) -> str:
    """Add the predictions of a regressor, (n, n_outputs), to features in float32."""
    return _mean(graph, [_in_units(graph, model, member, x) for member in model.members])


@dataclass(frozen=True)
class Classified:
    """Names of what a classifier gives: labels, probabilities and the outputs of each network."""

    label: str
    probabilities: str
    outputs: list[str]

    def decision(self, graph: Graph, model: Described) -> str:
        """Add the values of ``decision_function`` as a matrix: for two classes those of both."""
        value = _joint(graph, model, self.outputs)
        if model.multilabel or model.n_outputs > 1:
            return value
        below = graph.add("Neg", value)
        one_class = model.classes is not None and len(model.classes) == 1
        return below if one_class else graph.add("Concat", below, value, axis=1)


def classify(graph: Graph, model: Described, x: str) -> Classified:
    """Add labels and probabilities of a classifier."""
    assert model.classes is not None
    outputs = [graph.cast(_outputs(graph, member, x), F64) for member in model.members]
    mean = _mean(graph, [_linked(graph, model.link, z) for z in outputs])
    # One network decides by its outputs, which do not round to 0 or 1.
    deciding, threshold = (outputs[0], 0.0) if len(outputs) == 1 else (mean, 0.5)
    if model.link == "softmax":
        number = graph.add("ArgMax", deciding, axis=1, keepdims=0)
        label = graph.add("Gather", graph.constant(model.classes), number)
        return Classified(label, mean, outputs)
    above = graph.cast(graph.add("Greater", deciding, graph.constant(threshold, F64)), np.int64)
    if model.multilabel:
        return Classified(above, mean, outputs)
    number = graph.add("Squeeze", above, graph.constant([1], np.int64))
    other = graph.add("Sub", graph.constant(1.0, F64), mean)
    both = graph.add("Concat", other, mean, axis=1)
    label = graph.add("Gather", graph.constant(model.classes), number)
    return Classified(label, both, outputs)


def _joint(graph: Graph, model: Described, outputs: list[str]) -> str:
    """Add the logits of the mean probabilities, which do not round to 0 or 1."""
    if len(outputs) == 1:
        return outputs[0]
    if model.n_outputs > 1 and not model.multilabel:
        logs = [graph.add("LogSoftmax", z, axis=1) for z in outputs]
        return graph.add("Sub", _log_sum(graph, logs), graph.constant(np.log(len(logs)), F64))
    below = _log_sum(graph, [graph.add("Neg", _softplus(graph, z)) for z in outputs])
    flipped = [graph.add("Neg", z) for z in outputs]
    above = _log_sum(graph, [graph.add("Neg", _softplus(graph, z)) for z in flipped])
    return graph.add("Sub", above, below)


def _log_sum(graph: Graph, logs: list[str]) -> str:
    """Add the logarithm of a sum of several numbers that are given as logarithms."""
    largest = graph.add("Max", *logs)
    shares = [graph.add("Exp", graph.add("Sub", log, largest)) for log in logs]
    return graph.add("Add", largest, graph.add("Log", graph.add("Sum", *shares)))


def _mean(graph: Graph, values: list[str]) -> str:
    if len(values) == 1:
        return values[0]
    return graph.add("Div", graph.add("Sum", *values), graph.constant(len(values), F64))


def _in_units(graph: Graph, model: Described, member: Member, x: str) -> str:
    value = _linked(graph, model.link, graph.cast(_outputs(graph, member, x), F64))
    value = graph.add("Mul", value, graph.constant(member.scale, F64))
    value = graph.add("Add", value, graph.constant(member.mean, F64))
    if member.lowest is not None:
        value = graph.add("Max", value, graph.constant(member.lowest, F64))
        value = graph.add("Min", value, graph.constant(member.highest, F64))
    return value


def _linked(graph: Graph, link: str, z: str) -> str:
    """Add an inverse link, in float64 as the engine."""
    if link == "identity":
        return z
    if link == "softmax":
        return graph.add("Softmax", z, axis=1)
    if link == "quantiles":
        places = [graph.constant(numbers, np.int64) for numbers in ([0], [1], [2**31])]
        axis = graph.constant([1], np.int64)
        first = graph.add("Slice", z, places[0], places[1], axis)
        rises = _softplus(graph, graph.add("Slice", z, places[1], places[2], axis))
        steps = graph.add("Concat", first, rises, axis=1)
        return graph.add("CumSum", steps, graph.constant(1, np.int64))
    return graph.add({"exp": "Exp", "logistic": "Sigmoid"}[link], z)


def _softplus(graph: Graph, z: str) -> str:
    """Add softplus in float64, for which onnxruntime has no operator."""
    zero, one = graph.constant(0.0, F64), graph.constant(1.0, F64)
    small = graph.add("Exp", graph.add("Neg", graph.add("Abs", z)))
    return graph.add(
        "Add", graph.add("Max", z, zero), graph.add("Log", graph.add("Add", one, small))
    )


def _outputs(graph: Graph, member: Member, x: str) -> str:
    """Add the outputs of a network before its link."""
    values: list[str] = []
    inputs = _front(graph, member, x)
    for layer in member.layers:
        inputs = _layer(graph, layer, inputs, values)
        values.append(inputs)
    return inputs


def _dense(graph: Graph, x: str, weights: object, intercepts: object) -> str:
    return graph.add("Gemm", x, graph.constant(weights, F32), graph.constant(intercepts, F32))


def _layer(graph: Graph, layer: Layer, inputs: str, values: list[str]) -> str:
    z = _dense(graph, inputs, layer.weights, layer.intercepts)
    skip = layer.skip
    if skip is not None and skip.kind == "deepnorm":
        carried = graph.add("Mul", values[skip.source], graph.constant(skip.alpha, F32))
        z = graph.add("Add", z, carried)
    if layer.norm is not None:
        scale, shift = graph.constant(layer.norm.scale, F32), graph.constant(layer.norm.shift, F32)
        epsilon = layer.norm.epsilon
        z = graph.add("LayerNormalization", z, scale, shift, axis=-1, epsilon=epsilon)
    h = _activation(graph, layer.activation, z)
    if layer.slopes is not None:
        lift = graph.add("Mul", graph.add("Sub", h, z), graph.constant(layer.slopes, F32))
        h = graph.add("Add", z, lift)
    if skip is not None and skip.kind == "residual":
        return graph.add("Add", h, values[skip.source])
    if skip is not None and skip.kind == "highway":
        own = _dense(graph, inputs, skip.gate_weights, skip.gate_intercepts)
        carried = values[skip.source]
        change = graph.add("Mul", graph.add("Sigmoid", own), graph.add("Sub", h, carried))
        return graph.add("Add", carried, change)
    return h


def _activation(graph: Graph, name: str, z: str) -> str:
    if name == "identity":
        return z
    if name == "leaky_relu":
        return graph.add("LeakyRelu", z, alpha=0.01)
    if name == "silu":
        return graph.add("Mul", z, graph.add("Sigmoid", z))
    if name == "mish":
        return graph.add("Mul", z, graph.add("Tanh", graph.add("Softplus", z)))
    if name == "gelu":
        erf = graph.add("Erf", graph.add("Mul", z, graph.constant(np.sqrt(0.5), F32)))
        double = graph.add("Add", erf, graph.constant(1.0, F32))
        return graph.add("Mul", graph.add("Mul", z, graph.constant(0.5, F32)), double)
    operators = {"relu": "Relu", "logistic": "Sigmoid", "tanh": "Tanh", "elu": "Elu"}
    operators["selu"] = "Selu"
    if name not in operators:
        raise ValueError(f"activation {name!r} has no form in ONNX: fit with another one")
    return graph.add(operators[name], z)


def _front(graph: Graph, member: Member, x: str) -> str:
    if not member.maps:
        return x
    columns = []
    if member.kept:
        columns.append(graph.add("Gather", x, graph.constant(member.kept, np.int64), axis=1))
    columns += [_map(graph, each, x) for each in member.maps]
    return graph.add("Concat", *columns, axis=1)


def _map(graph: Graph, own: FeatureMap, x: str) -> str:
    numbers = own.numbers
    if own.kind == "levels":
        code = graph.add("Gather", x, graph.constant(own.feature, np.int64), axis=1)
        zero, n_levels = graph.constant(0.0, F32), graph.constant(own.fixed[0], F32)
        known = graph.add(
            "And",
            graph.add("GreaterOrEqual", code, zero),
            graph.add("Less", code, n_levels),
        )
        place = graph.cast(graph.add("Where", known, code, zero), np.int64)
        return graph.add("Gather", graph.constant(numbers["levels"], F32), place)
    column = graph.add("Gather", x, graph.constant([own.feature], np.int64), axis=1)
    if own.kind == "pbld":
        turns = graph.constant(2 * np.pi * numbers["frequencies"], F32)
        phases = graph.constant(numbers["phases"], F32)
        basis = graph.add("Cos", graph.add("Add", graph.add("Mul", column, turns), phases))
    else:
        edges = own.fixed
        away = graph.add("Sub", column, graph.constant(edges[:-1], F32))
        basis = graph.add("Div", away, graph.constant(np.diff(edges), F32))
        low, high = clip_bounds(edges)
        basis = graph.add("Max", basis, graph.constant(low, F32))
        basis = graph.add("Min", basis, graph.constant(high, F32))
    return _dense(graph, basis, numbers["weights"], numbers["intercepts"])
