"""Interface of a synthetic truth: a regression function, noise, and sampling from both."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from deepgen._engine.arrays import FloatArray
from deepgen.decomposition.input_distribution import InputDistribution

__all__ = ["Truth"]


class Truth(InputDistribution):
    """A distribution of samples with a known best predictor: y = f*(x) + noise.

    The loss is the squared error, not halved, in squared units of y. The best of all predictors is
    then f*(x) = E[y | x], and its risk is the mean variance of the noise.

    Examples
    --------
    >>> from deepgen.decomposition import HeteroscedasticSine
    >>> from deepgen.decomposition.truth import Truth
    >>> isinstance(HeteroscedasticSine(), Truth)
    True
    """

    @property
    @abstractmethod
    def bayes_risk(self) -> float:
        """Risk of f*: the mean variance of the noise, in squared units of y."""

    @abstractmethod
    def regression(self, X: FloatArray) -> FloatArray:
        """Return f*, the mean of y for each input.

        Parameters
        ----------
        X : ndarray of shape (n, n_features)
            Inputs.

        Returns
        -------
        mean : ndarray of shape (n,)
            In units of y.
        """

    @abstractmethod
    def noise(self, X: FloatArray) -> FloatArray:
        """Return the standard deviation of y for each input.

        Parameters
        ----------
        X : ndarray of shape (n, n_features)
            Inputs.

        Returns
        -------
        scale : ndarray of shape (n,)
            In units of y, >= 0.
        """

    def sample(self, n: int, random: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Draw random samples.

        Parameters
        ----------
        n : int
            Number of samples.
        random : numpy.random.Generator
            Random number generator.

        Returns
        -------
        X : ndarray of shape (n, n_features)
            Inputs.
        y : ndarray of shape (n,)
            Their targets, with Gaussian noise.
        """
        X = self.draw_inputs(n, random)
        return X, self.regression(X) + self.noise(X) * random.standard_normal(n)
