"""Ctrl-C: a real SIGINT is answered within a second, and leaves a usable model."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="SIGINT of POSIX")]

PROGRAM = """
    import sys, time, warnings
    import numpy as np
    from scipy import sparse
    from deepgen import MLPClassifier, MLPRegressor
    from deepgen._training.state import TrainingState

    warnings.simplefilter("ignore")
    rng = np.random.default_rng(0)

    def watch(what, name):
        '''Say when `what.name` is entered.'''
        inner = getattr(what, name)
        def outer(*args, **kwargs):
            if sys.argv[1:] != ["said"]:
                sys.argv[1:] = ["said"]
                print("here", flush=True)
            return inner(*args, **kwargs)
        setattr(what, name, outer)
"""
CASES = {
    "a long epoch": """
        X = rng.normal(size=(400_000, 64)).astype(np.float32)
        model = MLPRegressor(hidden_layer_sizes=(512, 512), batch_size=64, random_state=0)
        from deepgen._training import first_order as training
        watch(training, "run_epoch")
        model.fit(X, X[:, 0])
        print("done", flush=True)
        assert model.n_iter_ == 0 and model.loss_curve_ == []
        assert np.isfinite(model.predict(X[:10])).all()
    """,
    "a long sparse epoch": """
        columns = np.sort(rng.integers(5000, size=(400_000, 10)), axis=1).ravel()
        values = rng.normal(size=columns.size).astype(np.float32)
        X = sparse.csr_matrix((values, columns, np.arange(0, columns.size + 1, 10)))
        model = MLPClassifier(hidden_layer_sizes=(512, 256), batch_size=64, random_state=0)
        from deepgen._training import first_order as training
        watch(training, "run_epoch")
        model.fit(X, rng.integers(3, size=400_000))
        print("done", flush=True)
        assert model.n_iter_ == 0
        assert np.isfinite(model.predict_proba(X[:10])).all()
    """,
    "an evaluation of L-BFGS": """
        X = rng.normal(size=(100_000, 64))
        model = MLPRegressor(hidden_layer_sizes=(512, 512), solver="lbfgs", random_state=0)
        from deepgen._network.network import Network
        watch(Network, "loss_and_gradient")
        model.fit(X, X[:, 0])
        print("done", flush=True)
        assert model.n_iter_ == 0
        assert np.isfinite(model.predict(X[:10])).all()
    """,
    "a long validation": """
        X = rng.normal(size=(400_000, 64)).astype(np.float32)
        model = MLPRegressor(hidden_layer_sizes=(512, 512), random_state=0)
        from deepgen._network.network import Network
        watch(Network, "loss")
        model.fit(X[:200], X[:200, 0], X_val=X, y_val=X[:, 0])
        print("done", flush=True)
        assert model.n_iter_ == 0
        assert np.isfinite(model.predict(X[:10])).all()
    """,
    "a long prediction": """
        X = rng.normal(size=(400_000, 64)).astype(np.float32)
        model = MLPRegressor(hidden_layer_sizes=(512, 512), max_iter=1).fit(X[:200], X[:200, 0])
        from deepgen._network.network import Network
        watch(Network, "predictions")
        try:
            model.predict(X)
        except KeyboardInterrupt:
            print("done", flush=True)
        assert np.isfinite(model.predict(X[:10])).all()
    """,
    "many short epochs": """
        X = rng.normal(size=(200, 5))
        settings = dict(max_iter=10**9, tol=0, n_iter_no_change=np.inf, random_state=0)
        model = MLPRegressor(**settings, early_stopping=True)
        from deepgen._training.validation import Validation
        watch(Validation, "measure")
        model.fit(X, X[:, 0])
        print("done", flush=True)
        assert len(model.loss_curve_) == model.n_iter_ > 0
        assert model.best_validation_score_ == max(model.validation_scores_)
        best = int(np.argmax(model.validation_scores_))
        again = MLPRegressor(**{**settings, "max_iter": best + 1}, early_stopping=True)
        assert np.array_equal(again.fit(X, X[:, 0]).predict(X), model.predict(X))
    """,
}


def program(case):
    code = textwrap.dedent(PROGRAM) + textwrap.dedent(CASES[case])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("case", CASES)
def test_an_interruption_is_answered_within_a_second(case):
    child = program(case)
    try:
        assert child.stdout.readline() == "here\n", child.stderr.read()
        time.sleep(0.3)
        pressed = time.perf_counter()
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "done\n", child.stderr.read()
        assert time.perf_counter() - pressed < 1.0
        _, errors = child.communicate(timeout=60)
        assert child.returncode == 0, errors
    finally:
        child.kill()
        child.communicate()


def test_what_was_interrupted_goes_on_where_it_stood(monkeypatch):
    """After Ctrl-C the steps made so far count, and a warm start takes it from there."""
    from deepgen import MLPRegressor
    from deepgen._training import first_order as training

    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 5))
    model = MLPRegressor(max_iter=3, random_state=0, warm_start=True)
    calls = []
    real = training.run_epoch

    def interrupted(*args):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(training, "run_epoch", interrupted)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X, X[:, 0])
    assert model.n_iter_ == len(model.loss_curve_) == 2
    with pytest.warns(match="Maximum iterations"):
        model.set_params(max_iter=1).fit(X, X[:, 0])
    with pytest.warns(match="Maximum iterations"):
        whole = MLPRegressor(max_iter=3, random_state=0).fit(X, X[:, 0])
    assert np.array_equal(whole.predict(X), model.predict(X))
