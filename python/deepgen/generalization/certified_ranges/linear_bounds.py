r"""Linear bounds: two straight lines between which an activation runs over an interval.

The upper line supports the least concave function above the activation at the interval's midpoint,
the lower one the greatest convex function below it; so the area between each and the activation is
least. Its slope is found from chords between points of a grid on the two sides of the midpoint. Any
slope makes a valid bound with the right intercept, the maximum of f(z) - k z. Between the places
where f'' changes sign this function is convex, with its maximum at an end, or concave: then
bisection brackets its maximum, and the tangents at the bracket's ends bound it from above.

Source: H. Zhang, T.-W. Weng, P.-Y. Chen, C.-J. Hsieh, L. Daniel, "Efficient neural network
robustness certification with general activation functions", NeurIPS 2018 (CROWN).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepgen._engine.arrays import FloatArray
from deepgen.generalization.lipschitz_constants.slope_ranges import SLOPES, TURNS, VALUES
from deepgen.probe.folded_layers import FoldedLayer

__all__ = ["Lines", "linear_bounds"]

# Points of the grid on each side of the midpoint, halvings of a bracket, units done at once.
GRID = 24
HALVINGS = 45
AT_ONCE = 512
# Error of an activation as computed here, in units of max(1, |z|).
ERROR = 1e-14
KINKS = {"leaky_relu", "relu", "selu", "elu"}


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines k z + c above and below the activations of a layer.

    Parameters
    ----------
    lower_slope, lower_offset : ndarray of shape (width,)
        Numbers k and c of the lines below.
    upper_slope, upper_offset : ndarray of shape (width,)
        Numbers k and c of the lines above.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.generalization.certified_ranges.linear_bounds import Lines
    >>> Lines(np.zeros(1), np.zeros(1), np.ones(1), np.ones(1)).upper_slope
    array([1.])
    """

    lower_slope: FloatArray
    lower_offset: FloatArray
    upper_slope: FloatArray
    upper_offset: FloatArray


def linear_bounds(layer: FoldedLayer, lower: FloatArray, upper: FloatArray) -> list[Lines]:
    """Return lines below and above a layer's activations over intervals.

    Parameters
    ----------
    layer : FoldedLayer
        The layer.
    lower, upper : ndarray of shape (width,)
        Intervals of the arguments.

    Returns
    -------
    lines : list of Lines
        First those of least area, then parallel ones, with the upper lines' slopes, where they
        differ; rounded outwards.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.expressivity import tri
    >>> from deepgen.generalization.certified_ranges.linear_bounds import linear_bounds
    >>> from deepgen.probe.folded_layers import folded_layers
    >>> first = folded_layers(tri(1))[0]
    >>> lines, parallel = linear_bounds(first, np.array([-1.0, -2]), np.array([3.0, 1]))
    >>> lines.upper_slope.round(9), lines.lower_slope + 0.0
    (array([0.75      , 0.33333333]), array([1., 0.]))
    """
    name = layer.activation
    if name == "identity":
        one, zero = np.ones(layer.width), np.zeros(layer.width)
        return [Lines(one, zero, one, zero)]
    k_up, c_up = _above(name, lower, upper, 1.0)
    k_low, c_low = _above(name, lower, upper, -1.0)
    found = [Lines(-k_low, -c_low, k_up, c_up)]
    if (k_up != -k_low).any():
        found.append(Lines(k_up, -_offset(name, lower, upper, -k_up, -1.0), k_up, c_up))
    if layer.slopes is None:
        return found
    return [_parametric(lines, layer.slopes, lower, upper) for lines in found]


def _parametric(lines: Lines, a: FloatArray, lower: FloatArray, upper: FloatArray) -> Lines:
    """Return lines of z + a (f(z) - z) from those of f."""
    swapped = a < 0
    k_low = np.where(swapped, lines.upper_slope, lines.lower_slope)
    c_low = np.where(swapped, lines.upper_offset, lines.lower_offset)
    k_up = np.where(swapped, lines.lower_slope, lines.upper_slope)
    c_up = np.where(swapped, lines.lower_offset, lines.upper_offset)
    z = np.maximum(np.abs(lower), np.abs(upper))
    error = ERROR * (1 + np.abs(a)) * (1 + z + np.abs(c_low) + np.abs(c_up))
    return Lines(1 + a * (k_low - 1), a * c_low - error, 1 + a * (k_up - 1), a * c_up + error)


