"""``deepgen predict``: apply a saved model to a table."""

from __future__ import annotations

import argparse
import sys
from typing import Final

from deepgen._optional import load_extra
from deepgen.cli.check_out import check_out

__all__ = ["DESCRIPTION", "HELP", "NAME", "add_arguments", "run"]

NAME: Final = "predict"
HELP: Final = "predict the rows of a CSV or Parquet file with a saved model"
DESCRIPTION: Final = (
    "Predict each row of a table, as CSV on standard output or into a file. Columns may have any "
    "order; the target and other additional columns are ignored."
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
        "--out", metavar="FILE", help="CSV or Parquet file (default: CSV on standard output)"
    )
    parser.add_argument(
        "--probabilities", action="store_true", help="add a column for each class's probability"
    )


def run(options: argparse.Namespace) -> int:
    """Predict and write one line per row.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command line.

    Returns
    -------
    status : int
        Exit code, always 0: what fails raises.
    """
    from deepgen.cli.model_file import load_table_model
    from deepgen.tables import read_table, write_table

    pandas = load_extra("pandas", "tables", "reading a table")
    if options.out:
        check_out(options.out, options.model, options.data)
    model = load_table_model(options.model)
    table = read_table(options.data, model.text_columns)
    predictions = pandas.DataFrame({model.target: model.predict(table)})
    if options.probabilities:
        predictions = predictions.join(model.probabilities(table))
    write_table(predictions, options.out or sys.stdout)
    return 0
