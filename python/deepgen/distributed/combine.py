"""The average of the shards after a round, and the outer rule that follows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import AnyArray
from deepgen.distributed.advance import Advanced, State

__all__ = ["Nesterov", "combine"]


def combine(shares: Sequence[float], advanced: Sequence[Advanced]) -> Advanced:
    """Average the shards after a round, in their order and in double precision.

    Parameters
    ----------
    shares : sequence of float
        Share of each shard in the rows, or in their weights; the sum is 1.
    advanced : sequence of Advanced
        Results of the shards.

    Returns
    -------
    advanced : Advanced
        Averages of weights, of the statistics of batch norm, of the optimizer's memory and of the
        losses; sums of the numbers of rows.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.distributed import Advanced, combine
    >>> from deepgen.distributed.advance import State
    >>> states = [State(np.array([w]), {"n_steps": np.array([4])}) for w in (1.0, 5.0)]
    >>> results = [Advanced(state, 0.5, 2.0, 64, 4, True, ("avx2",)) for state in states]
    >>> combine([0.75, 0.25], results).state.parameters
    array([2.])
    """
    first = advanced[0].state
    optimizer = {
        name: _mean(shares, [each.state.optimizer[name] for each in advanced])
        for name in first.optimizer
    }
    return Advanced(
        state=State(_mean(shares, [each.state.parameters for each in advanced]), optimizer),
        loss=float(np.dot(shares, [each.loss for each in advanced])),
        gradient_norm=float(np.dot(shares, [each.gradient_norm for each in advanced])),
        n_rows=sum(each.n_rows for each in advanced),
        n_steps=min(each.n_steps for each in advanced),
        finite=all(each.finite for each in advanced),
        paths=tuple(sorted({path for each in advanced for path in each.paths})),
    )


def _mean(shares: Sequence[float], arrays: Sequence[AnyArray]) -> AnyArray:
    """Return the mean in double, in the type of the arrays; numbers of steps are all the same."""
    if arrays[0].dtype.kind != "f":
        return arrays[0]
    mean = np.zeros(arrays[0].shape)
    # A shard that has diverged makes the mean useless, which the caller sees by ``finite``.
    with np.errstate(over="ignore", invalid="ignore"):
        for share, values in zip(shares, arrays, strict=True):
            mean += share * values.astype(np.float64)
        return mean.astype(arrays[0].dtype)


@dataclass(frozen=True)
class Nesterov:
    """Nesterov's momentum on the rounds: the change of a round is a gradient of the next.

    Parameters
    ----------
    momentum : float, default=0.9
        Decay of the velocity, in [0, 1).
    rate : float, default=0.7
        Factor of the step, > 0.

    Notes
    -----
    Both values and the rule are those of DiLoCo (Douillard et al. 2023, "DiLoCo: Distributed
    Low-Communication Training of Language Models").

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.distributed.combine import Nesterov
    >>> velocity = np.zeros(1)
    >>> Nesterov().step(np.array([1.0]), np.array([0.9]), velocity), velocity
    (array([0.867]), array([0.1]))
    """

    momentum: float = 0.9
    rate: float = 0.7

    def step(
        self, before: AnyArray, mean: AnyArray, velocity: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the weights that the next round begins from.

        Parameters
        ----------
        before : ndarray of shape (n_trainable,)
            Weights before the round.
        mean : ndarray of shape (n_trainable,)
            Mean of the shards after it.
        velocity : ndarray of shape (n_trainable,)
            Velocity; it is updated.

        Returns
        -------
        weights : ndarray of shape (n_trainable,)
            Weights in double precision.
        """
        change = before.astype(np.float64) - mean
        velocity *= self.momentum
        velocity += change
        return before - self.rate * (change + self.momentum * velocity)
