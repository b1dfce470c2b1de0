"""A progress bar: on a terminal by rich where it is installed, else, and in notebooks, one line."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

__all__ = ["Bar", "in_notebook", "is_watched"]


def is_watched() -> bool:
    """Return whether standard error is a terminal, or is shown below the cell of a notebook.

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
    return stream is not None and (sys.stderr.isatty() or in_notebook())


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook.

    Returns
    -------
    in_notebook : bool
        Without importing IPython: a kernel has done so.
    """
    ipython: Any = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return type(shell).__name__ == "ZMQInteractiveShell"


class Bar:
    """A progress bar on standard error; it draws nothing if nobody sees that.

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
        self._in_notebook = in_notebook()
        self._length = 0
        has_rich = self._shown and not self._in_notebook and find_spec("rich")
        self._rich = _rich_bar(name) if has_rich else None

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
        if not self._shown:
            return
        # Clear the line, then write without a newline: the next text replaces this one. A notebook
        # knows the return to the start of the line, but not the code that clears it.
        clear = " " * self._length + "\r" if self._in_notebook else "\x1b[K"
        self._length = len(line)
        sys.stderr.write(f"\r{clear}{line}")
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
