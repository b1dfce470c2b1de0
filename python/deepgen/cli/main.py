"""Entry point of the command line: parse arguments, run a command, report errors in one line.

A command is a module of this room with ``NAME``, ``HELP``, ``DESCRIPTION``,
``add_arguments(parser)`` and ``run(options) -> int``; `COMMANDS` lists them in the order of the
help page.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

from deepgen._optional import MissingExtra

__all__ = ["COMMANDS", "main"]

COMMANDS: Final = ("fit", "predict", "report", "export", "demo", "experiment", "info")
"""Modules of this room that implement commands."""


class _Parser(argparse.ArgumentParser):
    """A parser that reports bad input in one line, with exit code 2; so do its subparsers."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line of deepgen.

    Parameters
    ----------
    arguments : sequence of str or None, default=None
        Arguments after ``deepgen``; None means those of the process.

    Returns
    -------
    status : int
        0 for success, 2 for input that cannot be used or does not fit into memory (reported in one
        line on standard error), 130 if the user pressed Ctrl-C.

    Examples
    --------
    >>> from deepgen.cli import main
    >>> main(["info"])  # doctest: +ELLIPSIS
    deepgen ...
    0
    """
    parser = _Parser(
        prog="deepgen",
        description="Dense neural networks: a C++ engine behind the scikit-learn interface.",
    )
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        command = importlib.import_module(f"deepgen.cli.{name}")
        subparser = subparsers.add_parser(
            command.NAME, help=command.HELP, description=command.DESCRIPTION
        )
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    options = parser.parse_args(arguments)
    if _is_closed(sys.stdout) and not vars(options).get("out"):
        may_say = "; give --out" if "out" in vars(options) else ""
        return _refuse(options, f"standard output is closed{may_say}")
    try:
        status: int = options.run(options)
        if not _is_closed(sys.stdout):
            sys.stdout.flush()
        return status
    except (ValueError, MissingExtra) as error:
        return _refuse(options, str(error))
    except MemoryError as error:
        return _refuse(options, f"not enough memory: {error}")
    except BrokenPipeError:
        # The reader has closed the pipe (`deepgen info | head -1`).
        _drop_output()
        return 0
    except OSError as error:
        where = error.filename or "standard output"
        return _refuse(options, f"cannot use {where}: {error.strerror or error}")
    except KeyboardInterrupt:
        return 130


def _is_closed(stream: object) -> bool:
    """Return whether a standard stream was closed before Python started, as by ``>&-``."""
    return stream is None


def _refuse(options: argparse.Namespace, reason: str) -> int:
    """Report the reason of a failure in one line on standard error; return the exit code."""
    line = f"deepgen {options.command}: error: {' '.join(reason.split())}"
    if not _is_closed(sys.stderr):  # print would take standard output
        print(line, file=sys.stderr)
    try:
        if not _is_closed(sys.stdout):
            sys.stdout.flush()
    except OSError:
        _drop_output()
    return 2


def _drop_output() -> None:
    """Discard output that is not yet written, about which the flush at exit would complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
