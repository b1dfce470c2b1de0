"""A fitted model as its exports see it: plain layers, links, units and classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from deepgen._engine.arrays import AnyArray, FloatArray
from deepgen._inputs.regression_targets import RegressionTargets
from deepgen._network.network import Network
from deepgen.estimators import MLPClassifier, MLPRegressor

__all__ = [
    "Described",
    "FeatureMap",
    "Layer",
    "LayerNorm",
    "Member",
    "Skip",
    "clip_bounds",
    "describe",
]

LINKS = {
    "poisson": "exp",
    "gamma": "exp",
    "log_loss": "softmax",
    "focal": "softmax",
    "binary_log_loss": "logistic",
    "binary_focal": "logistic",
}
"""Inverse links of the engine's losses; those of the others are the identity."""


@dataclass(frozen=True, eq=False)
class LayerNorm:
    """Layer norm: scale and shift of each unit, and what is added to the variance."""

    scale: FloatArray
    shift: FloatArray
    epsilon: float


@dataclass(frozen=True, eq=False)
class Skip:
    """What joins a layer: the layer that is carried past, the kind, and the gate of a highway."""

    kind: str
    source: int
    alpha: float
    gate_weights: FloatArray | None
    gate_intercepts: FloatArray | None


@dataclass(frozen=True, eq=False)
class Layer:
    """A dense layer: weights (in, out), intercepts, activation without its trained slopes."""

    weights: FloatArray
    intercepts: FloatArray
    activation: str
    slopes: FloatArray | None
    norm: LayerNorm | None
    skip: Skip | None


@dataclass(frozen=True, eq=False)
class FeatureMap:
    """The embedding of one feature: 'pbld', 'pwl' or 'levels', what is fixed, and its numbers."""

    kind: str
    feature: int
    fixed: FloatArray
    numbers: dict[str, FloatArray]

    @property
    def width(self) -> int:
        """Number of columns that it makes."""
        return int(next(iter(self.numbers.values())).shape[1])


@dataclass(frozen=True, eq=False)
class Member:
    """One network: kept features and feature maps, layers, and the units of its predictions."""

    kept: tuple[int, ...]
    maps: tuple[FeatureMap, ...]
    layers: tuple[Layer, ...]
    mean: FloatArray
    scale: FloatArray
    lowest: FloatArray | None
    highest: FloatArray | None


@dataclass(frozen=True, eq=False)
class Described:
    """A fitted estimator: its networks, link and classes.

    ``link`` is 'identity', 'exp', 'logistic', 'softmax' or 'quantiles'; ``classes`` are None for a
    regressor; ``dtype`` is the type of features and weights.
    """

    n_features: int
    n_outputs: int
    members: tuple[Member, ...]
    link: str
    classes: AnyArray | None
    multilabel: bool
    dtype: np.dtype[Any]


def describe(model: Any) -> Described:
    """Return a fitted MLP in the form that exports need; refuse others by name."""
    if not isinstance(model, MLPRegressor | MLPClassifier):
        raise TypeError(
            f"{type(model).__name__} cannot be exported: give a fitted MLPRegressor, MLPClassifier,"
            " TabularRegressor, TabularClassifier or a model of 'deepgen fit'"
        )
    check_is_fitted(model)
    members = model.members_
    spec, targets = members[0].network_.core.spec, model._targets
    if members[0].network_.core.products == "bfloat16":
        raise ValueError(
            "a network with dtype='bfloat16' rounds its products, which no export does: fit it with"
            " dtype='float32'"
        )
    link = LINKS.get(spec.loss.name, "identity")
    classes, multilabel = None, False
    if isinstance(targets, RegressionTargets):
        link = link if targets.levels is None else "quantiles"
    else:
        classes, multilabel = targets.labels.classes, targets.labels.multilabel
        if len(classes) == 1 and not multilabel:
            link = "softmax"  # of one output, which is 1
    return Described(
        spec.n_inputs,
        targets.n_outputs,
        tuple(_member(member) for member in members),
        link,
        classes,
        multilabel,
        members[0].network_.dtype,
    )


