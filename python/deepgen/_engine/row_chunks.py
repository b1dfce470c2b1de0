"""Row chunks: measurements of many rows in pieces, so that Ctrl-C takes effect between them.

A call of the engine cannot be interrupted, so measurements of many rows are split into calls of a
fraction of a second. The split depends on the shapes only, so the same call gives the same bits for
every number of threads; with a single chunk nothing has to be combined.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepgen import _core
from deepgen._engine.threads import worthwhile_threads

__all__ = [
    "RowChunk",
    "pooled_moments",
    "row_chunks",
    "row_spans",
    "stacked_rows",
    "weighted_mean_over_chunks",
]

# Multiply-adds per call: about a tenth of a second on one thread with AVX-512, half a second with
# plain vectors. Each call packs the weights anew, which does not pay for fewer rows.
CHUNK_WORK = 4e9
MIN_ROWS = 256
# Work per row besides the products.
ROW_WORK = 100


class RowChunk(NamedTuple):
    """Some rows of a measurement.

    ``chosen`` (n_rows,) are all samples of the measurement, ``span`` the range of them in this
    chunk; None means all. ``n_threads`` is the number of threads that the chunk is worth.
    """

    chosen: NDArray[np.int64] | None
    span: slice | None
    n_threads: int

    @property
    def rows(self) -> NDArray[np.int64] | None:
        """Indices of the samples of this chunk; None for all."""
        if self.span is None:
            return self.chosen
        if self.chosen is not None:
            return self.chosen[self.span]
        return np.arange(self.span.start, self.span.stop, dtype=np.int64)


def row_spans(n_rows: int, row_work: float, block: int = 1) -> list[slice]:
    """Divide rows into spans of about `CHUNK_WORK` multiply-adds, multiples of a block's length."""
    each = max(MIN_ROWS, int(CHUNK_WORK / max(row_work, 1.0)))
    each = max(block, each - each % block)
    return [slice(begin, min(begin + each, n_rows)) for begin in range(0, n_rows, each)]


def row_chunks(
    core: _core.Network,
    X: NDArray[Any] | _core.SparseRows,
    rows: NDArray[np.int64] | None,
    limit: int,
    passes: int = 1,
) -> list[RowChunk]:
    """Divide a measurement of ``rows`` of X (None: all) into chunks, or one if it is short enough.

    ``limit`` is the largest number of threads, ``passes`` the work per row in forward passes.
    """
    n_samples = X.shape[0] if isinstance(X, np.ndarray) else X.n_rows
    n_rows = n_samples if rows is None else len(rows)
    if limit == 1 and n_rows <= MIN_ROWS:
        return [RowChunk(rows, None, 1)]
    row_work = float(passes * (core.n_trainable + ROW_WORK))
    if isinstance(X, _core.SparseRows):
        # For sparse rows the first layer's work is proportional to the stored entries.
        first = passes * core.spec.layers[0].width
        row_work += first * (X.n_stored / max(n_samples, 1) - X.n_columns)
    spans = row_spans(n_rows, row_work)
    if len(spans) <= 1:
        return [RowChunk(rows, None, worthwhile_threads(limit, n_rows * row_work))]
    n_threads = worthwhile_threads(limit, spans[0].stop * row_work)
    return [RowChunk(rows, span, n_threads) for span in spans]


def stacked_rows(compute: Callable[..., NDArray[Any]], chunks: list[RowChunk]) -> NDArray[Any]:
    """Compute an array with one entry per row, (n_rows, ...), as a single call would."""
    values = [compute(rows=chunk.rows, n_threads=chunk.n_threads) for chunk in chunks]
    return values[0] if len(values) == 1 else np.concatenate(values)


def weighted_mean_over_chunks(
    compute: Callable[..., tuple[float, Any]],
    chunks: list[RowChunk],
    weights: NDArray[Any] | None,
    alpha: float,
) -> tuple[float, Any]:
    """Compute the mean of a loss over rows, and the mean of its gradient unless it is None.

    ``compute`` takes ``rows``, ``n_threads`` and ``alpha``, the factor of L2, which is divided by
    the rows' sum of weights; ``weights`` (n_samples,) are the weights of all samples. The gradient
    keeps its type.
    """
    if len(chunks) == 1:
        return compute(rows=chunks[0].rows, n_threads=chunks[0].n_threads, alpha=alpha)
    sums = np.array([_weight(chunk, weights) for chunk in chunks])
    loss, gradient = 0.0, None
    for chunk, share in zip(chunks, sums / sums.sum(), strict=True):
        if share > 0:
            chunk_loss, chunk_gradient = compute(
                rows=chunk.rows, n_threads=chunk.n_threads, alpha=alpha
            )
            loss += float(share * chunk_loss)
            if chunk_gradient is not None:
                gradient = share * chunk_gradient + (0.0 if gradient is None else gradient)
                dtype = chunk_gradient.dtype
            # Each chunk divides L2 by its own sum of weights, so the first chunk contributes all of
            # it.
            alpha = 0.0
    return loss, None if gradient is None else gradient.astype(dtype)


def pooled_moments(
    compute: Callable[..., tuple[NDArray[np.float64], NDArray[np.float64]]], chunks: list[RowChunk]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute mean and biased variance over rows, (n_values,) each, from those of the chunks."""
    moments = [compute(rows=chunk.rows, n_threads=chunk.n_threads) for chunk in chunks]
    if len(moments) == 1:
        return moments[0]
    share = np.array([_weight(chunk, None) for chunk in chunks])
    share /= share.sum()
    means, variances = np.array(moments).swapaxes(0, 1)
    mean = share @ means
    return mean, share @ (variances + (means - mean) ** 2)


def _weight(chunk: RowChunk, weights: NDArray[Any] | None) -> float:
    """Return the sum of weights of one of several chunks."""
    assert chunk.span is not None
    if weights is None:
        return float(chunk.span.stop - chunk.span.start)
    return float(weights[chunk.rows].sum(dtype=np.float64))
