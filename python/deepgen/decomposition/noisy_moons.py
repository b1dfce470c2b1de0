"""The lecture's half-moons: two half-circles with Gaussian noise, and the classes' probabilities.

Inputs of class 0 are (cos t, sin t), of class 1 (1 - cos t, 1/2 - sin t), with t uniform on
(0, pi), plus normal noise in both coordinates. So the density of a class is an integral over its
arc, which converges at once since the integrand is smooth.

Source: the lecture's notebook on generalization, with scikit-learn's `make_moons`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import FloatArray
from deepgen.decomposition.class_truth import ClassTruth
from deepgen.decomposition.grid import density_nodes
from deepgen.decomposition.log_risk import entropy

__all__ = ["NoisyMoons"]

REACH = 8.0
"""Standard deviations around the arcs that a grid covers."""
N_BAYES = 90_000
ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class NoisyMoons(ClassTruth):
    """Two interleaved half-circles with noise, equally probable.

    Parameters
    ----------
    noise : float, default=0.15
        Standard deviation of both coordinates around the arc, >= 0.02.

    Examples
    --------
    >>> from deepgen.decomposition import NoisyMoons
    >>> truth = NoisyMoons(0.3)
    >>> truth.probabilities([[0.5, 0.25], [0.0, 1.0]]).round(3).tolist()
    [[0.5, 0.5], [0.954, 0.046]]
    """

    noise: float = 0.15

    def __post_init__(self) -> None:
        # Below, a grid over the plane would have to be very fine.
        if not 0.02 <= self.noise < np.inf:
            raise ValueError(f"noise must be a finite number of at least 0.02, got {self.noise!r}")

    @property
    def n_features(self) -> int:
        return 2

    @property
    def n_classes(self) -> int:
        return 2

    @cached_property
    def _arc(self) -> tuple[FloatArray, FloatArray]:
        """Points of the upper arc and their weights: a few for each standard deviation."""
        t, weights = np.polynomial.legendre.leggauss(32 + int(8 / self.noise))
        angle = (t + 1) * np.pi / 2
        return np.stack([np.cos(angle), np.sin(angle)], axis=1), weights / 2

    def _densities(self, X: FloatArray) -> FloatArray:
        """Return the logarithms of the classes' densities, but for a factor, (n, 2)."""
        arc, weights = self._arc
        X = np.asarray(X, dtype=float)
        # The second moon is the first one, turned.
        turned = np.array([1.0, 0.5]) - X
        logs = np.empty((len(X), 2))
        for first in range(0, len(X), ROWS_AT_ONCE):
            some = slice(first, first + ROWS_AT_ONCE)
            for moon, points in enumerate((X[some], turned[some])):
                # Points of the arc have length 1.
                squares = np.sum(points**2, axis=1)[:, None] - 2 * points @ arc.T + 1
                least = squares.min(axis=1)
                sums = np.exp((least[:, None] - squares) / (2 * self.noise**2)) @ weights
                logs[some, moon] = np.log(sums) - least / (2 * self.noise**2)
        return logs

    def probabilities(self, X: FloatArray) -> FloatArray:
        """Return the shares of the two densities."""
        from scipy.special import softmax

        return np.asarray(softmax(self._densities(X), axis=1))

    def sample(self, n: int, random: np.random.Generator) -> tuple[FloatArray, NDArray[np.int64]]:
        """Draw classes, places on the arcs and noise."""
        y = random.integers(2, size=n)
        angle = random.uniform(0, np.pi, n)
        upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        X = np.where(y[:, None] == 0, upper, np.array([1.0, 0.5]) - upper)
        return X + self.noise * random.standard_normal((n, 2)), y

    def nodes(self, n: int) -> tuple[FloatArray, FloatArray]:
        """Return a grid over the plane."""
        reach = REACH * self.noise
        return density_nodes(
            [-1 - reach, -0.5 - reach],
            [2 + reach, 1 + reach],
            n,
            lambda X: np.exp(self._densities(X)).sum(axis=1),
        )

    @cached_property
    def _bayes(self) -> tuple[float, float]:
        X, weights = self.nodes(N_BAYES)
        probabilities = self.probabilities(X)
        wrong = 1 - probabilities.max(axis=1)
        return float(weights @ entropy(probabilities)), float(weights @ wrong)

    @property
    def bayes_log_loss(self) -> float:
        """Mean entropy of the probabilities, in nats."""
        return self._bayes[0]

    @property
    def bayes_error(self) -> float:
        """Mean probability of the less probable class."""
        return self._bayes[1]
