"""Whole numbers of the command line, as argparse's ``type``."""

from __future__ import annotations

import argparse
from typing import Final

__all__ = ["parse_int"]

MAX_INT: Final = 2**31 - 1
"""Largest seed, width and number of epochs that all libraries accept."""


def parse_int(text: str, least: int | None = None) -> int:
    """Parse an integer.

    Parameters
    ----------
    text : str
        Text that the user typed.
    least : int or None, default=None
        Smallest allowed number; the largest is then `MAX_INT`. None allows all numbers.

    Returns
    -------
    number : int
        Number within the bounds.

    Raises
    ------
    argparse.ArgumentTypeError
        If the text is no such number.

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
