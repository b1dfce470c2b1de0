"""Predictions, links and labels as nodes of an ONNX graph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepgen._export.described import Described, Member
from deepgen._export.onnx_graph import Graph
from deepgen._export.onnx_layers import outputs_of, softplus

__all__ = ["Classified", "classify", "predict"]

F64 = np.float64


def predict(graph: Graph, model: Described, x: str) -> str:
    """Add the predictions of a regressor, (n, n_outputs), to features in the network's type."""
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
    outputs = [
        graph.cast(outputs_of(graph, member, model.dtype, x), F64) for member in model.members
    ]
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
    below = _log_sum(graph, [graph.add("Neg", softplus(graph, z)) for z in outputs])
    flipped = [graph.add("Neg", z) for z in outputs]
    above = _log_sum(graph, [graph.add("Neg", softplus(graph, z)) for z in flipped])
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
    value = _linked(graph, model.link, graph.cast(outputs_of(graph, member, model.dtype, x), F64))
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
        rises = softplus(graph, graph.add("Slice", z, places[1], places[2], axis))
        steps = graph.add("Concat", first, rises, axis=1)
        return graph.add("CumSum", steps, graph.constant(1, np.int64))
    return graph.add({"exp": "Exp", "logistic": "Sigmoid"}[link], z)
