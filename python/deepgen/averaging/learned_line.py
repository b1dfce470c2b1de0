"""LearnedLine: two sets of weights, trained so that all networks between them are good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from deepgen import _core
from deepgen._engine.arrays import AnyArray
from deepgen._engine.step_trainer import StepTrainer
from deepgen.averaging.averaging import Averaging

__all__ = ["LearnedLine"]


def middle(ends: AnyArray) -> AnyArray:
    """Return the midpoint of the line.

    Parameters
    ----------
    ends : ndarray of shape (2, n_parameters)
        Weights at both ends.

    Returns
    -------
    middle : ndarray of shape (n_parameters,)
        The same type as ``ends``.
    """
    point: AnyArray = ends.dtype.type(0.5) * (ends[0] + ends[1])
    return point


@dataclass(repr=False)
class LearnedLine(Averaging):
    r"""A line of networks between two sets of weights (the ends) that are trained together.

    Parameters
    ----------
    beta : float, default=1.0
        Factor of the penalty on the ends' cosine similarity, >= 0.

    Notes
    -----
    The ends :math:`w_1, w_2` start from independent weights. Each step draws :math:`a \sim U(0, 1)`
    and computes the gradient G of the loss at :math:`(1 - a) w_1 + a w_2`; the gradients of the
    ends are :math:`(1 - a) G` and :math:`a G`, each plus the gradient of :math:`\beta \cos^2(w_1,
    w_2)` over all weight matrices jointly. L2 acts on both ends.

    The network predicts with the midpoint. The fitted attribute ``subspace_`` gives the networks at
    other points and ensembles of them. The optimizer needs twice the memory of one network, and a
    step takes 1.2 to 1.7 times as long; the smaller the batch, the longer. Batch norm's statistics
    are computed anew for each point.

    References
    ----------
    .. [1] M. Wortsman, M. Horton, C. Guestrin, A. Farhadi and M. Rastegari, "Learning neural
       network subspaces", ICML 2021, algorithm 1.

    Examples
    --------
    >>> from deepgen.averaging import LearnedLine
    >>> LearnedLine(beta=0.5)
    LearnedLine(beta=0.5)
    """

    name: ClassVar[str] = "line"
    family: ClassVar[str] = "wrappers"
    replaces_weights: ClassVar[bool] = True
    predicts_with: ClassVar[tuple[str, ...]] = ("ends",)

    beta: float = 1.0

    def wrappers(self) -> tuple[_core.Component, ...]:
        """Return the wrapper that trains both ends."""
        return (self.to_core(),)

    def engine_state(
        self, weights: AnyArray, n_trainable: int, state: dict[str, Any]
    ) -> dict[str, AnyArray]:
        """Return the ends in the engine's layout."""
        if "ends" not in state:
            return {}
        ends = state["ends"].astype(weights.dtype)
        before = middle(ends)
        if not np.array_equal(before[:n_trainable], weights[:n_trainable]):
            ends += weights - before
        return {"line_ends": ends.ravel(), "line_begun": np.ones(1, dtype=weights.dtype)}

    def prediction_weights(
        self, trainer: StepTrainer, weights: AnyArray, n_trainable: int, state: dict[str, Any]
    ) -> AnyArray:
        """Return the midpoint, and store the ends in the state."""
        if not trainer.recall("line_begun")[0]:
            return weights
        ends = trainer.recall("line_ends").reshape(2, -1)
        ends[:, n_trainable:] = weights[n_trainable:]
        state["ends"] = ends
        return middle(ends)
