"""How much memory a fit takes beside the user's own arrays, measured in a process of its own."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path("/proc/self/status").exists(), reason="this system does not tell anonymous memory"
    ),
]

N, WIDTH = 100_000, 128
ONE_COPY = N * WIDTH * 4
"""Bytes of the features in float32."""

# Targets, order of rows and the like grow with the rows, but not with the columns.
SLACK = 0.35 * ONE_COPY

MEASURE = """
import sys, threading, time, warnings
import numpy as np
from deepgen import MLPClassifier, MLPRegressor
warnings.simplefilter("ignore")

def anonymous():
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith("RssAnon"))

def peak_of(work):
    before, most, done = anonymous(), [0], threading.Event()
    def watch():
        while not done.wait(0.001):
            most[0] = max(most[0], anonymous())
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        done.set()
        watcher.join()
    return max(most[0], anonymous()) - before

settings = dict(hidden_layer_sizes=(4,), batch_size=2000, max_iter=2, random_state=0, n_jobs=1)
small = np.random.default_rng(0).normal(size=(500, {WIDTH})).astype(np.float32)
# What is imported and allocated once is not counted.
MLPRegressor(early_stopping=True, **settings).set_params(batch_size=100).fit(
    small, small[:, 0]
).score(small, small[:, 0])
MLPClassifier(**settings).set_params(batch_size=100).fit(small, small[:, 0] > 0).predict(small)
X = np.memmap(sys.argv[1], np.{stored}, "r", shape=({N}, {WIDTH}), order="{order}")
y = np.asarray(X[:, 0], dtype=np.float32)
{prepare}
print(peak_of(lambda: {work}))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("memory")
    rng = np.random.default_rng(0)
    for dtype in (np.float32, np.float64):
        rng.standard_normal(N * WIDTH, np.float32).astype(dtype).tofile(
            folder / np.dtype(dtype).name
        )
    yield folder
    for file in folder.iterdir():
        file.unlink()


def peak(folder, work, *, stored="float32", order="C", prepare=""):
    """Largest growth of anonymous memory while ``work`` runs, in bytes."""
    code = MEASURE.format(
        N=N, WIDTH=WIDTH, stored=stored, order=order, prepare=textwrap.dedent(prepare), work=work
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    run = subprocess.run(
        [sys.executable, "-c", code, str(folder / stored)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    return int(run.stdout)


FIT = "MLPRegressor(**settings).fit(X, y)"
WORK = {
    "fit": FIT,
    "partial_fit": "MLPRegressor(**settings).partial_fit(X, y)",
    "classifier": "MLPClassifier(**settings).fit(X, y > 0)",
    "early stopping": "MLPRegressor(early_stopping=True, **settings).fit(X, y)",
    "own validation": "MLPRegressor(**settings).fit(X, y, X_val=X, y_val=y)",
}


@pytest.mark.parametrize("work", WORK)
def test_a_memmap_of_float32_is_streamed(folder, work):
    assert peak(folder, WORK[work]) < SLACK


def test_an_array_of_float32_is_not_copied(folder):
    assert peak(folder, FIT, prepare="X = np.array(X)") < SLACK


@pytest.mark.parametrize("method", ["predict(X)", "score(X, y)"])
def test_predicting_copies_nothing(folder, method):
    fit = "model = MLPRegressor(**settings).fit(X[:5000], y[:5000])"
    assert peak(folder, f"model.{method}", prepare=fit) < SLACK


@pytest.mark.parametrize(
    ("stored", "order"), [("float64", "C"), ("float32", "F")], ids=["float64", "fortran"]
)
def test_another_type_or_order_costs_one_conversion(folder, stored, order):
    assert ONE_COPY < peak(folder, FIT, stored=stored, order=order) < ONE_COPY + SLACK


def test_training_in_float64_does_not_copy_float64(folder):
    work = "MLPRegressor(dtype='float64', **settings).fit(X, y)"
    assert peak(folder, work, stored="float64") < SLACK


def test_rows_in_files_take_less_than_two_buffers(folder, tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    pa = pytest.importorskip("pyarrow")
    X = np.fromfile(folder / "float32", np.float32).reshape(N, WIDTH)
    for number, rows in enumerate(np.array_split(X, 4)):
        table = pa.table({f"x{i}": column for i, column in enumerate(rows.T)})
        pq.write_table(table, tmp_path / f"{number}.parquet", row_group_size=5000)
    few = {f"x{i}": column for i, column in enumerate(X[:500].T)}
    (tmp_path / "few").mkdir()
    pq.write_table(pa.table(few), tmp_path / "few" / "0.parquet", row_group_size=100)
    prepare = f"""
        from deepgen import ParquetRows
        def rows(path, buffer_rows):
            return ParquetRows(path, [f"x{{i}}" for i in range(1, {WIDTH})], "x0", buffer_rows)
        small = MLPRegressor(**settings).set_params(batch_size=100)
        small.fit(rows("{tmp_path}/few/0.parquet", 300))
    """
    # All of them four times, so that two buffers are the rows. Arrow's own memory, some 25 MB, does
    # not grow with the buffers; a quarter of them is left for it and for the drawn rows.
    work = f"MLPRegressor(**settings).fit(rows(4 * ['{tmp_path}/[0-3].parquet'], 200_000))"
    assert peak(folder, work, prepare=prepare) < 2 * 200_000 * WIDTH * 4
