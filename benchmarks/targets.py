"""Print every speed and memory target with what is reached on this machine, and a verdict each.

python benchmarks/targets.py [--samples N] [--without PEER ...]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from contestants import PEERS, EngineTraining
from measuring import interleaved, machine, verdict
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor as PeerRegressor
from threadpoolctl import threadpool_limits
from workloads import LARGE, MIDDLE

from deepgen import MLPRegressor, cli

HERE = Path(__file__).resolve().parent
FIT_TIMES_FASTER = 10
ROW_SHARE, LEAN_MICROSECONDS = 0.95, 5
PREDICT_PEAK = 0.85
SPARSE_TIMES_FASTER = {64: 10, 256: 5}
MEMBERS_TIMES = 4.3
GROWTH_MEGABYTES = 100
# With a busy program on one of two processors that processor's thread gets half of it, and the
# other waits: twice the time is in proportion. A barrier that loses scheduler slices costs more.
CROWDED_TIMES = 2.2


def line(what, figure, words=""):
    """Print a row of the table."""
    print(f"{what:<66} {figure:>14}  {words}", flush=True)


def regressor(*data, **settings):
    """Return a deepgen regressor fitted for two epochs."""
    return MLPRegressor(max_iter=2, random_state=0, **settings).fit(*data)


def print_fit(n_samples):
    """Time whole fits of a small table with the defaults of both libraries."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((1_000, 10))
    y = X[:, 0] * X[:, 1] + np.sin(X[:, 2])
    settings = {"tol": 0.0, "random_state": 0}
    ours = MLPRegressor(n_iter_no_change=np.inf, **settings)
    theirs = PeerRegressor(n_iter_no_change=10_000, **settings)
    with threadpool_limits(1):
        found = interleaved(
            {"deepgen": lambda: ours.fit(X, y), "scikit-learn": lambda: theirs.fit(X, y)}, n_samples
        )
    assert ours.n_iter_ == theirs.n_iter_ == 200
    assert ours.score(X, y) > 0.9
    ratio = found["scikit-learn"].median / found["deepgen"].median
    words = verdict(ratio >= FIT_TIMES_FASTER, f">= {FIT_TIMES_FASTER}x", found["deepgen"])
    line("fit of 1,000 x 10, defaults, 200 epochs, against scikit-learn", f"{ratio:.1f}x", words)


def print_predict(n_samples, n_rows):
    """Time prediction of one row and of many."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, 64), dtype=np.float32)
    y = X[:1_000, 0]
    model, row = regressor(X[:1_000], y), X[:1]
    prepared = model.network_.prepare()
    peer = PeerRegressor(max_iter=2, random_state=0).fit(X[:1_000], y)
    with threadpool_limits(1):
        found = interleaved(
            {
                "predict": lambda: model.predict(row),
                "scikit-learn": lambda: peer.predict(row),
                "lean": lambda: prepared.predict(row),
            },
            n_samples,
        )
    np.testing.assert_allclose(model.predict(row), model.predict(X[:50])[:1], rtol=0)
    share = found["predict"].median / found["scikit-learn"].median
    words = verdict(share <= ROW_SHARE, f"<= {ROW_SHARE}", found["predict"])
    line("predict of one row, 64-100-1, share of scikit-learn's time", f"{share:.2f}", words)
    lean = found["lean"].median * 1e6
    words = verdict(lean < LEAN_MICROSECONDS, f"< {LEAN_MICROSECONDS} us", found["lean"])
    line("network_.prepare().predict of one row, 64-100-1", f"{lean:.1f} us", words)

    large = regressor(X[:1_000], y, hidden_layer_sizes=(256, 256, 256), n_jobs=1)
    own = interleaved({"": lambda: large.predict(X)}, max(n_samples // 5, 1))[""]
    share = own.of_peak(2 * len(X) * sum(coefs.size for coefs in large.coefs_))
    words = verdict(share >= PREDICT_PEAK, f">= {PREDICT_PEAK:.2f} of peak", own)
    line(f"predict of {n_rows:,} x 64 through 256x3, one thread", f"{share:.2f} of peak", words)


def print_sparse(n_samples):
    """Time epochs on sparse rows against the same rows dense."""
    rng = np.random.default_rng(0)
    X = sparse.random_array((8_192, 20_000), density=0.01, format="csr", dtype="f", rng=rng)
    dense, y = X.toarray(), rng.standard_normal(8_192).astype(np.float32)
    for batch_size in (256, 32):
        for width, wanted in SPARSE_TIMES_FASTER.items():
            settings = {"hidden_layer_sizes": (width,), "batch_size": batch_size, "n_jobs": 1}
            models = {
                name: MLPRegressor(random_state=0, **settings) for name in ("sparse", "dense")
            }
            calls = {
                "sparse": lambda model=models["sparse"]: model.partial_fit(X, y),
                "dense": lambda model=models["dense"]: model.partial_fit(dense, y),
            }
            found = interleaved(calls, max(n_samples // 5, 1))
            losses = [model.loss_curve_[:2] for model in models.values()]
            np.testing.assert_allclose(*losses, rtol=1e-3)
            ratio = found["dense"].median / found["sparse"].median
            words = "reported"
            if batch_size == 256:
                words = verdict(ratio >= wanted, f">= {wanted}x", found["sparse"])
            line(
                f"CSR, 1 % of 20,000 features, {width} units, batch {batch_size}, against dense",
                f"{ratio:.1f}x",
                words,
            )


def print_members(n_samples):
    """Time eight members on two threads against one member on one."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((16_384, 16), dtype=np.float32)
    y = X[:, 0] * X[:, 1]
    settings = {"hidden_layer_sizes": (64, 64), "max_iter": 20, "tol": 0.0, "random_state": 0}
    settings["n_iter_no_change"] = np.inf
    one, eight = MLPRegressor(n_jobs=1, **settings), MLPRegressor(n_members=8, n_jobs=2, **settings)
    found = interleaved(
        {"one": lambda: one.fit(X, y), "eight": lambda: eight.fit(X, y)}, max(n_samples // 3, 1)
    )
    assert [member.n_iter_ for member in eight.members_] == [20] * 8
    ratio = found["eight"].median / found["one"].median
    words = verdict(ratio <= MEMBERS_TIMES, f"<= {MEMBERS_TIMES}x", found["one"])
    line("n_members=8 of 16-64-64-1 on two threads, against one on one", f"{ratio:.2f}x", words)


@contextmanager
def busy(processor):
    """Keep one processor busy with another program."""
    code = f"import os; os.sched_setaffinity(0, [{processor}])\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", code]) as program:
        try:
            yield
        finally:
            program.kill()


