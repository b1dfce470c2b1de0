"""Staircase: a piecewise constant approximation on equal cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from deepgen.estimators import MLPRegressor

__all__ = ["staircase"]


def staircase(
    f: Callable[[Any], Any], n: int, *, low: float = 0.0, high: float = 1.0, eps: float = 1e-7
) -> MLPRegressor:
    r"""Return a network that is constant on ``n`` cells with the value of ``f`` at their middles.

    Parameters
    ----------
    f : callable
        Function of one number.
    n : int
        Number of cells, >= 1.
    low, high : float, default=0.0, 1.0
        Ends of the interval, low < high.
    eps : float, default=1e-7
        Width of the ramp at the beginning of each cell but the first, > 0 and less than a cell.

    Returns
    -------
    model : MLPRegressor
        One input, 2 (n - 1) hidden ReLU units, float64; constant outside the interval.

    Raises
    ------
    ValueError
        If the interval is empty, ``n`` < 1, or the ramps do not fit into the cells.

    Notes
    -----
    The function is a sum of adjacent boxes in which each pair of neighbours shares one ramp. For an
    L-Lipschitz f on cells of width w the error outside the ramps is at most L w / 2; on [0, 1] this
    is L / (2 n).

    References
    ----------
    .. [1] G. Cybenko, "Approximation by superpositions of a sigmoidal function", 1989.

    Examples
    --------
    >>> from deepgen.expressivity import staircase
    >>> staircase(lambda x: x, 4).predict([[0.1], [0.4], [0.9]]).round(6).tolist()
    [0.125, 0.375, 0.875]
    """
    from deepgen.estimators.from_weights import regressor_from_layers

    if n < 1:
        raise ValueError(f"staircase needs n >= 1 cells, got {n}")
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"staircase needs low < high, got {low} and {high}")
    edges = np.linspace(low, high, n + 1)
    heights = np.array([float(f(middle)) for middle in (edges[:-1] + edges[1:]) / 2])
    starts = edges[1:-1]
    ends = starts + eps
    if not (eps > 0 and eps < (high - low) / n and (starts < ends).all()):
        raise ValueError(
            f"eps must be > 0, below the cells' {(high - low) / n} and not lost in "
            f"rounding, got {eps}"
        )
    if n == 1:
        return regressor_from_layers([[[0.0]]], [heights])
    slopes = np.diff(heights) / (ends - starts)
    corners = np.stack([starts, ends], axis=1).ravel()
    weights = np.stack([slopes, -slopes], axis=1).reshape(-1, 1)
    return regressor_from_layers([np.ones((1, len(corners))), weights], [-corners, heights[:1]])
