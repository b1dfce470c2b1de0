"""Slices: large measurements in pieces, so that Ctrl-C is answered between them.

A call of the engine cannot be interrupted. Measurements of many rows are therefore made of calls of
a fraction of a second. How rows are cut depends on the shapes only, so the same call gives the same
bits whatever the number of threads, and where there is one slice nothing is combined.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepgen import _core
from deepgen._engine.threads import worthwhile_threads

__all__ = ["Slice", "average", "pool", "slices", "stack"]

# Multiply-adds of a call: about a tenth of a second of one thread with AVX-512, half a second with
# plain vectors. Each call packs the weights anew, which fewer rows would not pay for.
SLICE_WORK = 4e9
LEAST_ROWS = 256
# What a row costs besides.
ROW_WORK = 100


class Slice(NamedTuple):
    """Some rows of a measurement.

    Parameters
    ----------
    chosen : ndarray of shape (n_rows,) or None
        Which samples the measurement is of; None takes all.
    span : slice or None
        Which of them belong here; None takes all.
    n_threads : int
        Threads that are worth while for them.

    Examples
    --------
    >>> from deepgen._engine.row_chunks import Slice
    >>> Slice(None, slice(2, 5), n_threads=1).rows.tolist()
    [2, 3, 4]
    """

    chosen: NDArray[np.int64] | None
    span: slice | None
    n_threads: int

    @property
    def rows(self) -> NDArray[np.int64] | None:
        """Which samples; None for all."""
        if self.span is None:
            return self.chosen
        if self.chosen is not None:
            return self.chosen[self.span]
        return np.arange(self.span.start, self.span.stop, dtype=np.int64)


def slices(
    core: _core.Network,
    X: NDArray[Any] | _core.SparseRows,
    rows: NDArray[np.int64] | None,
    limit: int,
    passes: int = 1,
) -> list[Slice]:
    """Cut a measurement into slices.

    Parameters
    ----------
    core : deepgen._core.Network
        What measures.
    X : ndarray of shape (n_samples, n_features) or deepgen._core.SparseRows
        Samples.
    rows : ndarray of shape (n_rows,) or None
        Which samples; None takes all.
    limit : int
        Largest number of threads, >= 1.
    passes : int, default=1
        How many times the work of a forward pass each row takes.

    Returns
    -------
    slices : list of Slice
        In the order of the rows; a single one where that is short enough.
    """
    n_samples = X.shape[0] if isinstance(X, np.ndarray) else X.n_rows
    n_rows = n_samples if rows is None else len(rows)
    if limit == 1 and n_rows <= LEAST_ROWS:
        return [Slice(rows, None, 1)]
    row_work = float(passes * (core.n_trainable + ROW_WORK))
    if isinstance(X, _core.SparseRows):
        # The first layer works on what is stored.
        first = passes * core.spec.layers[0].width
        row_work += first * (X.n_stored / max(n_samples, 1) - X.n_columns)
    each = max(LEAST_ROWS, int(SLICE_WORK / max(row_work, 1.0)))
    if n_rows <= each:
        return [Slice(rows, None, worthwhile_threads(limit, n_rows * row_work))]
    n_threads = worthwhile_threads(limit, each * row_work)
    starts = range(0, n_rows, each)
    return [Slice(rows, slice(start, min(start + each, n_rows)), n_threads) for start in starts]


def stack(compute: Callable[..., NDArray[Any]], parts: list[Slice]) -> NDArray[Any]:
    """Compute something a row.

    Parameters
    ----------
    compute : callable
        Takes ``rows`` and ``n_threads``.
    parts : list of Slice
        From `slices`.

    Returns
    -------
    values : ndarray of shape (n_rows, ...)
        What a single call would have given.
    """
    values = [compute(rows=part.rows, n_threads=part.n_threads) for part in parts]
    return values[0] if len(values) == 1 else np.concatenate(values)


def average(
    compute: Callable[..., tuple[float, Any]],
    parts: list[Slice],
    weights: NDArray[Any] | None,
    alpha: float,
) -> tuple[float, Any]:
    """Compute the mean of a loss, and of its gradient, over rows.

    Parameters
    ----------
    compute : callable
        Takes ``rows``, ``n_threads`` and ``alpha``; returns a loss, and its gradient or None.
    parts : list of Slice
        From `slices`.
    weights : ndarray of shape (n_samples,) or None
        Sample weights.
    alpha : float
        L2 on the network's weights, which is divided by the rows' sum of weights.

    Returns
    -------
    loss : float
        Of all rows.
    gradient : ndarray or None
        Of the network's type.
    """
    if len(parts) == 1:
        return compute(rows=parts[0].rows, n_threads=parts[0].n_threads, alpha=alpha)
    sums = np.array([_weight(part, weights) for part in parts])
    loss, gradient = 0.0, None
    for part, share in zip(parts, sums / sums.sum(), strict=True):
        if share > 0:
            own, slope = compute(rows=part.rows, n_threads=part.n_threads, alpha=alpha)
            loss += float(share * own)
            if slope is not None:
                gradient = share * slope + (0.0 if gradient is None else gradient)
                dtype = slope.dtype
            # A slice divides it by its own sum of weights, so the first one gives it whole.
            alpha = 0.0
    return loss, None if gradient is None else gradient.astype(dtype)


def pool(
    compute: Callable[..., tuple[NDArray[np.float64], NDArray[np.float64]]], parts: list[Slice]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute mean and biased variance over rows.

    Parameters
    ----------
    compute : callable
        Takes ``rows`` and ``n_threads``; returns mean and biased variance of these rows.
    parts : list of Slice
        From `slices`.

    Returns
    -------
    mean, variance : ndarray of shape (n_values,)
        Of all rows.
    """
    moments = [compute(rows=part.rows, n_threads=part.n_threads) for part in parts]
    if len(moments) == 1:
        return moments[0]
    share = np.array([_weight(part, None) for part in parts])
    share /= share.sum()
    means, variances = np.array(moments).swapaxes(0, 1)
    mean = share @ means
    return mean, share @ (variances + (means - mean) ** 2)


def _weight(part: Slice, weights: NDArray[Any] | None) -> float:
    """Return the sum of weights of one of several slices."""
    assert part.span is not None
    if weights is None:
        return float(part.span.stop - part.span.start)
    return float(weights[part.rows].sum(dtype=np.float64))
