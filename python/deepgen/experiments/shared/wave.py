"""A wave on a square: a surface harder than a sine, with noise of known size.

A point (u, v) is uniform on (-1, 1)^2 and y = sin(6 u + 3 v^2) cos(5 v) plus normal noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepgen._engine.arrays import FloatArray
from deepgen.decomposition.quadrature import uniform_nodes
from deepgen.decomposition.truth import Truth

__all__ = ["Wave"]


@dataclass(frozen=True)
class Wave(Truth):
    """The wave, with noise everywhere of the same standard deviation.

    Parameters
    ----------
    scale : float, default=0.0
        Standard deviation of the noise.

    Examples
    --------
    >>> from deepgen.experiments.shared.wave import Wave
    >>> Wave(0.5).bayes_risk
    0.25
    """

    scale: float = 0.0

    @property
    def n_features(self) -> int:
        """Always 2."""
        return 2

    @property
    def bayes_risk(self) -> float:
        """Variance of the noise."""
        return self.scale**2

    def regression(self, X: FloatArray) -> FloatArray:
        """Return the wave without noise."""
        u, v = X.T
        mean: FloatArray = np.sin(6 * u + 3 * v**2) * np.cos(5 * v)
        return mean

    def noise(self, X: FloatArray) -> FloatArray:
        """Return the same standard deviation for each input."""
        return np.full(len(X), self.scale)

    def draw_inputs(self, n: int, random: np.random.Generator) -> FloatArray:
        """Draw inputs, uniform on the square."""
        return random.uniform(-1, 1, (n, 2))

    def nodes(self, n: int) -> tuple[FloatArray, FloatArray]:
        """Return the products of quadrature nodes along both sides."""
        line, weights = uniform_nodes(-1.0, 1.0, round(n**0.5))
        points = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
        return points, np.outer(weights, weights).ravel()
