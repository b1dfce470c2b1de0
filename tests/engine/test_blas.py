"""BLAS is kept to one thread while any user of it is at work, and set free afterwards."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import threadpoolctl
from sklearn.datasets import make_regression

from deepgen import MLPRegressor
from deepgen._engine.blas import one_blas_thread
from deepgen.optimizers import KFAC


def blas_threads():
    return {
        library["num_threads"]
        for library in threadpoolctl.threadpool_info()
        if library["user_api"] == "blas"
    }


@pytest.fixture
def before():
    """Numbers of threads of the BLAS libraries that other tests of the process have loaded."""
    threads = blas_threads()
    if max(threads, default=1) == 1:
        pytest.skip("BLAS has one thread anyway")
    return threads


def test_nested_and_after_an_error(before):
    with pytest.raises(KeyError), one_blas_thread():
        with one_blas_thread():
            assert blas_threads() == {1}
        assert blas_threads() == {1}
        raise KeyError
    assert blas_threads() == before


def test_users_in_threads_may_leave_in_any_order(before):
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
    assert blas_threads() == before


def test_lbfgs_is_such_a_user(before):
    seen = set()

    def scorer(model, X, y):
        seen.update(blas_threads())
        return 0.0

    X, y = make_regression(50, 3, random_state=0)
    model = MLPRegressor(hidden_layer_sizes=(5,), solver="lbfgs", tol=1e-3, scoring=scorer)
    model.fit(X, y, X_val=X, y_val=y)
    assert seen == {1}
    assert blas_threads() == before


def test_a_thread_with_a_limit_of_its_own_gets_it_back(before):
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        own = blas_threads()  # 2, and of a library that was built for one thread 1
        assert max(own) == 2
        with one_blas_thread():
            assert blas_threads() == {1}
        assert blas_threads() == own
    assert blas_threads() == before


def limited():
    with one_blas_thread():
        return blas_threads()


def test_every_thread_can_set_the_limit(before):
    # threadpoolctl lets only one thread set limits of OpenBLAS, the first one, unless told so.
    assert limited() == {1}
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(limited).result() == {1}
    with threadpoolctl.threadpool_limits(2, user_api="blas"), ThreadPoolExecutor(1) as pool:
        own = blas_threads()
        assert max(own) == 2
        assert pool.submit(limited).result() == {1}
        assert blas_threads() == own
    assert blas_threads() == before


def test_threads_that_live_on_keep_no_limit(before):
    entered = threading.Barrier(2)

    def use(leaves_last, left):
        with one_blas_thread():
            entered.wait()
            if leaves_last:
                left.wait()
        left.set()

    with ThreadPoolExecutor(2) as pool:
        for _ in range(2):
            left = threading.Event()
            for future in [pool.submit(use, last, left) for last in (False, True)]:
                future.result()
            assert blas_threads() == before


def test_members_in_threads_have_the_bits_of_one_thread():
    # Wide enough for LAPACK to use several threads if it may.
    X, y = make_regression(200, 4, random_state=0)
    settings = {"solver": KFAC(interval=1), "hidden_layer_sizes": (256,), "max_iter": 1}
    alone = MLPRegressor(n_members=2, n_jobs=1, random_state=0, **settings)
    both = MLPRegressor(n_members=2, n_jobs=2, random_state=0, **settings)
    with pytest.warns(Warning, match="Maximum iterations"):
        alone.fit(X, y)
        both.fit(X, y)
    for one, other in zip(alone.members_, both.members_, strict=True):
        for own, others in zip(one.coefs_, other.coefs_, strict=True):
            np.testing.assert_array_equal(own, others)
