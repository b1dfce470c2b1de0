"""What training on shards costs: scores beside one worker, and the seconds of a round.

python benchmarks/many_machines.py scores [--seeds N] [--data FOLDER] [--tables NAME ...] [--quick]
python benchmarks/many_machines.py rounds [--quick]

`scores` fits 128-128 with batches of 256 and a cosine of rates to diamonds (R2, 30 epochs) and
letter (accuracy, 20 epochs), on one shard, which has the bits of an ordinary fit, and on several
that are drawn at random, with the same number of passes, by the defaults and with Nesterov's
momentum on rounds of 16 steps. They are fitted one after the other: a cluster has the same bits.
`+-` is the standard error over the seeds; a row is BELOW when it is lower than one shard by more
than the standard error of the difference.

`rounds` fits 64-256-256-256-1 on clusters of processes with one thread each, in rounds of one step,
where nearly all is overhead, and of 2,048 steps, and says how much faster two processes are than
one. Look at the load that it prints: other programs make the figures upper bounds.
"""

import argparse
import os
import time
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from real_tables import SHARED_DATA, SPLITS, standardised
from sklearn.exceptions import ConvergenceWarning

from deepgen import MLPClassifier, MLPRegressor
from deepgen.distributed import Rows, SerialExecutor, fit_shards

EPOCHS = {"diamonds": 30, "letter": 20}
# Shards, steps of a round and outer rule; one shard first.
COURSES = (
    (1, "auto", "auto"),
    (4, "auto", "auto"),
    (16, "auto", "auto"),
    (4, 16, "nesterov"),
    (16, 16, "nesterov"),
)
# Network, shards and rows of a step of a shard in the timed fits.
WIDE, N_SHARDS, LOCAL_BATCH = (64, 256, 256, 256, 1), 4, 16
# Steps of a short and of a long round.
SHORT, LONG = 1, 2048


def score(table, n_shards, local_steps, outer, n_epochs, seed):
    """Return the score on test rows after training on shards, and what was chosen."""
    kind = MLPRegressor if table.is_regression else MLPClassifier
    model = kind(
        hidden_layer_sizes=(128, 128),
        batch_size=256,
        learning_rate="cosine",
        learning_rate_init=2e-3,
        max_iter=n_epochs,
        n_iter_no_change=np.inf,
        random_state=seed,
    )
    order = np.random.default_rng(seed).permutation(len(table.y_train))
    shards = [
        Rows.read(model, table.X_train[part], table.y_train[part])
        for part in np.array_split(order, n_shards)
    ]
    executor = SerialExecutor(shards)
    course = fit_shards(model, executor, local_steps=local_steps, outer=outer)
    return model.score(table.X_test, table.y_test), course


def scores(options):
    """Print a row for each table and number of shards."""
    seeds = range(2 if options.quick else options.seeds)
    for name in options.tables:
        table, alone = standardised(SPLITS[name](options.data)), None
        for how in COURSES:
            n_epochs = 2 if options.quick else EPOCHS[name]
            found = [score(table, *how, n_epochs, seed) for seed in seeds]
            values, course = np.array([value for value, _ in found]), found[0][1]
            error = values.std(ddof=1) / np.sqrt(len(values))
            verdict = ""
            if alone is None:
                alone = values.mean(), error
            else:
                less = alone[0] - values.mean()
                verdict = "BELOW" if less > np.hypot(alone[1], error) else "not below"
            print(
                f"{name:9} {how[0]:2} shards of batches of {course.local_batch:3}, rounds of "
                f"{course.local_steps:3} steps, {course.outer:8} {values.mean():.4f} +- {error:.4f}"
                f"  {verdict}",
                flush=True,
            )


class Timed:
    """An executor, and the seconds of its rounds; after enough of them it ends the fit."""

    def __init__(self, executor, n_rounds):
        self.executor, self.n_rounds, self.seconds = executor, n_rounds, []
        self.describe, self.encode = executor.describe, executor.encode

    def advance(self, *asked):
        """Run a round and take its time.

        Raises
        ------
        KeyboardInterrupt
            After enough rounds.
        """
        if len(self.seconds) == self.n_rounds:
            raise KeyboardInterrupt
        began = time.perf_counter()
        result = self.executor.advance(*asked)
        self.seconds.append(time.perf_counter() - began)
        return result


@contextmanager
def processes(n_workers):
    """Give a client of as many processes on this machine, with one thread each."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=n_workers, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def seconds_of_rounds(client, widths, n_shards, n_steps, n_rounds=8):
    """Return the median of the seconds of a round; two more before them are left out."""
    import dask.array as da

    from deepgen.dask.collections import partitions_of
    from deepgen.dask.executor import DaskExecutor

    # Rounds end with the epoch, which is a whole number of them: all have equally many steps.
    rows = LOCAL_BATCH * n_steps * -(-64 // n_steps)
    # The workers draw the rows: those of long rounds would make a large graph.
    shape = rows * n_shards, widths[0]
    X = da.random.default_rng(0).standard_normal(shape, chunks=(rows, widths[0]))
    X = X.astype(np.float32)
    model = MLPRegressor(
        hidden_layer_sizes=widths[1:-1],
        batch_size=LOCAL_BATCH * n_shards,
        max_iter=1000,
        n_iter_no_change=np.inf,
        random_state=0,
    )
    parts = partitions_of(X, X[:, 0] * X[:, 1])
    executor = Timed(DaskExecutor(client, parts, None), n_rounds + 2)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Training interrupted")
        course = fit_shards(model, executor, local_steps=n_steps, outer="mean")
    assert (course.n_shards, course.local_steps) == (n_shards, n_steps), course
    return float(np.median(executor.seconds[2:]))


def rounds(options):
    """Print the seconds of short and long rounds on one and two processes."""
    found, long = {}, 16 if options.quick else LONG
    for n_workers in (1, 2):
        with processes(n_workers) as client:
            for n_steps in (SHORT, long):
                seconds = seconds_of_rounds(client, WIDE, N_SHARDS, n_steps)
                found[n_workers, n_steps] = seconds
                print(
                    f"{n_workers} processes, {N_SHARDS} shards, rounds of {n_steps:4} steps: "
                    f"{1e3 * seconds:7.1f} ms, load {os.getloadavg()[0]:.1f}",
                    flush=True,
                )
    print(f"two processes are {found[1, long] / found[2, long]:.2f} times as fast as one")


def main():
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("scores", "rounds"))
    parser.add_argument("--quick", action="store_true", help="only see that it runs")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--data", type=Path, default=SHARED_DATA)
    parser.add_argument("--tables", nargs="+", choices=sorted(EPOCHS), default=sorted(EPOCHS))
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    {"scores": scores, "rounds": rounds}[options.what](options)


if __name__ == "__main__":
    main()
