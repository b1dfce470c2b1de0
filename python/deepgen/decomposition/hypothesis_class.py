"""Interface of a class of functions: its best member for the truth, and for a sample."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, TypeAlias

import numpy as np

from deepgen._engine.arrays import AnyArray, FloatArray

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
        """Description of the class."""

    @property
    @abstractmethod
    def exact(self) -> bool:
        """Whether the members found are the best ones; if not, their risks are upper bounds."""

    @abstractmethod
    def project(self, X: FloatArray, mean: FloatArray, weights: FloatArray | None) -> Predictor:
        """Return the member of least risk, or a good approximation of it.

        Parameters
        ----------
        X : ndarray of shape (n, n_features)
            Points.
        mean : ndarray of shape (n,) or (n, n_classes)
            The values of f* there: means of y, or probabilities of the classes.
        weights : ndarray of shape (n,) or None
            Weights of the points; None means equal.

        Returns
        -------
        best : Predictor
            The member used as f_F*.
        """

    @abstractmethod
    def minimize(
        self,
        X: FloatArray,
        y: AnyArray,
        fitted: Fitted | None,
        random: np.random.Generator | None,
    ) -> Predictor:
        """Return the member of least empirical risk, or a good approximation of it.

        Parameters
        ----------
        X : ndarray of shape (n, n_features)
            Training inputs.
        y : ndarray of shape (n,)
            Training targets or classes.
        fitted : estimator or None
            The estimator fitted to these samples.
        random : numpy.random.Generator or None
            Generator for random searches.

        Returns
        -------
        best : Predictor
            The member used as f_n.
        """
