"""Networks as nodes of an ONNX graph, in their own type: float32 or float64."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepgen._export.described import FeatureMap, Layer, Member, clip_bounds
from deepgen._export.onnx_graph import Graph

__all__ = ["outputs_of", "softplus"]


def outputs_of(graph: Graph, member: Member, dtype: np.dtype[Any], x: str) -> str:
    """Add the outputs of a network before its link to features in its type."""
    return _Layers(graph, dtype).outputs(member, x)


def softplus(graph: Graph, z: str) -> str:
    """Add softplus in float64, for which onnxruntime has no operator."""
    zero, one = graph.constant(0.0, np.float64), graph.constant(1.0, np.float64)
    small = graph.add("Exp", graph.add("Neg", graph.add("Abs", z)))
    return graph.add(
        "Add", graph.add("Max", z, zero), graph.add("Log", graph.add("Add", one, small))
    )


class _Layers:
    """Layers of a graph whose numbers have one type."""

    def __init__(self, graph: Graph, dtype: np.dtype[Any]) -> None:
        self._graph, self._dtype, self._add = graph, dtype, graph.add

    def _number(self, value: object) -> str:
        return self._graph.constant(value, self._dtype)

    def outputs(self, member: Member, x: str) -> str:
        """Add the outputs of a network before its link."""
        values: list[str] = []
        inputs = self._front(member, x)
        for layer in member.layers:
            inputs = self._layer(layer, inputs, values)
            values.append(inputs)
        return inputs

    def _dense(self, x: str, weights: object, intercepts: object) -> str:
        return self._add("Gemm", x, self._number(weights), self._number(intercepts))

    def _layer(self, layer: Layer, inputs: str, values: list[str]) -> str:
        z = self._dense(inputs, layer.weights, layer.intercepts)
        skip = layer.skip
        if skip is not None and skip.kind == "deepnorm":
            carried = self._add("Mul", values[skip.source], self._number(skip.alpha))
            z = self._add("Add", z, carried)
        if layer.norm is not None:
            scale, shift = self._number(layer.norm.scale), self._number(layer.norm.shift)
            epsilon = layer.norm.epsilon
            z = self._add("LayerNormalization", z, scale, shift, axis=-1, epsilon=epsilon)
        h = self._activation(layer.activation, z)
        if layer.slopes is not None:
            lift = self._add("Mul", self._add("Sub", h, z), self._number(layer.slopes))
            h = self._add("Add", z, lift)
        if skip is not None and skip.kind == "residual":
            return self._add("Add", h, values[skip.source])
        if skip is not None and skip.kind == "highway":
            own = self._dense(inputs, skip.gate_weights, skip.gate_intercepts)
            carried = values[skip.source]
            change = self._add("Mul", self._add("Sigmoid", own), self._add("Sub", h, carried))
            return self._add("Add", carried, change)
        return h

    def _activation(self, name: str, z: str) -> str:
        if name == "identity":
            return z
        if name == "silu":
            return self._add("Mul", z, self._add("Sigmoid", z))
        if name == "mish":
            return self._add("Mul", z, self._add("Tanh", self._softplus(z)))
        if name == "gelu":
            erf = self._erf(self._add("Mul", z, self._number(np.sqrt(0.5))))
            double = self._add("Add", erf, self._number(1.0))
            return self._add("Mul", self._add("Mul", z, self._number(0.5)), double)
        if name in ("leaky_relu", "elu", "selu"):
            return self._bent(name, z)
        operators = {"relu": "Relu", "logistic": "Sigmoid", "tanh": "Tanh"}
        if name not in operators:
            raise ValueError(f"activation {name!r} has no form in ONNX: fit with another one")
        return self._add(operators[name], z)

    def _bent(self, name: str, z: str) -> str:
        """Add an activation whose operator has float32 only, or its parameter in float32."""
        if name == "leaky_relu":
            if self._dtype == np.float32:
                return self._add("LeakyRelu", z, alpha=0.01)
            return self._add("Max", z, self._add("Mul", z, self._number(0.01)))
        if self._dtype == np.float32:
            return self._add({"elu": "Elu", "selu": "Selu"}[name], z)
        above = self._add("Max", z, self._number(0.0))
        power = self._add("Exp", self._add("Min", z, self._number(0.0)))
        below = self._add("Sub", power, self._number(1.0))
        if name == "elu":
            return self._add("Add", above, below)
        below = self._add("Mul", below, self._number(1.6732632423543772))
        return self._add("Mul", self._add("Add", above, below), self._number(1.0507009873554805))

    def _softplus(self, z: str) -> str:
        return self._add("Softplus", z) if self._dtype == np.float32 else softplus(self._graph, z)

    def _erf(self, z: str) -> str:
        """Add the error function, which onnxruntime has in float32 only."""
        if self._dtype == np.float32:
            return self._add("Erf", z)
        return self._graph.cast(self._add("Erf", self._graph.cast(z, np.float32)), self._dtype)

    def _front(self, member: Member, x: str) -> str:
        if not member.maps:
            return x
        columns = []
        if member.kept:
            columns.append(
                self._add("Gather", x, self._graph.constant(member.kept, np.int64), axis=1)
            )
        columns += [self._map(each, x) for each in member.maps]
        return self._add("Concat", *columns, axis=1)

    def _map(self, own: FeatureMap, x: str) -> str:
        numbers = own.numbers
        if own.kind == "levels":
            code = self._add("Gather", x, self._graph.constant(own.feature, np.int64), axis=1)
            zero, n_levels = self._number(0.0), self._number(own.fixed[0])
            known = self._add(
                "And",
                self._add("GreaterOrEqual", code, zero),
                self._add("Less", code, n_levels),
            )
            place = self._graph.cast(self._add("Where", known, code, zero), np.int64)
            return self._add("Gather", self._number(numbers["levels"]), place)
        column = self._add("Gather", x, self._graph.constant([own.feature], np.int64), axis=1)
        if own.kind == "pbld":
            turns = self._number(2 * np.pi * numbers["frequencies"])
            phases = self._number(numbers["phases"])
            basis = self._add("Cos", self._add("Add", self._add("Mul", column, turns), phases))
        else:
            edges = own.fixed
            away = self._add("Sub", column, self._number(edges[:-1]))
            basis = self._add("Div", away, self._number(np.diff(edges)))
            low, high = clip_bounds(edges)
            basis = self._add("Max", basis, self._number(low))
            basis = self._add("Min", basis, self._number(high))
        return self._dense(basis, numbers["weights"], numbers["intercepts"])
