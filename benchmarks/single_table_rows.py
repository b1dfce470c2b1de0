"""Print how long predictions of one row of a raw table take, prepared and from a frame.

python benchmarks/single_table_rows.py [--calls N]
"""

import argparse
import time
import warnings
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import pandas as pd
from measuring import machine
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from deepgen import TabularClassifier, TabularRegressor

PREPARED, FRAME = 150.0, 1000.0  # microseconds wanted of one network
N_ROWS = 2_000
TOWNS = [f"town {i}" for i in range(12)] + [None]


def mixed_table(seed=0):
    """Return 64 columns: 40 numbers, a quarter with gaps, and 24 of text with missing values."""
    rng = np.random.default_rng(seed)
    columns = {}
    for i in range(40):
        columns[f"number {i}"] = rng.normal(size=N_ROWS)
        if i % 4 == 0:
            columns[f"number {i}"][rng.random(N_ROWS) < 0.1] = np.nan
    for i in range(24):
        columns[f"word {i}"] = rng.choice(TOWNS, N_ROWS)
    return pd.DataFrame(columns)


def tables_of(frame):
    """Yield a frame as tables of the libraries that are here, under their names."""
    yield "pandas", frame
    if find_spec("polars") and find_spec("pyarrow"):
        polars = import_module("polars")
        yield "Polars", polars.from_pandas(frame)
        yield "Arrow", polars.from_pandas(frame).to_arrow()


def microseconds(call, n_calls):
    """Return the mean of the fastest tenth of many calls, which other programs disturb least."""
    seconds = []
    for _ in range(n_calls):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return float(np.sort(seconds)[: max(n_calls // 10, 1)].mean() * 1e6)


def models():
    """Yield a name, an estimator and whether its target is a class; settings are the presets'."""
    short = {"max_iter": 2}  # weights of two epochs take as long as others
    yield "numbers, 'balanced'", TabularRegressor(network=short, random_state=0), False
    yield "classes, 'balanced'", TabularClassifier(network=short, random_state=0), True
    yield "numbers, 'best'", TabularRegressor(preset="best", network=short, random_state=0), False


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=3_000, metavar="N")
    options = parser.parse_args()
    print(f"{machine()}; one thread, the fastest tenth of {options.calls} calls")
    warnings.simplefilter("ignore", ConvergenceWarning)
    X = mixed_table()
    y = X.filter(like="number").fillna(0.0).to_numpy()[:, :5].sum(axis=1)
    rows = [tuple(row) for row in X.itertuples(index=False, name=None)]
    with threadpool_limits(1):
        for name, model, are_classes in models():
            model.fit(X, np.digitize(y, [-1.0, 1.0]) if are_classes else y)
            prepared, expected = model.prepare(), model.predict(X)
            np.testing.assert_array_equal([prepared.predict(row) for row in rows], expected)
            row, frame, names = rows[7], X.iloc[[7]], dict(zip(X.columns, rows[7], strict=True))
            calls = {
                "prepared, a tuple": (lambda p=prepared, r=row: p.predict(r), PREPARED),
                "prepared, a dict": (lambda p=prepared, r=names: p.predict(r), PREPARED),
            }
            for library, one in tables_of(frame):
                np.testing.assert_array_equal(model.predict(one), expected[7:8])
                calls[f"predict, {library}"] = lambda m=model, t=one: m.predict(t), FRAME
            for what, (call, wanted) in calls.items():
                found = microseconds(call, options.calls)
                word = "met" if found <= wanted else "missed"
                judged = f"  {word} (<= {wanted:.0f})" if model.n_members_ == 1 else ""
                print(f"{name:<22}{what:<20}{found:>8.1f} us{judged}", flush=True)


if __name__ == "__main__":
    main()
