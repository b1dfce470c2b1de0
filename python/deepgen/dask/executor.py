"""The executor on a Dask cluster: a round is a task per shard and one that averages them.

No task waits for another one's messages, so nothing can hang: a lost worker costs the tasks that it
had, which Dask runs again elsewhere. Shards are made again from the collections by the same graph.
What only the client knows, the common state, is a task of each round, with its value in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from deepgen._inputs.targets import Targets
from deepgen.dask.collections import load_dask
from deepgen.dask.placement import place
from deepgen.distributed import Advanced, Executor, Rows, Shard, Steps, Work, advance, combine
from deepgen.distributed.advance import State, shard_threads
from deepgen.distributed.facts import Facts, facts_of

__all__ = ["DaskExecutor", "find_client"]

Result = TypeVar("Result")

MOST_SHARDS = 64
"""Largest number of shards unless the user gives one."""

# Repetitions of work whose workers were lost, before it is given up.
REPEATS = 3
# Seconds without any worker after which waiting ends, and seconds between two looks.
PATIENCE = 300.0
LOOK = 2.0


def find_client(client: Any) -> Any:
    """Return the client of a cluster that has a worker.

    Parameters
    ----------
    client : distributed.Client or None
        None for the client that was made last.

    Returns
    -------
    client : distributed.Client
        The client.

    Raises
    ------
    ValueError
        If there is no client, or it is closed.
    TypeError
        If it is no client.
    TimeoutError
        If no worker joins its cluster within five minutes.
    """
    distributed = load_dask("distributed")
    if client is None:
        try:
            client = distributed.get_client()
        except ValueError:
            raise ValueError(
                "there is no Dask client: make one, such as Client(LocalCluster()) of "
                "dask.distributed, or pass client="
            ) from None
    if not isinstance(client, distributed.Client):
        raise TypeError(
            f"client must be a dask.distributed.Client, got a {type(client).__name__}: make one, "
            "such as Client(cluster) or Client('tcp://scheduler:8786')"
        )
    if client.asynchronous or client.status != "running":
        form = "asynchronous" if client.asynchronous else client.status
        raise ValueError(f"client must be connected and not asynchronous, and this one is {form}")
    if not client.nthreads():
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except _late():
            raise TimeoutError(
                f"the cluster {client.scheduler.address} has no worker, and none joined within "
                f"{PATIENCE:g} s"
            ) from None
    return client


# Dask's setting of the size from which on it warns of data in tasks.
LARGE_GRAPH = "distributed.admin.large-graph-warning-threshold"


class DaskExecutor(Executor):
    """Functions on shards that lie on the workers of a Dask cluster.

    Parameters
    ----------
    client : distributed.Client
        Client of the cluster.
    partitions : list of tuple
        Result of `deepgen.dask.collections.partitions_of`.
    n_shards : int or None
        Number of shards, to which neighbouring partitions are joined; None for the number of
        partitions that are not empty, at most 64.

    Examples
    --------
    >>> from deepgen.dask.executor import DaskExecutor
    >>> [name for name in vars(DaskExecutor) if not name.startswith("_")]
    ['describe', 'encode', 'advance']
    """

    def __init__(self, client: Any, partitions: list[tuple[Any, ...]], n_shards: int | None):
        self._client, self._partitions, self._n_shards = client, partitions, n_shards
        self._rows: list[Any] = []
        self._shards: list[Any] = []

    def describe(self, model: Any) -> list[Facts]:
        return self._again("reading the rows", lambda is_last: self._describe(model))

    def _describe(self, model: Any) -> list[Facts]:
        read = load_dask("dask").delayed(Rows.read, pure=False)
        parts = self._client.compute([read(model, *part) for part in self._partitions])
        lengths = self._results([self._submit(len, part) for part in parts], "partition", parts)
        kept = [part for part, length in zip(parts, lengths, strict=True) if length]
        if not kept:
            raise ValueError("X has no rows of positive weight, and so nothing to learn from")
        n_shards = min(len(kept), MOST_SHARDS) if self._n_shards is None else self._n_shards
        if n_shards > len(kept):
            raise ValueError(
                f"n_shards={n_shards}, and only {len(kept)} of the {len(parts)} partitions of X "
                "have rows: repartition X, y and sample_weight, or give fewer shards"
            )
        groups = np.array_split(np.arange(len(kept)), n_shards)
        self._rows = [self._submit(_join, *(kept[part] for part in group)) for group in groups]
        facts = [self._submit(facts_of, model, rows) for rows in self._rows]
        return self._results(facts, "shard", self._rows)

    def encode(self, model: Any, targets: Targets) -> list[float]:
        def run(*, is_last: bool) -> list[float]:
            self._shards = [
                self._submit(Rows.encode, rows, model, targets, home=home)
                for rows, home in self._placed(self._rows, shard_threads(model.n_jobs))
            ]
            weights = [self._submit(_weight, shard) for shard in self._shards]
            return self._results(weights, "shard", self._shards)

        weights = self._again("encoding the rows", run)
        # The cluster keeps how they are made, and frees what nothing else is made of.
        self._rows = []
        return weights

    def advance(self, work: Work, shares: Sequence[float], state: State, steps: Steps) -> Advanced:
        def run(*, is_last: bool) -> Advanced:
            # By a task: what is scattered is lost with its worker, and scattering to all of them
            # waits for ever if one is lost meanwhile.
            with load_dask("dask").config.set({LARGE_GRAPH: "100 GiB"}):
                sent = self._submit(_hold, work, state)
            advanced = []
            for number, (shard, home) in enumerate(self._placed(self._shards, work.n_threads)):
                advanced.append(self._submit(_advance, sent, number, shard, steps, home=home))
                if is_last:
                    # One by one, so that the shard that fails is known: the loss of a worker is
                    # counted against all tasks that stood there.
                    self._results(advanced[-1:], "shard", advanced, number)
            mean = self._submit(_combine, list(shares), *advanced)
            result: Advanced = self._results([mean], "shard", advanced)[0]
            return result

        return self._again(f"round {steps.number}", run)

    def _submit(
        self, function: Callable[..., Any], *arguments: Any, home: str | None = None
    ) -> Any:
        """Submit a task; its home is where it runs if nothing speaks against it."""
        where = {} if home is None else {"workers": [home], "allow_other_workers": True}
        return self._client.submit(function, *arguments, pure=False, **where)

    def _placed(self, futures: list[Any], n_threads: int) -> list[tuple[Any, str | None]]:
        """Return futures with their homes: left to Dask, some workers wait for others."""
        slots = {name: max(1, n // n_threads) for name, n in self._client.nthreads().items()}
        if not slots:
            return [(future, None) for future in futures]
        holders = self._client.who_has(futures)
        homes = place([holders[future.key] for future in futures], slots)
        return list(zip(futures, homes, strict=True))

    def _again(self, what: str, run: Callable[..., Result]) -> Result:
        """Run something, and again if workers that had a part of it were lost."""
        passing = _passing()
        for repeat in range(REPEATS + 1):
            try:
                return run(is_last=repeat == REPEATS)
            except passing as error:
                last = error
        raise RuntimeError(f"{what} failed {REPEATS + 1} times: {last}") from last

    def _results(
        self, futures: list[Any], kind: str, sources: list[Any], number: int | None = None
    ) -> list[Any]:
        """Return the results of futures; an error names its source, which ``number`` may tell."""
        try:
            self._wait(futures)
            found: list[Any] = self._client.gather(futures)
            return found
        except KeyboardInterrupt:
            self._client.cancel([*futures, *sources])
            raise
        except Exception as error:
            # Of several errors the first source's, whichever came first.
            place, own = _first_error(futures, sources)
            own, place = own or error, place if number is None else number
            said = str(own) if place is None else f"{kind} {place}: {own}"
            if isinstance(own, _passing()):
                raise _Lost(said) from own
            # Its own type may not be made of a text.
            types = (type for type in (TypeError, ValueError) if isinstance(own, type))
            raise next(types, RuntimeError)(said) from own

    def _wait(self, futures: list[Any]) -> None:
        """Wait for futures, as long as the cluster has workers."""
        wait = load_dask("distributed").wait
        alone_since = None
        while True:
            try:
                wait(futures, timeout=LOOK)
                return
            except _late():
                now = time.monotonic()
                if self._client.nthreads():
                    alone_since = None
                elif alone_since is None:
                    alone_since = now
                elif now - alone_since > PATIENCE:
                    raise RuntimeError(
                        f"the cluster {self._client.scheduler.address} has had no worker for "
                        f"{PATIENCE:g} s"
                    ) from None


class _Lost(Exception):
    """Work whose workers were lost."""


def _passing() -> tuple[type[Exception], ...]:
    """Return the errors that come of lost workers, and may not come again."""
    distributed = load_dask("distributed")
    comm = load_dask("distributed.comm")
    lost = distributed.KilledWorker, distributed.CancelledError, comm.CommClosedError
    return _Lost, *lost, *_late()


def _late() -> tuple[type[Exception], ...]:
    """Return the errors of waiting too long: asyncio's is another one before Python 3.11."""
    return TimeoutError, load_dask("distributed").TimeoutError


def _first_error(futures: list[Any], sources: list[Any]) -> tuple[int | None, Any]:
    """Return number and error of the first partition or shard that has one, if it is known."""
    for each in (sources, futures) if len(futures) == len(sources) else (sources,):
        for number, future in enumerate(each):
            if future.status == "error":
                return number, future.exception()
    return None, None


def _hold(work: Work, state: State) -> tuple[Work, State]:
    return work, state


def _join(*parts: Rows) -> Rows:
    return Rows.join(parts)


def _weight(shard: Shard) -> float:
    return shard.weight


def _advance(sent: tuple[Work, State], number: int, shard: Shard, steps: Steps) -> Advanced:
    return advance(sent[0], number, shard, sent[1], steps)


def _combine(shares: list[float], *advanced: Advanced) -> Advanced:
    return combine(shares, advanced)
