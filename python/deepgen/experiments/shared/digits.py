"""Handwritten digits: random splits into training, validation and test images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Digits", "split_digits"]


@dataclass(frozen=True)
class Digits:
    """A split of scikit-learn's 1,797 images of 8 x 8 pixels.

    Parameters
    ----------
    X, y : ndarray of shape (n, 64) and (n,)
        Pixels in [0, 1] and digits of the training images.
    X_val, y_val : ndarray of shape (n_val, 64) and (n_val,)
        The same for the validation images.
    X_test, y_test : ndarray of shape (n_test, 64) and (n_test,)
        The same for the test images.

    Examples
    --------
    >>> from deepgen.experiments.shared.digits import Digits, split_digits
    >>> isinstance(split_digits(0), Digits)
    True
    """

    X: NDArray[np.float64]
    y: NDArray[np.int64]
    X_val: NDArray[np.float64]
    y_val: NDArray[np.int64]
    X_test: NDArray[np.float64]
    y_test: NDArray[np.int64]


def split_digits(seed: int, n_val: int = 0, n_test: int = 500) -> Digits:
    """Draw a random split.

    Parameters
    ----------
    seed : int
        Seed of the split.
    n_val : int, default=0
        Number of validation images, for choices such as that of a learning rate.
    n_test : int, default=500
        Number of test images.

    Returns
    -------
    digits : Digits
        The split; all other images, in random order, are training images.

    Examples
    --------
    >>> from deepgen.experiments.shared.digits import split_digits
    >>> split_digits(0).X.shape
    (1297, 64)
    """
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    order = np.random.default_rng(np.random.SeedSequence([seed])).permutation(len(y))
    X, y = X[order] / 16, y[order]
    training, validation, test = (
        slice(n_test, len(y) - n_val),
        slice(len(y) - n_val, None),
        slice(0, n_test),
    )
    return Digits(X[training], y[training], X[validation], y[validation], X[test], y[test])
