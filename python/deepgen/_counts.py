"""Counts: validation of an integer that the user gave."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

__all__ = ["checked_count"]


def checked_count(name: str, value: Any, least: int = 1) -> int:
    """Return an integer of a least size, or refuse what is none.

    Parameters
    ----------
    name : str
        Name in the message.
    value : object
        Value that the user gave.
    least : int, default=1
        Smallest allowed integer.

    Returns
    -------
    count : int
        The same number.

    Raises
    ------
    ValueError
        If it is something else, a bool included.

    Examples
    --------
    >>> from deepgen._counts import checked_count
    >>> checked_count("n_iter", 0, 2)
    Traceback (most recent call last):
    ValueError: n_iter must be an integer of at least 2, got 0
    """
    whole = isinstance(value, Integral) and not isinstance(value, (bool, np.bool_))
    if not whole or value < least:
        raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}")
    return int(value)
