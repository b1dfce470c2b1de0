"""``deepgen demo``: training on bundled real data."""

from __future__ import annotations

import argparse
from typing import Final

from deepgen._display.progress_bar import Bar

__all__ = ["DESCRIPTION", "HELP", "NAME", "add_arguments", "run"]

NAME: Final = "demo"
HELP: Final = "train on bundled real data beside scikit-learn's MLP"
DESCRIPTION: Final = (
    "Train a regressor and a classifier on bundled real data, beside scikit-learn's MLP with the "
    "same settings. Takes less than a minute, needs no network."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command: none.

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
        Exit code, always 0: what fails raises.
    """
    from deepgen.cli.demo_report import format_report, run_demo

    with Bar("demo") as bar:
        for report in run_demo(bar.say):
            bar.erase()
            print(format_report(report), flush=True)
    return 0
