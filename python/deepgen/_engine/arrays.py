"""Arrays: type aliases, and checks of finiteness and ownership."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deepgen import _core

__all__ = ["AnyArray", "FloatArray", "Matrix", "aligned", "n_not_finite", "owned"]

AnyArray: TypeAlias = NDArray[Any]
"""An array of any type."""

FloatArray: TypeAlias = NDArray[np.float64]
"""An array of float64."""

Matrix: TypeAlias = NDArray[Any] | _core.SparseRows
"""Samples in the engine's format."""


def aligned(array: AnyArray) -> AnyArray:
    """Return an array at an address that suits its type, copied only if it is not at one.

    Arrays from files, from shared memory and from other processes may be at any address.
    """
    return array if array.flags.aligned else array.copy()


def n_not_finite(values: AnyArray) -> int:
    """Return the number of rows of an array (n_rows, n_columns) that are not finite."""
    finite = np.isfinite(values)
    return 0 if finite.all() else len(values) - int(np.count_nonzero(finite.all(axis=1)))


def owned(array: AnyArray, source: Any) -> AnyArray:
    """Return an array that only the caller can write, copied only if it may belong to others."""
    return array.copy() if array is source or not array.flags.owndata else array
