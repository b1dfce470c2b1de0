"""Plans: what a call of training shall do, by first-order steps or by L-BFGS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

import numpy as np
from numpy.typing import NDArray

from deepgen import _core
from deepgen.averaging import Averaging
from deepgen.schedules import Constant, Position, Schedule

__all__ = ["FirstOrderPlan", "LBFGSPlan", "TrainingPlan"]


@dataclass(frozen=True, kw_only=True)
class TrainingPlan:
    """Both kinds of training share this part of a plan.

    ``n_rows`` are trained on; ``alpha`` is L2 on weights, divided by the (batch's) weight sum;
    ``n_epochs`` bounds epochs or iterations of this call; ``tol`` is what counts as an improvement,
    for L-BFGS the bound on the gradient. ``max_time`` counts seconds from ``began``, by
    ``time.perf_counter``, and is looked at after each epoch. ``incremental``: the caller asks for
    single epochs, so that the end of this call means nothing. ``verbose``: a line for each so many
    epochs, 0 for none. ``keep_state``: a later call may go
    on, so that the optimizer's state is kept. ``stop`` is set where training shall end as by
    Ctrl-C, which only the main thread hears. ``watch`` is called after each epoch.
    """

    n_rows: int
    alpha: float
    n_epochs: int
    tol: float
    verbose: int
    max_time: float | None
    n_threads: int
    incremental: bool
    keep_state: bool
    began: float
    stop: Event | None = None
    watch: Callable[[], None] | None = None

    @property
    def moves_rate(self) -> bool:
        """Whether there is a learning rate that changes from epoch to epoch."""
        return False


@dataclass(frozen=True, kw_only=True)
class FirstOrderPlan(TrainingPlan):
    """Steps of the engine's optimizer.

    ``rate_factors`` multiply the learning rate by the role of parameters; ``wrappers`` stand around
    the optimizer, from the inside out. ``learning_rate`` is that before
    any schedule; ``moving`` are the schedules of what else moves, 'dropout' and 'weight_decay';
    schedules plan for ``horizon`` epochs. Training stagnates after
    ``n_iter_no_change`` epochs without improvement; with ``early_stopping`` the validation score
    decides, and the best weights are kept. ``recalibrates``: batch norm's statistics are computed
    anew for the weights that the network predicts with.
    """

    optimizer: _core.Component
    rate_factors: dict[str, float]
    wrappers: tuple[_core.Component, ...]
    augmentation: _core.Component
    mixup: float
    batch_size: int
    shuffle: bool
    schedule: Schedule
    moving: dict[str, Schedule]
    learning_rate: float
    horizon: int
    n_iter_no_change: float
    early_stopping: bool
    averaging: Averaging | None
    recalibrates: bool

    def moved(self, here: Position, n_steps: int) -> dict[str, NDArray[np.float64]]:
        """Return what ``moving`` comes to in the next steps, (n_steps,) each."""
        return {name: by.rates(1.0, here, n_steps, {}) for name, by in self.moving.items()}

    @property
    def moves_rate(self) -> bool:
        return not isinstance(self.schedule, Constant)


@dataclass(frozen=True, kw_only=True)
class LBFGSPlan(TrainingPlan):
    """Iterations of L-BFGS, which remembers ``history_size`` steps, with ``max_fun`` losses."""

    history_size: int
    max_fun: int
