"""Initializers: rules for the starting weights.

Every rule draws from the random stream of starting weights, layer by layer, weights before
intercepts. It returns weights of shape (fan_in, fan_out) and intercepts of shape (fan_out,).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._network.network import Network

__all__ = [
    "INITIALIZERS",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "initialize",
    "lecun_normal",
    "orthogonal",
    "rule_of",
    "small_normal",
    "unit_normal",
]

Layer = tuple[NDArray[np.float64], NDArray[np.float64]]
Rule = Callable[[np.random.Generator, int, int], Layer]


def glorot_uniform(
    rng: np.random.Generator, fan_in: int, fan_out: int, factor: float = 6.0
) -> Layer:
    """Draw weights and intercepts within sqrt(factor / (fan_in + fan_out)).

    X. Glorot and Y. Bengio, AISTATS 2010, eq. 16.
    """
    bound = np.sqrt(factor / (fan_in + fan_out))
    return rng.uniform(-bound, bound, (fan_in, fan_out)), rng.uniform(-bound, bound, fan_out)


def he_normal(rng: np.random.Generator, fan_in: int, fan_out: int) -> Layer:
    """Draw normal weights of variance 2 / fan_in (K. He et al., ICCV 2015, eq. 10)."""
    return rng.normal(0.0, np.sqrt(2.0 / fan_in), (fan_in, fan_out)), np.zeros(fan_out)


def he_uniform(rng: np.random.Generator, fan_in: int, fan_out: int) -> Layer:
    """Draw uniform weights of variance 2 / fan_in (K. He et al., ICCV 2015, eq. 10)."""
    bound = np.sqrt(6.0 / fan_in)
    return rng.uniform(-bound, bound, (fan_in, fan_out)), np.zeros(fan_out)


def lecun_normal(rng: np.random.Generator, fan_in: int, fan_out: int) -> Layer:
    """Draw normal weights of variance 1 / fan_in (Y. LeCun et al., Efficient BackProp, (16))."""
    return rng.normal(0.0, np.sqrt(1.0 / fan_in), (fan_in, fan_out)), np.zeros(fan_out)


def orthogonal(rng: np.random.Generator, fan_in: int, fan_out: int) -> Layer:
    """Draw a matrix with orthonormal rows or columns (A. Saxe et al., ICLR 2014)."""
    long, short = max(fan_in, fan_out), min(fan_in, fan_out)
    q, r = np.linalg.qr(rng.normal(size=(long, short)))
    # Fixed signs make the distribution uniform over all orthogonal matrices.
    q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)
    return (q if fan_in >= fan_out else q.T), np.zeros(fan_out)


def unit_normal(rng: np.random.Generator, fan_in: int, fan_out: int) -> Layer:
    """Draw standard normal weights, to be scaled by `standardize_layers`."""
    return rng.normal(size=(fan_in, fan_out)), np.zeros(fan_out)


INITIALIZERS: dict[str, Rule] = {
    "data_dependent": unit_normal,
    "glorot_uniform": glorot_uniform,
    "he_normal": he_normal,
    "he_uniform": he_uniform,
    "lecun_normal": lecun_normal,
    "orthogonal": orthogonal,
}
"""Names that ``initializer`` accepts."""


def small_normal(rng: np.random.Generator, fan_in: int, fan_out: int) -> Layer:
    """Draw normal weights of standard deviation 0.05 (T. Salimans and D. Kingma, NeurIPS 2016)."""
    return rng.normal(0.0, 0.05, (fan_in, fan_out)), np.zeros(fan_out)


def rule_of(name: str, activation: str) -> Rule:
    """Return the rule with a name of `INITIALIZERS`, for weights before a given activation."""
    if name == "glorot_uniform" and activation.endswith("logistic"):  # parametric or not
        # As in scikit-learn.
        return partial(glorot_uniform, factor=2.0)
    return INITIALIZERS[name]


def initialize(
    network: Network,
    name: str,
    rng: np.random.Generator,
    activations: Sequence[str],
    hidden: Rule | None = None,
) -> None:
    """Write starting weights into a network; scales and gains become 1, shifts 0.

    ``activations`` has one name per layer, for the rules; ``hidden`` replaces the rule of ``name``
    in the hidden layers. 'data_dependent' must be followed by `standardize_layers`. In the last
    layer of a residual block, scaled weight standardization starts with gain and intercepts 0, so
    that the block is the identity.
    """
    views = network.views()
    shapes = {block.layer: view.shape for block, view in views if block.kind == "coefs"}
    gates = {block.layer for block, _ in views if block.kind == "gate_coefs"}
    values: dict[tuple[str, int], Any] = {}
    specs = network.core.spec.layers  # the engine copies all of them for each who asks
    for layer, (activation, spec) in enumerate(zip(activations, specs, strict=True)):
        fan_in, fan_out = shapes[layer]
        rule = rule_of(name, activation)
        if hidden is not None and layer < len(specs) - 1:
            rule = hidden
        values["coefs", layer], values["intercepts", layer] = rule(rng, fan_in, fan_out)
        if layer in gates:
            # Only the layer's own weights are scaled later, and gates with unit weights would
            # saturate.
            gate = lecun_normal if name == "data_dependent" else rule_of(name, activation)
            values["gate_coefs", layer] = gate(rng, fan_in, fan_out)[0]
        if spec.reparametrization.name == "ntk":
            # Divided by this root again: the rule's weights are those in use.
            values["coefs", layer] = values["coefs", layer] * np.sqrt(fan_in)
        values["gain", layer] = 1.0
        if spec.reparametrization.name == "scaled_weight_standardization" and spec.skip_from >= 0:
            values["gain", layer] = values["intercepts", layer] = 0.0
    ones = ("scale", "variance", "slope")
    for block, view in views:
        view[...] = values.get((block.kind, block.layer), 1.0 if block.kind in ones else 0.0)
