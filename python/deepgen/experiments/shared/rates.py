"""Learning rates: the choice of the best one per method, on separate seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

__all__ = ["best_rate", "tuning_seeds"]

FIRST_TUNING_SEED: Final = 2**31
"""First seed for choices, far from all seeds of measurements."""


def tuning_seeds(count: int) -> tuple[int, ...]:
    """Return seeds for choosing learning rates.

    Parameters
    ----------
    count : int
        Number of seeds.

    Returns
    -------
    seeds : tuple of int
        Seeds that no experiment uses by default.

    Examples
    --------
    >>> from deepgen.experiments.shared.rates import tuning_seeds
    >>> tuning_seeds(2)
    (2147483648, 2147483649)
    """
    return tuple(range(FIRST_TUNING_SEED, FIRST_TUNING_SEED + count))


def best_rate(rates: Sequence[float], errors: Any) -> float:
    """Return the learning rate with the least mean error.

    Parameters
    ----------
    rates : sequence of float of length k
        Learning rates.
    errors : array-like of shape (n_seeds, k)
        Errors of each rate; a rate with an error that is not finite is excluded.

    Returns
    -------
    rate : float
        The best rate, the first one in case of a tie.

    Raises
    ------
    ValueError
        If every rate is excluded.

    Examples
    --------
    >>> from deepgen.experiments.shared.rates import best_rate
    >>> best_rate([0.1, 0.2, 0.4], [[3.0, 1.0, float("nan")], [3.0, 2.0, 1.0]])
    0.2
    """
    mean = np.asarray(errors, dtype=float).mean(axis=0)
    if not np.isfinite(mean).any():
        raise ValueError(f"no learning rate of {list(rates)} gave a finite error")
    return rates[int(np.argmin(np.where(np.isfinite(mean), mean, np.inf)))]
