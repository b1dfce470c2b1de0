"""Interface of a risk: what a wrong prediction costs, on samples and over a known truth."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from deepgen._engine.arrays import AnyArray, FloatArray
from deepgen.decomposition.hypothesis_class import Predictor

__all__ = ["Risk"]


class Risk(ABC):
    """A loss with its means over samples and over a truth.

    Examples
    --------
    >>> from deepgen.decomposition.log_risk import LogRisk
    >>> LogRisk().unit
    'log loss, in nats'
    """

    @property
    @abstractmethod
    def unit(self) -> str:
        """Name of the loss and its unit."""

    @abstractmethod
    def bayes(self, truth: Any) -> float:
        """Return the least risk.

        Parameters
        ----------
        truth : Truth or ClassTruth
            The distribution.

        Returns
        -------
        risk : float
            E(f*).
        """

    @abstractmethod
    def best(self, truth: Any, X: FloatArray) -> FloatArray:
        """Return the values of f*.

        Parameters
        ----------
        truth : Truth or ClassTruth
            The distribution.
        X : ndarray of shape (n, n_features)
            Inputs.

        Returns
        -------
        best : ndarray of shape (n,) or (n, n_classes)
            Means of y, or probabilities of the classes.
        """

    @abstractmethod
    def empirical(self, predictor: Predictor, X: FloatArray, y: AnyArray) -> float:
        """Return the mean loss on samples.

        Parameters
        ----------
        predictor : Predictor
            Fitted estimator, or anything that predicts.
        X : ndarray of shape (n, n_features)
            Inputs.
        y : ndarray of shape (n,)
            Targets or classes.

        Returns
        -------
        risk : float
            Mean over samples.
        """

    @abstractmethod
    def excess(
        self, predictor: Predictor, X: FloatArray, best: FloatArray, weights: FloatArray | None
    ) -> float:
        """Return the risk minus that of f*, at points.

        Parameters
        ----------
        predictor : Predictor
            Fitted estimator, or anything that predicts.
        X : ndarray of shape (n, n_features)
            Points.
        best : ndarray of shape (n,) or (n, n_classes)
            Values of f* there.
        weights : ndarray of shape (n,) or None
            Weights of the points; None means equal.

        Returns
        -------
        excess : float
            At least 0.
        """
