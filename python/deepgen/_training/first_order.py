"""Training by first-order steps: the loop over epochs and slices of the engine's steps.

The engine runs slices of about a fifth of a second; their length does not change the results.
Ctrl-C takes effect between slices; validation, stopping and schedule follow between epochs.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from deepgen import _core
from deepgen._engine.arrays import AnyArray
from deepgen._engine.blas import one_blas_thread
from deepgen._engine.step_trainer import StepTrainer
from deepgen._engine.threads import worthwhile_threads
from deepgen._network.network import Network
from deepgen._training.data import Data
from deepgen._training.divergence import no_finite_step, where_weights_are_from
from deepgen._training.kept_weights import KeptWeights
from deepgen._training.monitor import Monitor
from deepgen._training.plan import FirstOrderPlan
from deepgen._training.slice_sizer import SliceSizer
from deepgen._training.spent_schedule import warn_where_spent
from deepgen._training.state import TrainingState
from deepgen._training.streamed.parts_trainer import PartsTrainer
from deepgen._training.streamed.streamed_data import StreamedData
from deepgen._training.validation import Validation
from deepgen._user_warnings import warn
from deepgen.schedules import Position

if TYPE_CHECKING:
    from deepgen._training.callbacks import CallbackTasks

__all__ = ["Epoch", "run_epoch", "train"]


@dataclass
class Epoch:
    """Sums over the steps of one epoch.

    ``loss`` sums batch loss times rows, ``gradient_norm`` the norm of the gradient; ``rate`` is the
    learning rate of the last step; ``finite`` is False if the loss stopped being finite.

    Examples
    --------
    >>> from deepgen._training.first_order import Epoch
    >>> Epoch(loss=6.0, n_rows=3).mean_loss
    2.0
    """

    loss: float = 0.0
    gradient_norm: float = 0.0
    n_rows: int = 0
    n_steps: int = 0
    rate: float = 0.0
    finite: bool = True

    @property
    def failed_at_once(self) -> bool:
        """Whether a failed epoch had no finite loss and gradient even at its first step."""
        return self.n_steps == 0 or (self.n_steps == 1 and not np.isfinite(self.gradient_norm))

    @property
    def mean_loss(self) -> float:
        """Mean over rows; NaN if the epoch failed."""
        return self.loss / self.n_rows if self.finite and self.n_rows else float("nan")

    @property
    def mean_gradient_norm(self) -> float:
        """Mean over steps; NaN if the epoch failed."""
        return self.gradient_norm / self.n_steps if self.finite and self.n_steps else float("nan")


def run_epoch(
    trainer: StepTrainer,
    plan: FirstOrderPlan,
    state: TrainingState,
    sizer: SliceSizer,
    weights: AnyArray,
) -> Epoch:
    """Run the steps of one epoch, slice by slice, up to the first loss that is not finite.

    ``weights`` (n_parameters,) is a buffer: it is overwritten when the average is updated.
    """
    trainer.begin_epoch(state.n_epochs)
    steps_per_epoch, averaging, n_done = trainer.steps_per_epoch, plan.averaging, 0
    while True:
        # A slice ends at the sizer's limit, the epoch's end or the average's next update.
        n_steps = min(sizer.n_steps, steps_per_epoch - n_done)
        here = Position(state.n_epochs, n_done, steps_per_epoch, state.samples_seen, plan.horizon)
        until = None if averaging is None else averaging.steps_until_update(here)
        n_steps = n_steps if until is None else min(n_steps, until)
        rates = plan.schedule.rates(plan.learning_rate, here, n_steps, state.schedule_state)
        began = time.perf_counter()
        most = 1 if plan.device else plan.n_threads
        n_threads = sizer.n_threads(worthwhile_threads(most, trainer.step_work, n_steps))
        moving: dict[str, AnyArray] = plan.moved(here, n_steps) if plan.moving else {}
        progress = trainer.run(rates, n_threads=n_threads, **moving)
        sizer.record(progress.n_steps - n_done, time.perf_counter() - began, n_threads)
        if plan.stop is not None and plan.stop.is_set():
            raise KeyboardInterrupt  # which another thread has heard
        # The sums are over the epoch so far; a batch of total weight 0 makes no step.
        n_done = steps_per_epoch if progress.epoch_done else progress.n_steps
        if averaging is not None and until is not None and progress.finite:
            trainer.store(weights)
            averaging.on_steps(replace(here, step=n_done), weights, state.averaging_state)
        if progress.epoch_done or not progress.finite:
            return Epoch(
                loss=progress.loss,
                gradient_norm=progress.gradient_norm,
                n_rows=progress.n_rows,
                n_steps=progress.n_steps,
                rate=float(rates[-1]),
                finite=progress.finite,
            )


def train(
    network: Network,
    data: Data,
    validation: Validation | None,
    plan: FirstOrderPlan,
    state: TrainingState,
    tasks: CallbackTasks | None = None,
    *,
    trainer: StepTrainer | None = None,
    sizer: SliceSizer | None = None,
) -> int:
    """Train a network; return the number of epochs of this call.

    Training starts from the network's parameters and overwrites them. ``validation`` is measured
    after each epoch. Training continues from ``state`` and updates it for a later call. ``tasks``
    report each epoch to scikit-learn's callbacks, which may stop training. ``trainer`` takes the
    steps in place of the engine's on ``data``, and ``sizer`` chooses its slices.

    Raises
    ------
    ValueError
        If no step had a finite loss.

    Warns
    -----
    ConvergenceWarning
        If the epochs or ``max_time`` were used up, or if training diverged: then the weights are
        those from the start of the epoch with the lowest loss.
    UserWarning
        If Ctrl-C was pressed: then the weights are the best by validation or, without validation,
        those after the last slice of steps.
    """
    monitor = Monitor(plan, state, tasks)
    kept = KeptWeights(network, data, plan, state)
    trainer = _make_trainer(network, data, plan, state.seed) if trainer is None else trainer
    kept.resume(trainer)
    if plan.averaging is not None:
        plan.averaging.check_run(_position(trainer, plan, state, 0))
    epochs, sizer = _Epochs(trainer, kept, validation, monitor), sizer or SliceSizer()
    # The trainer has loaded SciPy's LAPACK, if the optimizer needs it.
    blas = one_blas_thread() if _core.needs_lapack(plan.optimizer.name) else nullcontext()
    try:
        with blas:
            if state.n_epochs:
                epochs.score_best_again()
            # Each epoch: steps, then all that belongs between epochs; `end` says whether to go on.
            while monitor.n_epochs < plan.n_epochs:
                if state.n_epochs:
                    warn_where_spent(
                        plan,
                        state,
                        _position(trainer, plan, state, 0),
                        is_first=not monitor.n_epochs,
                    )
                monitor.begin(network)
                epoch = run_epoch(trainer, plan, state, sizer, kept.current)
                if not epoch.finite and state.n_epochs == 0 and epoch.failed_at_once:
                    raise ValueError(no_finite_step(data))
                if not epochs.end(epoch):
                    break
            else:
                epochs.warn_if_exhausted()
    except KeyboardInterrupt:
        warn("Training interrupted by user.")
        trainer.store(kept.current)
        kept.update_prediction(trainer, is_measured=epochs.is_measured)
    finally:
        if isinstance(trainer, PartsTrainer):
            trainer.close()
    if monitor.unsaid and not plan.incremental:
        monitor.say()
    epochs.finish()
    return monitor.n_epochs


def _make_trainer(network: Network, data: Data, plan: FirstOrderPlan, seed: int) -> _core.Trainer:
    """Return the engine's trainer with the data."""
    trainer = (PartsTrainer if isinstance(data, StreamedData) else _core.Trainer)(
        network.core,
        optimizer=plan.optimizer,
        wrappers=plan.wrappers,
        alpha=plan.alpha,
        batch_size=plan.batch_size,
        shuffle=plan.shuffle,
        seed=seed,
        augmentation=plan.augmentation,
        mixup=plan.mixup,
        rate_factors=plan.rate_factors,
        pretext=plan.pretext,
        device=plan.device,
    )
    if isinstance(trainer, PartsTrainer) and isinstance(data, StreamedData):
        data.feed(trainer, network.core, plan, seed)
    else:
        trainer.set_data(data.X, None if plan.pretext else data.y, data.weights, data.rows)
    return trainer


