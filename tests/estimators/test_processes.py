"""Fits beside other threads, processes and libraries: all end, with the bits of a fit alone."""

import importlib.util
import multiprocessing
import os
import pickle
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pytest

from deepgen import MLPClassifier, MLPRegressor

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

# What hangs never comes back; what works needs a second or two.
SECONDS = 90

RNG = np.random.default_rng(0)
X = RNG.normal(size=(1500, 40))
Y = X[:, 0] * X[:, 1]
FORKS = "fork" in multiprocessing.get_all_start_methods()


def fitted(kind="adam", n_jobs=2):
    """A fit whose steps are worth two threads."""
    settings = dict(hidden_layer_sizes=(256, 256), max_iter=2, random_state=0, n_jobs=n_jobs)
    if kind == "class":
        return MLPClassifier(**settings, batch_size=500).fit(X, Y > 0)
    return MLPRegressor(solver=kind, **settings, batch_size=500).fit(X, Y)


def outcome(kind="adam", n_jobs=2):
    model = fitted(kind, n_jobs)
    return model.network_.parameters.tobytes(), model.predict(X).tobytes()


@pytest.fixture(scope="module")
def alone():
    return {kind: outcome(kind) for kind in ("adam", "sgd", "lbfgs", "class")}


@pytest.mark.parametrize("kind", ["adam", "lbfgs"])
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_fits_inside_joblib(alone, backend, kind):
    with joblib.parallel_backend(backend, n_jobs=2):
        found = joblib.Parallel(timeout=SECONDS)(
            joblib.delayed(outcome)(kind, n_jobs) for n_jobs in (None, 2, 1)
        )
    assert found == [alone[kind]] * 3


def test_eight_threads_fit_at_once(alone):
    kinds = ["adam", "sgd", "lbfgs", "class"] * 2
    with ThreadPoolExecutor(8) as pool:
        tasks = [pool.submit(outcome, kind) for kind in kinds]
        found = [task.result(timeout=SECONDS) for task in tasks]
    assert found == [alone[kind] for kind in kinds]


def test_eight_threads_predict_with_one_model_while_it_is_fitted_anew():
    model = fitted()
    expected = model.predict(X)
    with ThreadPoolExecutor(9) as pool:
        fitting = [pool.submit(model.fit, X, Y)]
        predicting = [pool.submit(lambda: [model.predict(X) for _ in range(5)]) for _ in range(8)]
        for task in predicting:
            for found in task.result(timeout=SECONDS):
                assert np.array_equal(found, expected)
        fitting[0].result(timeout=SECONDS)


def test_threads_that_fit_one_estimator_at_once_leave_it_usable():
    """A mistake of the caller, and still no crash."""
    model = MLPRegressor(hidden_layer_sizes=(64,), random_state=0)
    model.partial_fit(X, Y)
    with ThreadPoolExecutor(8) as pool:
        tasks = [pool.submit(lambda: model.partial_fit(X, Y)) for _ in range(40)]
        for task in tasks:
            task.result(timeout=SECONDS)
    assert np.isfinite(model.predict(X)).all()
    assert len({len(column) for column in model.history_.values()}) == 1


def report(pipe, kind):
    pipe.send(outcome(kind))
    pipe.close()


def outcome_of_a_fork(kind):
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=report, args=(sender, kind))
    child.start()
    try:
        assert receiver.poll(SECONDS), "the child hangs"
        return receiver.recv()
    finally:
        child.kill()
        child.join()
        child.close()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.skipif(not FORKS, reason="this system cannot fork")
@pytest.mark.parametrize("kind", ["adam", "lbfgs", "class"])
def test_fits_in_a_fork_after_a_fit_in_the_parent(alone, kind):
    model = fitted(kind)
    assert outcome_of_a_fork(kind) == alone[kind]
    model.predict(X)
    assert outcome_of_a_fork(kind) == alone[kind]
    assert outcome(kind) == alone[kind]  # the parent goes on with all its threads


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.skipif(not FORKS, reason="this system cannot fork")
def test_a_fork_from_another_thread_while_fits_run(alone):
    stop = threading.Event()

    def work():
        while not stop.is_set():
            fitted()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    try:
        assert [outcome_of_a_fork("adam") for _ in range(2)] == [alone["adam"]] * 2
    finally:
        stop.set()
        for worker in workers:
            worker.join()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.skipif(not FORKS, reason="this system cannot fork")
def test_a_pool_of_forks(alone):
    fitted()
    with multiprocessing.get_context("fork").Pool(2) as pool:
        found = pool.starmap_async(outcome, [("adam",), ("sgd",), ("class",)]).get(timeout=SECONDS)
    assert found == [alone["adam"], alone["sgd"], alone["class"]]


