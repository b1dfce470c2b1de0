"""Layer values: weights or intercepts from elsewhere, checked before they go into a network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["layer_values"]


def layer_values(source: Any, target: NDArray[Any], name: str) -> NDArray[Any]:
    """Return new values of a layer in the type of those that they replace.

    Parameters
    ----------
    source : array-like
        Values as the user has them.
    target : ndarray
        What they replace: a view into the network's parameters, or zeros of their own for a layer
        that has no intercepts.
    name : str
        What the user calls them, for messages.

    Returns
    -------
    values : ndarray
        Of the target's shape and type.

    Raises
    ------
    ValueError
        If they are no finite numbers of that shape, or anything but zero for a layer without
        intercepts.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen._network.layer_values import layer_values
    >>> layer_values([1, 2], np.zeros(4, dtype="f")[:2], "intercepts_[0]")
    array([1., 2.], dtype=float32)
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