def _above(
    name: str, lower: FloatArray, upper: FloatArray, sign: float
) -> tuple[FloatArray, FloatArray]:
    """Return slopes and offsets of lines above sign f over intervals, some units at a time."""
    starts = range(0, len(lower), AT_ONCE)
    k = np.concatenate(
        [
            _best_slope(name, lower[at : at + AT_ONCE], upper[at : at + AT_ONCE], sign)
            for at in starts
        ]
    )
    return k, _offset(name, lower, upper, k, sign)


def _offset(
    name: str, lower: FloatArray, upper: FloatArray, k: FloatArray, sign: float
) -> FloatArray:
    """Return offsets of lines above sign f that have given slopes."""
    best = np.full(len(k), -np.inf)
    inner = sorted({*TURNS.get(name, ()), *([0.0] if name in KINKS else [])})
    edges = [lower, *(np.clip(np.full_like(lower, turn), lower, upper) for turn in inner), upper]
    for left, right in zip(edges[:-1], edges[1:], strict=True):
        best = np.maximum(best, _maximum(name, left, right, k, sign))
    size = np.maximum(1.0, np.maximum(np.abs(lower), np.abs(upper)))
    exact = name == "relu"
    error = 4 * np.finfo(float).eps * size if exact else ERROR * size * (1 + np.abs(k))
    offset: FloatArray = best + error
    return offset


def _best_slope(name: str, lower: FloatArray, upper: FloatArray, sign: float) -> FloatArray:
    """Return the slope of the concave hull of sign f at the midpoint, from a grid."""
    # Points are denser at the ends and the middle, where the chords of the hull begin.
    shares = (1 - np.cos(np.linspace(0, np.pi, GRID))) / 2
    middle = (lower + upper) / 2
    half = (upper - lower) / 2
    right = middle[:, None] + half[:, None] * shares[1:]
    left = middle[:, None] - half[:, None] * shares[1:]
    # Kinks are where the hull turns.
    kink = np.clip(np.zeros_like(lower), lower, upper)[:, None]
    left = np.hstack([left, np.minimum(kink, left[:, :1])])
    right = np.hstack([right, np.maximum(kink, right[:, :1])])
    f_left, f_right = sign * VALUES[name](left), sign * VALUES[name](right)
    run = right[:, None, :] - left[:, :, None]
    safe = np.where(run > 0, run, 1.0)
    slopes = np.where(run > 0, (f_right[:, None, :] - f_left[:, :, None]) / safe, 0.0)
    heights = f_left[:, :, None] + slopes * (middle[:, None, None] - left[:, :, None])
    heights = np.where(run > 0, heights, -np.inf).reshape(len(lower), -1)
    choice = heights.argmax(axis=1)
    k = slopes.reshape(len(lower), -1)[np.arange(len(lower)), choice]
    # An interval without width, or narrower than its rounding: the slope there.
    narrow = half <= 1e-9 * np.maximum(1.0, np.abs(middle))
    return np.where(narrow, sign * SLOPES[name](middle), k)


def _maximum(
    name: str, left: FloatArray, right: FloatArray, k: FloatArray, sign: float
) -> FloatArray:
    """Return an upper bound of sign f(z) - k z where sign f is convex or concave throughout."""

    def height(z: FloatArray) -> FloatArray:
        return sign * VALUES[name](z) - k * z

    def rise(z: FloatArray) -> FloatArray:
        return sign * SLOPES[name](z) - k

    ends = np.maximum(height(left), height(right))
    if name in ("relu", "leaky_relu"):
        return ends
    a, b = left.copy(), right.copy()
    # A piece that ends at a kink has the slope of its own side there.
    tiny = 1e-300
    a = np.where((a == 0.0) & (name in KINKS), tiny, a)
    inside = (rise(a) > 0) & (rise(b) < 0)
    if not inside.any():
        return ends
    for _ in range(HALVINGS):
        middle = (a + b) / 2
        up = rise(middle) > 0
        a, b = np.where(up, middle, a), np.where(up, b, middle)
    tangents = np.minimum(
        height(a) + (np.abs(rise(a)) + ERROR) * (b - a),
        height(b) + (np.abs(rise(b)) + ERROR) * (b - a),
    )
    return np.where(inside, np.maximum(ends, tangents), ends)
