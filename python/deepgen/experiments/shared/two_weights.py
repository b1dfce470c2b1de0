r"""The loss of the smallest ReLU network, f(x) = w2 relu(w1 x), in closed form.

For w1 > 0 the network is u x with u = w1 w2 on the samples with x > 0 and zero on the others, for
w1 < 0 the other way round. With a = sum of x^2 / n and b = sum of x y / n over the active side and
c = sum of y^2 / n over all samples, the mean squared error is

    L(w1, w2) = c - 2 b u + a u^2,    gradient = 2 (a u - b) (w2, w1),

and L = c if no sample is active. The minima of a side are the hyperbola u = b / a. There the
Hessian 2 a (w2, w1)(w2, w1)^T has eigenvalues 0 and 2 a (w1^2 + w2^2); at the origin, a saddle,
they are -2 b and 2 b. Gradient flow conserves w1^2 - w2^2.

There are two data sets, since the lecture's picture is not drawn from the code printed beside it:
`printed` has n = 30, x = |N(1, 1)| and y = 2 x + N(0, 0.5^2), all inputs positive; `lab` has n =
100, x uniform on (-1, 1) and y = 2 x + N(0, 3^2). The code printed in the lecture does not run: it
calls its loss with one argument and passes the arguments of `mlp` in another order. It means the
mean of (y_i - w2 relu(w1 x_i))^2, which is not halved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deepgen._engine.arrays import FloatArray

__all__ = ["Side", "TwoWeightLoss", "expected_risk", "lab_data", "printed_data", "sgd_path"]


def printed_data() -> tuple[FloatArray, FloatArray]:
    """Draw the data of the code printed in the lecture.

    Returns
    -------
    x, y : ndarray of shape (30,)
        Inputs, all positive, and targets.

    Examples
    --------
    >>> from deepgen.experiments.shared.two_weights import printed_data
    >>> x, y = printed_data()
    >>> len(x), bool((x > 0).all())
    (30, True)
    """
    draw = np.random.RandomState(42)
    x = np.abs(draw.randn(30) + 1)
    return x, 2 * x + 0.5 * draw.randn(30)


def lab_data(seed: int, n_samples: int = 100) -> tuple[FloatArray, FloatArray]:
    """Draw the data behind the lecture's picture.

    Parameters
    ----------
    seed : int
        Seed of the generator, at least 0.
    n_samples : int, default=100
        Number of samples.

    Returns
    -------
    x, y : ndarray of shape (n_samples,)
        Inputs of both signs and targets.

    Examples
    --------
    >>> from deepgen.experiments.shared.two_weights import lab_data
    >>> x, y = lab_data(0)
    >>> len(x)
    100
    """
    draw = np.random.RandomState(seed)
    x = draw.uniform(-1, 1, n_samples)
    return x, 2 * x + 3 * draw.randn(n_samples)


@dataclass(frozen=True)
class Side:
    """The quadratic on one side, for one sign of w1.

    Parameters
    ----------
    a, b : float
        Means over all samples of x^2 and of x y, with zero for the samples of the other side.

    Examples
    --------
    >>> from deepgen.experiments.shared.two_weights import Side
    >>> Side(a=2.0, b=3.0).optimum
    1.5
    """

    a: float
    b: float

    @property
    def optimum(self) -> float:
        """The product w1 w2 at the minimum; NaN for a side without samples."""
        return self.b / self.a if self.a > 0 else np.nan


class TwoWeightLoss:
    """Mean squared error of w2 relu(w1 x) over a data set.

    Parameters
    ----------
    x, y : array-like of shape (n_samples,)
        Inputs and targets.

    Examples
    --------
    >>> from deepgen.experiments.shared.two_weights import TwoWeightLoss, printed_data
    >>> loss = TwoWeightLoss(*printed_data())
    >>> round(loss.right.optimum, 6), round(loss.floor(loss.right), 6)
    (1.948661, 0.209382)
    """

    def __init__(self, x: ArrayLike, y: ArrayLike) -> None:
        self.x = np.asarray(x, dtype=float)
        self.y = np.asarray(y, dtype=float)
        right = self.x > 0
        self.right = self._side(right)
        self.left = self._side(~right)
        self.c = float(np.mean(self.y**2))

    def _side(self, on: NDArray[np.bool_]) -> Side:
        return Side(float(np.mean(on * self.x**2)), float(np.mean(on * self.x * self.y)))

    def _sides(self, w1: Any) -> tuple[FloatArray, FloatArray]:
        # relu(w1 x) is zero for every sample at w1 = 0.
        a = np.where(w1 > 0, self.right.a, np.where(w1 < 0, self.left.a, 0.0))
        b = np.where(w1 > 0, self.right.b, np.where(w1 < 0, self.left.b, 0.0))
        return a, b

    def __call__(self, w1: ArrayLike, w2: ArrayLike) -> FloatArray:
        """Return the loss at one or many points.

        Parameters
        ----------
        w1, w2 : array-like
            Weights, of shapes that broadcast.

        Returns
        -------
        loss : ndarray
            Mean squared error, not halved.
        """
        w1, w2 = np.asarray(w1, dtype=float), np.asarray(w2, dtype=float)
        a, b = self._sides(w1)
        u = w1 * w2
        return np.asarray(self.c - 2 * b * u + a * u**2)

    def gradient(self, w1: float, w2: float) -> FloatArray:
        """Return the gradient at a point.

        Parameters
        ----------
        w1, w2 : float
            Weights.

        Returns
        -------
        gradient : ndarray of shape (2,)
            Derivatives with respect to w1 and w2; zero for w1 = 0, since relu'(0) = 0.
        """
        a, b = self._sides(w1)
        return np.array([w2, w1]) * float(2 * (a * w1 * w2 - b))

    def hessian(self, w1: float, w2: float) -> FloatArray:
        """Return the Hessian at a point.

        Parameters
        ----------
        w1, w2 : float
            Weights, `w1` not zero.

        Returns
        -------
        hessian : ndarray of shape (2, 2)
            Second derivatives.
        """
        a, b = self._sides(w1)
        mixed = 4 * a * w1 * w2 - 2 * b
        return np.array([[2 * a * w2**2, mixed], [mixed, 2 * a * w1**2]], dtype=float)

    def saddle(self, side: Side) -> FloatArray:
        """Return the eigenvalues of the Hessian at the origin on one side.

        Parameters
        ----------
        side : Side
            `right` or `left`.

        Returns
        -------
        eigenvalues : ndarray of shape (2,)
            -2 |b| and 2 |b|.
        """
        return np.array([-2.0, 2.0]) * abs(side.b)

    def floor(self, side: Side) -> float:
        """Return the lowest loss of a side.

        Parameters
        ----------
        side : Side
            `right` or `left`.

        Returns
        -------
        loss : float
            The minimum c - b^2 / a, or c for a side without samples.
        """
        return self.c - (side.b**2 / side.a if side.a > 0 else 0.0)


def sgd_path(
    x: ArrayLike, y: ArrayLike, start: tuple[float, float], learning_rate: float, *, relu: bool
) -> FloatArray:
    """Take one step of SGD on each sample's loss, in the given order.

    Parameters
    ----------
    x, y : array-like of shape (n_samples,)
        Inputs and targets.
    start : tuple of float
        The weights w1, w2 before the first step.
    learning_rate : float
        Length of a step per gradient.
    relu : bool
        Whether the network is w2 relu(w1 x); False means w2 w1 x.

    Returns
    -------
    path : ndarray of shape (n_samples + 1, 2)
        The weights before and after each step.

    Examples
    --------
    >>> from deepgen.experiments.shared.two_weights import sgd_path
    >>> sgd_path([1.0], [2.0], (1.0, 1.0), 0.25, relu=True).tolist()
    [[1.0, 1.0], [1.5, 1.5]]
    """
    w1, w2 = start
    path = [(w1, w2)]
    for xi, yi in zip(np.asarray(x, dtype=float), np.asarray(y, dtype=float), strict=True):
        slope = 1.0 if not relu or w1 * xi > 0 else 0.0
        pull = 2 * learning_rate * (yi - slope * w2 * w1 * xi) * slope * xi
        w1, w2 = w1 + pull * w2, w2 + pull * w1
        path.append((w1, w2))
    return np.array(path)


def expected_risk(w1: ArrayLike, w2: ArrayLike, *, relu: bool) -> FloatArray:
    """Return the expectation of the loss over the data behind the lecture's picture.

    With u = w1 w2 it is 4/3 - (2/3) u + u^2 / 6 + 9 for w2 relu(w1 x), the same for both signs of
    w1, and 4/3 - (4/3) u + u^2 / 3 + 9 for w2 w1 x.

    Parameters
    ----------
    w1, w2 : array-like
        Weights, of shapes that broadcast.
    relu : bool
        Whether the network is w2 relu(w1 x); False means w2 w1 x.

    Returns
    -------
    risk : ndarray
        Mean squared error over the distribution.

    Examples
    --------
    >>> from deepgen.experiments.shared.two_weights import expected_risk
    >>> round(float(expected_risk(1.0, 2.0, relu=True)), 4)
    9.6667
    """
    u = np.asarray(w1, dtype=float) * np.asarray(w2, dtype=float)
    side = u**2 / 6 - 2 * u / 3
    return np.asarray(31 / 3 + (side if relu else 2 * side))
