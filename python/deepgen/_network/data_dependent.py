"""Data-dependent start: layers whose pre-activations have mean 0 and variance 1 on given rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import Matrix
from deepgen._network.network import Network

__all__ = ["STANDARDIZING_ROWS", "standardize_layers"]

STANDARDIZING_ROWS = 2048
"""How many training rows the data-dependent start looks at, at most."""


def standardize_layers(
    network: Network, X: Matrix, rows: NDArray[np.int64], n_layers: int | None = None
) -> None:
    """Scale and shift each of the first layers (None: all) by its moments over some rows of X.

    The network's weights give the directions. A unit that is constant over the rows keeps its
    scale; layers without intercepts are scaled only. Costs one forward pass per layer.

    T. Salimans and D. P. Kingma, "Weight normalization", NeurIPS 2016, section 3.
    """
    matrices, gains = network.blocks_of("coefs"), network.blocks_of("gain")
    intercepts = network.blocks_of("intercepts")
    for layer in range(network.n_layers if n_layers is None else n_layers):
        mean, variance = network.moments(X, layer, rows=rows)
        scale = np.where(variance > 0, 1 / np.sqrt(np.where(variance > 0, variance, 1.0)), 1.0)
        kind = network.core.spec.layers[layer].reparametrization.name
        if kind == "weight_standardization":
            # It undoes any scale of its weights.
            scale = np.ones_like(scale)
        # A gain per unit is scaled in place of the weights; Fixup's is one number per layer.
        per_unit = layer in gains and gains[layer].shape == scale.shape
        scaled = gains[layer] if per_unit else matrices[layer]
        scaled[...] *= scale
        if layer in intercepts:
            intercepts[layer][...] = (intercepts[layer] - mean) * scale
