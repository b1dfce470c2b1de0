"""CategoryEmbedding: trained vectors for codes of categories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deepgen.embeddings.embedding import Embedding

__all__ = ["CategoryEmbedding"]


@dataclass(repr=False)
class CategoryEmbedding(Embedding):
    """Trained vector per category, for columns of codes 0, 1, 2 ...; it replaces the column.

    Parameters
    ----------
    features : sequence of int or None, default=None
        Columns of X that contain codes; None means all columns.
    size : int, default=8
        Length of the vector, in [1, 256].

    Notes
    -----
    The largest code among the training rows of the first call determines the number of categories.
    Later, any other value is treated as code 0: use this code for rare or unknown categories.
    Up to about eight categories are better one-hot encoded. Initial vectors are drawn from N(0, 1).

    References
    ----------
    .. [1] C. Guo and F. Berkhahn, "Entity embeddings of categorical variables", 2016.
    .. [2] D. Holzmueller, L. Grinsztajn and I. Steinwart, "Better by default: strong pre-tuned MLPs
       and boosted trees on tabular data", NeurIPS 2024.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> from deepgen.embeddings import CategoryEmbedding
    >>> model = MLPRegressor(category_embedding=CategoryEmbedding([1], size=2), random_state=0)
    >>> model.partial_fit([[0.5, 2], [0.1, 0], [0.3, 1]], [0.0, 1.0, 0.0]).coefs_[0].shape
    (3, 100)
    """

    name: ClassVar[str] = "levels"

    size: int = 8

    def constants(self, X: NDArray[Any]) -> list[list[float]]:
        """Return the number of categories of each column.

        Raises
        ------
        ValueError
            If a column contains other values than codes.
        """
        wrong = (X < 0) | (X != np.floor(X)) | (X >= 2**24)
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            raise ValueError(
                "CategoryEmbedding: features must hold codes 0, 1, 2 ... below 2**24, and one "
                f"holds {X[row, column]:g}"
            )
        return [[float(largest) + 1.0] for largest in X.max(axis=0)]

    def start(self, rng: np.random.Generator, blocks: Mapping[str, NDArray[Any]]) -> None:
        """Draw standard normal numbers."""
        view = blocks["embedding_levels"]
        view[...] = rng.normal(size=view.shape)
