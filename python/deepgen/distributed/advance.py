"""Local steps: a pure function of a shard, its number, and the common state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen import _core
from deepgen._engine.arrays import AnyArray, aligned
from deepgen._engine.threads import effective_threads
from deepgen.distributed.rows import Shard

__all__ = ["Advanced", "State", "Steps", "Work", "advance", "shard_threads"]

# Distinguishes the seeds of further shards from that of the run, which is the first one's.
OTHER_SHARD = 0x9E3779B97F4A7C15


@dataclass(frozen=True)
class State:
    """The common state of all shards between two rounds.

    Parameters
    ----------
    parameters : ndarray of shape (n_parameters,)
        Weights, and the statistics of batch norm.
    optimizer : dict of str to ndarray
        State of the optimizer by name, and its number of steps.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.distributed.advance import State
    >>> State(np.zeros(3), {"n_steps": np.array([7])}).parameters.shape
    (3,)
    """

    parameters: AnyArray
    optimizer: dict[str, AnyArray]


@dataclass(frozen=True)
class Steps:
    """The steps of a round, the same for every shard.

    Parameters
    ----------
    number : int
        Number of the round, from 1.
    first : int
        Number of steps of the whole training before the round.
    rates : ndarray of shape (n_steps,)
        Learning rate of each step.
    moving : dict of str to ndarray of shape (n_steps,)
        Values of ``dropout`` and ``weight_decay``, if they change.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.distributed import Steps
    >>> len(Steps(1, 0, np.full(8, 0.001), {}).rates)
    8
    """

    number: int
    first: int
    rates: NDArray[np.float64]
    moving: dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Advanced:
    """Result of a round, of one shard or of all of them.

    Parameters
    ----------
    state : State
        State after the steps.
    loss : float
        Mean loss over the rows of the batches, each before its step.
    gradient_norm : float
        Sum of the norm of the gradient over the steps.
    n_rows : int
        Number of rows in the batches.
    n_steps : int
        Number of steps.
    finite : bool
        Whether all losses and gradients were finite.
    paths : tuple of str
        SIMD paths that computed it; bits are the same on one path.

    Examples
    --------
    >>> from deepgen.distributed import Advanced
    >>> Advanced(None, 0.5, 2.0, 256, 8, True, ("avx2",)).loss
    0.5
    """

    state: State
    loss: float
    gradient_norm: float
    n_rows: int
    n_steps: int
    finite: bool
    paths: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Work:
    """The settings of local steps, the same for every shard and round.

    Parameters
    ----------
    core : deepgen._core.Network
        Network that is trained.
    optimizer : deepgen._core.Component
        Rule of the steps.
    wrappers : tuple of deepgen._core.Component
        Wrappers around the rule, the innermost first.
    alpha : float
        L2 penalty of a local batch, divided by its sum of weights.
    batch_size : int
        Rows of a local batch, >= 1.
    shuffle : bool
        Whether to shuffle the rows of a shard in each pass.
    seed : int
        Seed of the run.
    augmentation : deepgen._core.Component
        Random changes of the features.
    mixup : float
        Parameter of mixup.
    rate_factors : dict of str to float
        Factors of the learning rate by the role of parameters.
    n_threads : int, default=1
        Threads of a shard.

    Examples
    --------
    >>> from deepgen.distributed import Work
    >>> list(Work.__dataclass_fields__)[:3]
    ['core', 'optimizer', 'wrappers']
    """

    core: _core.Network
    optimizer: _core.Component
    wrappers: tuple[_core.Component, ...]
    alpha: float
    batch_size: int
    shuffle: bool
    seed: int
    augmentation: _core.Component
    mixup: float
    rate_factors: dict[str, float]
    n_threads: int = 1

    def trainer(self, number: int, n_rows: int) -> _core.Trainer:
        """Return the engine's trainer of a shard, without its data.

        Parameters
        ----------
        number : int
            Number of the shard, from 0; the first one has the seed of the run.
        n_rows : int
            Number of its rows, >= 1.

        Returns
        -------
        trainer : deepgen._core.Trainer
            Trainer in its first state.
        """
        batch_size = min(self.batch_size, n_rows)
        return _core.Trainer(
            self.core,
            optimizer=self.optimizer,
            wrappers=self.wrappers,
            # A shard of few rows has smaller batches, and each batch its share of the penalty.
            alpha=self.alpha * batch_size / self.batch_size,
            batch_size=batch_size,
            shuffle=self.shuffle,
            seed=self.seed ^ (number * OTHER_SHARD % 2**63),
            augmentation=self.augmentation,
            mixup=self.mixup,
            rate_factors=self.rate_factors,
        )


def shard_threads(n_jobs: int | None) -> int:
    """Return the threads of a shard.

    Parameters
    ----------
    n_jobs : int or None
        The estimator's parameter. None is one thread, since the others have shards of their own.

    Returns
    -------
    n_threads : int
        At least 1.

    Examples
    --------
    >>> from deepgen.distributed.advance import shard_threads
    >>> shard_threads(None), shard_threads(4)
    (1, 4)
    """
    return 1 if n_jobs is None else effective_threads(n_jobs)


def advance(work: Work, number: int, shard: Shard, state: State, steps: Steps) -> Advanced:
    """Take the steps of a round on one shard.

    Parameters
    ----------
    work : Work
        Settings of the steps.
    number : int
        Number of the shard, from 0.
    shard : Shard
        Its rows.
    state : State
        The common state; it is not changed.
    steps : Steps
        Steps of the round. A shard with fewer rows passes through them more often.

    Returns
    -------
    advanced : Advanced
        State of this shard after the steps, or before the first step that was not finite.
    """
    # What comes from another process may lie at any address.
    rates = aligned(steps.rates)
    moving = {name: aligned(by) for name, by in steps.moving.items()}
    trainer = work.trainer(number, len(shard.y))
    weights = None if shard.weights is None else aligned(shard.weights)
    trainer.set_data(aligned(shard.X), aligned(shard.y), weights)
    trainer.load(aligned(state.parameters))
    trainer.set_state({name: aligned(values) for name, values in state.optimizer.items()})
    done, loss, norm, n_rows, finite = 0, 0.0, 0.0, 0, True
    while finite and done < len(rates):
        # The order of a pass depends on its number alone, so that a round begins anywhere in it.
        pass_number, batch = divmod(steps.first + done, trainer.steps_per_epoch)
        trainer.begin_epoch(pass_number)
        trainer.seek(batch)
        part = slice(done, done + trainer.steps_per_epoch - batch)
        here: dict[str, Any] = {name: by[part] for name, by in moving.items()}
        progress = trainer.run(rates[part], n_threads=work.n_threads, **here)
        done, finite = done + progress.n_steps, progress.finite
        loss, norm = loss + progress.loss, norm + progress.gradient_norm
        n_rows += progress.n_rows
    parameters = np.empty_like(state.parameters)
    trainer.store(parameters)
    return Advanced(
        state=State(parameters, dict(trainer.state())),
        loss=loss / n_rows if n_rows else float("nan"),
        gradient_norm=norm,
        n_rows=n_rows,
        n_steps=done,
        finite=finite,
        paths=(work.core.simd,),
    )