def _position(
    trainer: StepTrainer, plan: FirstOrderPlan, state: TrainingState, step: int
) -> Position:
    """Return the position of a step of the current epoch."""
    return Position(state.n_epochs, step, trainer.steps_per_epoch, state.samples_seen, plan.horizon)


class _Epochs:
    """The work between the epochs of one call, and at its end."""

    def __init__(
        self,
        trainer: StepTrainer,
        kept: KeptWeights,
        validation: Validation | None,
        monitor: Monitor,
    ) -> None:
        self.trainer, self.kept, self.validation, self.monitor = trainer, kept, validation, monitor
        self.network, self.plan, self.state = kept.network, kept.plan, kept.state
        self.is_measured = validation is not None or monitor.tasks is not None
        self.diverged = False

    def score_best_again(self) -> None:
        """Score the best weights of earlier calls on the validation rows of this call."""
        patience = self.state.patience
        if self.plan.early_stopping and self.validation and np.isfinite(patience.best_score):
            best = Network(self.network.core, self.kept.best)
            patience.score_again(self.validation.measure(best, self.plan.n_threads)[1])

    def end(self, epoch: Epoch) -> bool:
        """Process the end of an epoch; return False if training shall end."""
        plan, state, kept, monitor = self.plan, self.state, self.kept, self.monitor
        self.diverged = not epoch.finite
        # First the weights: those that training continues from, and those of the prediction.
        self.trainer.store(kept.current)
        if plan.averaging is not None and epoch.finite:
            end = _position(self.trainer, plan, state, self.trainer.steps_per_epoch)
            plan.averaging.end_epoch(end, kept.current, state.averaging_state)
        kept.update_prediction(self.trainer, is_measured=self.is_measured)
        # Then the row of the history, so that callbacks find it.
        loss, measured = epoch.mean_loss, self.measure()
        monitor.record(
            loss=loss,
            gradient_norm=epoch.mean_gradient_norm,
            learning_rate=epoch.rate,
            validation=measured,
        )
        if self.diverged:
            monitor.end(None)
            return False
        kept.end_epoch(loss)
        # All that can end training is updated in each epoch; patience comes first, the clock last.
        goes_on = self.improves(loss, measured)
        if monitor.end(self.network):
            return False
        if goes_on and monitor.n_epochs < plan.n_epochs and monitor.out_of_time:
            monitor.say_out_of_time()
            return False
        return goes_on

    def measure(self) -> tuple[float, float] | None:
        """Return validation loss and score of the network, if there are validation data."""
        if self.validation is None:
            return None
        if self.diverged:
            return float("nan"), float("nan")
        return self.validation.measure(self.network, self.plan.n_threads)

    def improves(self, loss: float, measured: tuple[float, float] | None) -> bool:
        """Return whether patience and schedule let training go on."""
        plan, state = self.plan, self.state
        patience = state.patience
        if plan.early_stopping and measured is not None:
            what = "Validation score"
            if patience.watch_score(measured[1], plan.tol):
                self.kept.note_best()
        else:
            what = "Training loss"
            patience.watch_loss(loss, plan.tol)
        monitored = loss if measured is None else measured[0]
        if plan.schedule.end_epoch(plan.learning_rate, monitored, state.schedule_state):
            patience.n_stale = 0
        if patience.n_stale <= plan.n_iter_no_change:
            return True
        # A schedule may reduce the rate instead, which then gets the full patience.
        changed = plan.schedule.stagnate(plan.learning_rate, state.schedule_state)
        if changed:
            patience.n_stale = 0
        if plan.verbose:
            self.monitor.say()
            print(
                f"{what} did not improve more than tol={plan.tol:f} for {plan.n_iter_no_change} "
                f"consecutive epochs. {'Lowering the learning rate.' if changed else 'Stopping.'}"
            )
        return changed

    def warn_if_exhausted(self) -> None:
        """Warn that the epochs were used up, unless the average is meant to use them all."""
        averaging = self.plan.averaging
        wanted = averaging is not None and averaging.runs_to_the_end
        if not (self.plan.incremental or wanted):
            from sklearn.exceptions import ConvergenceWarning

            warn(
                f"Stochastic Optimizer: Maximum iterations ({self.plan.n_epochs}) reached and the "
                "optimization hasn't converged yet.",
                ConvergenceWarning,
            )

    def finish(self) -> None:
        """Choose the network's final weights, and store the state for a later call."""
        plan, state, kept = self.plan, self.state, self.kept
        has_best = plan.early_stopping and np.isfinite(state.patience.best_score)
        if self.diverged or not np.isfinite(self.network.parameters).all():
            from sklearn.exceptions import ConvergenceWarning

            kept.fall_back()
            origin = where_weights_are_from(best_score=has_best, incremental=plan.incremental)
            warn(
                f"Training diverged in epoch {state.n_epochs}: its loss is not finite. The weights"
                f" are {origin}. A smaller learning_rate_init, scaled features or a larger"
                " batch_size may help.",
                ConvergenceWarning,
            )
            optimizer_state = None
        else:
            # The copy may be several times as large as the weights, so it is made only if needed.
            optimizer_state = self.trainer.state() if plan.keep_state else None
        if has_best:
            kept.take_best()
        elif plan.early_stopping and self.monitor.n_epochs and not self.diverged:
            warn(
                "No validation score was a finite number, so early stopping could not choose "
                "weights: they are those of the last epoch. Look at what `scoring` gives."
            )
        if plan.averaging is not None and not (plan.incremental or self.diverged):
            plan.averaging.warn_if_unused(state.n_epochs, state.averaging_state)
        kept.finish(optimizer_state)
