"""Arrays: their types, for annotations, whether their rows are finite, and whose they are."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deepgen import _core

__all__ = ["AnyArray", "FloatArray", "Matrix", "n_not_finite", "owned"]

AnyArray: TypeAlias = NDArray[Any]
"""An array of any type."""

FloatArray: TypeAlias = NDArray[np.float64]
"""An array of float64."""

Matrix: TypeAlias = NDArray[Any] | _core.SparseRows
"""Samples as the engine takes them."""


def n_not_finite(values: AnyArray) -> int:
    """Return how many rows of an array of shape (n_rows, n_columns) are not finite."""
    finite = np.isfinite(values)
    return 0 if finite.all() else len(values) - int(np.count_nonzero(finite.all(axis=1)))


def owned(array: AnyArray, source: Any) -> AnyArray:
    """Return an array that nobody else writes, copied only where it is or may be somebody's."""
    return array.copy() if array is source or not array.flags.owndata else array
