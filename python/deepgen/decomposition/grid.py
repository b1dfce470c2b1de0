"""Quadrature over a density in one or two dimensions: the trapezoidal rule on a grid.

For smooth densities that are practically 0 at the ends of the box the error falls faster than any
power of the spacing; for functions with kinks, such as the share of wrong answers, with its square.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from deepgen._engine.arrays import FloatArray

__all__ = ["density_nodes"]


def density_nodes(
    low: ArrayLike, high: ArrayLike, n: int, density: Callable[[FloatArray], FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Return the points of a grid with weights in proportion to a density.

    Parameters
    ----------
    low, high : array-like of shape (d,)
        Corners of the box, outside of which the density is practically 0.
    n : int
        Approximate number of points; points of a weight below 1e-18 are left out.
    density : callable
        Function from points of shape (m, d) to values of shape (m,), which need not integrate to 1.

    Returns
    -------
    X : ndarray of shape (m, d)
        Points.
    weights : ndarray of shape (m,)
        They sum to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.decomposition.grid import density_nodes
    >>> X, weights = density_nodes([-9], [9], 100, lambda X: np.exp(-X[:, 0]**2 / 2))
    >>> round(float(weights @ X[:, 0] ** 2), 12)
    1.0
    """
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    spacing = (np.prod(high - low) / n) ** (1 / len(low))
    axes = [
        np.linspace(a, b, max(2, int(np.ceil((b - a) / spacing)) + 1))
        for a, b in zip(low, high, strict=True)
    ]
    X = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
    weights = density(X)
    weights = weights / weights.sum()
    kept = weights > 1e-18
    return X[kept], weights[kept] / weights[kept].sum()
