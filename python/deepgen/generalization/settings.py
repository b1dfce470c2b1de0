"""Settings of measurements: validation of numbers that the user gave."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np

__all__ = ["checked_size", "generator"]


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
