"""A linear truth with Gaussian inputs and results in closed form.

x ~ N(0, I), y = x . coef + intercept + noise N(0, 1). The expected excess risk of least squares
without an intercept, on n samples with d coefficients, is noise^2 d / (n - d - 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from deepgen._engine.arrays import FloatArray
from deepgen.decomposition.truth import Truth

__all__ = ["GaussianLinear"]


@dataclass(frozen=True)
class GaussianLinear(Truth):
    """Linear truth: y = x . coef + intercept + Gaussian noise, x standard normal.

    Parameters
    ----------
    coef : array-like of shape (n_features,)
        Slopes.
    noise_scale : float, default=1.0
        Standard deviation of the noise, >= 0.
    intercept : float, default=0.0
        Mean of y.

    Examples
    --------
    >>> from deepgen.decomposition import GaussianLinear
    >>> truth = GaussianLinear([1.0, 2.0], noise_scale=0.5)
    >>> truth.n_features, truth.bayes_risk
    (2, 0.25)
    """

    coef: ArrayLike
    noise_scale: float = 1.0
    intercept: float = 0.0

    def __post_init__(self) -> None:
        coef = np.atleast_1d(np.asarray(self.coef, dtype=float))
        if coef.ndim != 1 or len(coef) == 0 or not np.isfinite(coef).all():
            raise ValueError(f"coef must be finite numbers, one per feature, got {self.coef!r}")
        if not self.noise_scale >= 0:
            raise ValueError(f"noise_scale must be at least 0, got {self.noise_scale!r}")

    @property
    def n_features(self) -> int:
        """Number of coefficients."""
        return int(np.size(np.asarray(self.coef)))

    @property
    def bayes_risk(self) -> float:
        """Variance of the noise."""
        return float(self.noise_scale) ** 2

    def regression(self, X: FloatArray) -> FloatArray:
        """Return x . coef + intercept."""
        mean: FloatArray = X @ np.atleast_1d(np.asarray(self.coef, dtype=float)) + self.intercept
        return mean

    def noise(self, X: FloatArray) -> FloatArray:
        """Return ``noise_scale`` for each row."""
        return np.full(len(X), float(self.noise_scale))

    def draw_inputs(self, n: int, random: np.random.Generator) -> FloatArray:
        """Draw standard normal inputs."""
        return random.standard_normal((n, self.n_features))
