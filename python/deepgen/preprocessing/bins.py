"""Piecewise-linear encoding: the position of a number within each of several bins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import FloatArray

__all__ = ["Bins", "bins_for", "within_bins"]

BINS_BY_ROWS: Final = ((10_000, 48), (0, 16))
"""Numbers of bins, each with the number of rows from which it applies."""
FEW_LEVELS: Final = 16
"""Largest number of different values of a column without bins, which would add nothing."""
WIDEST: Final = 3.0
"""Largest width of an outer bin relative to all inner ones, so that outliers do not stretch it."""
ROWS_AT_ONCE: Final = 16_384


def bins_for(n_rows: int) -> int:
    """Return the number of bins for ``n_bins='auto'``.

    Parameters
    ----------
    n_rows : int
        Number of rows of the training table.

    Returns
    -------
    n_bins : int
        Number of bins; larger for many rows.

    Examples
    --------
    >>> from deepgen.preprocessing.bins import bins_for
    >>> bins_for(2_000), bins_for(20_000)
    (16, 48)
    """
    return next(n_bins for least, n_bins in BINS_BY_ROWS if n_rows >= least)


def within_bins(
    values: FloatArray, lower: FloatArray, widths: FloatArray, weight: float | FloatArray
) -> FloatArray:
    """Return the encoding of numbers by bins, elementwise.

    Parameters
    ----------
    values : ndarray
        Numbers without missing ones.
    lower, widths : ndarray
        Lower edges and widths of the bins, of a shape that broadcasts with ``values``.
    weight : float or ndarray
        Value above a bin.

    Returns
    -------
    encoded : ndarray
        Numbers from ``-weight`` to ``weight``.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.preprocessing.bins import within_bins
    >>> within_bins(np.array([0.5, 2.5]), np.array([0.0, 1.0]), np.array([1.0, 2.0]), 0.5).tolist()
    [0.0, 0.25]
    """
    with np.errstate(over="ignore"):
        share = values - lower
        share /= widths
        np.clip(share, 0, 1, out=share)
        share -= 0.5
        share *= 2 * weight
    return share


@dataclass(frozen=True, eq=False)
class Bins:
    """The bins of a column.

    Each bin gives -w below its lower edge, w above its upper one, and a linear interpolation
    between them. All bins of a column together have the weight of a single number: w =
    1/sqrt(bins).

    Parameters
    ----------
    edges : ndarray of shape (n_bins + 1,)
        Distinct quantiles of the training rows; outer edges are moved inwards if they are far away.
    weight : float
        The value w above, for the requested number of bins.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.preprocessing.bins import Bins
    >>> bins, out = Bins(np.array([0.0, 1.0, 3.0]), 0.5), np.zeros((2, 2), dtype=np.float32)
    >>> bins.write(np.array([0.5, 2.5]), out)
    >>> out.tolist()
    [[0.0, -0.5], [0.5, 0.25]]
    """

    edges: FloatArray
    weight: float

    @classmethod
    def learn(cls, values: FloatArray, n_bins: int) -> Bins | None:
        """Learn from the training rows.

        Parameters
        ----------
        values : ndarray of shape (n,)
            Values of the column without missing ones.
        n_bins : int
            Number of bins if all quantiles differ.

        Returns
        -------
        bins : Bins or None
            None for a column of few different numbers, or with quantiles that give a single bin.
        """
        ordered = np.sort(values)
        n_levels = 1 + np.count_nonzero(ordered[1:] != ordered[:-1])
        quantiles = np.quantile(ordered, np.linspace(0, 1, n_bins + 1))
        if reach := WIDEST * (quantiles[-2] - quantiles[1]):
            quantiles = np.clip(quantiles, quantiles[1] - reach, quantiles[-2] + reach)
        edges = np.unique(quantiles)
        if n_levels <= FEW_LEVELS or len(edges) < 3:
            return None
        return cls(edges, 1 / np.sqrt(float(n_bins)))

    @property
    def n_features(self) -> int:
        """Number of bins."""
        return len(self.edges) - 1

    def write(self, values: FloatArray, out: NDArray[np.float32]) -> None:
        """Write the encoding of numbers.

        Parameters
        ----------
        values : ndarray of shape (n,)
            Values without missing ones.
        out : ndarray of shape (n, n_bins)
            Array for the encoding.
        """
        lower, widths = self.edges[:-1], np.diff(self.edges)
        for start in range(0, len(values), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            out[rows] = within_bins(values[rows, None], lower, widths, self.weight)

    def to_data(self) -> dict[str, Any]:
        """Return the bins as plain data.

        Returns
        -------
        data : dict
            Edges and weight.
        """
        return {"edges": self.edges, "weight": self.weight}
