"""Box: validated lower and upper bounds of the inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["checked_box"]


def checked_box(box: Any, n_inputs: int) -> NDArray[np.float64]:
    """Validate a box and return it as an array.

    Parameters
    ----------
    box : array-like of shape (n_inputs, 2)
        Lower and upper bound of each input.
    n_inputs : int
        Number of inputs of the model.

    Returns
    -------
    box : ndarray of shape (n_inputs, 2)
        In float64.

    Raises
    ------
    ValueError
        If the shape is wrong, a bound is not finite, or the box has no volume.
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
