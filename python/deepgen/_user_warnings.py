"""Warnings that point to the line of the user's program, at any depth of calls."""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collect_warnings", "warn"]

# scikit-learn's callbacks are between methods of this package in the call stack.
INSIDE = ("deepgen.", "sklearn.callback.")


_collected = threading.local()


@contextmanager
def collect_warnings() -> Iterator[list[tuple[str, type[Warning]]]]:
    """Collect this thread's warnings, (message, category), instead of giving them at once."""
    own: list[tuple[str, type[Warning]]] = []
    outer, _collected.warnings = getattr(_collected, "warnings", None), own
    try:
        yield own
    finally:
        _collected.warnings = outer


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn with the position of the user's call into this package."""
    if getattr(_collected, "warnings", None) is not None:
        _collected.warnings.append((message, category))
        return
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and f"{frame.f_globals.get('__name__')}.".startswith(INSIDE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
