"""Options: what every example understands on its command line."""

import argparse
import os
from pathlib import Path

import matplotlib


def read_options(description):
    """Return the options of an example, and choose a drawing backend that needs no screen.

    Parameters
    ----------
    description : str
        The example's docstring.

    Returns
    -------
    options : argparse.Namespace
        ``library`` ('deepgen' or 'sklearn'), ``quick`` (bool), ``out`` (Path of the figure, or
        None for `figures/` beside the examples).
    """
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    parser.add_argument(
        "--library",
        choices=("deepgen", "sklearn"),
        default="deepgen",
        help="whose classes to import; nothing else changes",
    )
    parser.add_argument("--quick", action="store_true", help="fewer models and rows: seconds")
    parser.add_argument("--out", type=Path, help="where the figure goes")
    matplotlib.use("Agg")
    return parser.parse_args()


def data_folder():
    """Return the folder of the larger tables.

    Returns
    -------
    folder : Path
        DEEPGEN_DATA, else `../shared/data` beside the checkout; it may be missing.
    """
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    return Path(os.environ.get("DEEPGEN_DATA", beside))


def save_figure(figure, options, name):
    """Save a figure where the options say and print its path.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to save.
    options : argparse.Namespace
        What `read_options` returned.
    name : str
        File name without suffix.
    """
    suffix = "" if options.library == "deepgen" else f"_{options.library}"
    path = options.out or Path(__file__).parent / "figures" / f"{name}{suffix}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)
    print(f"figure: {path}")
