"""Nodes and constants of an ONNX graph, one call each."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from deepgen._optional import load_extra

__all__ = ["ML_DOMAIN", "ML_OPSET", "OPSET", "Graph", "load_onnx"]

OPSET = 17
"""Version of ONNX's operators, the first with layer norm."""
ML_OPSET = 3
"""Version of the operators for strings."""
ML_DOMAIN = "ai.onnx.ml"


def load_onnx(module: str = "onnx") -> Any:
    """Import a module of onnx, or say how to install it."""
    return load_extra(module, "onnx", "exporting to ONNX")


class Graph:
    """Nodes and constants in the order in which they are needed, under names that are not taken."""

    def __init__(self, taken: Collection[str] = ()) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._helper = load_onnx("onnx.helper")
        self._numpy = load_onnx("onnx.numpy_helper")
        self._taken = frozenset(taken)
        self._n_names = 0

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node of one output; return the output's name."""
        output = self._name(operator)
        self.nodes.append(
            self._helper.make_node(operator, list(inputs), [output], domain=domain, **attributes)
        )
        return output

    def constant(self, value: Any, dtype: Any = None) -> str:
        """Add a constant; return its name."""
        array, name = np.array(value, dtype=dtype), self._name("constant")
        if array.dtype.kind in "UO":
            array = array.astype(object)
        self.constants.append(self._numpy.from_array(array, name))
        return name

    def cast(self, value: str, dtype: Any) -> str:
        """Convert a value to a type of NumPy."""
        to = self._helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return self.add("Cast", value, to=to)

    def rename(self, value: str, name: str) -> None:
        """Give a value the name that users see."""
        self.nodes.append(self._helper.make_node("Identity", [value], [name]))

    def _name(self, what: str) -> str:
        self._n_names += 1
        name = f"{what}_{self._n_names}"
        return self._name(what) if name in self._taken else name
