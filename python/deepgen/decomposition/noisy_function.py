"""A truth given by the user's function: uniform inputs in a box, Gaussian noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deepgen._engine.arrays import FloatArray
from deepgen.decomposition.quadrature import uniform_nodes
from deepgen.decomposition.truth import Truth

__all__ = ["NoisyFunction"]

N_BAYES = 200_000
"""Number of points over which the variance of the noise is averaged."""


@dataclass(frozen=True)
class NoisyFunction(Truth):
    """A user's function plus Gaussian noise, with inputs uniform in a box.

    Parameters
    ----------
    function : callable
        Function from inputs of shape (n, n_features) to means of shape (n,).
    noise_scale : float or callable, default=0.1
        Standard deviation of the noise, or a function of the inputs that gives it, >= 0.
    low, high : float or array-like of shape (n_features,), default=-1.0 and 1.0
        Bounds of the box; numbers mean one feature.

    Notes
    -----
    With one feature, means over the inputs are integrals (Gauss-Legendre), else averages of
    samples. Functions that are not defined at the top level of a module need joblib's default
    backend, which can pickle them.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.decomposition import NoisyFunction
    >>> truth = NoisyFunction(lambda X: np.abs(X[:, 0]), noise_scale=lambda X: X[:, 0], low=0.0)
    >>> round(truth.bayes_risk, 12)
    0.333333333333
    """

    function: Callable[[FloatArray], Any]
    noise_scale: float | Callable[[FloatArray], Any] = 0.1
    low: float | ArrayLike = -1.0
    high: float | ArrayLike = 1.0

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise ValueError(f"function must be callable, got {self.function!r}")
        low, high = self._box
        if low.ndim != 1 or not (np.isfinite(low).all() and np.isfinite(high).all()):
            raise ValueError(f"low and high must be finite, got {self.low!r} and {self.high!r}")
        if not (low < high).all():
            raise ValueError(f"low must be below high, got {self.low!r} and {self.high!r}")
        if not callable(self.noise_scale) and not self.noise_scale >= 0:
            raise ValueError(f"noise_scale must be at least 0, got {self.noise_scale!r}")

    @cached_property
    def _box(self) -> tuple[FloatArray, FloatArray]:
        low, high = np.broadcast_arrays(
            np.atleast_1d(np.asarray(self.low, dtype=float)),
            np.atleast_1d(np.asarray(self.high, dtype=float)),
        )
        return low, high

    @property
    def n_features(self) -> int:
        """Number of dimensions of the box."""
        return len(self._box[0])

    @cached_property
    def bayes_risk(self) -> float:
        """Mean variance of the noise."""
        if not callable(self.noise_scale):
            return float(self.noise_scale) ** 2
        nodes = self.nodes(N_BAYES)
        if nodes is not None:
            return float(nodes[1] @ self.noise(nodes[0]) ** 2)
        return float(np.mean(self.noise(self.draw_inputs(N_BAYES, np.random.default_rng(0))) ** 2))

    def regression(self, X: FloatArray) -> FloatArray:
        """Return the values of ``function``."""
        return self._values(self.function, X, "function")

    def noise(self, X: FloatArray) -> FloatArray:
        """Return the standard deviation of the noise."""
        if not callable(self.noise_scale):
            return np.full(len(X), float(self.noise_scale))
        return np.abs(self._values(self.noise_scale, X, "noise_scale"))

    @staticmethod
    def _values(function: Callable[[FloatArray], Any], X: FloatArray, name: str) -> FloatArray:
        values = np.asarray(function(X), dtype=float)
        if values.shape not in ((len(X),), (len(X), 1)):
            raise ValueError(
                f"{name} must return one number per row: for inputs of shape {X.shape} it returned "
                f"shape {values.shape}"
            )
        if not np.isfinite(values).all():
            raise ValueError(f"{name} must return finite numbers, got NaN or infinity")
        return values.reshape(len(X))

    def draw_inputs(self, n: int, random: np.random.Generator) -> FloatArray:
        """Draw inputs uniformly in the box."""
        low, high = self._box
        return low + (high - low) * random.random((n, len(low)))

    def nodes(self, n: int) -> tuple[FloatArray, FloatArray] | None:
        """Return quadrature nodes if there is one feature."""
        if self.n_features > 1:
            return None
        low, high = self._box
        x, weights = uniform_nodes(float(low[0]), float(high[0]), n)
        return x[:, None], weights
