"""A random ReLU network as the truth; students of the same shape have no approximation error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from deepgen._engine.arrays import FloatArray
from deepgen.decomposition.truth import Truth

__all__ = ["TeacherNetwork"]

CALIBRATION = 20_000
"""Number of inputs on which the teacher's output is scaled to mean 0 and variance 1."""


@dataclass(frozen=True)
class TeacherNetwork(Truth):
    """Random dense ReLU network with standard normal inputs and Gaussian noise.

    Parameters
    ----------
    n_inputs : int
        Number of inputs, >= 1.
    hidden_layer_sizes : sequence of int, default=(10,)
        Units of the hidden layers.
    noise_scale : float, default=0.1
        Standard deviation of the noise, >= 0; the network's output has variance 1.
    seed : int, default=0
        Seed of the weights.

    Notes
    -----
    Weights are N(0, 2 / fan-in), intercepts N(0, 0.1^2), and the output is shifted and scaled to
    mean 0 and variance 1 (up to sampling error).

    References
    ----------
    .. [1] K. He, X. Zhang, S. Ren and J. Sun, "Delving deep into rectifiers", ICCV 2015,
       equation 10.

    Examples
    --------
    >>> from deepgen.decomposition import TeacherNetwork
    >>> teacher = TeacherNetwork(3, hidden_layer_sizes=(8, 8), noise_scale=0.5)
    >>> teacher.bayes_risk
    0.25
    """

    n_inputs: int
    hidden_layer_sizes: Sequence[int] = (10,)
    noise_scale: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        sizes = (self.n_inputs, *self.hidden_layer_sizes)
        if min(sizes) < 1:
            raise ValueError(f"n_inputs and hidden_layer_sizes must be at least 1, got {sizes}")
        if not self.noise_scale >= 0:
            raise ValueError(f"noise_scale must be at least 0, got {self.noise_scale!r}")

    @property
    def n_features(self) -> int:
        return self.n_inputs

    @property
    def bayes_risk(self) -> float:
        """Variance of the noise."""
        return float(self.noise_scale) ** 2

    @cached_property
    def layers(self) -> list[tuple[FloatArray, FloatArray]]:
        """Weights of shape (in, out) and intercepts of shape (out,), one pair per layer."""
        random = np.random.default_rng(np.random.SeedSequence([self.seed, 0]))
        widths = (self.n_inputs, *self.hidden_layer_sizes, 1)
        layers = [
            (
                random.normal(0, np.sqrt(2 / fan_in), (fan_in, fan_out)),
                random.normal(0, 0.1, fan_out),
            )
            for fan_in, fan_out in zip(widths[:-1], widths[1:], strict=True)
        ]
        output = self._forward(layers, random.standard_normal((CALIBRATION, self.n_inputs)))
        mean, scale = output.mean(), output.std() or 1.0
        weights, intercepts = layers[-1]
        return [*layers[:-1], (weights / scale, (intercepts - mean) / scale)]

    @staticmethod
    def _forward(layers: list[tuple[FloatArray, FloatArray]], X: FloatArray) -> FloatArray:
        hidden = X
        for weights, intercepts in layers[:-1]:
            hidden = np.maximum(hidden @ weights + intercepts, 0.0)
        weights, intercepts = layers[-1]
        output: FloatArray = (hidden @ weights + intercepts)[:, 0]
        return output

    def regression(self, X: FloatArray) -> FloatArray:
        """Return the network's output."""
        return self._forward(self.layers, X)

    def noise(self, X: FloatArray) -> FloatArray:
        """Return ``noise_scale`` for each row."""
        return np.full(len(X), float(self.noise_scale))

    def draw_inputs(self, n: int, random: np.random.Generator) -> FloatArray:
        """Draw standard normal inputs."""
        return random.standard_normal((n, self.n_inputs))
