"""``deepgen fit``: fit an estimator to a table and save it."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from functools import partial
from glob import has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deepgen.cli.check_out import check_out
from deepgen.cli.parse_int import parse_int
from deepgen.cli.parse_seconds import parse_seconds

if TYPE_CHECKING:
    from deepgen.tables import TableModel

__all__ = ["DESCRIPTION", "HELP", "NAME", "add_arguments", "run"]

NAME: Final = "fit"
HELP: Final = "fit a model to a CSV or Parquet file and save it"
DESCRIPTION: Final = (
    "Fit networks to a table, with settings that depend on the preset and the number of rows. Each "
    "network holds out a fifth of the rows, or those of --validation, to choose its best epoch and "
    "for its score. Numbers "
    "are scaled, and the median replaces missing ones; text becomes one feature per category, "
    "dates become days, month, weekday and hour; an additional feature marks missing values. "
    "Columns that are empty or constant are left out; free text is refused. The model file "
    "contains all of this."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command: a table and options of training.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        The parser of the command.
    """
    parser.add_argument(
        "data",
        help="table with a line of column names (.csv, .csv.gz, .parquet); with --validation a "
        "Parquet file, a folder or a quoted pattern of such files, which may be larger than memory",
    )
    parser.add_argument("--target", metavar="COL", required=True, help="column to predict")
    parser.add_argument(
        "--task",
        default="auto",
        metavar="TASK",
        help="auto, regression or classification; auto takes text, truth values and up to 20 "
        "different whole numbers for classes (default: auto)",
    )
    parser.add_argument(
        "--out", metavar="FILE", default="model.dgn", help="model file (default: model.dgn)"
    )
    parser.add_argument(
        "--validation",
        metavar="FILE",
        help="table of rows to hold out, in place of a fifth of DATA; it has DATA's columns, and "
        "DATA is then read in parts",
    )
    positive, natural = partial(parse_int, least=1), partial(parse_int, least=0)
    parser.add_argument(
        "--preset",
        default="balanced",
        metavar="NAME",
        help="fast, balanced or best: better ones take longer (default: balanced)",
    )
    parser.add_argument(
        "--max-time",
        type=parse_seconds,
        metavar="S",
        help="limit of the training time in seconds; the schedule is planned to fit, and up to "
        "five networks are trained while time is left",
    )
    parser.add_argument(
        "--members",
        type=positive,
        metavar="N",
        help="number of networks whose predictions are averaged; time and file size grow with it "
        "(default: the preset's; three for balanced if a class is rare)",
    )
    parser.add_argument(
        "--hidden", type=_widths, metavar="N,N", help="hidden units (default: the preset's)"
    )
    parser.add_argument(
        "--epochs",
        type=positive,
        metavar="N",
        help="largest number of epochs (default: the preset's)",
    )
    parser.add_argument(
        "--scoring",
        metavar="NAME",
        help="score of the held-out rows: a scikit-learn scorer such as roc_auc or "
        "neg_mean_absolute_error, or loss (default: r2 for numbers, loss for classes)",
    )
    parser.add_argument(
        "--patience",
        type=positive,
        metavar="N",
        help="epochs without a better score after which training stops (default: none, the "
        "schedule ends)",
    )
    parser.add_argument(
        "--drop",
        action="append",
        metavar="COL",
        default=[],
        help="column that is not used, such as names and identifiers; may be given again",
    )
    parser.add_argument(
        "--seed", type=natural, metavar="N", default=0, help="random seed (default: 0)"
    )


def run(options: argparse.Namespace) -> int:
    """Train on a table, save the model and print a summary.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command line.

    Returns
    -------
    status : int
        Exit code, always 0: what fails raises.

    Raises
    ------
    ValueError
        If several files come without validation rows.
    """
    from deepgen._parquet.files import find_files
    from deepgen.tables import read_table
    from deepgen.tables.fit import fit_table
    from deepgen.tables.fit_files import fit_files

    # Outputs that cannot be written are found before training.
    fit: Callable[..., TableModel]
    if options.validation is None:
        check_out(options.out, options.data)
        if Path(options.data).is_dir() or (
            has_magic(options.data) and not Path(options.data).exists()
        ):
            raise ValueError(
                f"{options.data} stands for several files, of which no rows can be held out; give "
                "--validation FILE"
            )
        table = read_table(options.data)
        fit = partial(fit_table, table)
    else:
        check_out(options.out, options.validation, *find_files(options.data).names)
        table = read_table(options.validation)
        fit = partial(fit_files, options.data, table)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = fit(
            options.target,
            task=options.task,
            preset=options.preset,
            max_time=options.max_time,
            hidden_layer_sizes=options.hidden,
            max_iter=options.epochs,
            scoring=options.scoring,
            n_members=options.members,
            patience=options.patience,
            seed=options.seed,
            drop=options.drop,
        )
    model.save(options.out)
    print(_summary(options.data, table, model))
    # Ctrl-C and divergence leave a usable model, which the user should know of; once is enough.
    for note in dict.fromkeys(" ".join(str(warning.message).split()) for warning in caught):
        print(f"note     {note}")
    print(f"saved    {options.out}")
    return 0


def _summary(path: str, table: Any, model: TableModel) -> str:
    metadata, encoder = model.metadata, model.encoder
    rows, score = metadata["rows"], metadata["score"]
    dropped = encoder.dropped_columns_
    without, trained_on = rows["without target"], f"{rows['training']:,}"
    n_rows = len(table)
    if "drawn" in rows:
        n_rows += rows["training"]
        if rows["drawn"] < rows["training"]:
            trained_on = f"{rows['drawn']:,} of {rows['training']:,}"
    lines = [
        f"table    {Path(path).name}: {n_rows:,} rows, {len(table.columns):,} columns"
        + (f" ({without:,} rows without a target left out)" if without else ""),
        f"target   {model.target}: {model.task} ({metadata['reason']})",
        *(
            [f"columns  left out, empty or constant: {', '.join(map(str, dropped))}"]
            if dropped
            else []
        ),
        f"fit      {model.estimator.summary_}",
        f"{model.metric:<8} {score['training']:.4f} on {trained_on} rows that trained, "
        f"{score['held out']:.4f} on {rows['held out']:,} rows held out",
        f"         {metadata['baseline']:.4f} for always answering the "
        + ("mean" if model.task == "regression" else "most frequent class"),
    ]
    measured = metadata["probabilities"]
    for name in measured.get("held out", {}):
        # Without a held-out row of each class there is no area under the curve.
        trained, held_out, always = (
            measured[part].get(name, float("nan")) for part in ("training", "held out", "baseline")
        )
        lines.append(
            f"{name:<8} {trained:.4f} on training rows, {held_out:.4f} on rows held out, "
            f"{always:.4f} for always answering the classes' shares"
        )
    return "\n".join(lines)


def _widths(text: str) -> list[int]:
    return [parse_int(part, least=1) for part in text.split(",") if part.strip()]
