"""Workers: tasks side by side, their share of the threads, and how they end."""

import threading
import time
from contextvars import ContextVar

import pytest

from deepgen._engine.threads import effective_threads
from deepgen._engine.workers import Stop, Workers, current_share


@pytest.mark.parametrize(
    ("n_threads", "n_tasks", "n_workers", "each"), [(1, 5, 1, 1), (2, 5, 2, 1), (8, 3, 3, 2)]
)
def test_tasks_come_first_and_the_rest_of_the_threads_works_within(
    n_threads, n_tasks, n_workers, each
):
    crew, limits, workers = Workers.on_cores(n_threads, n_tasks), [], set()
    at_once = threading.Barrier(n_workers)

    def task(item):
        workers.add(threading.get_ident())
        limits.append((current_share.get().n_threads, effective_threads(99), effective_threads(1)))
        if item < n_workers:
            at_once.wait(timeout=30)

    told = []
    crew.run(task, range(n_tasks), told.append)
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
        Workers(1, 1).run(wait_for_stop, [item])
        ended.append(item)

    with pytest.raises(ValueError, match="item 2"):
        Workers(3, 1).run(task, range(3))
    assert sorted(ended) == [0, 1]


def test_of_several_errors_the_first_items_is_raised():
    at_once = threading.Barrier(2)

    def task(item):
        at_once.wait(timeout=30)
        time.sleep(0.05 * (1 - item))
        raise ValueError(f"item {item}")

    with pytest.raises(ValueError, match="item 0"):
        Workers(2, 1).run(task, range(2))


def test_tasks_have_the_context_of_the_caller():
    variable = ContextVar("variable", default=0)
    variable.set(5)
    found = []

    def task(item):
        found.append(variable.get())
        variable.set(item)

    Workers(1, 1).run(task, [1, 2])
    assert found == [5, 5] and variable.get() == 5


def test_a_device_has_a_worker_per_network_up_to_what_it_trains_at_once():
    assert (Workers.on_device(60).n_workers, Workers.on_device(60).n_threads) == (60, 1)
    assert Workers.on_device(1000).n_workers == 264
    inside = []

    def task(item):
        crew = Workers.on_device(50)
        inside.append((crew.n_workers, Workers.on_device(2).n_workers, crew.n_networks))

    Workers.on_device(20).run(task, range(20))
    assert inside == [(13, 2, 1)] * 20
