"""Scaling of regression targets, so that training does not depend on their unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import AnyArray

__all__ = ["TargetScaling"]


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
    >>> scaling = TargetScaling.learn(np.array([[1.0], [3.0]]), None, centred=True)
    >>> scaling.apply(np.array([[1.0], [2.0]])).ravel().tolist()
    [-1.0, 0.0]
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def none(cls, n_targets: int) -> TargetScaling:
        """Return the scaling that changes nothing."""
        return cls(np.zeros(n_targets), np.ones(n_targets))

    @classmethod
    def learn(
        cls, y: NDArray[np.float64], weights: AnyArray | None, *, centred: bool
    ) -> TargetScaling:
        """Take mean and standard deviation of the training targets.

        ``y`` (n_samples, n_targets). ``weights`` (n_samples,) or None. ``centred``: false divides
        by the mean only, for predictions that must stay positive.
        """
        if weights is not None:
            y, weights = y[weights > 0], weights[weights > 0].astype(np.float64)
        # Division by the largest value first keeps squares within range.
        largest = np.abs(y).max(axis=0)
        unit = np.where(largest > 0, largest, 1.0)
        mean = np.average(y / unit, axis=0, weights=weights)
        if not centred:
            scale = mean * unit
            return cls(np.zeros_like(mean), np.where(scale > 0, scale, 1.0))
        deviation = np.sqrt(np.average((y / unit - mean) ** 2, axis=0, weights=weights))
        # The deviation of equal numbers is rounding, not spread.
        constant = deviation <= len(y) * np.finfo(np.float64).eps * np.abs(mean)
        return cls(mean * unit, np.where(constant, 1.0, deviation * unit))

    def apply(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return targets in scaled units.

        ``y`` (n_samples, n_targets); returns (n_samples, n_targets).
        """
        return (y - self.mean) / self.scale
