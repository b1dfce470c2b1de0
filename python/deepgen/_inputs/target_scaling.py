"""Scaling of regression targets, which makes training independent of their unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import AnyArray

__all__ = ["Moments", "TargetScaling"]

# Deviations from the median beyond so many median absolute deviations are clipped. One in ten
# million values of a normal distribution is beyond.
OUTLYING = 8.0


@dataclass(frozen=True)
class TargetScaling:
    """A shift and a scale for each target.

    Parameters
    ----------
    mean : ndarray of shape (n_targets,)
        Value that is subtracted.
    scale : ndarray of shape (n_targets,)
        Positive divisor.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen._inputs.target_scaling import TargetScaling
    >>> scaling = TargetScaling(np.array([2.0]), np.array([1.0]))
    >>> scaling.apply(np.array([[1.0], [2.0]])).ravel().tolist()
    [-1.0, 0.0]
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def none(cls, n_targets: int) -> TargetScaling:
        """Return the identity scaling."""
        return cls(np.zeros(n_targets), np.ones(n_targets))

    def apply(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return targets in scaled units.

        ``y`` (n_samples, n_targets); returns (n_samples, n_targets).
        """
        return (y - self.mean) / self.scale


@dataclass(frozen=True)
class Moments:
    """Weighted moments of all targets seen.

    Parameters
    ----------
    weight : float
        Sum of weights, or number of rows without weights.
    mean : ndarray of shape (n_targets,)
        Weighted mean.
    deviation : ndarray of shape (n_targets,)
        Weighted standard deviation; 0 for equal numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen._inputs.target_scaling import Moments
    >>> first, second = (Moments.of(np.array(y), None) for y in ([[1.0], [3.0]], [[5.0], [7.0]]))
    >>> first.and_of(second)
    Moments(weight=4.0, mean=array([4.]), deviation=array([2.23606798]))
    """

    weight: float
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]

    @classmethod
    def of(cls, y: NDArray[np.float64], weights: AnyArray | None) -> Moments:
        """Return the moments of targets (n_samples, n_targets) with ``weights`` (n_samples,)."""
        if weights is not None:
            y, weights = y[weights > 0], weights[weights > 0].astype(np.float64)
        # Dividing by the largest value first keeps the squares within range.
        largest = np.abs(y).max(axis=0)
        unit = np.where(largest > 0, largest, 1.0)
        mean = np.average(y / unit, axis=0, weights=weights)
        deviation = np.sqrt(np.average((y / unit - mean) ** 2, axis=0, weights=weights))
        # A deviation of this size is rounding: the numbers are equal.
        constant = deviation <= len(y) * np.finfo(np.float64).eps * np.abs(mean)
        weight = float(len(y) if weights is None else weights.sum())
        return cls(weight, mean * unit, np.where(constant, 0.0, deviation * unit))

    @classmethod
    def without_outliers(cls, y: NDArray[np.float64], weights: AnyArray | None) -> Moments:
        """Return the moments with outliers clipped.

        Otherwise one target of 1e6 among others of 1 would dominate the moments for millions of
        rows. A column with more than half of its values equal has no outliers.
        """
        counted = y if weights is None else y[weights > 0]
        median = np.median(counted, axis=0)
        reach = OUTLYING * np.median(np.abs(counted - median), axis=0)
        reach = np.where(reach > 0, reach, np.inf)
        return cls.of(np.clip(y, median - reach, median + reach), weights)

    def and_of(self, other: Moments) -> Moments:
        """Return the joint moments of these and other targets."""
        weight = self.weight + other.weight
        share = other.weight / weight
        mean = (1 - share) * self.mean + share * other.mean
        within = np.hypot(np.sqrt(1 - share) * self.deviation, np.sqrt(share) * other.deviation)
        between = np.sqrt(share * (1 - share)) * (other.mean - self.mean)
        return Moments(weight, mean, np.hypot(within, between))

    def scaling(self, *, centred: bool) -> TargetScaling:
        """Return the scaling by mean and deviation, or by the mean only; a scale of 0 becomes 1."""
        zero = np.zeros_like(self.mean)
        mean, scale = (self.mean, self.deviation) if centred else (zero, self.mean)
        return TargetScaling(mean, np.where(scale > 0, scale, 1.0))
