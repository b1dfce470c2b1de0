"""BLAS: a limit of one thread during linear algebra of other libraries.

L-BFGS calls BLAS on a few numbers thousands of times. On a busy machine its threads then wait for
each other much longer than they work, and sums may depend on their number.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

__all__ = ["one_blas_thread"]

_lock = Lock()
_users = 0
_before_all: Any = None


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to one thread until the block ends.

    The limit belongs to the process, with some libraries to the thread, so each user sets it. If
    several threads use it, the last one restores the limits that the first one found.
    """
    from threadpoolctl import threadpool_limits

    global _users, _before_all
    with _lock:
        before = threadpool_limits(1, user_api="blas")
        if _users == 0:
            _before_all = before
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if before is not _before_all:
                before.restore_original_limits()
            if _users == 0:
                _before_all.restore_original_limits()
