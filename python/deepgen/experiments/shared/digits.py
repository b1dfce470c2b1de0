"""Handwritten digits: images to train on, to choose by and to test on, drawn anew by each seed."""

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
        Pixels in [0, 1] and digits to train on.
    X_val, y_val : ndarray of shape (n_val, 64) and (n_val,)
        The same to choose by.
    X_test, y_test : ndarray of shape (n_test, 64) and (n_test,)
        The same to test on.

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
    """Draw a split.

    Parameters
    ----------
    seed : int
        Determines the split.
    n_val : int, default=0
        Images set aside for choices, such as that of a learning rate.
    n_test : int, default=500
        Images set aside for testing.

    Returns
    -------
    digits : Digits
        All other images, in random order, are there to train on.

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
