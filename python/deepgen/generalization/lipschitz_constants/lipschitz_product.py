"""The product bound of a Lipschitz constant: spectral norms and slopes, layer by layer."""

from __future__ import annotations

import numpy as np

from deepgen._engine.arrays import FloatArray
from deepgen.generalization.lipschitz_constants.slope_ranges import slope_range
from deepgen.generalization.lipschitz_constants.spectral_norm import EPS, spectral_norm
from deepgen.probe.folded_layers import FoldedLayer

__all__ = ["layer_bounds", "norm_factor"]

# A product below it has lost digits, or all of them.
TINY = float(np.finfo(np.float64).tiny)


def norm_factor(layer: FoldedLayer) -> float:
    """Return a bound on the Lipschitz constant of a layer's layer norm; 1 without.

    Parameters
    ----------
    layer : FoldedLayer
        The layer.

    Returns
    -------
    factor : float
        Bound max |scale| / sqrt(epsilon), reached where a row is constant.

    Examples
    --------
    >>> from deepgen.expressivity import tri
    >>> from deepgen.generalization.lipschitz_constants.lipschitz_product import norm_factor
    >>> from deepgen.probe.folded_layers import folded_layers
    >>> norm_factor(folded_layers(tri(1))[0])
    1.0
    """
    if layer.scale is None:
        return 1.0
    return float(np.abs(layer.scale).max() / np.sqrt(layer.epsilon)) * (1 + 4 * EPS)


def layer_bounds(
    layers: list[FoldedLayer], norms: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    r"""Bound the Lipschitz constant of each layer's output as a function of the inputs.

    Parameters
    ----------
    layers : list of FoldedLayer
        Without highway skips.
    norms : ndarray of shape (n_layers,), default=None
        Spectral norms of the weights, where they are known.

    Returns
    -------
    bounds : ndarray of shape (n_layers,)
        :math:`L_l = s_l (\|W_l\| L_{l-1} + \alpha L_{skip})` with 'deepnorm', or
        :math:`s_l \|W_l\| L_{l-1} + L_{skip}` with 'residual'; s is the largest absolute slope of
        the activation times that of layer norm.
    norms : ndarray of shape (n_layers,)
        Spectral norms of the weights.

    Examples
    --------
    >>> from deepgen.expressivity import tri
    >>> from deepgen.generalization.lipschitz_constants.lipschitz_product import layer_bounds
    >>> from deepgen.probe.folded_layers import folded_layers
    >>> layer_bounds(folded_layers(tri(1)))[0].round(4)
    array([4.4721, 6.3246, 6.3246])
    """
    if norms is None:
        norms = np.array([spectral_norm(layer.weights) for layer in layers])
    bounds = np.empty(len(layers))
    below = 1.0
    for index, (layer, norm) in enumerate(zip(layers, norms, strict=True)):
        steepest = max(float(np.abs(end).max()) for end in slope_range(layer))
        bound = norm * below
        if layer.skip == "deepnorm":
            bound += layer.alpha * bounds[layer.skip_from]
        bound *= norm_factor(layer) * steepest
        if norm and below and steepest:
            bound = max(bound, TINY)
        if layer.skip == "residual":
            bound += bounds[layer.skip_from]
        below = bounds[index] = bound * (1 + 8 * EPS)
    return bounds, norms
