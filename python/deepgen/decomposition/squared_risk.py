"""The squared error, not halved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepgen._engine.arrays import AnyArray, FloatArray
from deepgen.decomposition.hypothesis_class import Predictor
from deepgen.decomposition.risk import Risk

__all__ = ["SquaredRisk"]


def _predict(predictor: Predictor, X: FloatArray) -> FloatArray:
    return np.asarray(predictor.predict(X), dtype=float).reshape(len(X))


@dataclass(frozen=True)
class SquaredRisk(Risk):
    """Mean squared error of regressors, in squared units of y.

    Examples
    --------
    >>> from deepgen.decomposition.squared_risk import SquaredRisk
    >>> SquaredRisk().unit
    'squared error, in squared units of y'
    """

    @property
    def unit(self) -> str:
        return "squared error, in squared units of y"

    def bayes(self, truth: Any) -> float:
        """Return the mean variance of the noise."""
        return float(truth.bayes_risk)

    def best(self, truth: Any, X: FloatArray) -> FloatArray:
        """Return the means of y."""
        return np.asarray(truth.regression(X))

    def empirical(self, predictor: Predictor, X: FloatArray, y: AnyArray) -> float:
        """Return the mean squared error."""
        return float(np.mean((_predict(predictor, X) - y) ** 2))

    def excess(
        self, predictor: Predictor, X: FloatArray, best: FloatArray, weights: FloatArray | None
    ) -> float:
        """Return the mean squared distance to f*."""
        return float(np.average((_predict(predictor, X) - best) ** 2, weights=weights))
