"""Plain data: conversion of values to JSON and arrays, and back.

Numbers, strings, containers and arrays are stored directly. An object is stored as the name of its
class and its fields, and is read only if its class is listed here, so reading never runs code from
a file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen import (
    _core,
    activations,
    augmentation,
    averaging,
    embeddings,
    initializers,
    losses,
    normalizations,
    optimizers,
    schedules,
    skips,
)
from deepgen._component import Component
from deepgen._inputs.class_targets import ClassTargets
from deepgen._inputs.class_weights import ClassWeights
from deepgen._inputs.labels import Labels
from deepgen._inputs.regression_targets import RegressionTargets
from deepgen._inputs.target_scaling import Moments, TargetScaling
from deepgen._network.network import Network
from deepgen._training.history import ALWAYS, VALIDATION, History
from deepgen._training.patience import Patience
from deepgen._training.state import TrainingState

__all__ = ["Reader", "Unwritable", "Writer"]

TENSOR_TYPES = frozenset(
    np.dtype(name)
    for name in (
        *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float16", "float32", "float64"),
    )
)
ENGINE_PARTS = (_core.NetworkSpec, _core.LayerSpec, _core.EmbeddingSpec, _core.Component)
# The strings of an array take as much memory as the longest each; more than this is no label.
MAX_CHARACTERS = 2**26


class Unwritable(TypeError):
    """A value cannot be converted to plain data.

    Examples
    --------
    >>> from deepgen._serialization.plain_data import Unwritable, Writer
    >>> try:
    ...     Writer().write(print)
    ... except Unwritable as error:
    ...     print(error)
    <built-in function print> cannot be written as data
    """


def known_classes() -> dict[str, type[Any]]:
    """Return the classes of objects that can be stored: components and parts of a fit."""
    parts = (
        ClassTargets,
        ClassWeights,
        Labels,
        Moments,
        Patience,
        RegressionTargets,
        TargetScaling,
        TrainingState,
    )
    classes: dict[str, type[Any]] = {part.__name__: part for part in parts}
    rooms = (activations, augmentation, averaging, embeddings, initializers, losses)
    for module in (*rooms, normalizations, optimizers, schedules, skips):
        for name in module.__all__:
            member = getattr(module, name)
            if isinstance(member, type) and issubclass(member, Component):
                classes[name] = member
    return classes


class Writer:
    """Convert values to plain data.

    Attributes
    ----------
    tensors : dict of str to ndarray
        Arrays so far, under the names that the data refer to.

    Examples
    --------
    >>> from deepgen._serialization.plain_data import Writer
    >>> from deepgen.optimizers import SGD
    >>> Writer().write((SGD(momentum=0.5), [1, "two"]))["tuple"][1]
    [1, 'two']
    """

    def __init__(self) -> None:
        self.tensors: dict[str, NDArray[Any]] = {}
        self._classes = known_classes()

    def write(self, value: Any, name: str = "value") -> Any:
        """Return a value as plain data."""
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if type(value) is list:
            return list(self._each(value, name))
        if type(value) is tuple:
            return {"tuple": list(self._each(value, name))}
        if type(value) is dict:
            keys = self._each(list(value), f"{name}.keys")
            return {"dict": list(map(list, zip(keys, self._each(value, name), strict=True)))}
        if isinstance(value, np.generic):
            return self._scalar(value)
        if type(value) is np.ndarray:
            return self._array(value, name)
        if type(value) is Network:
            parameters = self._array(value.parameters, f"{name}.parameters")
            spec = self._engine(value.core.spec)
            return {"network": spec, "dtype": value.dtype.name, "parameters": parameters}
        if type(value) is History:
            columns = value.arrays()
            return {"history": {key: self._array(columns[key], f"{name}.{key}") for key in columns}}
        if type(value) is self._classes.get(type(value).__name__):
            own = {field.name: getattr(value, field.name) for field in fields(value)}
            data = {key: self.write(own[key], f"{name}.{key}") for key in own}
            return {"object": type(value).__name__, "fields": data}
        raise Unwritable(f"{value!r} cannot be written as data")

    def _each(self, values: Any, name: str) -> Iterator[Any]:
        items = values.items() if isinstance(values, dict) else enumerate(values)
        for key, value in items:
            yield self.write(value, f"{name}.{key}")

    def _scalar(self, value: np.generic) -> dict[str, Any]:
        if value.dtype in TENSOR_TYPES or value.dtype.kind == "U":
            kind = "U" if value.dtype.kind == "U" else value.dtype.name
            return {"scalar": kind, "value": self.write(value.item())}
        raise Unwritable(f"{value!r} cannot be written as data")

    def _array(self, values: NDArray[Any], name: str) -> dict[str, Any]:
        if values.dtype.newbyteorder("=") in TENSOR_TYPES:
            native = values.astype(values.dtype.newbyteorder("="), order="C")
            while name in self.tensors:
                name += "'"
            self.tensors[name] = native
            return {"tensor": name}
        if values.ndim == 1 and values.dtype.kind == "U":
            width = values.dtype.itemsize // 4
            if width * len(values) <= MAX_CHARACTERS:
                return {"strings": values.tolist(), "width": width}
        if values.ndim == 1 and values.dtype.kind == "O":
            return {"objects": self.write(list(values))}
        raise Unwritable(f"an array of {values.dtype} cannot be written as data")

    def _engine(self, part: Any) -> Any:
        """Return a part of the engine's specification as its class name and state."""
        if isinstance(part, ENGINE_PARTS):
            state = [self._engine(value) for value in part.__getstate__()]
            return {"engine": type(part).__name__, "state": state}
        if type(part) is list:
            return [self._engine(value) for value in part]
        return self.write(part)


