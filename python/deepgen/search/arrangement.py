"""Arrangement: which fits run side by side, and on what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deepgen._engine.workers import Workers
from deepgen.estimators.base import SuggestsNames
from deepgen.search.fit import Fit

__all__ = ["arranged"]


def arranged(fits: list[Fit], n_threads: int) -> Iterator[tuple[Workers, list[Fit]]]:
    """Yield groups of fits with the workers that run each.

    Copies of an estimator with callbacks share them, so these take turns. On a device all fits
    train at once, on cores one per thread.

    Parameters
    ----------
    fits : list of Fit
        All fits.
    n_threads : int
        Number of threads on cores.

    Yields
    ------
    workers : Workers
        Workers for the group.
    group : list of Fit
        Fits, at least one.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPRegressor
    >>> from deepgen.search.arrangement import arranged
    >>> from deepgen.search.fit import Fit
    >>> fits = [Fit(0, MLPRegressor(), split, np.arange(3)) for split in range(5)]
    >>> [(workers.n_workers, len(group)) for workers, group in arranged(fits, n_threads=2)]
    [(2, 5)]
    """
    in_turn, on_device, on_cores = [], [], []
    for fit in fits:
        parts = [fit.estimator, *fit.estimator.get_params(deep=True).values()]
        if any(getattr(part, "_skl_callbacks", None) for part in parts):
            in_turn.append(fit)
        elif any(_is_on_device(part) for part in parts):
            on_device.append(fit)
        else:
            on_cores.append(fit)
    if in_turn:
        yield Workers(1, n_threads), in_turn
    if on_device:
        yield Workers.on_device(len(on_device)), on_device
    if on_cores:
        yield Workers.on_cores(n_threads, len(on_cores)), on_cores


def _is_on_device(part: Any) -> bool:
    """Return whether this is an estimator of this package whose networks a device trains."""
    return isinstance(part, SuggestsNames) and getattr(part, "device", None) == "cuda"
