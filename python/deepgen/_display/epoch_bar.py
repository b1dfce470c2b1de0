"""A progress bar over the epochs of all networks of a fit."""

from __future__ import annotations

import time
from threading import Lock

from deepgen._display.progress_bar import Bar

__all__ = ["EpochBar"]

# Seconds between two updates: a terminal is slow compared with small networks.
PAUSE = 0.1


class EpochBar:
    """Count epochs of all training threads, and draw them until the context ends.

    Parameters
    ----------
    name : str
        Text before the bar.
    total : int
        Number of epochs of all networks.

    Examples
    --------
    >>> from deepgen._display.epoch_bar import EpochBar
    >>> bar = EpochBar("fit", 10)
    >>> bar()
    >>> bar.n_done
    1
    """

    def __init__(self, name: str, total: int) -> None:
        self._bar = Bar(name)
        self._lock = Lock()
        self._drawn = 0.0
        self.total = total
        self.n_done = 0

    def __call__(self) -> None:
        with self._lock:
            self.n_done += 1
            now = time.perf_counter()
            if now - self._drawn >= PAUSE:
                self._drawn = now
                self._bar("epoch", min(self.n_done, self.total), self.total)

    def print(self, line: str) -> None:
        """Print a line on standard output, above the bar.

        Parameters
        ----------
        line : str
            Text without a line break.
        """
        with self._lock:
            self._bar.erase()
            print(line, flush=True)

    def __enter__(self) -> EpochBar:
        return self

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._bar.erase()
