"""PiecewiseLinear: a feature together with trained piecewise linear functions of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deepgen._settings import whole
from deepgen.embeddings.embedding import NumericalEmbedding

__all__ = ["PiecewiseLinear"]


@dataclass(repr=False)
class PiecewiseLinear(NumericalEmbedding):
    r"""Each feature together with trained piecewise linear functions of it.

    .. math::
        x \mapsto (x, \; W^T e(x) + b)

    The encoding e(x) has one entry per bin: 0 if x is below the bin, 1 above it, and linear within;
    the first and the last bin are unbounded. Weights W and intercepts b are trained separately for
    each feature.

    Parameters
    ----------
    features : sequence of int or None, default=None
        Columns of X that are mapped; None means all columns except categories.
    n_bins : int, default=48
        Number of bins per feature, in [1, 1024]; fewer if quantiles coincide.
    size : int, default=4
        Number of outputs per feature, the feature itself included, in [2, 256].

    Notes
    -----
    Edges are quantiles of the training rows of the first call and do not change later. Weights and
    intercepts are initially 0, so that training starts from the network without the embedding, as
    in TabM [2]_, which uses size 16.

    References
    ----------
    .. [1] Y. Gorishniy, I. Rubachev and A. Babenko, "On embeddings for numerical features in
       tabular deep learning", NeurIPS 2022, eq. (1).
    .. [2] Y. Gorishniy, A. Kotelnikov and A. Babenko, "TabM: advancing tabular deep learning with
       parameter-efficient ensembling", ICLR 2025.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> from deepgen.embeddings import PiecewiseLinear
    >>> model = MLPRegressor(numerical_embedding=PiecewiseLinear(n_bins=2), random_state=0)
    >>> model.partial_fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 0.0]).coefs_[0].shape
    (4, 100)
    """

    name: ClassVar[str] = "pwl"

    n_bins: int = whole(48, "[1, 1024]")
    size: int = 4

    def constants(self, X: NDArray[Any]) -> list[list[float]]:
        """Return the edges of each column's bins in ascending order."""
        places = np.linspace(0.0, 1.0, int(self.n_bins) + 1)
        found = []
        for column in X.T:
            # In the type of training: there no two edges may be equal.
            edges = np.unique(np.quantile(column, places).astype(X.dtype))
            if len(edges) == 1:  # a constant column: any bin that contains its value
                edges = np.array([edges[0], edges[0] + max(1.0, abs(edges[0]))], dtype=X.dtype)
            found.append([float(edge) for edge in edges])
        return found

    def start(self, rng: np.random.Generator, blocks: Mapping[str, NDArray[Any]]) -> None:
        """Write zeros."""
        for what in ("weights", "intercepts"):
            blocks[f"embedding_{what}"][...] = 0.0
