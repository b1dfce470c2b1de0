"""Embedding: what all trained maps of features share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deepgen import _core
from deepgen._component import Component

__all__ = ["Embedding", "NumericalEmbedding"]


@dataclass(repr=False)
class Embedding(Component):
    """Base of all embeddings.

    Parameters
    ----------
    features : sequence of int or None, default=None
        Columns of X that are mapped, each by numbers of its own; None maps all of them.

    Examples
    --------
    >>> from deepgen.embeddings import PBLD, Embedding
    >>> isinstance(PBLD(), Embedding)
    True
    """

    family: ClassVar[str] = "embeddings"

    features: Any = None

    def columns(self, n_inputs: int) -> list[int]:
        """Return the columns that are mapped.

        Parameters
        ----------
        n_inputs : int
            Columns of X.

        Returns
        -------
        columns : list of int
            Rising.

        Raises
        ------
        ValueError
            If ``features`` are not different columns of X, or none.
        """
        if self.features is None:
            return list(range(n_inputs))
        what = f"{type(self).__name__}: features must be different columns of X"
        named = isinstance(self.features, str | bytes) or not hasattr(self.features, "__iter__")
        features = [self.features] if named else list(self.features)
        for feature in features:
            if isinstance(feature, bool | np.bool_) or not isinstance(feature, Integral):
                raise ValueError(f"{what}, got {feature!r}")
            if not 0 <= int(feature) < n_inputs:
                raise ValueError(f"{what}, 0 to {n_inputs - 1}, got {feature}")
        if len(set(features)) < len(features) or not features:
            raise ValueError(f"{what}, got {features}")
        return sorted(int(feature) for feature in features)

    def spec(self, X: NDArray[Any]) -> _core.EmbeddingSpec:
        """Return the engine's description.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Training rows.

        Returns
        -------
        spec : deepgen._core.EmbeddingSpec
            Member, features and what is fixed for each.
        """
        return _core.EmbeddingSpec(member=self.to_core(), features=self.columns(X.shape[1]))

    def start(self, rng: np.random.Generator, blocks: Mapping[str, NDArray[Any]]) -> None:
        """Write starting numbers.

        Parameters
        ----------
        rng : numpy.random.Generator
            Where they are drawn from.
        blocks : mapping of str to ndarray
            The network's blocks, such as 'embedding_weights', as views.
        """
        raise NotImplementedError


@dataclass(repr=False)
class NumericalEmbedding(Embedding):
    """Base of the embeddings of numbers.

    Parameters
    ----------
    features : sequence of int or None, default=None
        Columns of X that are mapped, each by numbers of its own; None maps all of them.

    Examples
    --------
    >>> from deepgen.embeddings import PBLD, NumericalEmbedding
    >>> isinstance(PBLD(), NumericalEmbedding)
    True
    """
