"""Threads: how many of them ``n_jobs`` stands for, and how many are worth while."""

from __future__ import annotations

import os

from deepgen import _core

__all__ = ["effective_threads", "measuring_threads", "worthwhile_threads"]

# Multiply-adds for each thread below which meeting twice a step costs more than sharing it saves,
# and below which beginning and ending a call does (on a busy machine its end waits for the
# scheduler).
MIN_WORK_PER_STEP = 4e5
MIN_WORK_PER_CALL = 2e7


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


def measuring_threads(n_jobs: int | None, n_rows: int) -> int:
    """Return the largest number of threads that a measuring call may use.

    Parameters
    ----------
    n_jobs : int or None
        As `effective_threads` takes it.
    n_rows : int
        Rows to measure; one chunk of the engine needs one thread, and asking the system for its
        cores would take longer than the call.

    Returns
    -------
    n_threads : int
        At least 1.

    Examples
    --------
    >>> from deepgen._engine.threads import measuring_threads
    >>> measuring_threads(None, n_rows=1)
    1
    """
    return 1 if n_rows <= _core.chunk_rows else effective_threads(n_jobs)


def worthwhile_threads(limit: int, step_work: float, n_steps: int = 1) -> int:
    """Return how many threads a call of the engine should use.

    Parameters
    ----------
    limit : int
        Largest number of threads, >= 1.
    step_work : float
        Multiply-adds of one step.
    n_steps : int, default=1
        Steps of the call; 1 where it only measures.

    Returns
    -------
    n_threads : int
        Between 1 and ``limit``; the number leaves the results alone.

    Examples
    --------
    >>> from deepgen._engine.threads import worthwhile_threads
    >>> worthwhile_threads(8, step_work=5e5, n_steps=100)
    1
    >>> worthwhile_threads(8, step_work=1e8, n_steps=100)
    8
    """
    worthwhile = min(step_work / MIN_WORK_PER_STEP, step_work * n_steps / MIN_WORK_PER_CALL)
    return int(max(1, min(limit, worthwhile)))
