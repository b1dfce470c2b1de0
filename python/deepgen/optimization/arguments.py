"""Seeds of diagnostics."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["generator_of"]


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
