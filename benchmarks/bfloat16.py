"""Compare test scores and seconds of products in bfloat16 with float32 on real tables.

python benchmarks/bfloat16.py [--data FOLDER] [TABLE ...]
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
from real_data import SEEDS, SETTINGS, SHARED_DATA
from real_tables import TABLES
from sklearn.exceptions import ConvergenceWarning

from deepgen import MLPClassifier, MLPRegressor

DTYPES = ("float32", "bfloat16")
WIDE = {"hidden_layer_sizes": (512, 512, 512), "batch_size": 256, "max_iter": 40}


def scores(table, dtype):
    """Return test scores and seconds, one a seed."""
    Model = MLPRegressor if table.is_regression else MLPClassifier
    rows = []
    for seed in SEEDS:
        model = Model(**SETTINGS | WIDE, dtype=dtype, random_state=seed, n_jobs=1)
        start = time.perf_counter()
        model.fit(table.X_train, table.y_train)
        rows.append((model.score(table.X_test, table.y_test), time.perf_counter() - start))
    return np.array(rows).T


def main():
    """Print a row for each table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=SHARED_DATA)
    parser.add_argument("tables", nargs="*", default=["california_housing", "letter", "mnist"])
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(f"{'table':<20} {'float32':>18} {'bfloat16':>18} {'seconds':>8} {'seconds':>8}  verdict")
    for name in options.tables:
        table = TABLES[name](options.data)
        (single, seconds), (half, half_seconds) = (scores(table, dtype) for dtype in DTYPES)
        near = abs(half.mean() - single.mean()) <= max(single.std(ddof=1), half.std(ddof=1))
        print(
            f"{name:<20} {single.mean():.4f} +- {single.std(ddof=1):.4f} "
            f"{half.mean():10.4f} +- {half.std(ddof=1):.4f} {seconds.mean():8.1f} "
            f"{half_seconds.mean():8.1f}  {'within' if near else 'beyond'} the seeds' deviation",
            flush=True,
        )


if __name__ == "__main__":
    main()
