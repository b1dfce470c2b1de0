"""Types of arrays, for annotations."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deepgen import _core

__all__ = ["AnyArray", "FloatArray", "Matrix"]

AnyArray: TypeAlias = NDArray[Any]
"""An array of any type."""

FloatArray: TypeAlias = NDArray[np.float64]
"""An array of float64."""

Matrix: TypeAlias = NDArray[Any] | _core.SparseRows
"""Samples as the engine takes them."""
