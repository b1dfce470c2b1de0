r"""The log loss of classifiers: E(q) - E(p) is the mean Kullback-Leibler divergence of q from p."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepgen._engine.arrays import AnyArray, FloatArray
from deepgen.decomposition.hypothesis_class import Predictor
from deepgen.decomposition.risk import Risk

__all__ = ["LogRisk", "entropy", "log_probabilities"]

LEAST = float(np.log(np.finfo(np.float64).eps))
"""Logarithms of probabilities below this count as this, as in scikit-learn's `log_loss`."""


def entropy(probabilities: FloatArray) -> FloatArray:
    """Return the entropy of probabilities.

    Parameters
    ----------
    probabilities : ndarray of shape (n, n_classes)
        Rows that sum to 1.

    Returns
    -------
    entropy : ndarray of shape (n,)
        In nats.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.decomposition.log_risk import entropy
    >>> entropy(np.array([[0.5, 0.5], [1.0, 0.0]])).round(4)
    array([0.6931, 0.    ])
    """
    from scipy.special import entr

    return np.asarray(entr(probabilities).sum(axis=1))


def log_probabilities(predictor: Predictor, X: FloatArray, n_classes: int) -> FloatArray:
    """Return the logarithms of the predicted probabilities of the classes 0, 1 ...

    Parameters
    ----------
    predictor : Predictor
        Fitted classifier; classes that it has not seen have the least probability.
    X : ndarray of shape (n, n_features)
        Inputs.
    n_classes : int
        Number of classes.

    Returns
    -------
    logs : ndarray of shape (n, n_classes)
        At least `LEAST`.
    """
    if hasattr(predictor, "predict_log_proba"):
        with np.errstate(divide="ignore"):
            known = predictor.predict_log_proba(X)
    else:
        known = np.log(np.maximum(predictor.predict_proba(X), np.finfo(np.float64).tiny))
    logs = np.full((len(X), n_classes), LEAST)
    logs[:, np.asarray(predictor.classes_, dtype=np.int64)] = np.maximum(known, LEAST)
    return logs


@dataclass(frozen=True)
class LogRisk(Risk):
    """Mean log loss of classifiers.

    Examples
    --------
    >>> from deepgen.decomposition.log_risk import LogRisk
    >>> LogRisk().unit
    'log loss, in nats'
    """

    @property
    def unit(self) -> str:
        return "log loss, in nats"

    def bayes(self, truth: Any) -> float:
        """Return the mean entropy."""
        return float(truth.bayes_log_loss)

    def best(self, truth: Any, X: FloatArray) -> FloatArray:
        """Return the probabilities of the classes."""
        return np.asarray(truth.probabilities(X))

    def empirical(self, predictor: Predictor, X: FloatArray, y: AnyArray) -> float:
        """Return minus the mean logarithm of the probability of the true class."""
        logs = log_probabilities(predictor, X, int(max(y.max(), predictor.classes_.max())) + 1)
        return -float(np.mean(logs[np.arange(len(y)), y]))

    def excess(
        self, predictor: Predictor, X: FloatArray, best: FloatArray, weights: FloatArray | None
    ) -> float:
        """Return the mean Kullback-Leibler divergence."""
        logs = log_probabilities(predictor, X, best.shape[1])
        divergences = -np.sum(best * logs, axis=1) - entropy(best)
        # At least 0 but for rounding.
        return max(0.0, float(np.average(divergences, weights=weights)))
