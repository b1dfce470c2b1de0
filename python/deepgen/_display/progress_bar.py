"""A line on the terminal that shows how far something is."""

from __future__ import annotations

import sys

__all__ = ["Bar", "is_watched"]


def is_watched() -> bool:
    """Return whether standard error is a terminal.

    Returns
    -------
    is_watched : bool
        False where it is closed as well.

    Examples
    --------
    >>> from deepgen._display.progress_bar import is_watched
    >>> is_watched()
    False
    """
    stream: object = sys.stderr
    return stream is not None and sys.stderr.isatty()


class Bar:
    """A progress bar on standard error; it draws nothing where that is no terminal.

    Parameters
    ----------
    name : str
        What stands before the bar.

    Examples
    --------
    >>> from deepgen._display.progress_bar import Bar
    >>> Bar("fit")("epoch", 1, 10)
    """

    WIDTH = 24

    def __init__(self, name: str) -> None:
        self._name = name
        self._shown = is_watched()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Move the bar.

        Parameters
        ----------
        what : str
            What is counted.
        done, total : int
            How many are done, and how many there are.
        """
        filled = self.WIDTH * done // max(total, 1)
        bar = "#" * filled + "-" * (self.WIDTH - filled)
        self.say(f"{self._name} [{bar}] {what} {done}/{total}")

    def erase(self) -> None:
        """Leave an empty line."""
        self.say("")

    def say(self, line: str) -> None:
        """Replace the line.

        Parameters
        ----------
        line : str
            What it says now.
        """
        if self._shown:
            # Erase the line, then write without a newline: the next takes its place.
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()
