"""``deepgen report``: one HTML page about a model and a table."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from deepgen._display.progress_bar import Bar
from deepgen._optional import load_extra
from deepgen.cli.check_out import check_out

__all__ = ["DESCRIPTION", "HELP", "NAME", "add_arguments", "run"]

NAME: Final = "report"
HELP: Final = "write an HTML page about a model and a table"
DESCRIPTION: Final = (
    "Write one self-contained HTML page: data and model, errors, learning curves, predictions, "
    "linear regions along lines between rows."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command: a model and a table.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        The parser of the command.
    """
    parser.add_argument("model", help="file that 'deepgen fit' has written")
    parser.add_argument("data", help="table with the columns of the training table")
    parser.add_argument(
        "--out", metavar="FILE", default="report.html", help="HTML file (default: report.html)"
    )


def run(options: argparse.Namespace) -> int:
    """Write the page and print its path.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command line.

    Returns
    -------
    status : int
        0.
    """
    for module in ("jinja2", "matplotlib"):
        load_extra(module, "report", "a report")
    from deepgen.cli.model_file import load_table_model
    from deepgen.report import ReportData, write_report
    from deepgen.tables import read_table

    check_out(options.out)
    model = load_table_model(options.model)
    table = read_table(options.data, model.text_columns)
    with Bar("deepgen report") as bar:
        write_report(ReportData(model, table, Path(options.data).name), options.out, bar)
    print(f"saved    {options.out}")
    return 0
