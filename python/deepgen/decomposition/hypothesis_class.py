"""What a class of functions must tell: its best member in truth, and its best on a sample."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, TypeAlias

import numpy as np

from deepgen._engine.arrays import FloatArray

__all__ = ["Fitted", "HypothesisClass", "Predictor"]

Fitted: TypeAlias = Any
"""A fitted scikit-learn estimator."""
Predictor: TypeAlias = Any
"""Anything with ``predict(X)``."""


class HypothesisClass(ABC):
    """The class F that an estimator searches.

    Examples
    --------
    >>> from deepgen.decomposition.hypothesis_class import HypothesisClass
    >>> from deepgen.decomposition.step_functions import StepFunctions
    >>> issubclass(StepFunctions, HypothesisClass)
    True
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """What the class is, in words."""

    @property
    @abstractmethod
    def exact(self) -> bool:
        """Whether the best members are found, or only good ones: upper bounds of their risks."""

    @abstractmethod
    def project(self, X: FloatArray, mean: FloatArray, weights: FloatArray | None) -> Predictor:
        """Return the member nearest to f* in mean square, or a good one.

        Parameters
        ----------
        X : ndarray of shape (n, n_features)
            Points.
        mean : ndarray of shape (n,)
            The values of f* there.
        weights : ndarray of shape (n,) or None
            Weights of the points; None means equal.

        Returns
        -------
        best : Predictor
            In place of f_F*.
        """

    @abstractmethod
    def minimize(
        self,
        X: FloatArray,
        y: FloatArray,
        fitted: Fitted | None,
        random: np.random.Generator | None,
    ) -> Predictor:
        """Return the member of least empirical risk, or a good one.

        Parameters
        ----------
        X : ndarray of shape (n, n_features)
            Training inputs.
        y : ndarray of shape (n,)
            Training targets.
        fitted : estimator or None
            What the estimator itself found on these samples.
        random : numpy.random.Generator or None
            For searches that start at random.

        Returns
        -------
        best : Predictor
            In place of f_n.
        """
