"""Threads: the number that ``n_jobs`` allows, and the number that the work is worth."""

from __future__ import annotations

import os

from deepgen import _core
from deepgen._engine.workers import current_share

__all__ = ["effective_threads", "measuring_threads", "worthwhile_threads"]

# Multiply-adds per thread. Below the first, the two synchronizations of a step cost more than the
# threads save; below the second, the beginning and the end of a call do (on a busy machine the end
# waits for the scheduler).
MIN_WORK_PER_STEP = 4e5
MIN_WORK_PER_CALL = 2e7


def effective_threads(n_jobs: int | None) -> int:
    """Return the number of threads that ``n_jobs`` allows.

    None means the physical cores, -1 all logical cores, -2 all but one and so on. None and negative
    numbers respect the process's cores (cgroup limits included), OpenMP's limit and
    ``OMP_NUM_THREADS``. A task beside others has no more threads than its share.
    """
    if n_jobs == 0:
        raise ValueError("n_jobs == 0 has no meaning; give a positive number, -1 for all, or None")
    share = current_share.get()
    if share is not None:
        most = share.n_threads
        return most if n_jobs is None or n_jobs < 0 else min(int(n_jobs), most)
    if n_jobs is not None and n_jobs > 0:
        return int(n_jobs)
    limit = _core.max_threads()
    if not os.environ.get("OMP_NUM_THREADS"):
        from joblib import cpu_count

        limit = min(limit, cpu_count(only_physical_cores=n_jobs is None))
    return limit if n_jobs is None else max(1, limit + 1 + n_jobs)


def measuring_threads(n_jobs: int | None, n_rows: int) -> int:
    """Return the number of threads that ``n_jobs`` allows for a measurement of some rows.

    One chunk of the engine needs one thread; asking the system for its cores would take longer.
    """
    return 1 if n_rows <= _core.chunk_rows else effective_threads(n_jobs)


def worthwhile_threads(limit: int, step_work: float, n_steps: int = 1) -> int:
    """Return the number of threads, 1 to ``limit``, that a call of ``n_steps`` steps is worth.

    ``step_work`` are the multiply-adds of one step, or of the whole call of a measurement.
    """
    worthwhile = min(step_work / MIN_WORK_PER_STEP, step_work * n_steps / MIN_WORK_PER_CALL)
    return int(max(1, min(limit, worthwhile)))
