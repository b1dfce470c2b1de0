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
    """Return how many threads ``n_jobs`` allows.

    None stands for the physical cores, -1 for all logical ones, -2 for all but one and so on. None
    and negative numbers stay within the process's cores (cgroup limits included), OpenMP's limit
    and ``OMP_NUM_THREADS``.
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
    """Return how many threads ``n_jobs`` allows a measurement of some rows.

    One chunk of the engine needs one thread, and asking the system for its cores would take longer.
    """
    return 1 if n_rows <= _core.chunk_rows else effective_threads(n_jobs)


def worthwhile_threads(limit: int, step_work: float, n_steps: int = 1) -> int:
    """Return how many threads, 1 to ``limit``, a call of ``n_steps`` steps pays for.

    ``step_work`` are the multiply-adds of one step, or of the whole call where it only measures.
    """
    worthwhile = min(step_work / MIN_WORK_PER_STEP, step_work * n_steps / MIN_WORK_PER_CALL)
    return int(max(1, min(limit, worthwhile)))
