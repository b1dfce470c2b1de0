"""BLAS is kept to one thread while any user of it is at work, and set free afterwards."""

import threading

import pytest
import threadpoolctl
from sklearn.datasets import make_regression

from deepgen import MLPRegressor
from deepgen._engine.blas import one_blas_thread


def blas_threads():
    return {
        library["num_threads"]
        for library in threadpoolctl.threadpool_info()
        if library["user_api"] == "blas"
    }


BEFORE = blas_threads()
pytestmark = pytest.mark.skipif(min(BEFORE, default=1) == 1, reason="BLAS has one thread anyway")


def test_nested_and_after_an_error():
    with pytest.raises(KeyError), one_blas_thread():
        with one_blas_thread():
            assert blas_threads() == {1}
        assert blas_threads() == {1}
        raise KeyError
    assert blas_threads() == BEFORE


def test_users_in_threads_may_leave_in_any_order():
    entered, leave = threading.Event(), threading.Event()

    def first():
        with one_blas_thread():
            entered.set()
            leave.wait()

    worker = threading.Thread(target=first)
    worker.start()
    entered.wait()
    with one_blas_thread():
        leave.set()
        worker.join()
        assert blas_threads() == {1}
    assert blas_threads() == BEFORE


def test_lbfgs_is_such_a_user():
    seen = set()

    def scorer(model, X, y):
        seen.update(blas_threads())
        return 0.0

    X, y = make_regression(50, 3, random_state=0)
    model = MLPRegressor(hidden_layer_sizes=(5,), solver="lbfgs", tol=1e-3, scoring=scorer)
    model.fit(X, y, X_val=X, y_val=y)
    assert seen == {1}
    assert blas_threads() == BEFORE


def test_a_thread_with_a_limit_of_its_own_gets_it_back():
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        with one_blas_thread():
            assert blas_threads() == {1}
        assert blas_threads() == {2}
    assert blas_threads() == BEFORE
