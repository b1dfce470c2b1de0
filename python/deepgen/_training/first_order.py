"""Training: the epoch loop over the engine's slices of steps.

The engine is asked for slices of about a fifth of a second, at most an epoch; slicing does not
change results. Between slices Ctrl-C is answered, between epochs stand validation, stopping,
history and schedule.
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
from deepgen._engine.threads import worthwhile_threads
from deepgen._network.network import Network
from deepgen._training.data import Data
from deepgen._training.monitor import Monitor
from deepgen._training.plan import TrainingPlan
from deepgen._training.slice_sizer import SliceSizer
from deepgen._training.state import TrainingState
from deepgen._training.validation import Validation
from deepgen._user_warnings import warn
from deepgen.schedules import Position

if TYPE_CHECKING:
    from deepgen._training.callbacks import CallbackTasks

__all__ = ["Epoch", "run_epoch", "train"]

NON_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need"
    " to be preprocessed."
)


@dataclass
class Epoch:
    """Sums over the steps of one epoch.

    Parameters
    ----------
    loss, gradient_norm : float, default=0.0
        Sum of batch loss times rows; sum of the gradient's norm.
    n_rows, n_steps : int, default=0
        Rows and steps that were summed.
    rate : float, default=0.0
        Learning rate of the last step.
    finite : bool, default=True
        False where the loss stopped being a finite number.

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
        """Whether not even the first step had a finite loss and gradient."""
        first = self.n_steps <= 1 and not np.isfinite(self.gradient_norm)
        return not self.finite and (self.n_steps == 0 or first)

    @property
    def mean_loss(self) -> float:
        """Mean over rows; NaN where the epoch failed."""
        return self.loss / self.n_rows if self.finite and self.n_rows else float("nan")

    @property
    def mean_gradient_norm(self) -> float:
        """Mean over steps; NaN where the epoch failed."""
        return self.gradient_norm / self.n_steps if self.finite and self.n_steps else float("nan")


def run_epoch(
    trainer: _core.Trainer,
    plan: TrainingPlan,
    state: TrainingState,
    sizer: SliceSizer,
    weights: AnyArray,
) -> Epoch:
    """Run the steps of one epoch, slice by slice.

    Parameters
    ----------
    trainer : deepgen._core.Trainer
        Holds weights, optimizer state and data.
    plan : TrainingPlan
        Schedule and threads.
    state : TrainingState
        Which epoch it is.
    sizer : SliceSizer
        Sizes the slices and chooses their threads.
    weights : ndarray of shape (n_parameters,)
        Overwritten where the average looks at them.

    Returns
    -------
    epoch : Epoch
        Sums over the steps; a loss that is not finite ends the epoch.
    """
    trainer.begin_epoch(state.n_epochs)
    steps_per_epoch = trainer.steps_per_epoch
    n_done = 0
    while True:
        n_steps = min(sizer.n_steps, steps_per_epoch - n_done)
        here = Position(state.n_epochs, n_done, steps_per_epoch, state.samples_seen, plan.horizon)
        until = None if plan.averaging is None else plan.averaging.steps_until_update(here)
        n_steps = n_steps if until is None else min(n_steps, until)
        rates = plan.schedule.rates(plan.learning_rate, here, n_steps, state.schedule_state)
        began = time.perf_counter()
        worthwhile = worthwhile_threads(plan.n_threads, trainer.step_work, n_steps)
        n_threads = sizer.n_threads(worthwhile)
        progress = trainer.run(rates, n_threads=n_threads)
        sizer.record(progress.n_steps - n_done, time.perf_counter() - began, n_threads)
        plan.check_stop()
        # Sums over the epoch so far; a batch of total weight 0 makes no step.
        n_done = steps_per_epoch if progress.epoch_done else progress.n_steps
        if plan.averaging is not None and until is not None and progress.finite:
            trainer.store(weights)
            plan.averaging.on_steps(replace(here, step=n_done), weights, state.averaging_state)
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
    plan: TrainingPlan,
    state: TrainingState,
    tasks: CallbackTasks | None = None,
) -> int:
    """Train a network with a first-order optimizer.

    Parameters
    ----------
    network : Network
        Its parameters are where training starts and what it ends with.
    data : Data
        The training samples.
    validation : Validation or None
        Measured after each epoch.
    plan : TrainingPlan
        What to do.
    state : TrainingState
        Where training stands; goes on from there.
    tasks : CallbackTasks, default=None
        Tells scikit-learn's callbacks of each epoch; one of them may ask to stop.

    Returns
    -------
    n_epochs : int
        Epochs of this call.

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
        If Ctrl-C was pressed: then the weights are the best by validation, without validation those
        after the last slice of steps.
    """
    run = _Run(network, data, validation, plan, state, tasks)
    # SciPy's LAPACK, where the optimizer asks for it, came with the trainer.
    blas = one_blas_thread() if _core.needs_lapack(plan.optimizer.name) else nullcontext()
    try:
        with blas:
            while run.monitor.n_epochs < plan.n_epochs:
                run.monitor.begin(network)
                epoch = run_epoch(run.trainer, plan, state, run.sizer, run.weights)
                if state.n_epochs == 0 and epoch.failed_at_once:
                    raise ValueError(NON_FINITE)
                if not run.close(epoch):
                    break
            else:
                run.say_exhausted()
    except KeyboardInterrupt:
        warn("Training interrupted by user.")
        run.trainer.store(run.weights)
        run.serve()
    run.finish()
    return run.monitor.n_epochs


