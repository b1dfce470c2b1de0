"""BLAS: a limit of one thread during linear algebra of other libraries.

L-BFGS calls BLAS on a few numbers thousands of times. On a busy machine its threads then wait for
each other much longer than they work, and sums depend on their number, so it must be one in every
thread of the program.
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
    from threadpoolctl import ThreadpoolController

    global _users, _before_all
    with _lock:
        libraries = ThreadpoolController().select(user_api="blas")
        _let_any_thread_set_limits(libraries)
        before = libraries.limit(limits=1)
        if _users == 0:
            _before_all = before
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            _let_any_thread_set_limits(libraries)
            if before is not _before_all:
                before.restore_original_limits()
            if _users == 0:
                _before_all.restore_original_limits()
            _let_any_thread_set_limits(libraries)


def _let_any_thread_set_limits(libraries: Any) -> None:
    """Withdraw the control of OpenBLAS from the thread that has it.

    Since threadpoolctl 3.8 the first thread that sets a limit controls OpenBLAS until it leaves a
    ``with`` block, and limits of other threads are silently ignored.
    """
    for library in libraries.lib_controllers:
        if hasattr(library, "clear_controlling_thread"):
            library.clear_controlling_thread(force=True)
