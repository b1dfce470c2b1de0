"""Layer values: validation of weights or intercepts given by the user."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["layer_values"]


def layer_values(source: Any, target: NDArray[Any], name: str) -> NDArray[Any]:
    """Return a user's values of a layer, validated, in the shape and type of the target array.

    ``target`` is a view into the network's parameters. For a layer without intercepts it is an
    array of zeros that is no view, and only zeros are accepted. ``name`` is the name in messages.
    """
    try:
        with np.errstate(over="ignore"):
            values: NDArray[Any] = np.asarray(source).astype(target.dtype, casting="same_kind")
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be an array of numbers: {error}") from None
    if values.shape != target.shape:
        raise ValueError(f"{name} has shape {values.shape}, the network expects {target.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} contains NaN or infinity")
    if target.base is None and values.any():
        raise ValueError(f"{name} must be zero, the layer has no intercepts")
    return values
