"""Composite Gauss-Legendre quadrature for means over an interval.

The interval is divided into panels of 16 nodes, which integrate polynomials of degree 31 exactly.
For smooth functions a few panels reach rounding error; a jump inside a panel causes an error of
about its width.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from deepgen._engine.arrays import FloatArray

__all__ = ["uniform_nodes"]

PER_PANEL: Final = 16
"""Nodes of a panel."""


def uniform_nodes(low: float, high: float, n: int) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights for the mean over an interval.

    Parameters
    ----------
    low, high : float
        Ends of the interval, low < high.
    n : int
        Approximate number of nodes; rounded up to whole panels.

    Returns
    -------
    x : ndarray of shape (m,)
        Nodes, ascending.
    weights : ndarray of shape (m,)
        They sum to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.decomposition.quadrature import uniform_nodes
    >>> x, weights = uniform_nodes(0.0, 1.0, 16)
    >>> round(float(weights @ x**31), 12)
    0.03125
    """
    points, weights = np.polynomial.legendre.leggauss(PER_PANEL)
    n_panels = max(1, -(-n // PER_PANEL))
    width = (high - low) / n_panels
    left = low + width * np.arange(n_panels)
    x = (left[:, None] + width * (points + 1) / 2).ravel()
    return x, np.tile(weights / (2 * n_panels), n_panels)
