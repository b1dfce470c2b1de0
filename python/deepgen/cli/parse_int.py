"""Whole numbers of the command line, as argparse's ``type``."""

from __future__ import annotations

import argparse
from typing import Final

__all__ = ["parse_int"]

MAX_INT: Final = 2**31 - 1
"""What seeds, widths and counts of epochs can be everywhere that they are handed to."""


def parse_int(text: str, least: int | None = None) -> int:
    """Read a whole number.

    Parameters
    ----------
    text : str
        What the user typed.
    least : int or None, default=None
        Smallest number that makes sense; the largest is `MAX_INT` then. None takes all numbers.

    Returns
    -------
    number : int
        Within the bounds.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is no such number.

    Examples
    --------
    >>> from deepgen.cli.parse_int import parse_int
    >>> parse_int("12", least=1)
    12
    """
    wanted = "a whole number" if least is None else f"whole numbers from {least} to {MAX_INT}"
    try:
        number = int(text)
    except ValueError:
        number = None
    if number is None or (least is not None and not least <= number <= MAX_INT):
        raise argparse.ArgumentTypeError(f"takes {wanted}, got '{text.strip()}'")
    return number