def _member(model: Any) -> Member:
    network: Network = model.network_
    # In float64, so that folding rounds no weight.
    folded = network.as_type(np.dtype(np.float64)).fold()
    if not np.isfinite(folded.parameters).all():
        raise ValueError("the network has weights that are not finite: fit it again")
    spec, values = folded.core.spec, {(b.kind, b.layer): v for b, v in folded.views()}
    intercepts = folded.intercepts()
    layers = tuple(
        _layer(layer, own, values, intercepts[layer]) for layer, own in enumerate(spec.layers)
    )
    maps = _maps(spec.embeddings, values)
    gone = {each.feature for each in maps if each.kind == "levels"}
    kept = tuple(k for k in range(spec.n_inputs) if k not in gone)
    n_outputs, targets = spec.layers[-1].width, model._targets
    mean, scale, lowest, highest = np.zeros(n_outputs), np.ones(n_outputs), None, None
    if isinstance(targets, RegressionTargets):
        mean = np.broadcast_to(targets.scaling.mean, (n_outputs,))
        scale = np.broadcast_to(targets.scaling.scale, (n_outputs,))
        if targets.lowest is not None and targets.highest is not None and targets.clips:
            lowest = np.broadcast_to(targets.lowest, (n_outputs,))
            highest = np.broadcast_to(targets.highest, (n_outputs,))
    return Member(kept, maps, layers, mean, scale, lowest, highest)


def _layer(layer: int, own: Any, values: dict[Any, Any], intercepts: FloatArray) -> Layer:
    norm = skip = None
    if own.normalization.name == "layer":
        epsilon = float(own.normalization.settings["epsilon"])
        norm = LayerNorm(values["scale", layer], values["shift", layer], epsilon)
    if own.skip_from >= 0:
        gate = values.get(("gate_coefs", layer))
        skip = Skip(
            own.skip.name,
            own.skip_from,
            float(own.skip.settings.get("alpha", 1.0)),
            gate,
            None
            if gate is None
            else values.get(("gate_intercepts", layer), np.zeros(gate.shape[1])),
        )
    activation = own.activation.removeprefix("parametric_")
    slopes = values.get(("slope", layer))
    return Layer(values["coefs", layer], intercepts, activation, slopes, norm, skip)


def _maps(embeddings: Sequence[Any], values: dict[Any, Any]) -> tuple[FeatureMap, ...]:
    """Cut the blocks of all embedded features into those of each."""
    rows = {kind: iter(block) for (kind, _), block in values.items() if "embedding" in kind}
    maps = []
    for embedding in embeddings:
        fixed_of = embedding.constants or [[]] * len(embedding.features)
        for feature, fixed in zip(embedding.features, fixed_of, strict=True):
            kind = embedding.member.name
            maps.append(
                FeatureMap(
                    kind,
                    feature,
                    np.array(fixed, dtype=np.float64),
                    {
                        name: np.array([next(rows[f"embedding_{name}"]) for _ in range(n)])
                        for name, n in _rows_of(kind, embedding.member.settings, fixed).items()
                    },
                )
            )
    return tuple(maps)


def _rows_of(kind: str, settings: Any, fixed: Sequence[float]) -> dict[str, int]:
    """Return the number of rows of each block that belong to one feature."""
    if kind == "levels":
        return {"levels": int(fixed[0])}
    if kind == "pwl":
        return {"weights": len(fixed) - 1, "intercepts": 1}
    if kind == "pbld":
        n = int(settings["n_frequencies"])
        return {"weights": n, "intercepts": 1, "frequencies": 1, "phases": 1}
    raise ValueError(f"an embedding {kind!r} cannot be exported: fit without it")


def clip_bounds(edges: NDArray[np.float64]) -> tuple[FloatArray, FloatArray]:
    """Return the bounds of a place in each bin of 'pwl': the outer bins have one bound only."""
    low, high = np.zeros(len(edges) - 1), np.ones(len(edges) - 1)
    low[0], high[-1] = np.finfo(np.float32).min, np.finfo(np.float32).max
    return low, high
