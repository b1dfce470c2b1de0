"""Interface of a truth for classifiers: known probabilities of the classes, and sampling."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import FloatArray
from deepgen.decomposition.input_distribution import InputDistribution

__all__ = ["ClassTruth"]


class ClassTruth(InputDistribution):
    """A distribution of samples with known probabilities of the classes 0, 1 ... given the inputs.

    The best of all predictors gives these probabilities, for the log loss, and the most probable
    class, for the share of wrong answers.

    Examples
    --------
    >>> from deepgen.decomposition import GaussianClasses
    >>> from deepgen.decomposition.class_truth import ClassTruth
    >>> isinstance(GaussianClasses([[-1.0], [1.0]]), ClassTruth)
    True
    """

    @property
    @abstractmethod
    def n_classes(self) -> int:
        """Number of classes."""

    @abstractmethod
    def probabilities(self, X: FloatArray) -> FloatArray:
        """Return the probabilities of the classes for each input.

        Parameters
        ----------
        X : ndarray of shape (n, n_features)
            Inputs.

        Returns
        -------
        probabilities : ndarray of shape (n, n_classes)
            Rows that sum to 1.
        """

    @abstractmethod
    def sample(self, n: int, random: np.random.Generator) -> tuple[FloatArray, NDArray[np.int64]]:
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
            Their classes.
        """

    @property
    @abstractmethod
    def bayes_log_loss(self) -> float:
        """Least log loss: the mean entropy of the probabilities, in nats."""

    @property
    @abstractmethod
    def bayes_error(self) -> float:
        """Least share of wrong answers."""

    def draw_inputs(self, n: int, random: np.random.Generator) -> FloatArray:
        return self.sample(n, random)[0]
