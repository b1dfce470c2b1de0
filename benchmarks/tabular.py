"""Judge the tabular estimators' presets on sixteen raw tables, beside boosted trees and networks.

python benchmarks/tabular.py [--ledger FILE] [--jobs 2] [--out FILE] [--tables TABLE ...]
                             [--splits 3] [--] [CONTESTANT ...]

Three splits of each table (`tabular_splits`); errors are ratios to LightGBM's with its defaults,
stopped by the same validation rows, a fifth of the training rows. One network is given the same
validation rows; the members of an ensemble set their own fifths aside. Every fit has one thread;
processor seconds count encoding, training and predicting. What was measured is kept in the ledger:
a run that was broken off goes on, and contestants that are not installed are shown from it.
"""

import argparse
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path

from ledger import Ledger
from tabular_peers import PEERS, installed
from tabular_report import report
from tabular_scores import codes, errors
from tabular_splits import JUDGING, SEEDS, SHARED_DATA, all_training, judging_split, with_validation
from threadpoolctl import threadpool_limits

from deepgen import TabularClassifier, TabularRegressor

PRESETS = ("fast", "balanced", "best")
ENSEMBLE = "best"
"""The preset of several networks."""
REALMLP_TABLES = (
    "california_housing_mixed",
    "abalone",
    "uci_kin8nm",
    "uci_concrete",
    "bike_sharing",
    "magic",
    "spambase",
)
"""Tables on which RealMLP-TD is run: it takes minutes a fit."""


def ours(split, seed, preset, n_jobs=1):
    """Return the predictions of a preset."""
    Model = TabularRegressor if split.is_regression else TabularClassifier
    model = Model(preset=preset, random_state=seed, n_jobs=n_jobs)
    y = codes(split)
    if preset == ENSEMBLE:
        split = all_training(split)
        model.fit(split.features.iloc[split.train], y[split.train])
    else:
        validation = {"X_val": split.features.iloc[split.val], "y_val": y[split.val]}
        model.fit(split.features.iloc[split.train], y[split.train], **validation)
    X = split.features.iloc[split.test]
    return model.predict(X) if split.is_regression else model.predict_proba(X)


CONTESTANTS = {**PEERS, **{preset: partial(ours, preset=preset) for preset in PRESETS}}


def measure(contestant, table, seed, folder):
    """Return a contestant's errors on a split, and its processor seconds per 1,000 rows."""
    split = with_validation(judging_split(table, seed, folder), seed)
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        began = time.process_time()
        predicted = CONTESTANTS[contestant](split, seed)
        spent = time.process_time() - began
    n_rows = len(split.train) + len(split.val)
    return [*errors(codes(split)[split.test], predicted), spent / n_rows * 1_000]


def planned(contestants, tables, seeds):
    """Yield what is to be measured: contestant, table and seed."""
    for seed in seeds:
        for table in tables:
            for contestant in contestants:
                if contestant != "RealMLP-TD" or table in REALMLP_TABLES:
                    yield contestant, table, seed


def main():
    """Measure what is missing and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("contestants", nargs="*", metavar="CONTESTANT", default=list(CONTESTANTS))
    parser.add_argument("--tables", nargs="*", choices=JUDGING, default=JUDGING)
    parser.add_argument("--splits", type=int, default=len(SEEDS), help="splits of each (default 3)")
    parser.add_argument("--data", type=Path, default=SHARED_DATA, help="folder of the tables")
    parser.add_argument("--ledger", type=Path, help="JSON file of errors, read and extended")
    parser.add_argument("--jobs", type=int, default=1, help="fits side by side (default 1)")
    parser.add_argument("--out", type=Path, help="Markdown file, else the terminal")
    options = parser.parse_args()
    unknown = set(options.contestants) - set(CONTESTANTS)
    if unknown:
        parser.error(f"unknown {', '.join(sorted(unknown))}; known: {', '.join(CONTESTANTS)}")
    if not options.data.is_dir():
        print(f"skipped: no folder {options.data}; --data names the one with the tables")
        return 0
    ledger = Ledger(options.ledger)
    missing = [
        what
        for what in planned(options.contestants, options.tables, SEEDS[: options.splits])
        if not ledger.knows(*what) and installed(what[0])
    ]
    with ProcessPoolExecutor(options.jobs) as pool:
        running = {pool.submit(measure, *what, options.data): what for what in missing}
        for done in as_completed(running):
            what = running[done]
            found = ledger.recall(done.result, *what)
            print(*what, *(f"{value:.4f}" for value in found), file=sys.stderr, flush=True)
    out = options.out.open("w") if options.out else sys.stdout
    print("\n".join(report(ledger, list(CONTESTANTS), SEEDS)), file=out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
