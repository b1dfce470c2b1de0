"""Box: lower and upper ends for each input, checked."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["checked_box"]


def checked_box(box: Any, n_inputs: int) -> NDArray[np.float64]:
    """Return a box as an array.

    Parameters
    ----------
    box : array-like of shape (n_inputs, 2)
        Lower and upper end of each input.
    n_inputs : int
        Inputs of the model.

    Returns
    -------
    box : ndarray of shape (n_inputs, 2)
        In float64.

    Raises
    ------
    ValueError
        If it has another shape, an end is not finite, or it has no volume.
    """
    sides = np.asarray(box, dtype=np.float64)
    if sides.shape != (n_inputs, 2):
        raise ValueError(
            f"box must hold (lower, upper) for each of {n_inputs} inputs, got shape {sides.shape}"
        )
    if not np.isfinite(sides).all():
        raise ValueError(f"box contains NaN or infinity: {sides.tolist()}")
    if not (sides[:, 0] < sides[:, 1]).all():
        raise ValueError(f"box has no volume: {sides.tolist()}; each input needs lower < upper")
    return sides
