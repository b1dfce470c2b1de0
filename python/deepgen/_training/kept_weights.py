"""KeptWeights: all vectors of weights that one call of training keeps, and what each is for."""

from __future__ import annotations

import numpy as np

from deepgen import _core
from deepgen._engine.arrays import AnyArray
from deepgen._network.network import Network
from deepgen._training.data import Data
from deepgen._training.plan import FirstOrderPlan
from deepgen._training.state import TrainingState
from deepgen._user_warnings import warn

__all__ = ["KeptWeights"]


class KeptWeights:
    """The weights of one call of first-order training; all are of shape (n_parameters,).

    network.parameters   predict, and are what training ends with
    current              steps go on from them; an average predicts with others
    epoch_start          the network predicted with them when the epoch began
    fallback             the epoch with the lowest loss began with them: kept where training
                         diverges
    best                 the highest validation score was theirs: kept with early stopping

    Making the object also resumes: where the state has weights that steps go on from, and the user
    did not change those that the network predicts with, the network is set to them.
    """

    def __init__(
        self, network: Network, data: Data, plan: FirstOrderPlan, state: TrainingState
    ) -> None:
        self.network, self.data, self.plan, self.state = network, data, plan, state
        # Before training resumes: the last call's best weights are what the network predicts with.
        self.best = network.parameters.copy()
        self.best_entries = self._prediction_entries()
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

    def update_prediction(self, trainer: _core.Trainer, *, is_measured: bool) -> None:
        """Set the network to the weights that it predicts with after ``current``."""
        network, averaging = self.network, self.plan.averaging
        if averaging is None:
            network.parameters[...] = self.current
            return
        weights = averaging.prediction_weights(
            trainer, self.current, network.core.n_trainable, self.state.averaging_state
        )
        network.parameters[...] = weights
        if self.plan.recalibrates and is_measured and weights is not self.current:
            # The running statistics are those of the weights that steps go on from.
            self._recalibrate()

    def end_epoch(self, loss: float) -> None:
        """Note the loss of an epoch, and that the next one begins with the network's weights."""
        if loss < self.lowest_loss:
            self.lowest_loss = loss
            self.epoch_start, self.fallback = self.fallback, self.epoch_start
        self.epoch_start[...] = self.network.parameters

    def note_best(self) -> None:
        """Note that the network's weights have the best score so far."""
        self.best = self.network.parameters.copy()
        self.best_entries = self._prediction_entries()

    def fall_back(self) -> None:
        """Set the network to the fallback, and drop what belongs to weights that diverged."""
        self.network.parameters[...] = self.fallback
        for name in self._prediction_entries():
            del self.state.averaging_state[name]

    def take_best(self) -> None:
        """Set the network to the best weights, and the average's state to what belongs to them."""
        self.network.parameters[...] = self.best
        self.state.averaging_state.update(self.best_entries)

    def finish(self, optimizer_state: dict[str, AnyArray] | None) -> None:
        """Leave in the state what a later call goes on from; None: it begins anew."""
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
        """Return what the average keeps beside the weights that the network predicts with."""
        if self.plan.averaging is None:
            return {}
        state = self.state.averaging_state
        return {name: state[name] for name in self.plan.averaging.predicts_with if name in state}
