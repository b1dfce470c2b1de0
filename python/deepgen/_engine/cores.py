"""Cores: tasks that run side by side in threads, since the engine releases the GIL."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from threading import Event
from typing import TypeVar

__all__ = ["Cores", "Stop", "current_stop", "thread_limit"]

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
    """What a task has of the machine: threads of the engine, and a request to end early."""

    n_threads: int
    stop: Stop


# A context variable, so that tasks inside a task find it in threads of their own.
_share: ContextVar[Share | None] = ContextVar("deepgen_share", default=None)


def current_stop() -> Stop | None:
    """Return the request that may end the running task; None outside of tasks."""
    share = _share.get()
    return None if share is None else share.stop


def thread_limit() -> int | None:
    """Return the largest number of threads of the running task; None outside of tasks."""
    share = _share.get()
    return None if share is None else share.n_threads


class Cores:
    """Processor cores that run the tasks of one call, one task per core.

    First there is one task per thread; remaining threads work within the tasks, ``n_threads`` each.
    ``stop`` asks all tasks to end early. Tasks have the context of the caller and scikit-learn's
    configuration, as if the caller ran them.
    """

    def __init__(self, n_threads: int, n_tasks: int) -> None:
        self.n_workers = min(n_threads, n_tasks)
        self.n_threads = n_threads // self.n_workers
        self.stop = Stop(current_stop())

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
            _share.set(Share(self.n_threads, self.stop))
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
