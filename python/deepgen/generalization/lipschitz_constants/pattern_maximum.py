"""The pattern maximum: the largest Jacobian over all slopes that the units could have.

The Jacobian is affine in the slopes of each layer, and a norm is convex, so its maximum over a box
of slopes is at a corner: at a pattern in which each unit has its least or its greatest slope. Not
every pattern occurs at an input, so the maximum is an upper bound of the Lipschitz constant.

Source: A. Virmaux, K. Scaman, "Lipschitz regularity of deep neural networks: analysis and efficient
estimation", NeurIPS 2018, section 5.
"""

from __future__ import annotations

import numpy as np

from deepgen._engine.arrays import FloatArray
from deepgen.generalization.lipschitz_constants.lipschitz_product import layer_bounds
from deepgen.generalization.lipschitz_constants.spectral_norm import (
    EPS,
    frobenius_norms,
    rounded_up,
    spectral_norms,
)
from deepgen.probe.folded_layers import FoldedLayer

__all__ = ["Slopes", "few_columns", "n_free_units", "pattern_maximum"]

# Patterns that are multiplied at once: few enough for their arrays to stay in the cache.
AT_ONCE = 2048

Slopes = list[tuple[FloatArray, FloatArray]]


def n_free_units(slopes: Slopes) -> int:
    """Return the number of units whose slope is not fixed.

    Parameters
    ----------
    slopes : list of (least, greatest), each ndarray of shape (width,)
        Slope range of each unit of each layer.

    Returns
    -------
    n_units : int
        There are 2**n_units patterns.
    """
    return sum(int((least < greatest).sum()) for least, greatest in slopes)


def pattern_maximum(layers: list[FoldedLayer], slopes: Slopes) -> float:
    """Return the largest spectral norm of the Jacobian over all patterns of slopes.

    Parameters
    ----------
    layers : list of FoldedLayer
        Without layer norm and highway skips.
    slopes : list of (least, greatest), each ndarray of shape (width,)
        Slope range of each unit of each layer.

    Returns
    -------
    maximum : float
        Rounded up by what the rounding of all terms can hide, also where they cancel.

    Examples
    --------
    >>> from deepgen.expressivity import tri
    >>> from deepgen.generalization.lipschitz_constants.pattern_maximum import pattern_maximum
    >>> from deepgen.generalization.lipschitz_constants.slope_ranges import slope_range
    >>> from deepgen.probe.folded_layers import folded_layers
    >>> layers = folded_layers(tri(1))
    >>> round(pattern_maximum(layers, [slope_range(layer) for layer in layers]), 12)
    4.0
    """
    least = np.concatenate([ends[0] for ends in slopes])
    spread = np.concatenate([ends[1] for ends in slopes]) - least
    free = np.flatnonzero(spread)
    starts = np.cumsum([0, *(layer.width for layer in layers)])
    first = few_columns(layers[0].weights)
    best = 0.0
    n_patterns = 2 ** len(free)
    for start in range(0, n_patterns, AT_ONCE):
        numbers = np.arange(start, min(start + AT_ONCE, n_patterns))
        s = np.tile(least, (len(numbers), 1))
        s[:, free] += (numbers[:, None] >> np.arange(len(free)) & 1) * spread[free]
        J = _jacobians(layers, first, s, starts)
        sizes = frobenius_norms(J)
        # The Frobenius norm is no smaller than the spectral norm: most patterns need no more.
        order = np.argsort(-sizes)
        for few in range(0, len(order), 64):
            some = order[few : few + 64]
            some = some[sizes[some] > best]
            if not len(some):
                break
            best = max(best, float(spectral_norms(J[some]).max()))
    n_terms = int(starts[-1]) + len(layers[0].weights)
    # Terms may cancel, so their sizes are what rounding is relative to.
    norms = np.concatenate([frobenius_norms(layer.weights[None]) for layer in layers])
    sizes = layer_bounds(layers, norms)[0]
    return rounded_up(best + 16 * n_terms * EPS * float(sizes[-1]), n_terms) if sizes[-1] else 0.0


def few_columns(weights: FloatArray) -> FloatArray:
    """Return weights with the same products W^T W: the inputs rotated.

    Parameters
    ----------
    weights : ndarray of shape (n_inputs, width)
        Weights W of the first layer.

    Returns
    -------
    weights : ndarray of shape (min(n_inputs, width), width)
        Its spectral norm, and that of every product W A, is the same.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.generalization.lipschitz_constants.pattern_maximum import few_columns
    >>> np.abs(few_columns(np.array([[3.0], [4.0]])))
    array([[5.]])
    """
    if weights.shape[0] <= weights.shape[1]:
        return weights
    return np.linalg.qr(weights)[1]


def _jacobians(
    layers: list[FoldedLayer], first: FloatArray, s: FloatArray, starts: FloatArray
) -> FloatArray:
    """Return the transposed Jacobians (n, k, n_outputs) of patterns of slopes (n, n_units)."""
    done: list[FloatArray] = []
    below = first[None]
    for index, layer in enumerate(layers):
        J = below @ layer.weights if index else below
        if layer.skip == "deepnorm":
            J = J + layer.alpha * done[layer.skip_from]
        J = J * s[:, None, starts[index] : starts[index + 1]]
        if layer.skip == "residual":
            J = J + done[layer.skip_from]
        done.append(J)
        below = J
    return below
