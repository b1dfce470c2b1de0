"""EpochSums: the progress of a trainer that takes an epoch in several parts."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["EpochSums"]


@dataclass
class EpochSums:
    """Sums over the steps of the epoch so far, as the engine's `deepgen._core.Progress`.

    ``loss`` sums batch loss times rows, ``gradient_norm`` the norm of the gradient; ``finite`` says
    whether all losses were finite, ``epoch_done`` whether the epoch has no further step.

    Examples
    --------
    >>> from deepgen._engine.epoch_sums import EpochSums
    >>> EpochSums().n_steps
    0
    """

    n_steps: int = 0
    n_rows: int = 0
    loss: float = 0.0
    gradient_norm: float = 0.0
    finite: bool = True
    epoch_done: bool = False
