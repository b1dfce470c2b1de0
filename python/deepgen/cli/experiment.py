"""``deepgen experiment``: list and run experiments, and show them on one page."""

from __future__ import annotations

import argparse
import shutil
import sys
import textwrap
from pathlib import Path
from typing import Final

from deepgen._display.progress_bar import Bar
from deepgen._optional import load_extra
from deepgen.cli.parse_int import parse_int

__all__ = ["DESCRIPTION", "HELP", "NAME", "add_arguments", "run"]

NAME: Final = "experiment"
HELP: Final = "measure claims about deep learning: list and run experiments"
DESCRIPTION: Final = (
    "Each experiment measures one claim of a lecture on deep learning and says whether it is "
    "supported, mixed (in part), not supported or inconclusive."
)
FOLDER: Final = "deepgen-experiments"
"""Default folder for files."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command: an action and its options.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        The parser of the command.
    """
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="list the experiments with their claims")
    one = actions.add_parser("run", help="run experiments and save table and figure")
    one.add_argument(
        "names", metavar="NAME", nargs="+", help="experiment, as 'deepgen experiment list' names it"
    )
    page = actions.add_parser("gallery", help="run experiments and show them on one HTML page")
    page.add_argument(
        "names", metavar="NAME", nargs="*", help="experiment (default: all, which takes hours)"
    )
    claims = actions.add_parser(
        "claims", help="show the lecture's claims with the verdicts of the runs in a folder"
    )
    claims.add_argument(
        "--out", metavar="DIR", default=FOLDER, help=f"folder of the runs (default: {FOLDER})"
    )
    for action in (one, page):
        action.add_argument(
            "--quick", action="store_true", help="small sizes and few seeds: seconds, not minutes"
        )
        action.add_argument(
            "--seeds", type=_seeds, metavar="N", help="number of seeds, or a list such as 3,5,8"
        )
        action.add_argument(
            "--jobs", type=parse_int, metavar="N", help="processes (default: 1); -1 is one per core"
        )
        action.add_argument(
            "--out", metavar="DIR", default=FOLDER, help=f"folder of the files (default: {FOLDER})"
        )


def run(options: argparse.Namespace) -> int:
    """List experiments, run some, or write a page: the gallery, or the claims of the lecture.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command line.

    Returns
    -------
    status : int
        Exit code, always 0: what fails raises.
    """
    from deepgen.experiments import CATALOG, find_experiment
    from deepgen.experiments.gallery import write_gallery
    from deepgen.experiments.result import make_folder

    if options.action == "claims":
        print(_write_claims(Path(options.out)))
        return 0
    if options.action == "list":
        print(_listed([(runner.experiment.name, runner.experiment.claim) for runner in CATALOG]))
        return 0
    runners = [find_experiment(name) for name in options.names] or list(CATALOG)
    # Errors that would come at the end are found before hours are spent.
    make_folder(options.out)
    if options.action == "gallery":
        for module in ("jinja2", "matplotlib"):
            load_extra(module, "report", "the gallery")
    results = []
    for runner in runners:
        with Bar(runner.experiment.name) as bar:
            result = runner(
                quick=options.quick, seeds=options.seeds, n_jobs=options.jobs, progress=bar
            )
        results.append(result)
        if options.action == "run":
            print(result)
            print(
                "saved:   " + " ".join(map(str, result.save(options.out))), end="\n\n", flush=True
            )
        else:
            print(f"{result.name}: {result.verdict} ({result.seconds:.1f} s)", flush=True)
    if options.action == "gallery":
        print(f"saved: {write_gallery(results, Path(options.out))}")
    return 0


def _write_claims(folder: Path) -> str:
    """Write the page of claims from the runs saved in a folder; return where, and how many."""
    from deepgen._replace_file import replace_file
    from deepgen.experiments import CATALOG
    from deepgen.experiments.lecture_page import lecture_page
    from deepgen.experiments.result import make_folder
    from deepgen.experiments.run_record import read_runs

    runs = read_runs(make_folder(folder), [runner.experiment.name for runner in CATALOG])
    path = folder / "claims.html"
    replace_file(path, lecture_page(runs).encode())
    return f"saved: {path}, with {len(runs)} of {len(CATALOG)} experiments from runs in {folder}"


def _listed(entries: list[tuple[str, str]]) -> str:
    """Return one line per entry, name and claim; long claims continue on further lines.

    In a pipe each entry is one line, for `grep`.
    """
    width = max(len(name) for name, _ in entries)
    lines = [f"{name:<{width}}  {claim}" for name, claim in entries]
    if not sys.stdout.isatty():
        return "\n".join(lines)
    columns = shutil.get_terminal_size().columns
    rest = " " * (width + 2) if columns > 2 * width else "  "
    wrap = textwrap.TextWrapper(
        max(columns, 20),
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(map(wrap.fill, lines))


def _seeds(text: str) -> int | list[int]:
    if "," in text:
        return [parse_int(part) for part in text.split(",") if part.strip()]
    return parse_int(text)
