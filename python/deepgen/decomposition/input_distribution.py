"""Interface of a distribution of inputs, from which both kinds of truths are made."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from deepgen._engine.arrays import FloatArray

__all__ = ["InputDistribution"]


class InputDistribution(ABC):
    """A distribution of inputs that can be drawn from, some of them with a quadrature.

    Examples
    --------
    >>> from deepgen.decomposition import HeteroscedasticSine
    >>> from deepgen.decomposition.input_distribution import InputDistribution
    >>> isinstance(HeteroscedasticSine(), InputDistribution)
    True
    """

    @property
    @abstractmethod
    def n_features(self) -> int:
        """Number of inputs."""

    @abstractmethod
    def draw_inputs(self, n: int, random: np.random.Generator) -> FloatArray:
        """Draw random inputs.

        Parameters
        ----------
        n : int
            Number of inputs.
        random : numpy.random.Generator
            Random number generator.

        Returns
        -------
        X : ndarray of shape (n, n_features)
            Inputs in independent rows.
        """

    def nodes(self, n: int) -> tuple[FloatArray, FloatArray] | None:
        """Return points and weights of a quadrature over the inputs, if there is one.

        Parameters
        ----------
        n : int
            Approximate number of points.

        Returns
        -------
        nodes : tuple of ndarray of shape (n, n_features) and ndarray of shape (n,), or None
            Points and their weights, which sum to 1; None if means over the
            inputs must be sampled.
        """
        return None
