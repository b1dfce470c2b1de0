"""Images of digits: MNIST where its file is at hand, else scikit-learn's small ones.

The environment variable DEEPGEN_DATA names the folder with ``mnist.npz``, which has X_train,
y_train, X_test and y_test (flat rows of 784 bytes), as for the examples of the documentation.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen.experiments.shared.digits import split_digits

__all__ = ["Images", "draw_images"]


@dataclass(frozen=True)
class Images:
    """Training and test images.

    Parameters
    ----------
    X, y : ndarray of shape (n, n_pixels) and (n,)
        Pixels in [0, 1] and digits of the training images.
    X_test, y_test : ndarray of shape (n_test, n_pixels) and (n_test,)
        The same for the test images.
    name : str
        Name of the data.

    Examples
    --------
    >>> from deepgen.experiments.shared.images import draw_images
    >>> draw_images(0, 1000, small=True).X.shape
    (1000, 64)
    """

    X: NDArray[Any]
    y: NDArray[np.int64]
    X_test: NDArray[Any]
    y_test: NDArray[np.int64]
    name: str


def draw_images(seed: int, n: int, *, small: bool) -> Images:
    """Draw training images.

    Parameters
    ----------
    seed : int
        Seed of the draw.
    n : int
        Number of training images, at most 10,000; of the small ones at most 1,297.
    small : bool
        Whether to take scikit-learn's images of 8 x 8 pixels even if MNIST is at hand.

    Returns
    -------
    images : Images
        The draw, with all 10,000 test images of MNIST or 500 small ones.

    Examples
    --------
    >>> from deepgen.experiments.shared.images import draw_images
    >>> draw_images(0, 1000, small=True).name
    'digits of 8 x 8 pixels'
    """
    file = Path(os.environ.get("DEEPGEN_DATA", "")) / "mnist.npz"
    if small or not file.is_file():
        digits = split_digits(seed)
        X, y = digits.X[:n].astype(np.float32), digits.y[:n]
        return Images(
            X, y, digits.X_test.astype(np.float32), digits.y_test, "digits of 8 x 8 pixels"
        )
    with np.load(file) as stored:
        rows = np.random.default_rng(np.random.SeedSequence([seed])).permutation(60_000)[:n]
        X, X_test = ((stored[k] / np.float32(255)) for k in ("X_train", "X_test"))
        y, y_test = (stored[k].astype(np.int64) for k in ("y_train", "y_test"))
    return Images(X[rows], y[rows], X_test, y_test, "MNIST")
