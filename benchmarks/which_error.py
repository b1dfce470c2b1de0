"""Is the answer of which_error right? Twenty truths on which decompose knows the three errors.

    python benchmarks/which_error.py                 # the judged truths, seeds 0 to 19
    python benchmarks/which_error.py --first 1000    # twenty others, on which the method was made
    python benchmarks/which_error.py --classes       # classifiers, by the log loss

Per truth: a sample is drawn, `which_error` sees it and nothing else, and `decompose` measures the
three errors from the truth. A third of the truths is meant for each error to be the largest: small
networks and polynomials on wavy functions, networks trained to the end on few noisy rows, and
networks trained for a few epochs. Judged are, per error, on how many truths the interval covers the
true value (18 of 20 are wanted), on how many its half-width is at most the larger of half the
true excess risk and a tenth of the risk, and on how many truths the largest error is named rightly
(15 are wanted).

With --classes the truths are half-moons and normal classes; logistic regression on polynomials of
moons, networks trained to the end on few rows, and networks trained for a few epochs.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures
from threadpoolctl import threadpool_limits

from deepgen import MLPClassifier, MLPRegressor
from deepgen.decomposition import (
    GaussianClasses,
    NoisyFunction,
    NoisyMoons,
    TeacherNetwork,
    decompose,
)
from deepgen.report import which_error
from deepgen.report.refits import N_STARTS

ERRORS = ("approximation", "estimation", "optimization")
LONG = 100_000


@dataclass(frozen=True)
class Waves:
    """A sum of four sines of random directions, with variance about 1."""

    frequencies: np.ndarray
    phases: np.ndarray
    heights: np.ndarray

    @classmethod
    def draw(cls, n_features, random):
        heights = random.normal(0, 1, 4)
        return cls(
            random.normal(0, 1.5, (n_features, 4)),
            random.uniform(0, 2 * np.pi, 4),
            heights / np.sqrt((heights**2).sum() / 2),
        )

    def __call__(self, X):
        return np.sin(X @ self.frequencies + self.phases) @ self.heights


@dataclass(frozen=True)
class GrowingNoise:
    """Noise whose scale depends on the first feature."""

    scale: float

    def __call__(self, X):
        return self.scale * (1 + 0.5 * np.sin(2 * X[:, 0]))


def draw_truth(seed):
    """Return the kind, the truth, the number of rows and the estimator of a seed."""
    kind = ERRORS[seed % 3]
    random = np.random.default_rng([seed, 77])
    n_features = int(random.integers(1, 5))
    noise = random.uniform(0.5, 1.2) if kind == "estimation" else random.uniform(0.2, 0.7)
    which = int(random.integers(3))
    if which == 0:
        widths = (int(random.integers(12, 31)),)
        truth = TeacherNetwork(n_features, widths, float(noise), seed=seed)
    else:
        function = Waves.draw(n_features, random)
        scale = float(noise) if which == 1 else GrowingNoise(float(noise))
        truth = NoisyFunction(function, scale, low=-np.ones(n_features))
    few = kind == "estimation"
    n_rows = int(random.integers(200, 601) if few else random.integers(500, 2001))
    return kind, truth, n_rows, _draw_model(kind, random)


def _draw_model(kind, random):
    if kind == "approximation":
        if random.random() < 0.5:
            return make_pipeline(PolynomialFeatures(int(random.integers(1, 4))), LinearRegression())
        units = int(random.integers(2, 7))
        return MLPRegressor(hidden_layer_sizes=(units,), solver="lbfgs", max_iter=1000)
    if kind == "estimation":
        units = int(random.integers(8, 21))
        return MLPRegressor(hidden_layer_sizes=(units,), solver="lbfgs", max_iter=2000)
    return MLPRegressor(
        hidden_layer_sizes=(int(random.integers(12, 25)),),
        learning_rate_init=float(10 ** random.uniform(-3.3, -2.3)),
        max_iter=int(random.integers(5, 21)),
        batch_size=64,
        n_iter_no_change=LONG,
    )


def draw_class_truth(seed):
    """Return the kind, the truth, the number of rows and the classifier of a seed."""
    kind = ERRORS[seed % 3]
    random = np.random.default_rng([seed, 78])
    if kind == "approximation" or random.random() < 0.5:
        truth = NoisyMoons(float(random.uniform(0.25, 0.45)))
    else:
        centres = random.normal(0, 1.5, (int(random.integers(2, 5)), 2))
        truth = GaussianClasses(centres)
    few = kind == "estimation"
    n_rows = int(random.integers(200, 601) if few else random.integers(500, 2001))
    if kind == "approximation":
        degree = int(random.integers(1, 3))
        return kind, truth, n_rows, make_pipeline(PolynomialFeatures(degree), LogisticRegression())
    if few:
        units = int(random.integers(4, 9))
        settings = {"solver": "lbfgs", "max_iter": 2000, "alpha": 0.0}
    else:
        units = int(random.integers(8, 17))
        settings = {
            "learning_rate_init": float(10 ** random.uniform(-3.3, -2.3)),
            "max_iter": int(random.integers(5, 21)),
            "batch_size": 64,
            "n_iter_no_change": LONG,
        }
    return kind, truth, n_rows, MLPClassifier(hidden_layer_sizes=(units,), **settings)


def judge(seed, draw=draw_truth):
    """Return the true errors of one truth, and the answer about them, as plain data."""
    kind, truth, n_rows, model = draw(seed)
    began = time.process_time()
    with warnings.catch_warnings(), threadpool_limits(1):
        # Estimators that stop early are what is judged.
        warnings.simplefilter("ignore")
        X, y = truth.sample(n_rows, np.random.default_rng([seed, 5]))
        answer = which_error(model, X, y, random_state=seed)
        middle = time.process_time()
        known = decompose(
            *(model, truth, n_rows),
            n_repeats=16,
            n_test=20_000,
            # As many as which_error's: what the best of several finds depends on their number.
            n_starts=N_STARTS,
            random_state=seed,
        )
    limit = max(known.excess / 2, known.risk / 10)
    row = {
        "seed": seed,
        "meant": kind,
        "rows": n_rows,
        "features": truth.n_features,
        "truth": type(truth).__name__,
        "risk": known.risk,
        "limit": limit,
        "largest": max(ERRORS, key=lambda name: getattr(known, name)),
        "named": answer.largest,
        "seconds": [middle - began, time.process_time() - middle],
    }
    for name in ERRORS:
        interval, true = getattr(answer, name), getattr(known, name)
        row[name] = {
            "true": true,
            "se": getattr(known, f"{name}_se"),
            "estimate": interval.estimate,
            "low": interval.low,
            "high": interval.high,
            "covered": bool(interval.low <= true <= interval.high),
            "narrow": bool((interval.high - interval.low) / 2 <= limit),
        }
    return row


def describe(row):
    """Return a line about one truth."""
    parts = [
        f"{name[:3]} {row[name]['true']:.4f} in {row[name]['estimate']:.4f} "
        f"[{row[name]['low']:.4f}, {row[name]['high']:.4f}]"
        f"{'' if row[name]['covered'] else ' MISSED'}{'' if row[name]['narrow'] else ' WIDE'}"
        for name in ERRORS
    ]
    right = "" if row["largest"] == row["named"] else f" named {row['named']}"
    head = f"{row['seed']:5d} n {row['rows']:4d} d {row['features']} {row['largest'][:3]}{right}"
    return f"{head} | {' | '.join(parts)} | {sum(row['seconds']):.0f} s"


def main():
    """Judge twenty truths and print a line on each, and the counts."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--classes", action="store_true", help="classifiers and log loss")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="write all numbers as JSON lines")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.count)
    rows = []
    parallel = Parallel(n_jobs=options.jobs, return_as="generator_unordered")
    draw = draw_class_truth if options.classes else draw_truth
    for row in parallel(delayed(judge)(seed, draw) for seed in seeds):
        rows.append(row)
        print(describe(row), flush=True)
        if options.out is not None:
            with options.out.open("a") as file:
                file.write(json.dumps(row) + "\n")
    n = len(rows)
    for name in ERRORS:
        covered, narrow = (sum(row[name][what] for row in rows) for what in ("covered", "narrow"))
        largest = sum(row["largest"] == name for row in rows)
        print(f"{name}: covered {covered}/{n}, narrow {narrow}/{n}, the largest on {largest}")
    whole = sum(all(row[name]["covered"] for name in ERRORS) for row in rows)
    print(f"all three covered {whole}/{n}")
    print(f"largest named rightly {sum(row['largest'] == row['named'] for row in rows)}/{n}")


if __name__ == "__main__":
    main()
