"""Gaussian classes of one spherical covariance: the truth of logistic regression."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deepgen._engine.arrays import FloatArray
from deepgen.decomposition.class_truth import ClassTruth
from deepgen.decomposition.grid import density_nodes
from deepgen.decomposition.log_risk import entropy

__all__ = ["GaussianClasses"]

REACH = 9.0
"""Standard deviations beyond the outer means that a grid covers."""
N_BAYES = 400_000
"""Number of grid points for the risks of the best predictor."""


@dataclass(frozen=True)
class GaussianClasses(ClassTruth):
    r"""Classes with normally distributed inputs of one variance around their means.

    The probabilities of the classes are a softmax of linear functions, so linear classifiers have
    no approximation error.

    Parameters
    ----------
    means : array-like of shape (n_classes, n_features)
        Means of at least two classes, which lie on a line or in a plane.
    scale : float, default=1.0
        Standard deviation of each input within a class, > 0.
    priors : array-like of shape (n_classes,) or None, default=None
        Probabilities of the classes, > 0; None means equal ones.

    Notes
    -----
    The risks of the best predictor are integrals over the line or plane of the means. For two equal
    classes at the distance d the share of wrong answers is :math:`\Phi(-d / 2s)`.

    Examples
    --------
    >>> from deepgen.decomposition import GaussianClasses
    >>> truth = GaussianClasses([[-1.0, 0.0], [1.0, 0.0]])
    >>> round(truth.bayes_error, 4), round(truth.bayes_log_loss, 4)
    (0.1587, 0.3563)
    """

    means: ArrayLike
    scale: float = 1.0
    priors: ArrayLike | None = None

    def __post_init__(self) -> None:
        if self.centres.ndim != 2 or len(self.centres) < 2 or not np.isfinite(self.centres).all():
            raise ValueError(
                f"means must be finite and of shape (n_classes, n_features) with at least two "
                f"classes, got shape {self.centres.shape}"
            )
        if not 0 < self.scale < np.inf:
            raise ValueError(f"scale must be a finite number above 0, got {self.scale!r}")
        shares = self.shares
        if shares.shape != (self.n_classes,) or not (shares > 0).all():
            raise ValueError(f"priors must be one number above 0 per class, got {self.priors!r}")
        if not np.isclose(shares.sum(), 1):
            raise ValueError(f"priors must sum to 1, got {shares.sum():.6g}")
        if len(self._axes) > 2:
            raise ValueError(
                f"means must lie on a line or in a plane, they span {len(self._axes)} dimensions"
            )

    @cached_property
    def centres(self) -> FloatArray:
        """Means as an array (n_classes, n_features)."""
        return np.asarray(self.means, dtype=float)

    @cached_property
    def shares(self) -> FloatArray:
        """Probabilities of the classes."""
        if self.priors is None:
            return np.full(len(self.centres), 1 / len(self.centres))
        return np.asarray(self.priors, dtype=float)

    @property
    def n_features(self) -> int:
        return int(self.centres.shape[1])

    @property
    def n_classes(self) -> int:
        return len(self.centres)

    def _scores(self, X: FloatArray, centres: FloatArray) -> FloatArray:
        """Return the logarithms of prior times density, but for a term that all classes share."""
        distances = np.sum((X[:, None, :] - centres) ** 2, axis=2)
        return np.asarray(np.log(self.shares) - distances / (2 * self.scale**2))

    def probabilities(self, X: FloatArray) -> FloatArray:
        """Return the softmax of the classes' log densities."""
        from scipy.special import softmax

        return np.asarray(softmax(self._scores(X, self.centres), axis=1))

    def sample(self, n: int, random: np.random.Generator) -> tuple[FloatArray, NDArray[np.int64]]:
        """Draw classes by their probabilities, then normal inputs."""
        y = random.choice(self.n_classes, size=n, p=self.shares)
        X = self.centres[y] + self.scale * random.standard_normal((n, self.n_features))
        return X, y

    @cached_property
    def _axes(self) -> FloatArray:
        """Orthonormal axes of the line or plane of the means, (rank, n_features)."""
        moved = self.centres - self.centres[0]
        _, lengths, axes = np.linalg.svd(moved, full_matrices=False)
        return np.asarray(axes[lengths > 1e-12 * max(1.0, float(lengths[0]))])

    def _grid(self, centres: FloatArray, n: int) -> tuple[FloatArray, FloatArray]:
        reach = REACH * self.scale
        return density_nodes(
            centres.min(axis=0) - reach,
            centres.max(axis=0) + reach,
            n,
            lambda X: np.exp(self._scores(X, centres)).sum(axis=1),
        )

    def nodes(self, n: int) -> tuple[FloatArray, FloatArray] | None:
        """Return a grid for one or two features."""
        return self._grid(self.centres, n) if self.n_features <= 2 else None

    @cached_property
    def _bayes(self) -> tuple[float, float]:
        from scipy.special import softmax

        # The coordinates across the means tell nothing about the class. Equal means leave none.
        axes = self._axes if len(self._axes) else np.eye(1, self.n_features)
        centres = self.centres @ axes.T
        X, weights = self._grid(centres, N_BAYES)
        probabilities = softmax(self._scores(X, centres), axis=1)
        wrong = 1 - probabilities.max(axis=1)
        return float(weights @ entropy(probabilities)), float(weights @ wrong)

    @property
    def bayes_log_loss(self) -> float:
        """Mean entropy of the probabilities, in nats."""
        return self._bayes[0]

    @property
    def bayes_error(self) -> float:
        """Mean probability of all classes but the most probable one."""
        return self._bayes[1]
