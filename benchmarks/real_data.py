"""Train on real tables beside scikit-learn's MLP and print scores, seconds and a verdict a row.

python benchmarks/real_data.py [--quick] [--threads N] [--data FOLDER] [TABLE ...]
"""

import argparse
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from real_tables import SHARED_DATA, TABLES, Table
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier as PeerClassifier
from sklearn.neural_network import MLPRegressor as PeerRegressor
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from deepgen import MLPClassifier, MLPRegressor

SETTINGS = {
    "hidden_layer_sizes": (128, 64),
    "batch_size": 128,
    "learning_rate_init": 1e-3,
    "early_stopping": True,
    "max_iter": 100,
}
SEEDS = (0, 1, 2)
QUICK_ROWS, QUICK_EPOCHS = 2_000, 5


@dataclass(frozen=True)
class Result:
    """Scores and seconds of one library on one table, one entry a seed.

    Parameters
    ----------
    scores : ndarray
        R2 or accuracy on the test rows.
    seconds : ndarray
        Wall-clock time of `fit`.
    """

    scores: np.ndarray
    seconds: np.ndarray

    def __str__(self):
        return f"{self.scores.mean():.4f} +- {self.scores.std(ddof=1):.4f}"


def run(make_model, table):
    """Fit and score one model a seed."""
    rows = []
    for seed in SEEDS:
        model = make_model(seed)
        with warnings.catch_warnings():
            # Stopping at max_iter is part of the equal settings.
            warnings.simplefilter("ignore", ConvergenceWarning)
            start = time.perf_counter()
            model.fit(table.X_train, table.y_train)
            seconds = time.perf_counter() - start
        rows.append((model.score(table.X_test, table.y_test), seconds))
    return Result(*np.array(rows).T)


def models(table, settings):
    """Makers of our model and scikit-learn's; both see a standardised regression target."""
    if table.is_regression:
        return (
            lambda seed: MLPRegressor(random_state=seed, **settings),
            lambda seed: TransformedTargetRegressor(
                PeerRegressor(random_state=seed, **settings), transformer=StandardScaler()
            ),
        )
    return (
        lambda seed: MLPClassifier(random_state=seed, **settings),
        lambda seed: PeerClassifier(random_state=seed, **settings),
    )


def deviation(ours, theirs):
    """Pooled standard deviation of the scores over the seeds."""
    return np.sqrt((ours.scores.var(ddof=1) + theirs.scores.var(ddof=1)) / 2)


def main():
    """Print the table; exit with 1 when a mean score falls below by more than the deviation."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"of {', '.join(TABLES)}")
    parser.add_argument("--data", type=Path, default=SHARED_DATA, help="folder of the tables")
    parser.add_argument(
        "--quick", action="store_true", help="few rows and epochs: does it run? (no verdict)"
    )
    parser.add_argument(
        "--threads", type=int, default=1, help="threads that either library may use (default 1)"
    )
    options = parser.parse_args()
    unknown = set(options.tables) - set(TABLES)
    if unknown:
        parser.error(f"unknown tables {', '.join(sorted(unknown))}; known: {', '.join(TABLES)}")
    if not options.data.is_dir():
        print(f"skipped: no folder {options.data}; --data names the one with the tables")
        return 0
    settings = {**SETTINGS, "max_iter": QUICK_EPOCHS} if options.quick else SETTINGS
    print(
        f"both: {settings}, seeds {SEEDS}, threads {options.threads}\n"
        "score: R2 or accuracy on the test rows; seconds: one fit, deepgen then scikit-learn\n"
    )
    print(
        f"{'table':<20} {'rows':>7} {'deepgen':>18} {'scikit-learn':>18} "
        f"{'seconds':>8} {'seconds':>8}  verdict"
    )
    n_below = 0
    for name in options.tables or TABLES:
        table = TABLES[name](options.data)
        if options.quick:
            table = Table(
                table.X_train[:QUICK_ROWS], table.y_train[:QUICK_ROWS], table.X_test, table.y_test
            )
        with threadpool_limits(options.threads):
            ours, theirs = (run(make, table) for make in models(table, settings))
        below = ours.scores.mean() < theirs.scores.mean() - deviation(ours, theirs)
        n_below += below
        verdict = "quick, none" if options.quick else "BELOW" if below else "not below"
        print(
            f"{name:<20} {len(table.X_train):7,} {ours!s:>18} {theirs!s:>18} "
            f"{ours.seconds.mean():8.2f} {theirs.seconds.mean():8.2f}  {verdict}",
            flush=True,
        )
    return int(n_below > 0 and not options.quick)


if __name__ == "__main__":
    raise SystemExit(main())
