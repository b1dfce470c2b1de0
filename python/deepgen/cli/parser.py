"""The parser of the command line."""

from __future__ import annotations

import argparse
from typing import NoReturn

__all__ = ["make_parser"]


class _Parser(argparse.ArgumentParser):
    """A parser that refuses bad input in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message}\n")


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the words after ``deepgen``; commands are yet to be added.

    Returns
    -------
    parser : argparse.ArgumentParser
        Refuses bad input in one line, with exit code 2; so do its subparsers.
    """
    return _Parser(
        prog="deepgen",
        description="Dense neural networks: a C++ engine behind the scikit-learn interface.",
    )
