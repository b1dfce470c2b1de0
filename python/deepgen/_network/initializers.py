"""Initializers: the weights that training starts from.

Every rule draws from the stream of starting weights, layer by layer, weights before intercepts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    "unit_normal",
]

Layer = tuple[NDArray[np.float64], NDArray[np.float64]]
Rule = Callable[[np.random.Generator, int, int, str], Layer]


def glorot_uniform(rng: np.random.Generator, fan_in: int, fan_out: int, activation: str) -> Layer:
    """Draw weights and intercepts within sqrt(6 / (fan_in + fan_out)), as scikit-learn does.

    With 2 in place of 6 for 'logistic' (X. Glorot and Y. Bengio, AISTATS 2010, eq. 16).
    """
    factor = 2.0 if activation == "logistic" else 6.0
    bound = np.sqrt(factor / (fan_in + fan_out))
    return rng.uniform(-bound, bound, (fan_in, fan_out)), rng.uniform(-bound, bound, fan_out)


def he_normal(rng: np.random.Generator, fan_in: int, fan_out: int, activation: str) -> Layer:
    """Draw normal weights of variance 2 / fan_in (K. He et al., ICCV 2015, eq. 10)."""
    return rng.normal(0.0, np.sqrt(2.0 / fan_in), (fan_in, fan_out)), np.zeros(fan_out)


def he_uniform(rng: np.random.Generator, fan_in: int, fan_out: int, activation: str) -> Layer:
    """Draw uniform weights of variance 2 / fan_in (K. He et al., ICCV 2015, eq. 10)."""
    bound = np.sqrt(6.0 / fan_in)
    return rng.uniform(-bound, bound, (fan_in, fan_out)), np.zeros(fan_out)


def lecun_normal(rng: np.random.Generator, fan_in: int, fan_out: int, activation: str) -> Layer:
    """Draw normal weights of variance 1 / fan_in (Y. LeCun et al., Efficient BackProp, (16))."""
    return rng.normal(0.0, np.sqrt(1.0 / fan_in), (fan_in, fan_out)), np.zeros(fan_out)


def orthogonal(rng: np.random.Generator, fan_in: int, fan_out: int, activation: str) -> Layer:
    """Draw a matrix with orthonormal rows or columns, the fewer (A. Saxe et al., ICLR 2014)."""
    long, short = max(fan_in, fan_out), min(fan_in, fan_out)
    q, r = np.linalg.qr(rng.normal(size=(long, short)))
    # Fixed signs make the draw uniform over all orthogonal matrices.
    q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)
    return (q if fan_in >= fan_out else q.T), np.zeros(fan_out)


def unit_normal(rng: np.random.Generator, fan_in: int, fan_out: int, activation: str) -> Layer:
    """Draw standard normal weights: directions that `standardize_layers` scales."""
    return rng.normal(size=(fan_in, fan_out)), np.zeros(fan_out)


INITIALIZERS: dict[str, Rule] = {
    "data_dependent": unit_normal,
    "glorot_uniform": glorot_uniform,
    "he_normal": he_normal,
    "he_uniform": he_uniform,
    "lecun_normal": lecun_normal,
    "orthogonal": orthogonal,
}
"""The names that ``initializer`` takes."""


def small_normal(rng: np.random.Generator, fan_in: int, fan_out: int, activation: str) -> Layer:
    """Draw normal weights of deviation 0.05 (T. Salimans and D. Kingma, NeurIPS 2016)."""
    return rng.normal(0.0, 0.05, (fan_in, fan_out)), np.zeros(fan_out)


def initialize(
    network: Network,
    name: str,
    rng: np.random.Generator,
    activations: Sequence[str],
    hidden: Rule | None = None,
) -> None:
    """Write starting weights into a network; scales and gains become 1, shifts 0.

    ``activations`` has one name per layer, for the rules; ``hidden`` replaces the rule of ``name``
    in the hidden layers. 'data_dependent' must be followed by `standardize_layers`. In the layer
    that closes a residual block, scaled weight standardization has gain and intercepts 0, so that
    the block starts as the identity.
    """
    blocks = network.blocks()
    for layer, activation in enumerate(activations):
        fan_in, fan_out = blocks[f"coefs_{layer}"].shape
        rule = INITIALIZERS[name]
        if hidden is not None and layer < network.n_layers - 1:
            rule = hidden
        coefs, intercepts = rule(rng, fan_in, fan_out, activation)
        spec = network.core.spec.layers[layer]
        scaled = spec.reparametrization.name == "scaled_weight_standardization"
        closes = scaled and spec.skip_from >= 0
        values: dict[str, Any] = {
            "coefs": coefs,
            "intercepts": 0.0 if closes else intercepts,
            "scale": 1.0,
            "shift": 0.0,
            "gain": 0.0 if closes else 1.0,
            "mean": 0.0,
            "variance": 1.0,
            "gate_intercepts": 0.0,
        }
        if f"gate_coefs_{layer}" in blocks:
            # Directions alone, which only the layer's own weights are scaled from, would saturate.
            gates = lecun_normal if name == "data_dependent" else INITIALIZERS[name]
            values["gate_coefs"] = gates(rng, fan_in, fan_out, activation)[0]
        for kind, value in values.items():
            if f"{kind}_{layer}" in blocks:
                blocks[f"{kind}_{layer}"][...] = value
