"""Data: samples as the engine takes them."""

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
    """Samples as the engine takes them.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features) or deepgen._core.SparseRows
        Features.
    y : ndarray of shape (n_samples, n_targets) or (n_samples,)
        Targets in scaled units, or class numbers.
    weights : ndarray of shape (n_samples,), default=None
        Sample weights.
    rows : ndarray of shape (n_rows,), default=None
        Which samples belong; None takes all.

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
        """How many samples belong."""
        return len(self.y) if self.rows is None else len(self.rows)

    def checksum(self, X: Any) -> str:
        """Return what tells these samples from others, in a few letters.

        ``X`` are the features as an array or a CSR matrix, since sparse rows show no arrays.
        """
        parts = [X] if isinstance(X, np.ndarray) else [X.data, X.indices, X.indptr]
        return " ".join(
            "-" if part is None else f"{zlib.crc32(np.ascontiguousarray(part).data):08x}"
            for part in (*parts, self.y, self.weights, self.rows)
        )

    def of(self, values: AnyArray) -> AnyArray:
        """Return what belongs to these samples.

        ``values`` (n_samples, ...); returns (n_rows, ...).
        """
        return values if self.rows is None else values[self.rows]