def print_crowded(n_samples):
    """Time epochs on two threads while another program holds one of two processors."""
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
        print("an occupied processor: left out, it takes two processors and Linux")
        return
    own = os.sched_getaffinity(0)
    processors = sorted(own)[:2]
    os.sched_setaffinity(0, processors)
    try:
        for workload in (MIDDLE, LARGE):
            epoch = EngineTraining(workload, 2).epoch
            quiet = interleaved({"": epoch}, n_samples)[""]
            with busy(processors[1]):
                crowded = interleaved({"": epoch}, n_samples)[""]
            ratio = crowded.median / quiet.median
            words = verdict(ratio <= CROWDED_TIMES, f"<= {CROWDED_TIMES}x", quiet)
            line(
                f"{workload.name}, two threads, one processor occupied, against quiet",
                f"{ratio:.2f}x",
                words,
            )
    finally:
        os.sched_setaffinity(0, own)


# Run in a process of its own: what one fit takes, seen by the kernel as anonymous memory.
MEMORY = """
import sys
import numpy as np
from deepgen import MLPRegressor

def anonymous():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssAnon")) / 1024

kind, path, n_rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
rows = np.random.default_rng(0).standard_normal((1_000, 64), dtype=np.float32)
settings = {"hidden_layer_sizes": (256, 256), "max_iter": 1, "batch_size": 1_000}
MLPRegressor(**settings).fit(rows, rows[:, 0])
if kind == "memmap":
    X = np.memmap(path, dtype=np.float32, mode="r", shape=(n_rows, 64))
else:
    X = np.full((n_rows, 64), 0.5, dtype=kind)
    X[::2] = -0.5
y = np.tile(np.array([1.0, -1.0], dtype=np.float32), n_rows // 2)
before = anonymous()
peak = [before]
import threading
done = threading.Event()
def watch():
    while not done.wait(0.005):
        peak.append(anonymous())
watcher = threading.Thread(target=watch)
watcher.start()
model = MLPRegressor(**settings).fit(X, y)
done.set()
watcher.join()
print(max(peak) - before, model.network_.core.n_parameters)
"""


def print_memory(n_rows):
    """Measure how much anonymous memory a fit of many rows takes at its highest."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "X.bin"
        for _ in range(10):
            with path.open("ab") as file:
                file.write(np.random.default_rng(0).random((n_rows // 10, 64), "f").tobytes())
        for kind in ("float32", "memmap", "float64"):
            run = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", MEMORY, kind, str(path), str(n_rows)],
                capture_output=True,
                text=True,
                check=True,
            )
            grown, n_parameters = map(float, run.stdout.split())
            # Weights, two moments, the packed copies and the best weights.
            allowed = GROWTH_MEGABYTES + 10 * 4 * n_parameters / 2**20
            if kind == "float64":
                allowed += n_rows * 64 * 4 / 2**20
            word = "met" if grown <= allowed else "missed"
            what = f"anonymous memory of a fit of {n_rows:,} x 64, {kind}"
            line(what, f"{grown:.0f} MB", f"{word} (<= {allowed:.0f} MB)")


def main():
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=15, help="samples a contestant (default 15)")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of large data (a million)")
    parser.add_argument("--without", nargs="*", default=[], choices=PEERS, metavar="PEER")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(machine())
    cli.main(["info"])

    header = ("a step of Adam, float32, shuffling included", "threads", "us", "cpu", "of peak")
    print("\n{:<26}{:>8} {:>22} {:>9} {:>8}  deepgen".format(*header))
    for n_threads in (1, 2):
        if n_threads <= (os.cpu_count() or 1):
            command = [sys.executable, str(HERE / "steps.py"), f"--threads={n_threads}"]
            command += [f"--samples={options.samples}", "--without", *options.without]
            subprocess.run(command, check=True)
    print()
    print_fit(options.samples)
    print_predict(options.samples, options.rows)
    print_sparse(options.samples)
    print_members(options.samples)
    print_crowded(options.samples)
    print_memory(options.rows)
    print(
        "\nus and cpu: medians of wall-clock and processor time of a step, contestants in turn; "
        "of peak:\nmedian of flops of the products / time / FMA peak of all threads, the peak "
        "measured around each\nsample. A missed target is 'too noisy to judge' where the peak "
        "moved, or other programs ran."
    )


if __name__ == "__main__":
    main()
