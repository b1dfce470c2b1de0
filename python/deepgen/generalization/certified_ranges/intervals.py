"""Intervals: ranges that layers of a network map ranges to, rounded outwards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepgen._engine.arrays import FloatArray
from deepgen.generalization.lipschitz_constants.slope_ranges import VALUES
from deepgen.generalization.lipschitz_constants.spectral_norm import EPS
from deepgen.probe.folded_layers import FoldedLayer

__all__ = ["ERROR", "Interval", "activated", "affine", "normalized", "rounding"]

# Error of an activation as computed here, in units of max(1, |z|).
ERROR = 1e-14
# Where the activations that are not monotone have their minimum, and a number below it.
MINIMA = {
    "gelu": (-0.7517915246935645, -0.16997120747990380),
    "silu": (-1.2784645427610738, -0.27846454276107390),
    "mish": (-1.1924312145154952, -0.30884341301725050),
}


@dataclass(frozen=True, eq=False)
class Interval:
    """Ranges of several numbers.

    Parameters
    ----------
    lower, upper : ndarray of shape (width,)
        Ends, lower <= upper.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.generalization.certified_ranges.intervals import Interval
    >>> Interval(np.array([-3.0]), np.array([2.0])).size
    array([3.])
    """

    lower: FloatArray
    upper: FloatArray

    @property
    def size(self) -> FloatArray:
        """Largest absolute value in each range."""
        return np.maximum(np.abs(self.lower), np.abs(self.upper))

    def meet(self, other: Interval) -> Interval:
        """Return what is in both of two ranges.

        Parameters
        ----------
        other : Interval
            Ranges of the same numbers.

        Returns
        -------
        both : Interval
            The intersection.
        """
        return Interval(np.maximum(self.lower, other.lower), np.minimum(self.upper, other.upper))

    def plus(self, other: Interval, factor: float = 1.0) -> Interval:
        """Return the ranges of sums with multiples of other numbers.

        Parameters
        ----------
        other : Interval
            Ranges of the other numbers.
        factor : float, default=1.0
            At least 0.

        Returns
        -------
        sum : Interval
            Rounded outwards.
        """
        error = 4 * EPS * (self.size + factor * other.size)
        return Interval(
            self.lower + factor * other.lower - error, self.upper + factor * other.upper + error
        )


def rounding(n_terms: int) -> float:
    """Return a bound on the relative rounding error of a sum of products, in any order.

    Parameters
    ----------
    n_terms : int
        Number of products.

    Returns
    -------
    error : float
        In units of the sum of the absolute products; four times the classical bound.

    Examples
    --------
    >>> from deepgen.generalization.certified_ranges.intervals import rounding
    >>> rounding(2) < 1e-14
    True
    """
    return 4 * (n_terms + 4) * EPS


def affine(layer: FoldedLayer, below: Interval) -> Interval:
    """Return the ranges of x W + b.

    Parameters
    ----------
    layer : FoldedLayer
        The layer.
    below : Interval
        Ranges of x.

    Returns
    -------
    z : Interval
        Rounded outwards.
    """
    middle, radius = (below.lower + below.upper) / 2, (below.upper - below.lower) / 2
    size = np.abs(layer.weights)
    centre = middle @ layer.weights + layer.intercepts
    terms = below.size @ size + np.abs(layer.intercepts)
    reach = radius @ size + rounding(len(size)) * terms
    return Interval(centre - reach, centre + reach)


def normalized(layer: FoldedLayer, z: Interval) -> Interval:
    r"""Return the ranges of layer norm.

    Parameters
    ----------
    layer : FoldedLayer
        The layer.
    z : Interval
        Ranges of its arguments.

    Returns
    -------
    y : Interval
        With c = z - mean and n units, the other units' squares are at least c^2 / (n - 1), so the
        standardized value is at most :math:`c / \sqrt{c^2 / (n - 1) + \epsilon}`, which grows with
        c; and between c over the root of the greatest and of the least variance plus epsilon.
    """
    if layer.scale is None or layer.shift is None:
        return z
    n = layer.width
    error = rounding(n) * float(z.size.max())
    low = z.lower * (1 - 1 / n) - (z.upper.sum() - z.upper) / n - error
    high = z.upper * (1 - 1 / n) - (z.lower.sum() - z.lower) / n + error
    nearest = np.maximum(0.0, np.maximum(low, -high))
    least = float((nearest**2).mean()) * (1 - rounding(n))
    greatest = float((np.maximum(np.abs(low), np.abs(high)) ** 2).mean()) * (1 + rounding(n))

    def furthest(c: FloatArray) -> FloatArray:
        # Of the two bounds on the absolute value the smaller one.
        own = c**2 / max(1, n - 1) + layer.epsilon
        root: FloatArray = np.sqrt(np.maximum(own, least + layer.epsilon))
        return c / root

    root = np.sqrt(greatest + layer.epsilon)
    x_low = np.where(low < 0, furthest(low), low / root)
    x_high = np.where(high > 0, furthest(high), high / root)
    ends = np.stack([x_low * layer.scale, x_high * layer.scale]) + layer.shift
    slack = 64 * EPS * (np.abs(ends).max(axis=0) + np.abs(layer.shift))
    return Interval(ends.min(axis=0) - slack, ends.max(axis=0) + slack)


def activated(layer: FoldedLayer, z: Interval) -> Interval:
    """Return the ranges of a layer's activation.

    Parameters
    ----------
    layer : FoldedLayer
        The layer.
    z : Interval
        Ranges of the arguments.

    Returns
    -------
    h : Interval
        Rounded outwards; exact up to that without trained slopes.
    """
    name = layer.activation
    if name == "identity":
        return z
    ends = np.stack([VALUES[name](z.lower), VALUES[name](z.upper)])
    low, high = ends.min(axis=0), ends.max(axis=0)
    if name in MINIMA:
        at, least = MINIMA[name]
        low = np.where((z.lower <= at) & (at <= z.upper), least, low)
    error = 0.0 if name == "relu" else ERROR * np.maximum(1.0, z.size)
    low, high = low - error, high + error
    if layer.slopes is None:
        return Interval(low, high)
    # (1 - a) z + a f(z), its two terms apart.
    a = layer.slopes
    own = np.stack([(1 - a) * z.lower, (1 - a) * z.upper])
    bent = np.stack([a * low, a * high])
    slack = ERROR * (1 + np.abs(a)) * np.maximum(1.0, z.size)
    return Interval(
        own.min(axis=0) + bent.min(axis=0) - slack, own.max(axis=0) + bent.max(axis=0) + slack
    )
