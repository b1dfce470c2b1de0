"""The trainer whose slices of steps are rounds on all shards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from deepgen._engine.arrays import AnyArray
from deepgen._engine.epoch_sums import EpochSums
from deepgen._training.slice_sizer import SliceSizer
from deepgen._user_warnings import warn
from deepgen.distributed.advance import State, Steps, Work
from deepgen.distributed.combine import Nesterov
from deepgen.distributed.executor import Executor

__all__ = ["VELOCITY", "FixedSlices", "ShardTrainer"]

VELOCITY = "outer_velocity"
"""Name of the outer rule's memory in the state of the optimizer."""


class FixedSlices(SliceSizer):
    """Slices of a fixed number of steps: a slice is a round, which no clock may decide on.

    Parameters
    ----------
    n_steps : int
        Steps of a round, >= 1.

    Examples
    --------
    >>> from deepgen.distributed.trainer import FixedSlices
    >>> sizer = FixedSlices(64)
    >>> sizer.record(n_steps=64, seconds=9.0, n_threads=1)
    >>> sizer.n_steps, sizer.n_threads(8)
    (64, 1)
    """

    def __init__(self, n_steps: int) -> None:
        super().__init__()
        self._fixed = n_steps

    @property
    def n_steps(self) -> int:
        return self._fixed

    def n_threads(self, most: int) -> int:
        """Return 1: the threads of a shard are a setting of its work."""
        return 1

    def record(self, n_steps: int, seconds: float, n_threads: int) -> None:
        """Record nothing."""


class ShardTrainer:
    """What stands in the place of the engine's trainer: each slice of steps is a round.

    Parameters
    ----------
    executor : Executor
        Where the shards are.
    work : Work
        Settings of the steps.
    shares : sequence of float
        Share of each shard in the average.
    steps_per_epoch : int
        Steps of an epoch, the same for all shards.
    outer : Nesterov or None
        Rule that follows the average; None for the average itself.
    rate_factor : float, default=1.0
        Factor of the learning rate on every shard; decoupled weight decay does not change.

    Examples
    --------
    >>> from deepgen.distributed.trainer import ShardTrainer
    >>> [name for name in vars(ShardTrainer) if not name.startswith("_")][:4]
    ['step_work', 'load', 'store', 'begin_epoch']
    """

    step_work = 0.0

    def __init__(
        self,
        executor: Executor,
        work: Work,
        shares: Sequence[float],
        steps_per_epoch: int,
        outer: Nesterov | None,
        rate_factor: float = 1.0,
    ) -> None:
        self.steps_per_epoch = steps_per_epoch
        self._executor, self._work, self._shares, self._outer = executor, work, shares, outer
        self._rate_factor = rate_factor
        core = work.core
        parameters = np.zeros(core.n_parameters, dtype=core.dtype)
        # Only the shapes and the first values of the state; data and weights are the shards'.
        self._state = State(parameters, dict(work.trainer(0, 1 << 30).state()))
        self._velocity = np.zeros(core.n_trainable)
        self._epoch, self._n_rounds = 0, 0
        self._sums = EpochSums()
        self._told = False

    def load(self, parameters: AnyArray) -> None:
        """Take the weights.

        Parameters
        ----------
        parameters : ndarray of shape (n_parameters,)
            Weights; they are copied.
        """
        self._state = State(parameters.copy(), self._state.optimizer)

    def store(self, parameters: AnyArray) -> None:
        """Write the weights.

        Parameters
        ----------
        parameters : ndarray of shape (n_parameters,)
            Array that gets the weights after the last whole round.
        """
        parameters[...] = self._state.parameters

    def begin_epoch(self, epoch: int) -> None:
        """Go to the start of an epoch.

        Parameters
        ----------
        epoch : int
            Number of the epoch, from 0.
        """
        self._epoch, self._sums = epoch, EpochSums()

    def run(
        self,
        rates: AnyArray,
        n_threads: int = 1,
        *,
        dropout: AnyArray | None = None,
        weight_decay: AnyArray | None = None,
    ) -> EpochSums:
        """Run a round.

        Parameters
        ----------
        rates : ndarray of shape (n_steps,)
            Learning rates; the steps stay within the epoch.
        n_threads : int, default=1
            Not used: the threads of a shard are a setting of its work.
        dropout, weight_decay : ndarray of shape (n_steps,), default=None
            What moves with the steps.

        Returns
        -------
        sums : EpochSums
            Sums over the epoch so far.
        """
        if weight_decay is not None:
            weight_decay = weight_decay / self._rate_factor
        given = {"dropout": dropout, "weight_decay": weight_decay}
        moving = {name: by for name, by in given.items() if by is not None}
        first = self._epoch * self.steps_per_epoch + self._sums.n_steps
        steps = Steps(self._n_rounds + 1, first, self._rate_factor * rates, moving)
        before = self._state
        result = self._executor.advance(self._work, self._shares, before, steps)
        self._warn_of_paths(result.paths)
        parameters = result.state.parameters
        if self._outer is not None and result.finite:
            # The statistics of batch norm, which come last, are averages alone.
            trained = slice(self._work.core.n_trainable)
            parameters = parameters.copy()
            parameters[trained] = self._outer.step(
                before.parameters[trained], parameters[trained], self._velocity
            )
        self._state = State(parameters, result.state.optimizer)
        self._n_rounds += 1
        sums = self._sums
        sums.n_steps += result.n_steps
        sums.n_rows += result.n_rows
        sums.loss += result.loss * result.n_rows
        sums.gradient_norm += result.gradient_norm
        sums.finite = result.finite
        sums.epoch_done = sums.n_steps >= self.steps_per_epoch
        return sums

    def state(self) -> dict[str, AnyArray]:
        """Return the state of the optimizer and of the outer rule.

        Returns
        -------
        state : dict of str to ndarray
            Arrays by name.
        """
        own = {} if self._outer is None else {VELOCITY: self._velocity.copy()}
        return {**self._state.optimizer, **own}

    def state_layout(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the state.

        Returns
        -------
        shapes : dict of str to tuple of int
            Shapes by name.
        """
        return {name: values.shape for name, values in self.state().items()}

    def recall(self, name: str) -> AnyArray:
        """Return one array of the state.

        Parameters
        ----------
        name : str
            Its name.

        Returns
        -------
        values : ndarray
            The array.
        """
        return self.state()[name]

    def set_state(self, state: dict[str, Any]) -> None:
        """Take back a state.

        Parameters
        ----------
        state : dict of str to ndarray
            Result of `state`.
        """
        own = dict(state)
        if self._outer is not None:
            self._velocity = np.array(own.pop(VELOCITY), dtype=np.float64)
        self._state = State(self._state.parameters, own)

    def _warn_of_paths(self, paths: tuple[str, ...]) -> None:
        if len(paths) > 1 and not self._told:
            self._told = True
            warn(
                f"Shards were computed on several SIMD paths, {' and '.join(paths)}: the last bits "
                "of the weights depend on which machine had which shard. Set DEEPGEN_SIMD="
                f"{paths[0]} on all workers for the same bits in every run."
            )
