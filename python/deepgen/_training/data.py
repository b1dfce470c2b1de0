"""Data: samples in the engine's format."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import AnyArray, Matrix

__all__ = ["Data"]


@dataclass(frozen=True)
class Data:
    """Samples in the engine's format.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features) or deepgen._core.SparseRows
        Features.
    y : ndarray of shape (n_samples, n_targets) or (n_samples,)
        Targets in scaled units, or class numbers.
    weights : ndarray of shape (n_samples,), default=None
        Sample weights.
    rows : ndarray of shape (n_rows,), default=None
        Indices of the samples in use; None means all.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen._training.data import Data
    >>> Data(np.zeros((4, 2)), np.zeros((4, 1))).n_rows
    4
    """

    X: Matrix
    y: AnyArray
    weights: AnyArray | None = None
    rows: NDArray[np.int64] | None = None

    @property
    def n_rows(self) -> int:
        """Number of samples in use."""
        return len(self.y) if self.rows is None else len(self.rows)

    def checksum(self, X: Any) -> str:
        """Return a checksum that identifies these samples.

        ``X`` are the features as an array or a CSR matrix, since the engine's sparse rows hide
        theirs.
        """
        parts = [X] if isinstance(X, np.ndarray) else [X.data, X.indices, X.indptr]
        return " ".join(
            "-" if part is None else f"{zlib.crc32(np.ascontiguousarray(part).data):08x}"
            for part in (*parts, self.y, self.weights, self.rows)
        )

    def of(self, values: AnyArray) -> AnyArray:
        """Return the values of the samples in use.

        ``values`` (n_samples, ...); returns (n_rows, ...).
        """
        return values if self.rows is None else values[self.rows]
