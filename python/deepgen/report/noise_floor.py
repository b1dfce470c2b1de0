"""The noise floor of a table: the loss that no model can avoid, from rows with equal features.

Rows with equal features have targets that differ by noise only: half the squared difference of two
has the variance of the noise as its mean. Where features never repeat, the nearest rows take their
place, as in Rice's estimator, with residuals of a model instead of targets: the difference of the
model's errors at two near rows is smaller than that of the truth. What is left of it makes the
estimate too large; a line through the pairs' mean over their squared distance, at distance 0,
corrects for it (the gamma test).

Sources: J. Rice, "Bandwidth choice for nonparametric regression", Annals of Statistics 12, 1984;
A. Stefansson, N. Koncar and A. J. Jones, "A note on the gamma test", Neural Computing and
Applications 5, 1997.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import FloatArray

__all__ = ["N_NEIGHBORS", "Pairs", "nearest_pairs", "repeated_variance"]

N_NEIGHBORS: Final = 8
"""Number of neighbours of each row. More make the mean steadier, and the pairs more distant."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of each row with its nearest rows.

    Parameters
    ----------
    neighbors : ndarray of shape (n, k)
        Indices of the nearest other rows, the nearest first.
    squared_distances : ndarray of shape (n, k)
        Squared distances in standardized features, per feature.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.report.noise_floor import nearest_pairs
    >>> nearest_pairs(np.array([[0.0], [1.0], [3.0]]), 1).neighbors.ravel().tolist()
    [1, 0, 1]
    """

    neighbors: NDArray[np.int64]
    squared_distances: FloatArray

    def products(self, residuals: FloatArray) -> FloatArray:
        """Return the mean product of residuals of each pair.

        Parameters
        ----------
        residuals : ndarray of shape (n, n_outputs)
            Targets minus predictions of rows that were held out.

        Returns
        -------
        products : ndarray of shape (n, k)
            Noise is independent, so the mean over rows is that of the model's errors at near rows:
            the part of the loss that is no noise.
        """
        near = residuals[self.neighbors]
        means: FloatArray = (residuals[:, None, :] * near).mean(axis=2)
        return means


def nearest_pairs(features: Any, k: int = N_NEIGHBORS) -> Pairs:
    """Find the nearest rows of each row.

    Parameters
    ----------
    features : ndarray or sparse matrix of shape (n, n_features)
        Features; each is divided by its standard deviation, if it has one.
    k : int, default=N_NEIGHBORS
        Number of neighbours, at most n - 1.

    Returns
    -------
    pairs : Pairs
        Neighbours and distances.
    """
    from scipy.sparse import issparse
    from sklearn.neighbors import NearestNeighbors
    from sklearn.preprocessing import StandardScaler

    X = features if issparse(features) else np.asarray(features, dtype=float)
    X = StandardScaler(with_mean=not issparse(X)).fit_transform(X)
    search = NearestNeighbors(n_neighbors=min(k, X.shape[0] - 1)).fit(X)
    distances, neighbors = search.kneighbors()
    return Pairs(neighbors, distances**2 / X.shape[1])


def repeated_variance(features: Any, targets: FloatArray) -> tuple[FloatArray, float]:
    """Return the variance of the targets within each set of rows with equal features.

    Parameters
    ----------
    features : ndarray of shape (n, n_features)
        Features.
    targets : ndarray of shape (n, n_outputs)
        Targets, or labels one-hot.

    Returns
    -------
    variances : ndarray of shape (n,)
        Unbiased estimate of the set of each row; NaN for a row whose features do not repeat.
    copies : float
        Share of the rows that repeat another one with its target: they may be copies.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.report.noise_floor import repeated_variance
    >>> repeated_variance(np.array([[1.0], [1.0], [2.0]]), np.array([[0.0], [2.0], [5.0]]))
    (array([ 2.,  2., nan]), 0.0)
    """
    _, places = np.unique(np.asarray(features), axis=0, return_inverse=True)
    places = places.ravel()
    counts = np.bincount(places)
    both = np.column_stack([places, targets])
    copies = 1 - len(np.unique(both, axis=0)) / len(both)
    total = np.zeros(len(counts))
    for column in targets.T:
        mean = np.bincount(places, column) / counts
        total += np.bincount(places, (column - mean[places]) ** 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        variances = total / targets.shape[1] / (counts - 1)
    return np.where(counts > 1, variances, np.nan)[places], copies
