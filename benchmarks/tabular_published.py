"""Judge the tabular estimators' presets on published splits, beside the published scores.

python benchmarks/tabular_published.py [--ledger FILE] [--threads 2] [--tables TABLE ...]
                                       [--] [PRESET ...]

A preset of one network trains on the training rows and is stopped by the published validation rows;
the members of an ensemble set rows aside of both together. Published scores are of networks tuned
on these tables, stopped by the validation rows, means over fifteen seeds.
"""

import argparse
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
from ledger import Ledger
from published import PUBLISHED
from real_tables import SPLITS
from scores import digits, header, row
from tabular import PRESETS, ours
from tabular_splits import SHARED_DATA, with_validation
from threadpoolctl import threadpool_limits

THEIRS = {name: scores for name, scores in PUBLISHED.items() if "adult" in scores}
TABLES = ("california_housing", "house_16H", "diamonds", "adult")
WANTED = {"california_housing": (0.450, 120.0)}
"""RMSE and seconds that 'best' shall reach."""


def measure(preset, name, threads, folder):
    """Return RMSE or accuracy on the test rows, and seconds of clock and processors."""
    split = with_validation(SPLITS[name](folder), 0)
    with warnings.catch_warnings(), threadpool_limits(threads):
        warnings.simplefilter("ignore")
        began, spent = time.perf_counter(), time.process_time()
        predicted = ours(split, 0, preset, n_jobs=threads)
        costs = [time.perf_counter() - began, time.process_time() - spent]
    if split.is_regression:
        return [float(np.sqrt(np.mean((predicted - split.target[split.test]) ** 2))), *costs]
    labels = np.unique(split.target)[predicted.argmax(axis=1)]
    return [float(np.mean(labels == split.target[split.test])), *costs]


def main():
    """Print a row per table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("presets", nargs="*", metavar="PRESET", default=["balanced", "best"])
    parser.add_argument("--tables", nargs="*", choices=TABLES, default=TABLES)
    parser.add_argument("--data", type=Path, default=SHARED_DATA, help="folder of the tables")
    parser.add_argument("--ledger", type=Path, help="JSON file of scores, read and extended")
    parser.add_argument("--threads", type=int, default=2, help="threads of a fit (default 2)")
    options = parser.parse_args()
    if unknown := set(options.presets) - set(PRESETS):
        parser.error(f"unknown {', '.join(sorted(unknown))}; known: {', '.join(PRESETS)}")
    if not options.data.is_dir():
        print(f"skipped: no folder {options.data}; --data names the one with the tables")
        return 0
    ledger = Ledger(options.ledger)
    print("\n".join(header("table", *options.presets, *THEIRS)), flush=True)
    for name in options.tables:
        cells = []
        for preset in options.presets:
            run = partial(measure, preset, name, options.threads, options.data)
            score, seconds, spent = ledger.recall(run, name, preset, options.threads)
            cells.append(f"{digits(score)} in {seconds:.0f} s ({spent:.0f} CPU s)")
            if preset == "best" and name in WANTED:
                most, longest = WANTED[name]
                met = score <= most and seconds <= longest
                cells[-1] += f" ({'met' if met else 'MISSED'}: {most} in {longest:.0f} s)"
        theirs = (scores.get(name) for scores in THEIRS.values())
        print(
            row(name, *cells, *("" if score is None else digits(score) for score in theirs)),
            flush=True,
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
