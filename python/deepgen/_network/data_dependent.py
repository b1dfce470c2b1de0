"""Data-dependent starts: scales and shifts from the pre-activations on training rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import Matrix
from deepgen._network.network import Network

__all__ = ["STANDARDIZING_ROWS", "keep_lengths", "standardize_layers"]

STANDARDIZING_ROWS = 2048
"""Largest number of training rows for a data-dependent start."""


def keep_lengths(network: Network) -> None:
    """Set the gains of weight norm so that the effective weights equal the stored ones."""
    matrices, gains = network.blocks_of("coefs"), network.blocks_of("gain")
    for layer, spec in enumerate(network.core.spec.layers):
        if spec.reparametrization.name == "weight_norm":
            stored = matrices[layer].astype(np.float64)
            gains[layer][...] = np.sqrt((stored**2).sum(axis=0))


def standardize_layers(
    network: Network, X: Matrix, rows: NDArray[np.int64], n_layers: int | None = None
) -> None:
    """Scale and shift the first layers so that pre-activations have mean 0 and variance 1.

    A unit that is constant over the samples keeps its scale. Layers without intercepts are only
    scaled. The moments are those of ``rows`` of X. Units with gains are scaled by them; weight
    standardization cancels any scale, so its layers are only shifted. The cost is one forward pass
    per layer. Source: T. Salimans and D. P. Kingma, "Weight normalization", NeurIPS 2016, section
    3.
    """
    matrices, gains = network.blocks_of("coefs"), network.blocks_of("gain")
    intercepts = network.blocks_of("intercepts")
    for layer, spec in enumerate(network.core.spec.layers[:n_layers]):
        mean, variance = network.moments(X, layer, rows=rows)
        scale = np.where(variance > 0, 1 / np.sqrt(np.where(variance > 0, variance, 1.0)), 1.0)
        if spec.reparametrization.name == "weight_standardization":
            # The reparametrization cancels any scale of the weights.
            scale = np.ones_like(scale)
        # A gain per unit is scaled in place of the weights; Fixup's is one number per layer.
        per_unit = layer in gains and gains[layer].shape == scale.shape
        scaled = gains[layer] if per_unit else matrices[layer]
        scaled[...] *= scale
        if layer in intercepts:
            intercepts[layer][...] = (intercepts[layer] - mean) * scale
