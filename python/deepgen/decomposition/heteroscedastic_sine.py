r"""The lecture's regression problem in one dimension, with noise only on the right.

With probability 0.9, x is uniform on (0, 1) and y = sin(2 pi x) + 0.4 N(0, 1); else x is uniform on
(-1, 0) and y = 0 without noise. The Bayes risk is 0.9 * 0.4^2 = 0.144, the variance of f* around 0
is 0.45.

Source: the experiment behind the slides on learning curves (Ollion and Grisel; lectures-labs,
``learning_curves.ipynb``, MIT).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepgen._engine.arrays import FloatArray
from deepgen.decomposition.quadrature import uniform_nodes
from deepgen.decomposition.truth import Truth

__all__ = ["HeteroscedasticSine", "lecture_data"]

RIGHT = 0.9
"""Probability of x > 0."""
NOISE = 0.4
"""Standard deviation of y for x > 0."""


@dataclass(frozen=True)
class HeteroscedasticSine(Truth):
    """The lecture's regression problem in one dimension.

    Examples
    --------
    >>> from deepgen.decomposition import HeteroscedasticSine
    >>> round(HeteroscedasticSine().bayes_risk, 12)
    0.144
    """

    @property
    def n_features(self) -> int:
        """Always 1."""
        return 1

    @property
    def bayes_risk(self) -> float:
        """Mean variance of the noise, 0.144."""
        return RIGHT * NOISE**2

    def regression(self, X: FloatArray) -> FloatArray:
        """Return sin(2 pi x) on the right and 0 on the left."""
        x = X[:, 0]
        return np.where(x > 0, np.sin(2 * np.pi * x), 0.0)

    def noise(self, X: FloatArray) -> FloatArray:
        """Return 0.4 on the right and 0 on the left."""
        return np.where(X[:, 0] > 0, NOISE, 0.0)

    def draw_inputs(self, n: int, random: np.random.Generator) -> FloatArray:
        """Draw inputs, each on the right with probability 0.9."""
        left = random.random(n) >= RIGHT
        return (random.random(n) - left)[:, None]

    def nodes(self, n: int) -> tuple[FloatArray, FloatArray]:
        """Return quadrature nodes, half of them on each side."""
        left, left_weights = uniform_nodes(-1.0, 0.0, n // 2)
        right, right_weights = uniform_nodes(0.0, 1.0, n // 2)
        weights = np.concatenate([(1 - RIGHT) * left_weights, RIGHT * right_weights])
        return np.concatenate([left, right])[:, None], weights


def lecture_data(n: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Draw exactly the lecture's data, with 90 % of the points on the right.

    Parameters
    ----------
    n : int
        Number of samples.
    seed : int
        Seed; the lecture trains on ``lecture_data(200, 0)``.

    Returns
    -------
    X : ndarray of shape (n, 1)
        Inputs, shuffled.
    y : ndarray of shape (n,)
        Targets.

    Notes
    -----
    Inputs and noise come from two generators with the same seed, as in the lecture, so they are not
    quite independent. `HeteroscedasticSine` draws independent samples.

    Examples
    --------
    >>> from deepgen.decomposition import lecture_data
    >>> X, y = lecture_data(200, 0)
    >>> int((X > 0).sum()), float(y[X[:, 0] < 0].sum())
    (180, 0.0)
    """
    n_right = int(RIGHT * n)
    random = np.random.RandomState(seed)
    right = random.uniform(0, 1, n_right)
    y_right = np.sin(2 * np.pi * right) + NOISE * np.random.RandomState(seed).randn(n_right)
    left = random.uniform(-1, 0, n - n_right)
    x, y = np.concatenate([right, left]), np.concatenate([y_right, np.zeros(n - n_right)])
    order = random.permutation(n)
    return x[order][:, None], y[order]
