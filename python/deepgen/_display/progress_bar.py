"""A progress bar on the terminal."""

from __future__ import annotations

import sys

__all__ = ["Bar", "is_watched"]


def is_watched() -> bool:
    """Return whether standard error is a terminal.

    Returns
    -------
    is_watched : bool
        False also if standard error is closed.

    Examples
    --------
    >>> from deepgen._display.progress_bar import is_watched
    >>> is_watched()
    False
    """
    stream: object = sys.stderr
    return stream is not None and sys.stderr.isatty()


class Bar:
    """A progress bar on standard error; it draws nothing if that is no terminal.

    Parameters
    ----------
    name : str
        Text before the bar.

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
        """Update the bar.

        Parameters
        ----------
        what : str
            Name of the counted parts.
        done, total : int
            Number of finished parts, and of all parts.
        """
        filled = self.WIDTH * done // max(total, 1)
        bar = "#" * filled + "-" * (self.WIDTH - filled)
        self.say(f"{self._name} [{bar}] {what} {done}/{total}")

    def erase(self) -> None:
        """Clear the line."""
        self.say("")

    def say(self, line: str) -> None:
        """Replace the text of the line.

        Parameters
        ----------
        line : str
            New text.
        """
        if self._shown:
            # Clear the line, then write without a newline: the next text replaces this one.
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()
