"""Durations of the command line, as argparse's ``type``."""

from __future__ import annotations

import argparse

__all__ = ["parse_seconds"]


def parse_seconds(text: str) -> float:
    """Parse a number of seconds.

    Parameters
    ----------
    text : str
        Text that the user typed.

    Returns
    -------
    seconds : float
        Finite, > 0.

    Raises
    ------
    argparse.ArgumentTypeError
        If the text is no such number.

    Examples
    --------
    >>> from deepgen.cli.parse_seconds import parse_seconds
    >>> parse_seconds("2.5")
    2.5
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"takes a number of seconds above 0, got '{text.strip()}'")
    return seconds
