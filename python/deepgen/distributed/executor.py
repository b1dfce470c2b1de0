"""Executors: where the functions of this room run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from deepgen._inputs.targets import Targets
from deepgen._retold import retold
from deepgen.distributed.advance import Advanced, State, Steps, Work, advance
from deepgen.distributed.combine import combine
from deepgen.distributed.facts import Facts, facts_of
from deepgen.distributed.rows import Rows, Shard

__all__ = ["Executor", "SerialExecutor"]

Result = TypeVar("Result")


class Executor(Protocol):
    """What runs functions on shards, wherever these are.

    Parameters
    ----------
    *args, **kwargs : object
        Whatever an executor needs.

    Examples
    --------
    >>> from deepgen.distributed import Executor
    >>> [name for name in vars(Executor) if not name.startswith("_")]
    ['describe', 'encode', 'advance']
    """

    def describe(self, model: Any) -> list[Facts]:
        """Return the facts about every shard, in their order.

        Parameters
        ----------
        model : MLPRegressor or MLPClassifier
            Estimator with the parameters of training.

        Returns
        -------
        facts : list of Facts
            Results of `deepgen.distributed.facts.facts_of`.
        """

    def encode(self, model: Any, targets: Targets) -> list[float]:
        """Bring the rows into the engine's format; return the weight of every shard.

        Parameters
        ----------
        model : MLPRegressor or MLPClassifier
            Estimator with the parameters of training.
        targets : Targets
            What was learned from the targets of all shards.

        Returns
        -------
        weights : list of float
            Sums of weights, or numbers of rows.
        """

    def advance(self, work: Work, shares: Sequence[float], state: State, steps: Steps) -> Advanced:
        """Run a round, and return the average of the shards.

        Parameters
        ----------
        work : Work
            Settings of the steps.
        shares : sequence of float
            Share of each shard in the average.
        state : State
            State that every shard begins from.
        steps : Steps
            Steps of the round.

        Returns
        -------
        advanced : Advanced
            Result of `combine`.
        """


class SerialExecutor(Executor):
    """The reference: one shard after the other, in this process.

    Parameters
    ----------
    shards : sequence of Rows
        Rows of the shards; none of them empty.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> from deepgen.distributed import Rows, SerialExecutor, fit_shards
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 2.0, 3.0]
    >>> model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=200, tol=1.0, random_state=0)
    >>> shards = [Rows.read(model, X[part], y[part]) for part in (slice(0, 4, 2), slice(1, 4, 2))]
    >>> fit_shards(model, SerialExecutor(shards)).n_shards
    2
    """

    def __init__(self, shards: Sequence[Rows]) -> None:
        self._rows = list(shards)
        self._shards: list[Shard] = []

    def describe(self, model: Any) -> list[Facts]:
        return _each(lambda number: facts_of(model, self._rows[number]), len(self._rows))

    def encode(self, model: Any, targets: Targets) -> list[float]:
        self._shards = _each(
            lambda number: self._rows[number].encode(model, targets), len(self._rows)
        )
        return [shard.weight for shard in self._shards]

    def advance(self, work: Work, shares: Sequence[float], state: State, steps: Steps) -> Advanced:
        results = [
            advance(work, number, shard, state, steps) for number, shard in enumerate(self._shards)
        ]
        return combine(shares, results)


def _each(function: Callable[[int], Result], n_shards: int) -> list[Result]:
    """Return the results for all shards; an error names the shard."""
    results = []
    for number in range(n_shards):
        try:
            results.append(function(number))
        except (TypeError, ValueError) as error:
            raise retold(error, f"shard {number}: {error}") from error
    return results
