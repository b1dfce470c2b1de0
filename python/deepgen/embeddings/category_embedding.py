"""CategoryEmbedding: codes of categories as trained numbers."""

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
    """Columns of codes 0, 1, 2 ... that become, in their own place, trained numbers of each level.

    Parameters
    ----------
    features : sequence of int or None, default=None
        Columns of X that hold codes; None takes all of them.
    size : int, default=8
        Numbers that a feature becomes, in [1, 256].

    Notes
    -----
    A feature has the levels up to the largest code among the training rows of the first call.
    Later, what is no such code counts as 0: give that code to levels that are rare or unknown.
    Few levels (up to some eight) are better one-hot encoded. Numbers start from N(0, 1).

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
        """Return the number of levels of each column.

        Raises
        ------
        ValueError
            If a column holds anything but codes.
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
