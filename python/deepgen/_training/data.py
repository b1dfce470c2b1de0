"""Data: samples as the engine takes them."""

from __future__ import annotations

from dataclasses import dataclass

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

    def of(self, values: AnyArray) -> AnyArray:
        """Return what belongs to these samples.

        ``values`` (n_samples, ...); returns (n_rows, ...).
        """
        return values if self.rows is None else values[self.rows]
