"""What takes the steps of training: the engine's trainer, or what stands in its place."""

from __future__ import annotations

from typing import Any, Protocol

from deepgen._engine.arrays import AnyArray

__all__ = ["StepProgress", "StepTrainer"]


class StepProgress(Protocol):
    """Sums over the steps of the epoch so far, as the engine's `deepgen._core.Progress`."""

    @property
    def n_steps(self) -> int:
        """Number of steps."""

    @property
    def n_rows(self) -> int:
        """Number of rows in their batches."""

    @property
    def loss(self) -> float:
        """Sum of batch loss times rows."""

    @property
    def gradient_norm(self) -> float:
        """Sum of the norm of the gradient."""

    @property
    def finite(self) -> bool:
        """Whether all losses were finite."""

    @property
    def epoch_done(self) -> bool:
        """Whether the epoch has no further step."""


class StepTrainer(Protocol):
    """What the loop over epochs needs of a trainer; the engine's `deepgen._core.Trainer` has it."""

    @property
    def steps_per_epoch(self) -> int:
        """Number of steps of an epoch."""

    @property
    def step_work(self) -> float:
        """Multiply-adds of a step, by which the number of threads is chosen."""

    def load(self, parameters: AnyArray) -> None:
        """Take the weights (n_parameters,)."""

    def store(self, parameters: AnyArray) -> None:
        """Write the weights into an array (n_parameters,)."""

    def begin_epoch(self, epoch: int) -> None:
        """Go to the start of an epoch."""

    def run(
        self,
        rates: AnyArray,
        n_threads: int = 1,
        *,
        dropout: AnyArray | None = None,
        weight_decay: AnyArray | None = None,
    ) -> StepProgress:
        """Take at most as many steps as there are rates, not past the end of the epoch."""

    def state(self) -> Any:
        """Return the state of the optimizer: arrays by name."""

    def state_layout(self) -> Any:
        """Return the shapes of the state by name."""

    def recall(self, name: str) -> AnyArray:
        """Return one array of the state."""

    def set_state(self, state: Any) -> None:
        """Take back a state."""
