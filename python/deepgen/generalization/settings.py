"""Settings of measurements: validation of numbers that the user gave."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deepgen._engine.arrays import FloatArray

__all__ = ["checked_percentile", "checked_size", "checked_sizes", "generator"]


def checked_size(name: str, value: Any) -> float:
    """Return a finite number above 0.

    Parameters
    ----------
    name : str
        Name in the message.
    value : object
        Value that the user gave.

    Returns
    -------
    size : float
        The same.

    Raises
    ------
    ValueError
        If it is something else.

    Examples
    --------
    >>> from deepgen.generalization.settings import checked_size
    >>> checked_size("rho", 1)
    1.0
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < np.inf:
        raise ValueError(f"{name} must be a finite number above 0, got {value!r}")
    return float(value)


def checked_sizes(name: str, values: ArrayLike) -> FloatArray:
    """Return finite numbers above 0, each once and ascending.

    Parameters
    ----------
    name : str
        Name in the message.
    values : array-like
        Values that the user gave.

    Returns
    -------
    sizes : ndarray of shape (n_sizes,)
        The same, one at least.

    Raises
    ------
    ValueError
        If they are something else.

    Examples
    --------
    >>> from deepgen.generalization.settings import checked_sizes
    >>> checked_sizes("sigmas", [2, 1, 2]).tolist()
    [1.0, 2.0]
    """
    try:
        sizes = np.unique(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError):
        sizes = np.empty(0)
    if not sizes.size or not (np.isfinite(sizes) & (sizes > 0)).all():
        raise ValueError(f"{name} must be a list of finite numbers > 0, got {values!r}")
    return sizes


def checked_percentile(value: Any) -> float:
    """Return a percentile below the largest one.

    Parameters
    ----------
    value : object
        Value that the user gave.

    Returns
    -------
    percentile : float
        In [0, 100).

    Raises
    ------
    ValueError
        If it is something else.

    Examples
    --------
    >>> from deepgen.generalization.settings import checked_percentile
    >>> checked_percentile(5)
    5.0
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) < 100:
        raise ValueError(f"percentile must be in [0, 100), got {value!r}")
    return float(value)


def generator(random_state: Any) -> np.random.Generator:
    """Return the generator of a seed.

    Parameters
    ----------
    random_state : int
        Seed, at least 0.

    Returns
    -------
    random : numpy.random.Generator
        Generator.

    Raises
    ------
    ValueError
        If the seed is something else.

    Examples
    --------
    >>> from deepgen.generalization.settings import generator
    >>> generator(0).integers(10, size=3).tolist()
    [8, 6, 5]
    """
    if isinstance(random_state, bool) or not isinstance(random_state, Integral) or random_state < 0:
        raise ValueError(f"random_state must be an integer of at least 0, got {random_state!r}")
    return np.random.default_rng(int(random_state))
