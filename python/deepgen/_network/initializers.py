"""Initializers: the weights that training starts from.

Every rule draws from the stream of starting weights, layer by layer, weights before intercepts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import Matrix
from deepgen._network.network import Network

__all__ = [
    "INITIALIZERS",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "initialize",
    "keep_lengths",
    "lecun_normal",
    "orthogonal",
    "standardize_layers",
    "unit_normal",
]

Layer = tuple[NDArray[np.float64], NDArray[np.float64]]
Rule = Callable[[np.random.Generator, int, int, str], Layer]

STANDARDIZING_ROWS = 2048
"""How many training rows the data-dependent start looks at, at most."""


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


def keep_lengths(network: Network) -> None:
    """Set the gains of weight norm so that the weights in use are those that are stored."""
    blocks = network.blocks()
    for layer, spec in enumerate(network.core.spec.layers):
        if spec.reparametrization.name == "weight_norm":
            stored = blocks[f"coefs_{layer}"].astype(np.float64)
            blocks[f"gain_{layer}"][...] = np.sqrt((stored**2).sum(axis=0))


def standardize_layers(
    network: Network, X: Matrix, rows: NDArray[np.int64], n_layers: int | None = None
) -> None:
    """Scale and shift the first layers so that pre-activations have mean 0 and variance 1.

    A unit that is constant over the samples keeps its scale. Layers without intercepts are scaled
    only. The moments are those of ``rows`` of X. Where each unit has a gain it is scaled; weight
    standardization undoes any scale, so its layers are shifted only. Costs one forward pass per
    layer. Source: T. Salimans and D. P. Kingma, "Weight normalization", NeurIPS 2016, section 3.
    """
    blocks = network.blocks()
    for layer in range(network.n_layers if n_layers is None else n_layers):
        mean, variance = network.moments(X, layer, rows=rows)
        scale = np.where(variance > 0, 1 / np.sqrt(np.where(variance > 0, variance, 1.0)), 1.0)
        kind = network.core.spec.layers[layer].reparametrization.name
        if kind == "weight_standardization":
            scale = np.ones_like(scale)
        gains = blocks.get(f"gain_{layer}", blocks[f"coefs_{layer}"])
        scaled = gains if gains.shape == scale.shape else blocks[f"coefs_{layer}"]
        scaled[...] *= scale
        if f"intercepts_{layer}" in blocks:
            intercepts = blocks[f"intercepts_{layer}"]
            intercepts[...] = (intercepts - mean) * scale