class _Run:
    """One call of `train`: engine's trainer, measurements and the weights to fall back on."""

    def __init__(
        self,
        network: Network,
        data: Data,
        validation: Validation | None,
        plan: TrainingPlan,
        state: TrainingState,
        tasks: CallbackTasks | None,
    ) -> None:
        self.network, self.validation, self.plan, self.state = network, validation, plan, state
        self.data, self.is_measured = data, validation is not None or tasks is not None
        self.monitor = Monitor(plan, state, data.n_rows, tasks)
        self.sizer = SliceSizer()
        self.diverged = False
        self.best = network.parameters.copy()
        self.best_entries = self.entries_of_the_prediction()
        moved = False
        if state.resume_weights is not None and state.prediction_weights is not None:
            moved = not np.array_equal(network.parameters, state.prediction_weights)
            if not moved:
                network.parameters[...] = state.resume_weights
        self.weights = network.parameters.copy()  # where steps go on
        self.start = network.parameters.copy()
        self.lowest = network.parameters.copy()
        self.lowest_loss = float("inf")
        self.trainer = _core.Trainer(
            network.core,
            optimizer=plan.optimizer,
            wrappers=plan.wrappers,
            alpha=plan.alpha,
            batch_size=plan.batch_size,
            shuffle=plan.shuffle,
            seed=state.seed,
            augmentation=plan.augmentation,
            mixup=plan.mixup,
        )
        self.trainer.set_data(data.X, data.y, data.weights, data.rows)
        self.trainer.load(network.parameters)
        kept: dict[str, AnyArray] = {}
        averaging = plan.averaging
        if averaging is not None:
            if moved or state.optimizer_state is None:
                averaging.restart(state.averaging_state)
            n_trainable = network.core.n_trainable
            kept |= averaging.engine_state(network.parameters, n_trainable, state.averaging_state)
        if state.optimizer_state is not None and state.optimizer == plan.optimizer.name:
            if moved and averaging is not None:
                kept |= averaging.drop_own_state(state.optimizer_state)
            else:
                kept |= state.optimizer_state
        if kept:
            # Wrappers come and go between calls; what one remembers goes with it.
            fresh = self.trainer.state()
            fits = {
                name: values
                for name, values in kept.items()
                if name in fresh and values.shape == fresh[name].shape
            }
            self.trainer.set_state(fresh | fits)
        state.optimizer_state = state.resume_weights = state.prediction_weights = None
        if moved:
            state.drop_optimizer_state()
        if averaging is not None:
            averaging.check_run(self.position(0))
        state.use_schedule(plan.schedule.name)

    def position(self, step: int) -> Position:
        """Return where a step of the epoch that is under way stands."""
        state, steps_per_epoch = self.state, self.trainer.steps_per_epoch
        return Position(
            state.n_epochs, step, steps_per_epoch, state.samples_seen, self.plan.horizon
        )

    def entries_of_the_prediction(self) -> dict[str, AnyArray]:
        """Return what the average keeps beside the weights that the network predicts with."""
        names = () if self.plan.averaging is None else self.plan.averaging.predicts_with
        state = self.state.averaging_state
        return {name: state[name] for name in names if name in state}

    def serve(self) -> None:
        """Let the network have the weights that it shall predict with."""
        network, plan, state = self.network, self.plan, self.state
        served = self.weights
        if plan.averaging is not None:
            served = plan.averaging.prediction_weights(
                self.trainer, self.weights, network.core.n_trainable, state.averaging_state
            )
        network.parameters[...] = served
        if served is not self.weights and self.is_measured:
            network.recalibrate(self.data.X, rows=self.data.rows, n_threads=plan.n_threads)

    def close(self, epoch: Epoch) -> bool:
        """Measure what an epoch led to; False if training shall end."""
        self.diverged = not epoch.finite
        self.trainer.store(self.weights)
        if epoch.finite and self.plan.averaging is not None:
            end = self.position(self.trainer.steps_per_epoch)
            self.plan.averaging.end_epoch(end, self.weights, self.state.averaging_state)
        self.serve()
        measured = self.measure(epoch)
        if self.diverged:
            self.monitor.end(None)
            return False
        if epoch.mean_loss < self.lowest_loss:
            self.lowest_loss = epoch.mean_loss
            self.start, self.lowest = self.lowest, self.start
        self.start[...] = self.network.parameters
        go_on = self.go_on(measured)
        if self.monitor.end(self.network):
            return False
        if go_on and self.monitor.n_epochs < self.plan.n_epochs and self.monitor.out_of_time:
            self.monitor.say_out_of_time()
            return False
        return go_on

    def measure(self, epoch: Epoch) -> tuple[float, float] | None:
        """Write the epoch into the history; return validation loss and score."""
        measured = None
        if self.validation is not None:
            nothing = (float("nan"), float("nan"))
            network, threads = self.network, self.plan.n_threads
            measured = nothing if self.diverged else self.validation.measure(network, threads)
        self.monitor.record(
            loss=epoch.mean_loss,
            gradient_norm=epoch.mean_gradient_norm,
            learning_rate=epoch.rate,
            validation=measured,
        )
        return measured

    def go_on(self, measured: tuple[float, float] | None) -> bool:
        """Ask patience and schedule whether training shall go on."""
        plan, state = self.plan, self.state
        if plan.early_stopping and measured is not None:
            what = "Validation score"
            if state.patience.watch_score(measured[1], plan.tol):
                self.best[...] = self.network.parameters
                self.best_entries = self.entries_of_the_prediction()
        else:
            what = "Training loss"
            state.patience.watch_loss(state.history.columns["loss"][-1], plan.tol)
        monitored = state.history.columns["loss"][-1] if measured is None else measured[0]
        if plan.schedule.end_epoch(plan.learning_rate, monitored, state.schedule_state):
            state.patience.n_stale = 0
        if state.patience.n_stale <= plan.n_iter_no_change:
            return True
        changed = plan.schedule.stagnate(plan.learning_rate, state.schedule_state)
        if changed:
            state.patience.n_stale = 0
        if plan.verbose:
            print(
                f"{what} did not improve more than tol={plan.tol:f} for {plan.n_iter_no_change} "
                f"consecutive epochs. {'Lowering the learning rate.' if changed else 'Stopping.'}"
            )
        return changed

    def say_exhausted(self) -> None:
        """Warn that the epochs were used up."""
        averaging = self.plan.averaging
        to_the_end = averaging is not None and averaging.runs_to_the_end
        if not (self.plan.incremental or to_the_end):
            from sklearn.exceptions import ConvergenceWarning

            warn(
                f"Stochastic Optimizer: Maximum iterations ({self.plan.n_epochs}) reached and the "
                "optimization hasn't converged yet.",
                ConvergenceWarning,
            )

    def finish(self) -> None:
        """Decide which weights the network keeps."""
        network, state = self.network, self.state
        parameters = network.parameters
        if self.diverged or not np.isfinite(parameters).all():
            from sklearn.exceptions import ConvergenceWarning

            parameters[...] = self.lowest
            state.drop_optimizer_state()
            for name in self.entries_of_the_prediction():
                del state.averaging_state[name]
            warn(
                f"Training diverged in epoch {state.n_epochs}: its loss is not finite. The weights"
                " are those from the start of the epoch with the lowest loss. A smaller"
                " learning_rate_init, scaled features or a larger batch_size may help.",
                ConvergenceWarning,
            )
        else:
            state.optimizer_state, state.optimizer = self.trainer.state(), self.plan.optimizer.name
        if self.plan.early_stopping and np.isfinite(state.patience.best_score):
            parameters[...] = self.best
            state.averaging_state.update(self.best_entries)
        elif self.plan.early_stopping and self.monitor.n_epochs and not self.diverged:
            warn(
                "No validation score was a finite number, so early stopping could not choose "
                "weights: they are those of the last epoch. Look at what `scoring` gives."
            )
        averaging = self.plan.averaging
        replaced = averaging is not None and averaging.replaces_weights
        if state.optimizer_state is not None and (
            replaced or not np.array_equal(parameters, self.weights)
        ):
            state.resume_weights, state.prediction_weights = self.weights, parameters.copy()
        if averaging is not None and not (self.plan.incremental or self.diverged):
            averaging.warn_if_unused(state.n_epochs, state.averaging_state)
