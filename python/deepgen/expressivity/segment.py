"""Segment: a network along a straight line, piece by piece.

The values of a layer's units are stored at nodes t_0 < ... < t_m of [0, 1], their slopes on the m
pieces between them. A layer's argument is linear on each piece; where it changes sign a node is
inserted, at which that unit's argument is set to 0 instead of evaluated. So a unit has one sign per
piece, and rounding can shift a node but neither lose nor duplicate one. Differences below rounding
are ignored: an argument below its own rounding error at a node is 0 there, and roots closer to each
other than their rounding errors are one node.

Takes O(nodes x width) time and memory per layer, and O(nodes x width^2) time for the product.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import FloatArray
from deepgen.expressivity.piecewise import BentLayer, PiecewiseLinear

__all__ = ["Trace", "walk"]


EPS = float(np.finfo(np.float64).eps)
# Rounding error of a sum of some hundred products, in units of its terms' size.
ROUNDING = 32 * EPS
# Largest number of numbers for one layer's nodes; 1.6 GB.
MAX_NUMBERS = 200_000_000


@dataclass(frozen=True)
class Trace:
    """Values and slopes of a layer along the segment.

    Parameters
    ----------
    t : ndarray of shape (n_nodes,)
        Nodes, from 0 to 1.
    values : ndarray of shape (n_nodes, width)
        Values of the layer at the nodes.
    slopes : ndarray of shape (n_nodes - 1, width)
        Slopes of the layer on the pieces, per unit of t.
    terms : ndarray of shape (n_nodes - 1, width)
        Sum of the absolute terms of the slopes' last product, which determines their rounding
        error.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.expressivity import rect
    >>> from deepgen.expressivity.piecewise import piecewise_linear_of
    >>> from deepgen.expressivity.segment import walk
    >>> *_, last = walk(piecewise_linear_of(rect(0.0, 1.0, 1.0, eps=0.5)), np.zeros(1), np.ones(1))
    >>> last.t.tolist(), last.slopes.ravel().tolist()
    ([0.0, 0.5, 1.0], [2.0, 0.0])
    """

    t: FloatArray
    values: FloatArray
    slopes: FloatArray
    terms: FloatArray


@dataclass
class _Line:
    """Nodes, their uncertainty, and the values and slopes of the layers that are still needed."""

    t: FloatArray
    blur: FloatArray
    values: dict[int, FloatArray]
    slopes: dict[int, FloatArray]


@dataclass(frozen=True)
class _Roots:
    """New nodes, and the units whose arguments are 0 there."""

    t: FloatArray
    blur: FloatArray
    piece: NDArray[np.int64]
    unit: NDArray[np.int64]
    node: NDArray[np.int64]


def walk(function: PiecewiseLinear, start: FloatArray, stop: FloatArray) -> Iterator[Trace]:
    """Yield the values of a network along a segment, layer by layer.

    Parameters
    ----------
    function : PiecewiseLinear
        The network.
    start, stop : ndarray of shape (n_inputs,)
        Ends of the segment.

    Yields
    ------
    trace : Trace
        One per layer; the nodes of the last one are all points where a unit switches.

    Raises
    ------
    ValueError
        If there are too many pieces for the memory.
    """
    below = -1
    line = _Line(
        np.array([0.0, 1.0]),
        np.zeros(2),
        {below: np.stack([start, stop])},
        {below: (stop - start)[None]},
    )
    sources = function.sources
    # Invariant: `line` has the nodes at which any unit so far switches, and each layer's values
    # there and slopes between them, as far as later layers need them.
    for index, layer in enumerate(function.layers):
        values, slopes = line.values[below], line.slopes[below]
        z = values @ layer.weights + layer.intercepts
        dz = slopes @ layer.weights
        if layer.bends:
            # Insert a node at every root; a unit then has one sign per piece.
            scale = np.abs(values) @ np.abs(layer.weights) + np.abs(layer.intercepts)
            z, roots = _roots(line, z, dz, scale)
            n_nodes = len(line.t) + len(roots.t)
            if n_nodes * layer.width > MAX_NUMBERS:
                raise ValueError(
                    f"layer {index} has {n_nodes - 1} pieces along the segment, "
                    f"{n_nodes * layer.width} numbers, more than {MAX_NUMBERS}; take a shorter "
                    "segment, or count the patterns of sampled points with sampled_patterns"
                )
            if len(roots.t):
                z, dz = _insert(line, roots, z, dz)
            # The sum of a piece's two ends has the sign of the argument inside.
            on = z[:-1] + z[1:] > 0
            dz = np.where(on, dz, layer.leak * dz)
            z = np.where(z > 0, z, layer.leak * z)
        if layer.skip_from >= 0:
            z = z + line.values[layer.skip_from]
            dz = dz + line.slopes[layer.skip_from]
        # Layers that no later skip needs are dropped.
        if below not in sources:
            terms = _terms(line.slopes.pop(below), layer)
            del line.values[below]
        else:
            terms = _terms(line.slopes[below], layer)
        line.values[index], line.slopes[index] = z, dz
        below = index
        yield Trace(line.t, z, dz, terms)


def _terms(slopes: FloatArray, layer: BentLayer) -> FloatArray:
    return np.abs(slopes) @ np.abs(layer.weights)


def _roots(
    line: _Line, z: FloatArray, dz: FloatArray, scale: FloatArray
) -> tuple[FloatArray, _Roots]:
    """Find the roots of arguments ``z`` with slopes ``dz``; ``scale`` is the size of their terms.

    Also returns the arguments, set to 0 where they are below their rounding error.
    """
    steep = np.abs(dz)
    around = np.maximum(np.concatenate([steep[:1], steep]), np.concatenate([steep, steep[-1:]]))
    error = ROUNDING * scale + around * line.blur[:, None]
    z = np.where(np.abs(z) <= error, 0.0, z)
    side = np.sign(z)
    at, unit = np.nonzero(side[:-1] * side[1:] < 0)
    left, right = z[at, unit], z[at + 1, unit]
    start, stop = line.t[at], line.t[at + 1]
    t = np.clip(start + (stop - start) * (left / (left - right)), start, stop)
    doubt = np.maximum(error[at, unit], error[at + 1, unit])
    blur = (stop - start) * doubt / np.abs(left - right) + EPS * t

    order = np.lexsort((t, at))
    at, unit, t, blur = at[order], unit[order], t[order], blur[order]
    apart = np.ones(len(t), dtype=bool)
    apart[1:] = (at[1:] != at[:-1]) | (t[1:] - t[:-1] > np.maximum(blur[1:], blur[:-1]))
    first = np.flatnonzero(apart)
    most = np.maximum.reduceat(blur, first) if len(first) else blur
    return z, _Roots(t[first], most, at[first], unit, np.cumsum(apart) - 1)


def _insert(
    line: _Line, roots: _Roots, z: FloatArray, dz: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Insert roots into the line as nodes; return arguments and slopes with the new nodes."""
    at = roots.piece
    share = ((roots.t - line.t[at]) / (line.t[at + 1] - line.t[at]))[:, None]
    n_parts = 1 + np.bincount(at, minlength=len(dz))

    def inserted(values: FloatArray) -> FloatArray:
        between = (1 - share) * values[at] + share * values[at + 1]
        return np.insert(values, at + 1, between, axis=0)

    line.values = {layer: inserted(values) for layer, values in line.values.items()}
    line.slopes = {
        layer: np.repeat(slopes, n_parts, axis=0) for layer, slopes in line.slopes.items()
    }
    line.t = np.insert(line.t, at + 1, roots.t)
    line.blur = np.insert(line.blur, at + 1, roots.blur)
    z = inserted(z)
    z[(at + 1 + np.arange(len(at)))[roots.node], roots.unit] = 0.0
    return z, np.repeat(dz, n_parts, axis=0)
