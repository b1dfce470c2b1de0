"""Arguments that several diagnostics take: counts and seeds."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

__all__ = ["check_count", "generator_of"]


def check_count(name: str, value: Any, least: int) -> None:
    """Refuse what is no integer of a least size.

    Parameters
    ----------
    name : str
        Name in the message.
    value : object
        Value that the user gave.
    least : int
        Smallest allowed integer.

    Raises
    ------
    ValueError
        If it is something else.

    Examples
    --------
    >>> from deepgen.optimization.arguments import check_count
    >>> check_count("n_iter", 0, 2)
    Traceback (most recent call last):
    ValueError: n_iter must be an integer of at least 2, got 0
    """
    whole = isinstance(value, Integral) and not isinstance(value, (bool, np.bool_))
    if not whole or value < least:
        raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}")


def generator_of(random_state: Any) -> np.random.Generator:
    """Return NumPy's generator for a ``random_state``.

    Parameters
    ----------
    random_state : int, RandomState instance or None
        Seed as in scikit-learn.

    Returns
    -------
    draw : numpy.random.Generator
        Generator.

    Examples
    --------
    >>> from deepgen.optimization.arguments import generator_of
    >>> bool(generator_of(0).normal() == generator_of(0).normal())
    True
    """
    from sklearn.utils import check_random_state

    state = check_random_state(random_state)
    return np.random.default_rng(state.randint(np.iinfo(np.int64).max, dtype=np.int64))
