"""Data-dependent starts: scales and shifts from the pre-activations on training rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import AnyArray, Matrix
from deepgen._network.network import Network

__all__ = ["HULL_ROWS", "STANDARDIZING_ROWS", "keep_lengths", "standardize_layers"]

STANDARDIZING_ROWS = 2048
"""Largest number of training rows for a data-dependent start."""

HULL_ROWS = 5
"""Number of rows in the convex combination of a unit's intercept."""


def keep_lengths(network: Network) -> None:
    """Set the gains of weight norm so that the effective weights equal the stored ones."""
    matrices, gains = network.blocks_of("coefs"), network.blocks_of("gain")
    for layer, spec in enumerate(network.core.spec.layers):
        if spec.reparametrization.name == "weight_norm":
            stored = matrices[layer].astype(np.float64)
            gains[layer][...] = np.sqrt((stored**2).sum(axis=0))


def standardize_layers(
    network: Network,
    X: Matrix,
    rows: NDArray[np.int64],
    n_layers: int | None = None,
    hull: np.random.Generator | None = None,
) -> None:
    """Scale and shift the first layers so that pre-activations have mean 0 and variance 1.

    A unit that is constant over the samples keeps its scale. Layers without intercepts are only
    scaled. The moments are those of ``rows`` of X. Units with gains are scaled by them; weight
    standardization cancels any scale, so its layers are only shifted. With ``hull`` a unit is 0 at
    a random convex combination of some rows' pre-activations, instead of at their mean. The cost is
    one forward pass per layer, with ``hull`` two. Source: T. Salimans and D. P. Kingma, "Weight
    normalization", NeurIPS 2016, section 3.
    """
    matrices, gains = network.blocks_of("coefs"), network.blocks_of("gain")
    intercepts = network.blocks_of("intercepts")
    for layer, spec in enumerate(network.core.spec.layers[:n_layers]):
        mean, variance = network.moments(X, layer, rows=rows)
        scale = np.where(variance > 0, 1 / np.sqrt(np.where(variance > 0, variance, 1.0)), 1.0)
        if spec.reparametrization.name == "weight_standardization":
            # The reparametrization cancels any scale of the weights.
            scale = np.ones_like(scale)
        zero = mean
        if hull is not None:
            zero = _hull_points(network.pre_activations(X, layer, rows=rows), hull)
        # A gain per unit is scaled in place of the weights; Fixup's is one number per layer.
        per_unit = layer in gains and gains[layer].shape == scale.shape
        scaled = gains[layer] if per_unit else matrices[layer]
        scaled[...] *= scale
        if layer in intercepts:
            intercepts[layer][...] = (intercepts[layer] - zero) * scale


def _hull_points(values: AnyArray, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw a convex combination of some rows for each column.

    ``values`` (n_rows, n_units); returns (n_units,). Shares are uniform over the
    simplex, as exponential numbers over their sum are.
    """
    n_rows, n_units = values.shape
    chosen = rng.integers(0, n_rows, (n_units, HULL_ROWS))
    shares = rng.exponential(size=(n_units, HULL_ROWS))
    shares /= shares.sum(axis=1, keepdims=True)
    own = values[chosen, np.arange(n_units)[:, None]].astype(np.float64)
    points: NDArray[np.float64] = (own * shares).sum(axis=1)
    return points
