"""Print how long 12 settings on 5 folds take, by `fit_many` and by scikit-learn's GridSearchCV.

python benchmarks/many_fits.py [--samples N] [--jobs 2]

Networks 16-64-64-1 with batches of 32, scored by R2 on held-out rows by both: the 60 scores must
agree to the bit. `GridSearchCV(n_jobs=2, refit=False)` is timed with a fresh pool of processes, as
the first search of a program has it, and with the pool of the search before. All take turns.
Processor time is that of all processes, and counts the start of those of a fresh pool.
"""

import argparse
import os
import time
import warnings
from pathlib import Path

import numpy as np
from joblib.externals.loky import get_reusable_executor
from measuring import machine, settle
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, KFold, ParameterGrid

from deepgen import MLPRegressor
from deepgen.search import fit_many

# Most of GridSearchCV's time, with a fresh pool, that the same fits may take.
SHARE = 0.55
GRID = {"learning_rate_init": [1e-3, 3e-3, 1e-2], "alpha": [1e-5, 1e-4, 1e-3, 1e-2]}
FOLDS = KFold(5)
# Rows of the table, and epochs of each fit.
SIZES = ((500, 20), (1_000, 50), (2_000, 100))
TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds():
    """Processor time of this process, of its children that have ended, and of those that run."""
    own = os.times()
    found = own.user + own.system + own.children_user + own.children_system
    for children in Path("/proc/self/task").glob("*/children"):
        for child in children.read_text().split():
            entries = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            found += sum(map(int, entries[11:15])) / TICKS
    return found


class Search:
    """The same search in three ways, each of which returns the scores (settings, folds)."""

    def __init__(self, n_rows, n_epochs, n_jobs):
        rng = np.random.default_rng(0)
        self.X = rng.standard_normal((n_rows, 16), dtype=np.float32)
        self.y = self.X[:, 0] * self.X[:, 1] + 0.1 * rng.standard_normal(n_rows, dtype=np.float32)
        self.n_jobs = n_jobs
        self.model = MLPRegressor(
            hidden_layer_sizes=(64, 64),
            batch_size=32,
            max_iter=n_epochs,
            tol=0.0,
            n_iter_no_change=np.inf,
            random_state=0,
        )

    def by_fit_many(self):
        """Fit all copies, then score them one by one."""
        splits = list(FOLDS.split(self.X))
        settings = [clone(self.model).set_params(**one) for one in ParameterGrid(GRID)]
        fits = fit_many(settings, self.X, self.y, splits, n_jobs=self.n_jobs)
        return np.array(
            [
                [
                    copy.score(self.X[test], self.y[test])
                    for copy, (_, test) in zip(copies, splits, strict=True)
                ]
                for copies in fits
            ]
        )

    def by_grid_search(self):
        """Fit and score in processes."""
        search = GridSearchCV(self.model, GRID, cv=FOLDS, n_jobs=self.n_jobs, refit=False)
        found = search.fit(self.X, self.y).cv_results_
        return np.stack([found[f"split{fold}_test_score"] for fold in range(5)], axis=1)


def measure(search, n_samples):
    """Return way -> (n_samples, 2) seconds and processor seconds; assert that scores agree."""
    ways = {
        "fit_many": search.by_fit_many,
        "fresh": search.by_grid_search,
        "warm": search.by_grid_search,
    }
    expected = search.by_fit_many()
    found = {way: [] for way in ways}
    for _ in range(n_samples):
        for way, run in ways.items():
            if way == "fresh":
                get_reusable_executor().shutdown(wait=True)
            settle()
            wall, processor = time.perf_counter(), processor_seconds()
            scores = run()
            wall, processor = time.perf_counter() - wall, processor_seconds() - processor
            np.testing.assert_array_equal(scores, expected)
            found[way].append((wall, processor))
    assert expected.max() > 0.3
    return {way: np.array(rows) for way, rows in found.items()}


def main():
    """Print a row for each size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=5, help="samples of each way (default 5)")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    # Processes that joblib starts read their filters from the environment.
    warnings.simplefilter("ignore", ConvergenceWarning)
    os.environ["PYTHONWARNINGS"] = "ignore"
    print(machine())
    print(f"seconds / processor seconds of 60 fits, medians of {options.samples}")
    for n_rows, n_epochs in SIZES:
        found = measure(Search(n_rows, n_epochs, options.jobs), options.samples)
        medians = {way: np.median(rows, axis=0) for way, rows in found.items()}
        cells = [f"{way} {wall:.2f} / {cpu:.2f}" for way, (wall, cpu) in medians.items()]
        ratios = {
            way: np.median(found["fit_many"][:, 0] / found[way][:, 0]) for way in ("fresh", "warm")
        }
        word = "met" if ratios["fresh"] <= SHARE else "missed"
        print(f"{n_rows:,} rows, {n_epochs} epochs: {', '.join(cells)}")
        print(f"    of a fresh pool {ratios['fresh']:.2f}: {word} (<= {SHARE})", end="; ")
        print(f"of a warm one {ratios['warm']:.2f}", flush=True)


if __name__ == "__main__":
    main()