class Reader:
    """Convert plain data back to values.

    Parameters
    ----------
    tensors : dict of str to ndarray
        Arrays that the data refer to.

    Examples
    --------
    >>> from deepgen._serialization.plain_data import Reader, Writer
    >>> from deepgen.optimizers import SGD
    >>> writer = Writer()
    >>> data = writer.write({"solver": SGD(momentum=0.5)})
    >>> Reader(writer.tensors).read(data)
    {'solver': SGD(momentum=0.5)}
    """

    def __init__(self, tensors: dict[str, NDArray[Any]]) -> None:
        self.tensors = tensors
        self._classes = known_classes()

    def read(self, data: Any) -> Any:
        """Return the value of plain data."""
        if data is None or isinstance(data, (bool, int, float, str)):
            return data
        if isinstance(data, list):
            return [self.read(value) for value in data]
        kind = next(iter(data), "nothing") if isinstance(data, dict) else type(data).__name__
        read = getattr(self, f"_{kind}", None) if kind in KINDS else None
        if read is None:
            raise ValueError(f"it holds a value of unknown kind '{kind}'")
        return read(data)

    def _float(self, data: dict[str, Any]) -> float:
        return float(data["float"])

    def _tuple(self, data: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(self.read(value) for value in data["tuple"])

    def _dict(self, data: dict[str, Any]) -> dict[Any, Any]:
        return {self.read(key): self.read(value) for key, value in data["dict"]}

    def _scalar(self, data: dict[str, Any]) -> Any:
        if data["scalar"] == "U":
            return np.str_(data["value"])
        return self._known_type(np.dtype(str(data["scalar"]))).type(self.read(data["value"]))

    def _tensor(self, data: dict[str, Any]) -> NDArray[Any]:
        tensor = self.tensors[data["tensor"]]
        return np.array(tensor, dtype=self._known_type(tensor.dtype))

    def _strings(self, data: dict[str, Any]) -> NDArray[Any]:
        strings, width = data["strings"], data["width"]
        if not all(isinstance(string, str) and len(string) <= width for string in strings):
            raise ValueError("it has labels that are no strings or longer than they should be")
        if not 0 < width * max(len(strings), 1) <= MAX_CHARACTERS:
            raise ValueError(f"it has labels {width} characters wide")
        return np.array(strings, dtype=f"U{width:d}")

    def _objects(self, data: dict[str, Any]) -> NDArray[Any]:
        values = self.read(data["objects"])
        objects = np.empty(len(values), dtype=object)
        for position, value in enumerate(values):
            objects[position] = value
        return objects

    def _object(self, data: dict[str, Any]) -> Any:
        kind, given = self._classes.get(data["object"]), data["fields"]
        if kind is None:
            raise ValueError(f"it holds an object of unknown class '{data['object']}'")
        strange = sorted(set(given) - {field.name for field in fields(kind)})
        if strange:
            raise ValueError(f"{kind.__name__} has no field '{strange[0]}'")
        return kind(**{key: self.read(value) for key, value in given.items()})

    def _history(self, data: dict[str, Any]) -> Any:
        columns = {key: self.read(value).tolist() for key, value in data["history"].items()}
        if not set(ALWAYS) <= set(columns) <= {*ALWAYS, *VALIDATION}:
            raise ValueError(f"its history has the columns {', '.join(columns)}")
        if len({len(column) for column in columns.values()}) != 1:
            raise ValueError("the columns of its history differ in length")
        return History(columns)

    def _network(self, data: dict[str, Any]) -> Network:
        parameters = self.read(data["parameters"])
        spec = self._engine_part(data["network"])
        width = spec.n_inputs
        # Checked before the network is built: the widths must agree with the number of parameters.
        for layer in spec.layers:
            if not 0 < width * layer.width <= parameters.size:
                raise ValueError("its network does not have as many parameters as are given")
            width = layer.width
        core = _core.Network(spec, dtype=str(data["dtype"]))
        if parameters.shape != (core.n_parameters,) or parameters.dtype != core.dtype:
            raise ValueError(
                f"its network wants {core.n_parameters} parameters of {core.dtype}, and "
                f"{parameters.shape} of {parameters.dtype} are given"
            )
        return Network(core, parameters)

    def _engine_part(self, data: Any) -> Any:
        if isinstance(data, list):
            return [self._engine_part(value) for value in data]
        if not isinstance(data, dict) or "engine" not in data:
            return self.read(data)
        kind: Any = {kind.__name__: kind for kind in ENGINE_PARTS}[data["engine"]]
        part = kind.__new__(kind)
        part.__setstate__(tuple(self._engine_part(value) for value in data["state"]))
        return part

    @staticmethod
    def _known_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
        if dtype not in TENSOR_TYPES:
            raise ValueError(f"it holds numbers of type {dtype}")
        return dtype


KINDS = frozenset(
    ("float", "tuple", "dict", "scalar", "tensor", "strings", "objects", "object")
    + ("history", "network")
)
"""Kinds of plain data in a dict, named by its first key."""