def run(code):
    """Run a program in a process of its own; give back the last line that it prints."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


HASH = "import hashlib; from estimators.test_processes import outcome; import numpy as np"
TORCH = "import torch; torch.set_num_threads(2); a = torch.ones(800, 800); (a @ a).sum().item()"
BOOSTING = """
from sklearn.ensemble import HistGradientBoostingRegressor as Boosting
Boosting(max_iter=3).fit(np.arange(20000.0).reshape(-1, 2), np.arange(10000.0))
"""
PRINT = "print(hashlib.sha256(b''.join(outcome())).hexdigest())"
FORKED = """
import os
child = os.fork()
if child == 0:
    %s
    import sys
    sys.stdout.flush()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""
# What a library that shares the engine's OpenMP runtime would do.
SHARING = """
import ctypes
runtime = ctypes.CDLL("libgomp.so.1")
region = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda nothing: None)
runtime.GOMP_parallel(region, None, 2, 0)
"""
OTHERS = {"torch": TORCH, "boosting": BOOSTING, "sharing": SHARING}


def lines(*parts):
    return "\n".join(textwrap.dedent(part) for part in parts)


@pytest.fixture(scope="module")
def digest(alone):
    import hashlib

    return hashlib.sha256(b"".join(alone["adam"])).hexdigest()


needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="torch is not installed"
)
MAPS = Path("/proc/self/maps")
needs_libgomp = pytest.mark.skipif(
    not MAPS.exists() or "/libgomp.so.1" not in MAPS.read_text(),
    reason="the engine does not use the system's libgomp",
)
OTHER = [
    pytest.param("torch", marks=needs_torch),
    "boosting",
    pytest.param("sharing", marks=needs_libgomp),
]


@pytest.mark.parametrize("other", OTHER)
def test_another_library_with_threads_imported_first(digest, other):
    assert run(lines("import numpy as np", OTHERS[other], HASH, PRINT, OTHERS[other])) == digest


@pytest.mark.parametrize("other", OTHER)
def test_another_library_with_threads_imported_later(digest, other):
    twice = lines(HASH, PRINT, OTHERS[other], PRINT, OTHERS[other])
    assert run(twice) == digest


@needs_torch
def test_torch_keeps_its_threads_and_bits_beside_a_fit():
    """Wheels bring an OpenMP runtime each, with a number of threads of its own."""
    result = """
    a = torch.sin(torch.arange(640000.0)).reshape(800, 800)
    bits = (a @ a).softmax(1).numpy().tobytes()
    print(torch.get_num_threads(), hashlib.sha256(bits).hexdigest())
    """
    alone = run(lines("import hashlib", TORCH, result))
    assert alone.startswith("2 ")
    assert run(lines(TORCH, HASH, PRINT, result)) == alone
    assert run(lines(HASH, PRINT, TORCH, PRINT, result)) == alone


@pytest.mark.skipif(not FORKS, reason="this system cannot fork")
@pytest.mark.parametrize("other", OTHER)
def test_a_fork_after_another_library_has_used_threads(digest, other):
    """Libraries may share one OpenMP runtime, whose threads no fork brings along."""
    before = lines("import numpy as np", HASH, OTHERS[other], FORKED % PRINT)
    assert run(before) == digest


@pytest.mark.skipif(not FORKS, reason="this system cannot fork")
@pytest.mark.parametrize("other", OTHER)
def test_threads_of_another_library_and_a_fit_in_a_fork(digest, other):
    assert run(lines("import numpy as np", HASH, OTHERS[other], PRINT, FORKED % PRINT)) == digest


def test_the_pickle_of_a_fitted_model_holds_weights_and_history_only():
    model = MLPRegressor(hidden_layer_sizes=(300,), max_iter=20, random_state=0).fit(X, Y)
    weights = model.network_.parameters.nbytes
    assert weights < len(pickle.dumps(model)) < weights + 10_000
    assert (
        model._training_state.optimizer_state
        is model._training_state.resume_weights
        is model._training_state.prediction_weights
        is None
    )
    model.set_params(warm_start=True).fit(X, Y)
    assert len(pickle.dumps(model)) > 3 * weights  # Adam keeps two numbers a weight


def test_a_pickle_from_another_process_goes_on_to_the_bit():
    settings = dict(hidden_layer_sizes=(16,), max_iter=3, random_state=0, warm_start=True)
    model = MLPRegressor(**settings).fit(X, Y)
    code = f"""
        import pickle, sys
        from estimators.test_processes import X, Y
        model = pickle.loads(bytes.fromhex("{pickle.dumps(model).hex()}"))
        print(model.fit(X, Y).network_.parameters.tobytes().hex())
    """
    assert run(code) == model.fit(X, Y).network_.parameters.tobytes().hex()
    whole = MLPRegressor(**{**settings, "max_iter": 6}).fit(X, Y)
    assert np.array_equal(whole.predict(X), model.predict(X))
