"""Slope ranges: between which two numbers the derivative of an activation lies.

    f'' = 0 at   gelu +-sqrt 2   silu +-2.39935728...   mish -2.25637639..., 1.49057117...

where f' has its extremes; every other activation's f' is monotone on each side of 0. The extremes
were computed to 40 digits and are rounded outwards. A range over an interval is that of f' at its
two ends and at the extremes between them, widened by more than the rounding of f'.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import expit, ndtr

from deepgen._engine.arrays import FloatArray
from deepgen.expressivity.piecewise import LEAKS
from deepgen.probe.folded_layers import FoldedLayer

__all__ = ["KINKED", "SLOPES", "SLOPE_RANGES", "TURNS", "VALUES", "slope", "slope_range", "value"]

LEAK = LEAKS["leaky_relu"]
SELU = 1.0507009873554804934193349852946
SELU_LEFT = 1.758099340847377
SQRT_2 = 1.4142135623730951
DENSITY = 0.3989422804014327
# Beyond it every derivative differs from its limit by less than its rounding.
FAR = 700.0
# Above the error of the derivatives below, which are sums and products of a few factors near 1.
ERROR = 1e-14

# The least and the greatest value of f' on the whole line.
SLOPE_RANGES = {
    "elu": (0.0, 1.0),
    "gelu": (-0.12890414518515482, 1.1289041451851549),
    "identity": (1.0, 1.0),
    "leaky_relu": (LEAK, 1.0),
    "logistic": (0.0, 0.25),
    "mish": (-0.11252612238946257, 1.0884981612517279),
    "relu": (0.0, 1.0),
    "selu": (0.0, SELU_LEFT),
    "silu": (-0.09983932012886694, 1.0998393201288671),
    "tanh": (0.0, 1.0),
}
# Between -inf, these and inf the derivative is monotone.
TURNS = {
    "gelu": (-SQRT_2, SQRT_2),
    "silu": (-2.3993572805154677, 2.3993572805154677),
    "mish": (-2.2563763963607931, 1.4905711794854285),
    "logistic": (0.0,),
    "tanh": (0.0,),
}
# The derivative jumps at 0.
KINKED = {"leaky_relu", "relu", "selu"}


def _mish_slope(z: FloatArray) -> FloatArray:
    # With e = exp(min(z, 20)), which changes nothing in double precision.
    e = np.exp(np.minimum(z, 20.0))
    w = e * (e + 2)
    t = w / (w + 2)
    slope: FloatArray = t + np.minimum(z, 20.0) * 4 * e * (1 + e) / (w + 2) ** 2
    return slope


def _mish(z: FloatArray) -> FloatArray:
    e = np.exp(np.minimum(z, 20.0))
    w = e * (e + 2)
    value: FloatArray = z * (w / (w + 2))
    return value


VALUES: dict[str, Callable[[FloatArray], FloatArray]] = {
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0.0))),
    "gelu": lambda z: z * ndtr(z),
    "identity": lambda z: z,
    "leaky_relu": lambda z: np.where(z > 0, z, LEAK * z),
    "logistic": expit,
    "mish": _mish,
    "relu": lambda z: np.maximum(z, 0.0),
    "selu": lambda z: np.where(z > 0, SELU * z, SELU_LEFT * np.expm1(np.minimum(z, 0.0))),
    "silu": lambda z: z * expit(z),
    "tanh": np.tanh,
}
SLOPES: dict[str, Callable[[FloatArray], FloatArray]] = {
    "elu": lambda z: np.where(z > 0, 1.0, np.exp(np.minimum(z, 0.0))),
    "gelu": lambda z: ndtr(z) + z * DENSITY * np.exp(-0.5 * z * z),
    "identity": np.ones_like,
    "leaky_relu": lambda z: np.where(z > 0, 1.0, LEAK),
    "logistic": lambda z: expit(z) * expit(-z),
    "mish": _mish_slope,
    "relu": lambda z: np.where(z > 0, 1.0, 0.0),
    "selu": lambda z: np.where(z > 0, SELU, SELU_LEFT * np.exp(np.minimum(z, 0.0))),
    "silu": lambda z: expit(z) * (1 + z * expit(-z)),
    "tanh": lambda z: 1.0 / np.cosh(np.clip(z, -350.0, 350.0)) ** 2,
}


def value(layer: FoldedLayer, z: FloatArray) -> FloatArray:
    """Return a layer's activation of its arguments.

    Parameters
    ----------
    layer : FoldedLayer
        The layer.
    z : ndarray of shape (..., width)
        Arguments.

    Returns
    -------
    h : ndarray of shape (..., width)
        Values f(z), or z + a (f(z) - z) with trained slopes a.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.expressivity import tri
    >>> from deepgen.generalization.lipschitz_constants.slope_ranges import value
    >>> from deepgen.probe.folded_layers import folded_layers
    >>> value(folded_layers(tri(1))[0], np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    f = VALUES[layer.activation](z)
    return f if layer.slopes is None else z + layer.slopes * (f - z)


def slope(layer: FoldedLayer, z: FloatArray) -> FloatArray:
    """Return the derivative of a layer's activation; 0 counts as negative.

    Parameters
    ----------
    layer : FoldedLayer
        The layer.
    z : ndarray of shape (..., width)
        Arguments.

    Returns
    -------
    slope : ndarray of shape (..., width)
        Values f'(z), or 1 + a (f'(z) - 1) with trained slopes a.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.expressivity import tri
    >>> from deepgen.generalization.lipschitz_constants.slope_ranges import slope
    >>> from deepgen.probe.folded_layers import folded_layers
    >>> slope(folded_layers(tri(1))[0], np.array([-1.0, 2.0]))
    array([0., 1.])
    """
    s = SLOPES[layer.activation](z)
    return s if layer.slopes is None else 1 + layer.slopes * (s - 1)


def slope_range(
    layer: FoldedLayer, lower: FloatArray | None = None, upper: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return bounds on all difference quotients of a layer's activation, unit by unit.

    Parameters
    ----------
    layer : FoldedLayer
        The layer.
    lower, upper : ndarray of shape (width,), default=None
        The arguments' interval; None means the whole line.

    Returns
    -------
    least, greatest : ndarray of shape (width,)
        Between which (f(z) - f(z')) / (z - z') lies for all z != z' of the interval.

    Examples
    --------
    >>> from deepgen.expressivity import tri
    >>> from deepgen.generalization.lipschitz_constants.slope_ranges import slope_range
    >>> from deepgen.probe.folded_layers import folded_layers
    >>> slope_range(folded_layers(tri(1))[0])
    (array([0., 0.]), array([1., 1.]))
    """
    name = layer.activation
    least, greatest = (np.full(layer.width, end) for end in SLOPE_RANGES[name])
    if lower is not None and upper is not None and name != "identity":
        least, greatest = _over(name, lower, upper, (least, greatest))
    if layer.slopes is None:
        return least, greatest
    ends = np.stack([1 + layer.slopes * (end - 1) for end in (least, greatest)])
    error = ERROR * (1 + np.abs(layer.slopes))
    return ends.min(axis=0) - error, ends.max(axis=0) + error


def _over(
    name: str, lower: FloatArray, upper: FloatArray, ends: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Return the range of f' over intervals, within its range on the whole line."""
    low, high = np.clip(lower, -FAR, FAR), np.clip(upper, -FAR, FAR)
    at = [SLOPES[name](low), SLOPES[name](high)]
    for turn in (*TURNS.get(name, ()), 0.0):
        inside = (low <= turn) & (turn <= high)
        # At the jump both one-sided derivatives count.
        for point in (np.full_like(low, turn), np.full_like(low, turn + 1e-300)):
            at.append(np.where(inside, SLOPES[name](point), at[0]))
    error = 0.0 if name in ("relu", "leaky_relu") else ERROR
    found = np.stack(at)
    return (
        np.clip(found.min(axis=0) - error, *ends),
        np.clip(found.max(axis=0) + error, *ends),
    )
