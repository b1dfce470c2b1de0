"""Arrays: their types, for annotations, and whether their rows are finite."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deepgen import _core

__all__ = ["AnyArray", "FloatArray", "Matrix", "n_not_finite"]

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
