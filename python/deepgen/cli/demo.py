"""``deepgen demo``: the main job on bundled real data."""

from __future__ import annotations

import argparse
import sys
from typing import Final

__all__ = ["DESCRIPTION", "HELP", "NAME", "add_arguments", "run"]

NAME: Final = "demo"
HELP: Final = "train on bundled real data beside scikit-learn's MLP"
DESCRIPTION: Final = (
    "Train a regressor and a classifier on bundled real data, beside scikit-learn's MLP with the "
    "same settings. Takes less than a minute, needs no network."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes: nothing.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        The parser of the command.
    """


def run(options: argparse.Namespace) -> int:
    """Train the models of the demo and print a table for each data set.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command line.

    Returns
    -------
    status : int
        0.
    """
    from deepgen.demo import format_report, run_demo

    terminal = sys.stderr.isatty()
    for report in run_demo(_show_progress if terminal else None):
        if terminal:
            _show_progress("")
        print(format_report(report), flush=True)
    return 0


def _show_progress(message: str) -> None:
    # Erase the line, then write without a newline: the next message takes its place.
    sys.stderr.write(f"\r\x1b[K{message}")
    sys.stderr.flush()
