"""Threads: how many of them ``n_jobs`` stands for."""

from __future__ import annotations

import os

from deepgen import _core

__all__ = ["effective_threads"]


def effective_threads(n_jobs: int | None) -> int:
    """Return the largest number of threads that a call may use.

    Parameters
    ----------
    n_jobs : int or None
        None takes the physical cores, -1 all logical ones, -2 all but one and so on.

    Returns
    -------
    n_threads : int
        At least 1; None and negative numbers stay within the process's cores (cgroup limits
        included), OpenMP's limit and ``OMP_NUM_THREADS``.

    Raises
    ------
    ValueError
        If ``n_jobs`` is 0.
    """
    if n_jobs == 0:
        raise ValueError("n_jobs == 0 has no meaning; give a positive number, -1 for all, or None")
    if n_jobs is not None and n_jobs > 0:
        return int(n_jobs)
    limit = _core.max_threads()
    if not os.environ.get("OMP_NUM_THREADS"):
        from joblib import cpu_count

        limit = min(limit, cpu_count(only_physical_cores=n_jobs is None))
    return limit if n_jobs is None else max(1, limit + 1 + n_jobs)
