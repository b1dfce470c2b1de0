"""The data of a shape, the same bits everywhere, and what is asserted of an answer."""

import hashlib

import numpy as np

RATE = 1e-3
RECORDED_STEPS = 3  # whose bits are kept


def data_of(shape):
    """X and y, float32: of single sums and products alone, which all machines round alike."""
    X = np.random.RandomState(0).random_sample((shape.n_rows, shape.widths[0]))
    X = (2 * X - 1).astype(np.float32)
    y = X[:, :1] * X[:, 1:2] + X[:, 2:3]
    return X, y


def start_of(scales, net):
    """Packed weights of a network, from the largest that each may be."""
    numbers = np.repeat(scales["values"], np.diff(scales["ends"], prepend=0))
    random = 2 * np.random.RandomState(net).random_sample(len(numbers)) - 1
    return (numbers * random + 0.0).astype(np.float32)  # no zero is negative


def digest(numbers):
    """The bits of an array in 32 numbers."""
    return np.frombuffer(hashlib.sha256(numbers.tobytes()).digest(), np.uint8)


def order_of(shape, n_steps, net=0):
    """Rows of the first steps of an epoch: (n_steps, batch_size)."""
    rows = np.random.RandomState(net).permutation(shape.n_rows)
    return rows[: n_steps * shape.batch_size].reshape(n_steps, shape.batch_size)


def require_learning(first, last):
    """Refuse times of something that does not learn.

    Parameters
    ----------
    first, last : array
        Losses of the batches in two slices of the same rows, for each network.
    """
    first, last = (np.asarray(losses, np.float64) for losses in (first, last))
    if not (np.isfinite(first).all() and np.isfinite(last).all()):
        raise AssertionError("a loss is not finite")
    if last.mean() >= first.mean():
        raise AssertionError(f"the loss went from {first.mean():.4g} to {last.mean():.4g}")
