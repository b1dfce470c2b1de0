"""The share of wrong answers of classifiers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepgen._engine.arrays import AnyArray, FloatArray
from deepgen.decomposition.hypothesis_class import Predictor
from deepgen.decomposition.risk import Risk

__all__ = ["ZeroOneRisk"]


@dataclass(frozen=True)
class ZeroOneRisk(Risk):
    """Mean 0-1 loss of classifiers.

    Examples
    --------
    >>> from deepgen.decomposition.zero_one_risk import ZeroOneRisk
    >>> ZeroOneRisk().unit
    'share of wrong answers'
    """

    @property
    def unit(self) -> str:
        return "share of wrong answers"

    def bayes(self, truth: Any) -> float:
        """Return the mean probability of all classes but the most probable one."""
        return float(truth.bayes_error)

    def best(self, truth: Any, X: FloatArray) -> FloatArray:
        """Return the probabilities of the classes."""
        return np.asarray(truth.probabilities(X))

    def empirical(self, predictor: Predictor, X: FloatArray, y: AnyArray) -> float:
        """Return the share of wrong answers."""
        return float(np.mean(predictor.predict(X) != y))

    def excess(
        self, predictor: Predictor, X: FloatArray, best: FloatArray, weights: FloatArray | None
    ) -> float:
        """Return the mean difference between the highest probability and that of the answer."""
        answers = np.asarray(predictor.predict(X), dtype=np.int64)
        missed = best.max(axis=1) - best[np.arange(len(X)), answers]
        return float(np.average(missed, weights=weights))
