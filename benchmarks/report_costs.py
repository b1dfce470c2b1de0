"""How many rows, splits and kinds of refits does a report have time for, and where does it go?

python benchmarks/report_costs.py [--rows N] [--seconds S] [--wall] [--task numbers|classes]

A table of five numbers, three categories and a date, with gaps, fitted by the tabular estimators'
default preset. The time budget is counted in processor time of this process, so that other
programs on the machine do not use it up; with --wall it is counted as `deepgen report` does.
"""

import argparse
import time
import warnings
from collections import Counter

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from deepgen import TabularClassifier, TabularRegressor
from deepgen.report import which_error
from deepgen.report.refits import Refits


def draw_table(n_rows, classes, seed=0):
    """Return a data frame and its targets: a price, or how quickly a house was sold."""
    random = np.random.default_rng(seed)
    town = random.choice(
        ["Ulm", "Bonn", "Kiel", "Jena", "Trier"], n_rows, p=[0.3, 0.3, 0.2, 0.1, 0.1]
    )
    day = random.integers(0, 1500, n_rows)
    table = pd.DataFrame(
        {
            "town": town,
            "built": pd.Timestamp("2019-01-01") + pd.to_timedelta(day, unit="D"),
            "size": random.lognormal(4, 0.5, n_rows),
            "rooms": random.integers(1, 7, n_rows),
            "age": random.uniform(0, 100, n_rows),
            "garden": random.choice(["yes", "no"], n_rows),
            "seller": random.choice(list("abcdef"), n_rows),
            "noise": random.normal(size=n_rows),
        }
    )
    worth = (
        np.log(table["size"])
        + 0.3 * (town == "Ulm")
        - 0.4 * (town == "Kiel")
        + 0.2 * np.sin(2 * np.pi * day / 365)
        + 0.1 * table["rooms"]
        - 0.01 * table["age"] * (town != "Jena")
    ).to_numpy()
    table.loc[random.random(n_rows) < 0.1, "age"] = np.nan
    table.loc[random.random(n_rows) < 0.05, "town"] = None
    if not classes:
        return table, np.exp(worth + 0.2 * random.normal(size=n_rows))
    quick = 1 / (1 + np.exp(-3 * (worth - worth.mean())))
    chance = random.random(n_rows)
    return table, np.select(
        [chance < 0.7 * quick, chance < 0.7 * quick + 0.2], ["soon", "late"], "never"
    )


def main():
    """Print the answer, and the processor time of each kind of refit."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--wall", action="store_true")
    parser.add_argument("--task", choices=("numbers", "classes"), default="numbers")
    options = parser.parse_args()
    if not options.wall:
        time.perf_counter = time.process_time
    classes = options.task == "classes"
    X, y = draw_table(options.rows, classes)
    spent, count = Counter(), Counter()
    measure = Refits.measure

    def timed(self, kind, *arguments):
        began = time.perf_counter()
        measure(self, kind, *arguments)
        spent[kind] += time.perf_counter() - began
        count[kind] += 1

    Refits.measure = timed
    model = (TabularClassifier if classes else TabularRegressor)(random_state=0)
    began = time.process_time()
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        answer = which_error(model, X, y, max_time=options.seconds, random_state=0)
    print(answer)
    print(f"{time.process_time() - began:.1f} s of processor time")
    for kind, seconds in spent.most_common():
        print(f"{kind:16}{count[kind]:4d} times{seconds:8.1f} s")


if __name__ == "__main__":
    main()
