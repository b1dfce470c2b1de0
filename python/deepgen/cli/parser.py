"""The parser of the command line."""

from __future__ import annotations

import argparse
from typing import NoReturn

__all__ = ["Parser"]


class Parser(argparse.ArgumentParser):
    """A parser that refuses bad input in one line.

    Examples
    --------
    >>> from deepgen.cli.parser import Parser
    >>> parser = Parser(prog="deepgen")
    >>> parser.parse_args([])
    Namespace()
    """

    def error(self, message: str) -> NoReturn:
        """Write one line to standard error and leave with exit code 2.

        Parameters
        ----------
        message : str
            What was wrong with the arguments.
        """
        self.exit(2, f"{self.prog}: error: {message}\n")
