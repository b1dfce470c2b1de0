"""Tables encoded in chunks of rows, for results that need no more than one chunk at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen.preprocessing.encoder import TableEncoder

__all__ = ["encoded_chunks"]

# Numbers per chunk: 16 MB in float32.
CHUNK = 4_000_000
# Number of rows per chunk is a multiple of this; fewer do not pay.
MULTIPLE = 480


def encoded_chunks(encoder: TableEncoder, X: Any) -> Iterator[NDArray[np.float32]]:
    """Encode a table chunk by chunk.

    Parameters
    ----------
    encoder : TableEncoder
        Fitted encoder.
    X : table or array-like of shape (n_samples, n_columns)
        Table with the columns of the training table.

    Yields
    ------
    features : ndarray of shape (n_rows, n_features_out)
        Rows of ``encoder.transform(X)``, with the same bits.

    Notes
    -----
    Errors are those of ``transform``; that of a value comes when its chunk is reached.

    Examples
    --------
    >>> from deepgen.preprocessing import TableEncoder
    >>> from deepgen.preprocessing.chunks import encoded_chunks
    >>> X = [[1.0, "Ulm"], [2.0, "Bonn"]]
    >>> [chunk.shape for chunk in encoded_chunks(TableEncoder().fit(X), X)]
    [(2, 2)]
    """
    frame, places = encoder._read(X)
    n_rows = max(CHUNK // len(encoder.feature_kinds_) // MULTIPLE, 1) * MULTIPLE
    if frame.n_rows <= n_rows:
        yield encoder._write(frame, places)
        return
    for start in range(0, frame.n_rows, n_rows):
        yield encoder._write(frame, places, slice(start, min(start + n_rows, frame.n_rows)))
