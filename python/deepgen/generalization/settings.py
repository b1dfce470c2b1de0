"""Settings of measurements: validation of numbers that the user gave."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np

__all__ = ["checked_count", "checked_size", "generator"]


def checked_count(name: str, value: Any) -> int:
    """Return an integer of at least 1; refuse anything else by name."""
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < 1:
        raise ValueError(f"{name} must be an integer of at least 1, got {value!r}")
    return int(value)


def checked_size(name: str, value: Any) -> float:
    """Return a finite number above 0; refuse anything else by name."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < np.inf:
        raise ValueError(f"{name} must be a finite number above 0, got {value!r}")
    return float(value)


def generator(random_state: Any) -> np.random.Generator:
    """Return the generator of a seed; refuse what is no integer >= 0."""
    if isinstance(random_state, bool) or not isinstance(random_state, Integral) or random_state < 0:
        raise ValueError(f"random_state must be an integer of at least 0, got {random_state!r}")
    return np.random.default_rng(int(random_state))
