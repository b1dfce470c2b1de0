"""Learning rates: each method takes its own best, chosen on seeds that no measurement uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

__all__ = ["best_rate", "tuning_seeds"]

FIRST_TUNING_SEED: Final = 2**31
"""Far from any seed that somebody gives an experiment."""


def tuning_seeds(count: int) -> tuple[int, ...]:
    """Return seeds for choosing learning rates.

    Parameters
    ----------
    count : int
        How many.

    Returns
    -------
    seeds : tuple of int
        None of them is a seed that an experiment takes by default.

    Examples
    --------
    >>> from deepgen.experiments.shared.rates import tuning_seeds
    >>> tuning_seeds(2)
    (2147483648, 2147483649)
    """
    return tuple(range(FIRST_TUNING_SEED, FIRST_TUNING_SEED + count))


def best_rate(rates: Sequence[float], errors: Any) -> float:
    """Choose the learning rate of the least mean error.

    Parameters
    ----------
    rates : sequence of float of length k
        Learning rates.
    errors : array-like of shape (n_seeds, k)
        The errors that they gave; where one is not finite, that rate is out.

    Returns
    -------
    rate : float
        The best, the smaller one of two that are alike.

    Raises
    ------
    ValueError
        If every rate failed.

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
