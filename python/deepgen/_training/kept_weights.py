"""KeptWeights: all vectors of weights that one call of training keeps, and their purposes."""

from __future__ import annotations

import numpy as np

from deepgen._engine.arrays import AnyArray
from deepgen._engine.step_trainer import StepTrainer
from deepgen._network.network import Network
from deepgen._training.data import Data
from deepgen._training.plan import FirstOrderPlan
from deepgen._training.state import TrainingState
from deepgen._user_warnings import warn

__all__ = ["KeptWeights"]


class KeptWeights:
    """The weights of one call of first-order training; all are of shape (n_parameters,).

    network.parameters   for prediction; the result of training
    current              for the next step; with an average not those of the prediction
    epoch_start          prediction weights at the beginning of the current epoch
    fallback             prediction weights at the beginning of the epoch with the lowest loss;
                         the result if training diverges
    best                 prediction weights with the highest validation score; the result with
                         early stopping

    The constructor also resumes: if the state holds weights for the next step, and the user has not
    changed the prediction weights, the network is set to the former.
    """

    def __init__(
        self, network: Network, data: Data, plan: FirstOrderPlan, state: TrainingState
    ) -> None:
        self.network, self.data, self.plan, self.state = network, data, plan, state
        # Copied before resuming, since the network still has the last call's best weights.
        self.best = network.parameters.copy()
        self.best_entries = self._prediction_entries()
        self.epoch_start_entries = self.fallback_entries = self.best_entries
        self.user_changed = False
        if state.resume_weights is not None and state.prediction_weights is not None:
            self.user_changed = not np.array_equal(network.parameters, state.prediction_weights)
            if not self.user_changed:
                network.parameters[...] = state.resume_weights
                if state.best_weights is not None:
                    self.best = state.best_weights
        self.current = network.parameters.copy()
        self.epoch_start = network.parameters.copy()
        self.fallback = network.parameters.copy()
        self.lowest_loss = float("inf")

    def resume(self, trainer: StepTrainer) -> None:
        """Load the kept weights and the states of optimizer and average into the trainer."""
        plan, state, averaging = self.plan, self.state, self.plan.averaging
        trainer.load(self.current)
        known: dict[str, AnyArray] = {}
        if averaging is not None:
            if self.user_changed or state.optimizer_state is None:
                averaging.restart(state.averaging_state)
            n_trainable = self.network.core.n_trainable
            known |= averaging.engine_state(self.current, n_trainable, state.averaging_state)
        if state.optimizer_state is not None and state.optimizer == plan.optimizer.name:
            # The average belongs to weights that the user has changed, so it is dropped; the
            # optimizer's moments remain valid.
            own = state.optimizer_state
            if self.user_changed and averaging is not None:
                own = averaging.drop_own_state(own)
            known |= own
        if known:
            # Wrappers may differ between calls: only states with the shape of the new layout are
            # used.
            shapes = trainer.state_layout()
            fits = {
                name: values for name, values in known.items() if values.shape == shapes.get(name)
            }
            trainer.set_state(fits if fits.keys() == shapes.keys() else trainer.state() | fits)
        # The trainer has a copy of it; a second one would only take memory.
        state.drop_optimizer_state()
        state.use_schedule(plan.schedule.name)

    def update_prediction(self, trainer: StepTrainer, *, is_measured: bool) -> None:
        """Set the network to the prediction weights that belong to ``current``."""
        network, averaging = self.network, self.plan.averaging
        if averaging is None:
            network.parameters[...] = self.current
            return
        weights = averaging.prediction_weights(
            trainer, self.current, network.core.n_trainable, self.state.averaging_state
        )
        network.parameters[...] = weights
        if self.plan.recalibrates and is_measured and weights is not self.current:
            # The running statistics belong to the weights of the steps, not to the averaged ones.
            self._recalibrate()

    def end_epoch(self, loss: float) -> None:
        """Record the loss of an epoch, and the network's weights as the start of the next one."""
        if loss < self.lowest_loss:
            self.lowest_loss = loss
            self.epoch_start, self.fallback = self.fallback, self.epoch_start
            self.fallback_entries = self.epoch_start_entries
        self.epoch_start[...] = self.network.parameters
        if self.plan.averaging is not None:
            self.epoch_start_entries = self._prediction_entries()

    def note_best(self) -> None:
        """Record the network's weights as those with the best score so far."""
        self.best = self.network.parameters.copy()
        self.best_entries = self._prediction_entries()

    def fall_back(self) -> None:
        """Set the network to the fallback, and the average's state to its entries."""
        self.network.parameters[...] = self.fallback
        for name in self._prediction_entries():
            del self.state.averaging_state[name]
        self.state.averaging_state.update(self.fallback_entries)

    def take_best(self) -> None:
        """Set the network to the best weights, and the average's state to their entries."""
        self.network.parameters[...] = self.best
        self.state.averaging_state.update(self.best_entries)

    def finish(self, optimizer_state: dict[str, AnyArray] | None) -> None:
        """Store in the state all that a later call needs; None: a later call starts afresh."""
        network, plan, state = self.network, self.plan, self.state
        before = network.parameters.copy() if plan.recalibrates else None
        if before is not None:
            try:
                self._recalibrate()
            except KeyboardInterrupt:
                network.parameters[...] = before
                warn("Training interrupted by user.")
        if optimizer_state is None:
            if plan.averaging is not None:
                plan.averaging.restart(state.averaging_state)
            return
        state.optimizer_state, state.optimizer = optimizer_state, plan.optimizer.name
        replaced = plan.averaging is not None and plan.averaging.replaces_weights
        if replaced or plan.recalibrates or not np.array_equal(network.parameters, self.current):
            state.resume_weights = self.current
            state.best_weights = before if plan.early_stopping else None
            state.prediction_weights = network.parameters.copy()

    def _recalibrate(self) -> None:
        data = self.data
        self.network.recalibrate(data.X, rows=data.rows, n_threads=self.plan.n_threads)

    def _prediction_entries(self) -> dict[str, AnyArray]:
        """Return the entries of the average's state that belong to the prediction weights."""
        if self.plan.averaging is None:
            return {}
        state = self.state.averaging_state
        return {name: state[name] for name in self.plan.averaging.predicts_with if name in state}
