"""Cores: tasks side by side, their share of the threads, and how they end."""

import threading
import time
from contextvars import ContextVar

import pytest

from deepgen._engine.cores import Cores, Stop, current_share
from deepgen._engine.threads import effective_threads


@pytest.mark.parametrize(
    ("n_threads", "n_tasks", "n_workers", "each"), [(1, 5, 1, 1), (2, 5, 2, 1), (8, 3, 3, 2)]
)
def test_tasks_come_first_and_the_rest_of_the_threads_works_within(
    n_threads, n_tasks, n_workers, each
):
    cores, limits, workers = Cores(n_threads, n_tasks), [], set()

    def task(item):
        workers.add(threading.get_ident())
        limits.append((current_share.get().n_threads, effective_threads(99), effective_threads(1)))
        time.sleep(0.01)

    told = []
    cores.run(task, range(n_tasks), told.append)
    assert limits == [(each, each, 1)] * n_tasks
    assert len(workers) == n_workers
    assert told == list(range(1, n_tasks + 1))
    assert current_share.get() is None


def test_a_stop_is_heard_inside_and_not_outside():
    outer = Stop()
    inner = Stop(outer)
    inner.set()
    assert inner.is_set() and not outer.is_set()
    other = Stop(outer)
    assert not other.is_set()
    outer.set()
    assert other.is_set()


def wait_for_stop(item):
    """A task that ends when it is asked to."""
    end = time.perf_counter() + 30
    while not current_share.get().stop.is_set():
        assert time.perf_counter() < end, "never asked to end"
        time.sleep(0.001)


def test_an_error_ends_the_tasks_beside_it_and_those_inside_them():
    ended = []

    def task(item):
        if item == 2:
            raise ValueError("item 2")
        Cores(1, 1).run(wait_for_stop, [item])
        ended.append(item)

    with pytest.raises(ValueError, match="item 2"):
        Cores(3, 3).run(task, range(3))
    assert sorted(ended) == [0, 1]


def test_of_several_errors_the_first_items_is_raised():
    at_once = threading.Barrier(2)

    def task(item):
        at_once.wait(timeout=30)
        time.sleep(0.05 * (1 - item))
        raise ValueError(f"item {item}")

    with pytest.raises(ValueError, match="item 0"):
        Cores(2, 2).run(task, range(2))


def test_tasks_have_the_context_of_the_caller():
    variable = ContextVar("variable", default=0)
    variable.set(5)
    found = []

    def task(item):
        found.append(variable.get())
        variable.set(item)

    Cores(1, 2).run(task, [1, 2])
    assert found == [5, 5] and variable.get() == 5
