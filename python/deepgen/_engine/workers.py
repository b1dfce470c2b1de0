"""Workers: threads that run tasks side by side, since the engine releases the GIL."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from threading import Event
from typing import TypeVar

__all__ = ["Share", "Stop", "Workers", "current_share"]

# What the largest device trains at once: two networks on each of 132 multiprocessors. More threads
# would take turns, and each holds its rows in memory.
MOST_NETWORKS = 264

Item = TypeVar("Item")


class Stop:
    """A request to end early, which is heard by all that runs inside what was asked."""

    def __init__(self, outer: Stop | None = None) -> None:
        self._own, self._outer = Event(), outer

    def set(self) -> None:
        """Ask to end early."""
        self._own.set()

    def is_set(self) -> bool:
        """Return whether this, or anything around it, was asked to end early."""
        return self._own.is_set() or (self._outer is not None and self._outer.is_set())


@dataclass(frozen=True)
class Share:
    """What a task has of the machine, and the request that ends it early.

    ``n_threads`` is the number of the engine's threads, ``n_networks`` that of the networks which
    it may train at once on a device.
    """

    n_threads: int
    n_networks: int
    stop: Stop


# Of the running task; None outside of tasks. Tasks inside a task, in threads of their own, find it
# because they get the context of the thread that started them.
current_share: ContextVar[Share | None] = ContextVar("current_share", default=None)


class Workers:
    """Threads that run the tasks of one call, ``n_workers`` at a time.

    Each task has ``n_threads`` threads of the engine; ``stop`` asks all tasks to end early. Tasks
    have the context of the caller and scikit-learn's configuration, as if the caller ran them.
    """

    def __init__(self, n_workers: int, n_threads: int) -> None:
        self.n_workers, self.n_threads = n_workers, n_threads
        share = current_share.get()
        self.stop = Stop(None if share is None else share.stop)
        most = MOST_NETWORKS if share is None else share.n_networks
        self.n_networks = max(1, most // n_workers)

    @classmethod
    def on_cores(cls, n_threads: int, n_tasks: int) -> Workers:
        """Return one worker per thread; threads that remain work within the tasks."""
        n_workers = min(n_threads, n_tasks)
        return cls(n_workers, n_threads // n_workers)

    @classmethod
    def on_device(cls, n_tasks: int) -> Workers:
        """Return one worker per task: a device trains at once what is asked for at the same time.

        The workers mostly wait for it, so they may be many more than the cores.
        """
        share = current_share.get()
        return cls(min(n_tasks, MOST_NETWORKS if share is None else share.n_networks), 1)

    def run(
        self,
        task: Callable[[Item], None],
        items: Iterable[Item],
        tell: Callable[[int], None] = lambda n_ended: None,
    ) -> None:
        """Run the task of each item; ``tell`` gets the number of those that have ended.

        Returns after the end of all tasks. After an error or Ctrl-C, which only the main thread
        receives, the other tasks are asked to end early; then it is raised. Of several errors it is
        that of the first item.
        """
        from sklearn import config_context, get_config

        config = get_config()

        def begin(item: Item) -> None:
            current_share.set(Share(self.n_threads, self.n_networks, self.stop))
            with config_context(**config):
                task(item)

        futures: list[Future[None]] = []
        with ThreadPoolExecutor(self.n_workers) as pool:
            try:
                for item in items:
                    futures.append(pool.submit(copy_context().run, begin, item))
                for n_ended, future in enumerate(as_completed(futures), start=1):
                    if future.exception() is not None:
                        break
                    tell(n_ended)
            finally:
                self.stop.set()
        for future in futures:
            future.result()
