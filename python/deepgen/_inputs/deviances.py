"""Deviances of predictions, and the share of a deviance that predictions explain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import rel_entr
from sklearn.metrics import mean_tweedie_deviance

from deepgen._engine.arrays import AnyArray

__all__ = ["cross_entropy", "explained", "tweedie"]


def explained(
    y: AnyArray, predictions: AnyArray, weights: Any, deviance: Callable[..., Any]
) -> float:
    """Return the explained share of a deviance; 0 for constant targets, as R2."""
    counted = y if weights is None else y[weights > 0]
    if (counted == counted[0]).all():
        return 0.0
    constant = np.full(len(y), np.average(y, weights=weights))
    with np.errstate(over="ignore"):
        own = deviance(y, predictions, sample_weight=weights)
    if not np.isfinite(own):
        return float("nan")
    return float(1 - own / deviance(y, constant, sample_weight=weights))


def tweedie(y: AnyArray, means: AnyArray, *, sample_weight: Any, power: int) -> float:
    """Return the mean Tweedie deviance."""
    # For a prediction that is 0 in float64 only counts near 0 have a finite deviance.
    means = np.maximum(means, np.finfo(np.float64).tiny)
    return float(mean_tweedie_deviance(y, means, sample_weight=sample_weight, power=power))


def cross_entropy(y: AnyArray, p: AnyArray, *, sample_weight: Any) -> float:
    """Return the mean cross-entropy of targets in [0, 1], minus its lowest possible value."""
    # A probability that rounds to 1 differs from 1 by at most half a unit in the last place.
    rest = np.maximum(1 - p, np.finfo(np.float64).eps / 2)
    return float(np.average(rel_entr(y, p) + rel_entr(1 - y, rest), weights=sample_weight))
