"""Breakpoints: the kinks of a network along a straight line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import in_style
from deepgen._engine.arrays import FloatArray
from deepgen.expressivity.piecewise import piecewise_linear_of
from deepgen.expressivity.segment import walk

__all__ = ["Breakpoints", "breakpoints"]


# Slopes whose difference is smaller than this share of their terms' size count as equal.
SAME_SLOPE = 1e-12


@dataclass(frozen=True, repr=False)
class Breakpoints(ShownAsTable):
    """The linear pieces of a network along a segment.

    Parameters
    ----------
    points : ndarray of shape (n_pieces - 1,) or (n_pieces - 1, n_inputs)
        Inputs strictly inside the segment at which the slope of an output changes; one-dimensional
        if the ends were given as numbers.
    n_pieces : int
        Number of linear pieces of the function; neighbours with equal slopes count as one.
    activation_points : ndarray of shape (n_activation_pieces - 1,) or (..., n_inputs)
        Inputs at which a unit switches, whether the slope of the outputs changes there or not.
    n_activation_pieces : int
        Number of intervals with one activation pattern.
    t : ndarray of shape (n_pieces + 1,)
        The ends and ``points`` as fractions of the segment, from 0 to 1.
    values : ndarray of shape (n_pieces + 1, n_outputs)
        Outputs at ``t``.
    slopes : ndarray of shape (n_pieces, n_outputs)
        Change of the outputs per unit of length towards ``b``.
    a, b : ndarray of shape (n_inputs,)
        Ends of the segment.

    Examples
    --------
    >>> from deepgen.expressivity import breakpoints, tri
    >>> breakpoints(tri(2), 0.0, 1.0).slopes.ravel().tolist()
    [4.0, -4.0, 4.0, -4.0]
    """

    points: FloatArray
    n_pieces: int
    activation_points: FloatArray
    n_activation_pieces: int
    t: FloatArray
    values: FloatArray
    slopes: FloatArray
    a: FloatArray
    b: FloatArray

    def __repr__(self) -> str:
        ends = [np.array2string(end, precision=4, threshold=4) for end in (self.a, self.b)]
        return (
            f"Breakpoints({self.n_pieces} linear pieces, {self.n_activation_pieces} activation "
            f"pieces from {ends[0]} to {ends[1]})"
        )

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot the outputs along the segment and mark their kinks.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes; None makes a new figure.

        Returns
        -------
        ax : matplotlib.axes.Axes
            One line per output; the horizontal axis is the input if there is only one, else the
            distance from ``a``.
        """
        ax = axes_or_new(ax)
        length = float(np.linalg.norm(self.b - self.a))
        one_input = len(self.a) == 1
        x = self.a[0] + self.t * (self.b - self.a)[0] if one_input else self.t * length
        for output, column in enumerate(self.values.T):
            label = f"output {output}" if self.values.shape[1] > 1 else None
            ax.plot(x, column, marker="o", markersize=3, linewidth=1.2, label=label)
        if self.values.shape[1] > 1:
            ax.legend(frameon=False)
        ax.set_xlabel("input" if one_input else "distance from a, in units of the input")
        ax.set_ylabel("output")
        ax.set_title(f"{self.n_pieces} linear pieces")
        return ax


def breakpoints(model: Any, a: Any, b: Any) -> Breakpoints:
    """Find all kinks of a network between two inputs.

    Parameters
    ----------
    model : MLPRegressor, MLPClassifier or Probe
        Fitted, with piecewise linear activations and no layer norm; batch norm uses its running
        statistics.
    a, b : float or array-like of shape (n_inputs,)
        Ends of the segment; numbers suffice if there is one input.

    Returns
    -------
    result : Breakpoints
        ``points``, ``n_pieces`` and further properties of the pieces.

    Raises
    ------
    ValueError
        If an activation or normalization is not piecewise linear, if the ends do not fit the
        model's inputs, are equal or not finite, or if there are too many pieces for the memory.

    See Also
    --------
    linear_regions : The same in a plane.
    region_bounds : Bounds on the number of pieces.

    Notes
    -----
    Exact up to rounding of the positions. Each layer's units are linear on the pieces of the layers
    below, so the signs at the nodes determine the points where they switch; nothing is sampled.
    Takes O(pieces x width^2) time per layer.

    An activation pattern is the set of active units. A unit that is exactly 0 is inactive, since
    ReLU'(0) = 0. The function has fewer pieces than activation patterns if a switch does not reach
    the outputs.

    References
    ----------
    .. [1] B. Hanin and D. Rolnick, "Complexity of linear regions in deep networks", ICML 2019.

    Examples
    --------
    >>> from deepgen.expressivity import breakpoints, rect
    >>> result = breakpoints(rect(0.0, 1.0, 1.3, eps=0.25), -1.0, 2.0)
    >>> result.n_pieces, result.points.tolist()
    (5, [0.0, 0.25, 1.0, 1.25])
    """
    function = piecewise_linear_of(model)
    ends = [np.asarray(end, dtype=np.float64) for end in (a, b)]
    numbers = all(end.ndim == 0 for end in ends)
    start, stop = (np.atleast_1d(end) for end in ends)
    for name, end in (("a", start), ("b", stop)):
        if end.shape != (function.n_inputs,):
            raise ValueError(
                f"{name} has shape {end.shape}, the model has {function.n_inputs} inputs"
            )
        if not np.isfinite(end).all():
            raise ValueError(f"{name} contains NaN or infinity")
    if (start == stop).all():
        raise ValueError(f"a and b are equal: {start}; a segment needs two different ends")
    *_, last = walk(function, start, stop)
    # A unit may switch without effect on the outputs: a kink is a jump of a slope beyond rounding.
    jumps = np.abs(np.diff(last.slopes, axis=0))
    size = np.maximum(last.terms[1:], last.terms[:-1])
    bends = (jumps > SAME_SLOPE * size).any(axis=1)
    # Neighbouring pieces with equal slopes are merged; both ends are kept.
    kept = np.concatenate([[True], bends, [True]])
    inner = last.t[1:-1]
    points = start + inner[:, None] * (stop - start)
    points = points[:, 0] if numbers else points
    return Breakpoints(
        points=points[bends],
        n_pieces=int(bends.sum()) + 1,
        activation_points=points,
        n_activation_pieces=len(inner) + 1,
        t=last.t[kept],
        values=last.values[kept],
        slopes=last.slopes[np.flatnonzero(kept[:-1])] / np.linalg.norm(stop - start),
        a=start,
        b=stop,
    )
