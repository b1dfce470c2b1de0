"""Training on Parquet files beside training on arrays: speed, memory, and quality on sorted files.

    python benchmarks/streamed_rows.py speed|memory|quality [--quick]

Speed: an epoch of 64-256x3-1 with one thread, in turn from files and from arrays. The rate is that
of processor time, which other programs do not change much: the thread that reads is counted as if
it had no core of its own. Memory: the peak of a process above what it held before the fit. Quality:
the error on other rows after training on files in random order, and on the same rows sorted by the
target.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.base import clone

from deepgen import MLPRegressor, ParquetRows

D = 64
NAMES = [f"x{i}" for i in range(D)]
BATCH = 256
MEGABYTE = 2**20


def make_rows(n_rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw features, and a target that takes some epochs to learn."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, D)).astype(np.float32)
    y = np.sin(2 * X[:, 0]) * X[:, 1] + X[:, 2] * X[:, 3] + 0.5 * X[:, 4]
    return X, y + 0.1 * rng.normal(size=n_rows).astype(np.float32)


def write_rows(folder: Path, X: np.ndarray, y: np.ndarray, n_files: int, group: int) -> None:
    """Write rows to files with row groups of a size."""
    for number, rows in enumerate(np.array_split(np.arange(len(X)), n_files)):
        columns = {name: X[rows, i] for i, name in enumerate(NAMES)} | {"y": y[rows]}
        file = folder / f"rows-{number:03}.parquet"
        pq.write_table(pa.table(columns), file, row_group_size=group)


def speed(quick: bool) -> None:
    n_rows, repeats = (2**14, 1) if quick else (2**18, 5)
    model = MLPRegressor(hidden_layer_sizes=(256,) * 3, batch_size=BATCH, max_iter=1, n_jobs=1)
    X, y = make_rows(n_rows, 0)
    with tempfile.TemporaryDirectory() as folder:
        write_rows(Path(folder), X, y, 4, n_rows // 16)
        rows = ParquetRows(folder, NAMES, "y", buffer_rows=n_rows // 4)
        epochs: dict[str, list[tuple[float, float]]] = {"arrays": [], "files": []}
        for _ in range(repeats):
            for name, data in (("arrays", (X, y)), ("files", (rows,))):
                # A longer fit minus a shorter one: neither statistics nor the start is in it.
                both = []
                for n_epochs in (1, 3):
                    model.set_params(max_iter=n_epochs)
                    began = time.perf_counter(), time.process_time()
                    model.fit(*data)
                    both.append((time.perf_counter() - began[0], time.process_time() - began[1]))
                epochs[name].append(tuple((b - a) / 2 for a, b in zip(*both, strict=True)))
        # The epochs are the same work: in the order of the files they give the same weights.
        plain = {"max_iter": 1, "shuffle": False, "target_scaling": None, "random_state": 0}
        fits = [clone(model).set_params(**plain).fit(*data) for data in ((X, y), (rows,))]
        assert all(map(np.array_equal, *(fit.coefs_ for fit in fits)))
    for name, times in epochs.items():
        wall, cpu = (statistics.median(column) for column in zip(*times, strict=True))
        print(f"{name:8} {wall:8.3f} s of wall clock, {cpu:8.3f} s of processor time per epoch")
    ratios = [
        tuple(a / b for a, b in zip(*pair, strict=True))
        for pair in zip(epochs["arrays"], epochs["files"], strict=True)
    ]
    wall, cpu = (statistics.median(column) for column in zip(*ratios, strict=True))
    print(f"rate of files over arrays: {wall:.3f} by wall clock, {cpu:.3f} by processor time")


def memory(quick: bool) -> None:
    n_rows, buffer_rows = (2**15, 2**13) if quick else (2**21, 2**19)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(8):
            X, y = make_rows(n_rows // 8, number)
            (part := Path(folder) / str(number)).mkdir()
            write_rows(part, X, y, 1, n_rows // 32)
        del X, y
        # In a process of its own, since memory that was used before would hide the peak.
        command = [sys.executable, __file__, "peak", folder, str(buffer_rows)]
        peak = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    buffer = buffer_rows * (D + 1) * 4 / MEGABYTE
    print(f"{n_rows:,} rows of {n_rows * (D + 1) * 4 / MEGABYTE:.0f} MB")
    print(f"peak {peak:.0f} MB above the start; two buffers are {2 * buffer:.0f} MB")


def peak_of_fit(folder: str, buffer_rows: int) -> None:
    """Print the megabytes that a fit takes at most."""
    model = MLPRegressor(hidden_layer_sizes=(64,), batch_size=BATCH, max_iter=2, n_jobs=1)
    X, y = make_rows(2000, 0)
    with tempfile.TemporaryDirectory() as small:
        write_rows(Path(small), X, y, 1, 500)
        model.fit(ParquetRows(small, NAMES, "y", buffer_rows=1000))
    before = memory_of("VmRSS")
    model.fit(ParquetRows(folder, NAMES, "y", buffer_rows=buffer_rows))
    print(memory_of("VmHWM") - before)


def memory_of(what: str) -> float:
    """Return the megabytes that this process holds (VmRSS), or held at most (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024


def quality(quick: bool) -> None:
    n_rows, n_seeds, n_epochs = (2**12, 1, 2) if quick else (2**16, 4, 10)
    X, y = make_rows(n_rows + 2**14, 1)
    X_test, y_test, X, y = X[n_rows:], y[n_rows:], X[:n_rows], y[:n_rows]
    order = np.argsort(y, kind="stable")
    shuffled = X, y
    cases = [("arrays", None, 0, 0), ("files in random order", shuffled, n_rows // 128, 8)]
    for n_groups, n_parts in ((16, 16), (32, 8), (128, 8), (512, 8)):
        cases.append(("sorted files", (X[order], y[order]), n_rows // n_groups, n_parts))
    print("test RMSE, mean over seeds and its standard error")
    for name, rows, group, n_parts in cases:
        scores = []
        with tempfile.TemporaryDirectory() as folder:
            data: tuple = shuffled
            if rows is not None:
                write_rows(Path(folder), *rows, 4, group)
                size = n_rows * 4 // (3 * n_parts) + 2 * BATCH
                data = (ParquetRows(folder, NAMES, "y", buffer_rows=size),)
            for seed in range(n_seeds):
                model = MLPRegressor(
                    hidden_layer_sizes=(128, 128),
                    batch_size=BATCH,
                    max_iter=n_epochs,
                    learning_rate="cosine",
                    learning_rate_init=2e-3,
                    random_state=seed,
                    n_jobs=1,
                )
                model.fit(*data)
                scores.append(np.sqrt(np.mean((model.predict(X_test) - y_test) ** 2)))
        error = np.std(scores, ddof=1) / len(scores) ** 0.5 if n_seeds > 1 else float("nan")
        groups = "" if rows is None else f"{n_rows // group:5} row groups in {n_parts} parts"
        print(f"{name:22} {groups:28} {np.mean(scores):.4f} ({error:.4f})", flush=True)


def main() -> None:
    warnings.simplefilter("ignore")
    if sys.argv[1:2] == ["peak"]:
        peak_of_fit(sys.argv[2], int(sys.argv[3]))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["speed", "memory", "quality"])
    parser.add_argument("--quick", action="store_true", help="small data, for a check that it runs")
    options = parser.parse_args()
    {"speed": speed, "memory": memory, "quality": quality}[options.what](options.quick)


if __name__ == "__main__":
    main()
