"""Scaling of regression targets, so that training does not depend on their unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import AnyArray

__all__ = ["Moments", "TargetScaling"]

# Targets so many times as far from the median as half of them are count as if they were there.
# A normal distribution has one in ten million of them.
OUTLYING = 8.0


@dataclass(frozen=True)
class TargetScaling:
    """A shift and a scale for each target.

    Parameters
    ----------
    mean : ndarray of shape (n_targets,)
        Taken off.
    scale : ndarray of shape (n_targets,)
        Divided by; never 0.

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
        """Return the scaling that changes nothing."""
        return cls(np.zeros(n_targets), np.ones(n_targets))

    def apply(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return targets in scaled units.

        ``y`` (n_samples, n_targets); returns (n_samples, n_targets).
        """
        return (y - self.mean) / self.scale


@dataclass(frozen=True)
class Moments:
    """What is known of all targets seen, without keeping them.

    Parameters
    ----------
    weight : float
        Sum of weights, of rows where they have none.
    mean : ndarray of shape (n_targets,)
        Weighted mean.
    deviation : ndarray of shape (n_targets,)
        Weighted standard deviation, 0 of equal numbers.

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
        """Take the moments of targets, (n_samples, n_targets); ``weights`` (n_samples,) or None."""
        if weights is not None:
            y, weights = y[weights > 0], weights[weights > 0].astype(np.float64)
        # Division by the largest value first keeps squares within range.
        largest = np.abs(y).max(axis=0)
        unit = np.where(largest > 0, largest, 1.0)
        mean = np.average(y / unit, axis=0, weights=weights)
        deviation = np.sqrt(np.average((y / unit - mean) ** 2, axis=0, weights=weights))
        # The deviation of equal numbers is rounding, not spread.
        constant = deviation <= len(y) * np.finfo(np.float64).eps * np.abs(mean)
        weight = float(len(y) if weights is None else weights.sum())
        return cls(weight, mean * unit, np.where(constant, 0.0, deviation * unit))

    @classmethod
    def without_outliers(cls, y: NDArray[np.float64], weights: AnyArray | None) -> Moments:
        """Take the moments with outliers moved nearer to the median.

        One target of 1e6 among others of 1 would else be felt for millions of rows. Where more than
        half of a column are equal, it has no outliers.
        """
        counted = y if weights is None else y[weights > 0]
        median = np.median(counted, axis=0)
        reach = OUTLYING * np.median(np.abs(counted - median), axis=0)
        reach = np.where(reach > 0, reach, np.inf)
        return cls.of(np.clip(y, median - reach, median + reach), weights)

    def and_of(self, other: Moments) -> Moments:
        """Return the moments of these and other targets."""
        weight = self.weight + other.weight
        share = other.weight / weight
        mean = (1 - share) * self.mean + share * other.mean
        within = np.hypot(np.sqrt(1 - share) * self.deviation, np.sqrt(share) * other.deviation)
        between = np.sqrt(share * (1 - share)) * (other.mean - self.mean)
        return Moments(weight, mean, np.hypot(within, between))

    def scaling(self, *, centred: bool) -> TargetScaling:
        """Return the scaling by mean and deviation, or by the mean only; 0 becomes 1."""
        zero = np.zeros_like(self.mean)
        mean, scale = (self.mean, self.deviation) if centred else (zero, self.mean)
        return TargetScaling(mean, np.where(scale > 0, scale, 1.0))
