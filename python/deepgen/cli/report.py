"""``deepgen report``: one HTML page about a model and a table."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

from deepgen._display.progress_bar import Bar
from deepgen._optional import load_extra
from deepgen.cli.check_out import check_out
from deepgen.cli.parse_seconds import parse_seconds

__all__ = ["DESCRIPTION", "HELP", "NAME", "add_arguments", "run"]

NAME: Final = "report"
HELP: Final = "write an HTML page about a model and a table"
DESCRIPTION: Final = (
    "Write one self-contained HTML page: how good the model is, which error is its largest and "
    "what would lower it, curvature and other measures, scores, course of training, predictions, "
    "calibration, margins, linear regions, columns. The first two take refits, with the model's "
    "own settings, on parts of the rows."
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
    parser.add_argument(
        "--max-time",
        type=parse_seconds,
        metavar="S",
        default=60.0,
        help="seconds for the refits; what does not fit is left out, and the page says so "
        "(default: 60)",
    )


def run(options: argparse.Namespace) -> int:
    """Write the page, print its main findings and its path.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command line.

    Returns
    -------
    status : int
        Exit code, always 0: what fails raises.
    """
    for module in ("jinja2", "matplotlib"):
        load_extra(module, "report", "a report")
    from deepgen.cli.model_file import load_table_model
    from deepgen.report import ReportData, write_report
    from deepgen.tables import read_table

    check_out(options.out, options.model, options.data)
    model = load_table_model(options.model)
    table = read_table(options.data, model.text_columns)
    name = Path(options.data).name
    with Bar("deepgen report") as bar:
        data = ReportData(model, table, name, max_time=options.max_time, progress=bar)
        write_report(data, options.out)
    for line in _summary(data):
        print(line)
    print(f"saved    {options.out}")
    return 0


def _summary(data: Any) -> list[str]:
    """Return the page's main findings as lines of text."""
    answer = data.answer
    if answer is None:
        return [f"measured {data.unanswered}"]
    models = {"this model": answer.risk, **answer.simple_models}
    lines = [f"loss     {answer.loss} of rows not seen in training"]
    lines += [f"         {name}: {loss}" for name, loss in models.items()]
    if answer.accuracy is not None:
        lines.insert(0, f"accuracy {answer.accuracy}")
    lines += [f"advice   {sentence}" for sentence in answer.advice]
    return lines + [f"note     {sentence}" for sentence in answer.notes]
