"""Embedding: base of all trained maps of features."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deepgen._component import Component

__all__ = ["Embedding", "NumericalEmbedding"]


@dataclass(repr=False)
class Embedding(Component):
    """Base of all embeddings.

    Parameters
    ----------
    features : sequence of int or None, default=None
        Columns of X that are mapped, each with its own parameters; None means all columns.

    Examples
    --------
    >>> from deepgen.embeddings import PBLD, Embedding
    >>> isinstance(PBLD(), Embedding)
    True
    """

    family: ClassVar[str] = "embeddings"

    features: Any = None

    def columns(self, n_inputs: int, taken: Collection[int] = ()) -> list[int]:
        """Return the columns that are mapped.

        Parameters
        ----------
        n_inputs : int
            Number of columns of X.
        taken : collection of int, default=()
            Columns mapped by another embedding.

        Returns
        -------
        columns : list of int
            Mapped columns in ascending order.

        Raises
        ------
        ValueError
            If ``features`` is empty, or its entries are not different columns of X.
        """
        if self.features is None:
            return [column for column in range(n_inputs) if column not in taken]
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

    def constants(self, X: NDArray[Any]) -> list[list[float]]:
        """Return constants of each feature, computed from training rows.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_mapped)
            The mapped columns of the training rows.

        Returns
        -------
        constants : list of list of float
            One list per feature; empty for an embedding without constants.
        """
        return []

    def start(self, rng: np.random.Generator, blocks: Mapping[str, NDArray[Any]]) -> None:
        """Write the initial parameters.

        Parameters
        ----------
        rng : numpy.random.Generator
            Generator they are drawn from.
        blocks : mapping of str to ndarray
            The network's blocks, such as 'embedding_weights', as views.
        """
        raise NotImplementedError


@dataclass(repr=False)
class NumericalEmbedding(Embedding):
    """Base of the embeddings of numerical features.

    Parameters
    ----------
    features : sequence of int or None, default=None
        Columns of X that are mapped, each with its own parameters; None means all columns except
        categories.

    Examples
    --------
    >>> from deepgen.embeddings import PBLD, NumericalEmbedding
    >>> isinstance(PBLD(), NumericalEmbedding)
    True
    """
