"""The data of a shape, the same for each contestant, and what is asserted of an answer."""

import numpy as np

RATE = 1e-3


def data_of(shape):
    """X and y, float32: a smooth target of all columns."""
    random_state = np.random.RandomState(0)
    X = random_state.standard_normal((shape.n_rows, shape.widths[0])).astype(np.float32)
    direction = random_state.standard_normal(shape.widths[0]).astype(np.float32)
    y = np.sin(X @ direction / np.sqrt(np.float32(shape.widths[0])))
    return X, np.ascontiguousarray(y[:, None], np.float32)


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
