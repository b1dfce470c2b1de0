"""Write scores on real tables: every method, the papers' own settings, and one recipe for UCI.

python benchmarks/scores.py [--quick] [--out FILE] [--ledger FILE] [--data FOLDER] [SECTION ...]

Scores are RMSE, where there are classes accuracy, mean and deviation over seeds. They are kept in
the ledger: after a run that was broken off, or with new methods, only what is missing is measured.
"""

import argparse
import sys
import warnings
from functools import partial
from pathlib import Path

import numpy as np
from advice import CONFIGURATIONS
from ledger import Ledger
from methods import METHODS
from published import PAPERS, PUBLISHED
from real_data import SEEDS, SHARED_DATA
from real_tables import SPLITS, uci_splits
from scipy.stats import gmean
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits
from uci import MC_DROPOUT, N_BELOW, RECIPE, Error, rmse

COMPARED = ("california_housing", "kin8nm", "adult", "satimage")
"""Tables of the methods' section."""
QUICK_ROWS, QUICK_SPLITS, QUICK = 600, 2, {"max_iter": 5}


class Session:
    """What a run of this program was asked for.

    Parameters
    ----------
    folder : Path
        Of the tables.
    ledger : Ledger
        Scores that are known.
    quick : bool
        Whether to take few rows, epochs and splits: does it run?
    """

    def __init__(self, folder, ledger, quick):
        self.folder, self.ledger, self.quick = folder, ledger, quick
        self.limits = QUICK if quick else {}

    def split(self, name):
        """Return a table's split."""
        return self.cut(SPLITS[name](self.folder))

    def uci(self, name):
        """Return the published splits of a UCI table."""
        splits = list(uci_splits(self.folder, name))
        return [self.cut(split) for split in splits[:QUICK_SPLITS]] if self.quick else splits

    def cut(self, split):
        """Return the split, in a quick run a few rows of it."""
        return split.head(QUICK_ROWS) if self.quick else split

    def score(self, measure, split, name, seed, *what):
        """Return a score that is known by table, seed and what is fitted, or measure it."""
        missing = partial(measure, split, seed, **self.limits)
        return self.ledger.recall(missing, name, seed, *what, self.limits)


def digits(*values):
    """Return scores with the digits that matter for the first of them."""
    form = "{:,.0f}" if abs(values[0]) >= 1000 else "{:.4f}"
    return " ± ".join(map(form.format, values))


def over_seeds(scores):
    """Return mean and deviation as the tables show them."""
    return digits(np.mean(scores), np.std(scores, ddof=1))


def row(*cells):
    """Return a line of a Markdown table."""
    return f"| {' | '.join(map(str, cells))} |"


def header(*names):
    """Return the first two lines of a Markdown table."""
    return [row(*names), row(*["---"] * len(names))]


def methods(session):
    """Yield the table of methods, the published scores below."""
    splits = {name: session.split(name) for name in COMPARED}
    yield from header("method", *splits)
    for title, method in METHODS.items():
        cells = []
        for name, split in splits.items():
            what = method.settings
            scores = [session.score(method.score, split, name, seed, *what) for seed in SEEDS]
            cells.append(over_seeds(scores))
        yield row(title, *cells)
    for title, scores in PUBLISHED.items():
        cells = [digits(scores[name]) if name in scores else "" for name in splits]
        yield row(f"published: {title}", *cells)


def published(session):
    """Yield the papers' settings beside what they reached."""
    yield from header("table", "deepgen", "wanted", "published, same network", "verdict")
    for name, paper in PAPERS.items():
        split = session.split(name)
        scores = [session.score(paper.score, split, name, seed, paper.settings) for seed in SEEDS]
        ours = np.mean(scores)
        met = ours <= paper.wanted if split.is_regression else ours >= paper.wanted
        sign = "<=" if split.is_regression else ">="
        verdict = "quick, none" if session.quick else "met" if met else "MISSED"
        theirs = digits(PUBLISHED["MLP"][name])
        yield row(name, over_seeds(scores), f"{sign} {digits(paper.wanted)}", theirs, verdict)


def uci(session):
    """Yield the UCI recipe's errors beside MC dropout's, mean and standard error over splits."""
    yield from header("table", "splits", "deepgen", "MC dropout", "verdict")
    n_below = 0
    for name, theirs in MC_DROPOUT.items():
        splits = session.uci(name)
        errors = [
            session.score(rmse, split, f"uci_{name}", number, RECIPE)
            for number, split in enumerate(splits)
        ]
        ours = Error.of(errors)
        n_below += not ours.exceeds(theirs)
        verdict = "above" if ours.exceeds(theirs) else "not above"
        yield row(name, len(splits), ours, theirs, "quick, none" if session.quick else verdict)
    if not session.quick:
        yield f"\nNot above on {n_below} of {len(MC_DROPOUT)} (wanted: {N_BELOW})."


def advice(session):
    """Yield configurations by their errors on validation rows, the last column over all tables."""
    splits = {name: session.split(name) for name in COMPARED}
    yield from header("configuration", *splits, "error, base = 1")
    base = None
    for title, method in CONFIGURATIONS.items():
        cells, errors = [], []
        for name, split in splits.items():
            what = "validation", *method.settings
            scores = [session.score(method.validate, split, name, seed, *what) for seed in SEEDS]
            cells.append(over_seeds(scores))
            errors.append(np.mean(scores) if split.is_regression else 1 - np.mean(scores))
        base = errors if base is None else base
        ratio = gmean(np.divide(errors, base))
        yield row(title, *cells, f"{ratio:.3f}")


SECTIONS = {"published": published, "uci": uci, "methods": methods, "advice": advice}


def main():
    """Write the tables that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}")
    parser.add_argument("--data", type=Path, default=SHARED_DATA, help="folder of the tables")
    parser.add_argument("--quick", action="store_true", help="few rows, epochs and splits")
    parser.add_argument("--out", type=Path, help="Markdown file, else the terminal")
    parser.add_argument("--ledger", type=Path, help="JSON file of scores, read and extended")
    parser.add_argument("--threads", type=int, default=1, help="threads a fit may use (default 1)")
    options = parser.parse_args()
    unknown = set(options.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"unknown {', '.join(sorted(unknown))}; known: {', '.join(SECTIONS)}")
    if not options.data.is_dir():
        print(f"skipped: no folder {options.data}; --data names the one with the tables")
        return 0
    session = Session(options.data, Ledger(options.ledger), options.quick)
    out = options.out.open("w") if options.out else sys.stdout
    # Stopping at max_iter is part of the settings.
    warnings.simplefilter("ignore", ConvergenceWarning)
    with threadpool_limits(options.threads):
        for name in options.sections or SECTIONS:
            print(f"## {name}\n", file=out)
            for line in SECTIONS[name](session):
                print(line, file=out, flush=True)
            print(file=out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
