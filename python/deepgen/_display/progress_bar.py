"""A progress bar on the terminal: by rich where it is installed, else one line of text."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

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

    A context of it ends with a cleared line, also after an error.

    Parameters
    ----------
    name : str
        Text before the bar.

    Examples
    --------
    >>> from deepgen._display.progress_bar import Bar
    >>> with Bar("fit") as bar:
    ...     bar("epoch", 1, 10)
    """

    WIDTH = 24

    def __init__(self, name: str) -> None:
        self._name = name
        self._shown = is_watched()
        self._rich = _rich_bar(name) if self._shown and find_spec("rich") else None

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *error: object) -> None:
        self.erase()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Update the bar.

        Parameters
        ----------
        what : str
            Name of the counted parts.
        done, total : int
            Number of finished parts, and of all parts.
        """
        if self._rich is not None:
            self._rich.update(0, completed=done, total=total, what=what)
            self._rich.start()
            self._rich.refresh()
            return
        filled = self.WIDTH * done // max(total, 1)
        bar = "#" * filled + "-" * (self.WIDTH - filled)
        self.say(f"{self._name} [{bar}] {what} {done}/{total}")

    def erase(self) -> None:
        """Clear the line."""
        if self._rich is not None:
            self._rich.stop()
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


def _rich_bar(name: str) -> Any:
    """Return a bar of rich with one task; it is drawn when told to, not by a thread."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=Bar.WIDTH),
        TextColumn("{task.fields[what]} {task.completed:.0f}/{task.total:.0f}", markup=False),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    bar.add_task(name, what="")
    return bar
