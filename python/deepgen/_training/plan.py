"""Plans: the settings of one call of training, by first-order steps or by L-BFGS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepgen import _core
from deepgen._engine.workers import Stop
from deepgen.averaging import Averaging
from deepgen.schedules import Constant, Position, Schedule

__all__ = ["FirstOrderPlan", "LBFGSPlan", "TrainingPlan"]


@dataclass(frozen=True, kw_only=True)
class TrainingPlan:
    """Part of a plan that both kinds of training share.

    ``n_rows`` is the number of training rows; ``alpha`` is L2 on weights, divided by the (batch's)
    weight sum; ``n_epochs`` bounds epochs or iterations of this call; ``tol`` is the least
    improvement, for L-BFGS the bound on the gradient. ``max_time`` counts seconds from ``began``,
    by ``time.perf_counter``, and is checked after each epoch. ``incremental``: the caller trains
    single epochs, so the end of this call has no meaning. ``verbose``: number of epochs per printed
    line, 0 for none. ``keep_state``: a later call may continue, so the optimizer's state is kept.
    Setting ``stop`` ends training like Ctrl-C, which only the main thread receives. ``watch`` is
    called after each epoch.
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
    stop: Stop | None = None
    watch: Callable[[], None] | None = None

    @property
    def moves_rate(self) -> bool:
        """Whether the learning rate may change during training."""
        return False


@dataclass(frozen=True, kw_only=True)
class FirstOrderPlan(TrainingPlan):
    """Steps of the engine's optimizer.

    ``rate_factors`` multiply the learning rate by the role of parameters; ``wrappers`` surround the
    optimizer, from the innermost to the outermost. ``learning_rate`` is the rate before any
    schedule; ``moving`` are the schedules of 'dropout' and 'weight_decay', if they have any;
    schedules plan for ``horizon`` epochs. Training stagnates after
    ``n_iter_no_change`` epochs without improvement; with ``early_stopping`` the validation score
    decides, and the best weights are kept. ``recalibrates``: batch norm's statistics are computed
    anew for the prediction weights. ``pretext``: the task that is trained on X alone, in place of
    the network's loss. ``device``: the plugin on whose first device the steps run; None for the
    processor.
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
    pretext: _core.Component | None = None
    device: _core.Plugin | None = None

    def moved(self, here: Position, n_steps: int) -> dict[str, NDArray[np.float64]]:
        """Return the values of ``moving`` in the next steps, (n_steps,) each."""
        return {name: by.rates(1.0, here, n_steps, {}) for name, by in self.moving.items()}

    @property
    def moves_rate(self) -> bool:
        return not isinstance(self.schedule, Constant)


@dataclass(frozen=True, kw_only=True)
class LBFGSPlan(TrainingPlan):
    """Iterations of L-BFGS with a memory of ``history_size`` steps and ``max_fun`` evaluations."""

    history_size: int
    max_fun: int
