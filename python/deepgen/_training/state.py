"""TrainingState: the state of training between calls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from deepgen import _core
from deepgen._engine.arrays import AnyArray
from deepgen._network.output_change import OutputChange
from deepgen._training.history import History
from deepgen._training.patience import Patience
from deepgen.averaging import Averaging

__all__ = ["TrainingState", "unchanged_on_failure"]

# Optimizer states that are made of powers of gradients, and these powers.
POWERS = {
    "adadelta_0": 2,
    "adagrad_0": 2,
    "adam_0": 1,
    "adam_1": 2,
    "centered_rmsprop_0": 2,
    "centered_rmsprop_2": 1,
    "rmsprop_0": 2,
    "sgd_0": 1,
}
# States made of steps, whose size does not depend on the gradients' units, and counters.
STEPS = ("adadelta_1", "centered_rmsprop_1", "rmsprop_1", "n_steps")
# States of averages: weights, and flags that say whether there are any.
WEIGHTS, BEGUN = ("ema_average", "line_ends"), ("ema_begun", "line_begun")


@dataclass
class TrainingState:
    """All that a later call needs to continue as if there had been no break.

    Parameters
    ----------
    seed : int
        Seed of all random streams.
    start : str, default=''
        Checksum of the starting weights; empty if weights were given or training was continued.
    n_epochs : int, default=0
        Number of epochs in all calls.
    samples_seen : int, default=0
        Number of training rows seen in all calls.
    history, patience : History, Patience
        The measurements of all epochs, and the count of stale ones.
    criterion : str, default=''
        Description of the loss and the score that patience compares.
    data : str, default=''
        Checksums of the data of the losses, and settings of the training loss.
    schedule : str, default=''
        Name of the schedule that ``schedule_state`` belongs to.
    schedule_state : dict of str to float
        Variables of the schedule.
    averaging : str, default=''
        Class of the average that ``averaging_state`` belongs to.
    averaging_state : dict
        Variables of the average.
    optimizer : str, default=''
        Name of the optimizer that ``optimizer_state`` belongs to.
    optimizer_state : dict of str to ndarray, default=None
        State of optimizer and wrappers; None starts afresh.
    resume_weights : ndarray of shape (n_parameters,), default=None
        Weights for the next step, if they differ from the prediction weights.
    best_weights : ndarray of shape (n_parameters,), default=None
        Weights with the best score, if batch norm's statistics were recomputed for them afterwards.
    prediction_weights : ndarray of shape (n_parameters,), default=None
        Copy of the prediction weights at the time when ``resume_weights`` were stored. If they
        differ from the network's now, the user has changed them, and optimizer state,
        ``resume_weights`` and ``best_weights`` no longer apply.

    Examples
    --------
    >>> from deepgen._training.state import TrainingState
    >>> TrainingState(seed=0).n_epochs
    0
    """

    seed: int
    start: str = ""
    n_epochs: int = 0
    samples_seen: int = 0
    history: History = field(default_factory=History)
    patience: Patience = field(default_factory=Patience)
    criterion: str = ""
    data: str = ""
    schedule: str = ""
    schedule_state: dict[str, float] = field(default_factory=dict)
    averaging: str = ""
    averaging_state: dict[str, Any] = field(default_factory=dict)
    optimizer: str = ""
    optimizer_state: dict[str, AnyArray] | None = None
    resume_weights: AnyArray | None = None
    best_weights: AnyArray | None = None
    prediction_weights: AnyArray | None = None

    def use_criterion(self, criterion: str) -> None:
        """Reset patience if losses or scores cannot be compared with those before."""
        if criterion != self.criterion:
            self.criterion, self.patience = criterion, Patience()
            self.schedule_state.pop("best", None)

    def use_data(self, data: str) -> None:
        """Reset patience if losses were measured on other data."""
        if data != self.data:
            self.data = data
            self.patience.begin_anew()
            for name in ("best", "n_level"):
                self.schedule_state.pop(name, None)

    def use_schedule(self, schedule: str) -> None:
        """Drop the state of a different schedule."""
        if schedule != self.schedule:
            self.schedule = schedule
            self.schedule_state.clear()

    def use_averaging(self, averaging: Averaging | None) -> None:
        """Drop the state of a different average."""
        name = "" if averaging is None else type(averaging).__name__
        if name != self.averaging:
            self.averaging, self.averaging_state = name, {}

    def change_outputs(self, core: _core.Network, change: OutputChange) -> None:
        """Convert the state to a network with outputs in other units.

        Losses in the old units are not compared with those in the new ones. States made of
        gradients are converted as gradients are.
        """
        self.data = ""
        for name in ("resume_weights", "best_weights", "prediction_weights"):
            weights = getattr(self, name)
            if weights is not None:
                setattr(self, name, change.of_weights(core, weights))
        self.averaging_state = {
            name: change.of_weights(core, entry) if isinstance(entry, np.ndarray) else entry
            for name, entry in self.averaging_state.items()
        }
        known = self.optimizer_state
        if known is None:
            return
        # States of curvature with damping are no power of the gradient: they start afresh.
        of_rule = [name for name in known if name not in (*WEIGHTS, *BEGUN)]
        if not all(name in POWERS or name in STEPS for name in of_rule):
            known = {name: known[name] for name in known if name not in of_rule}
        self.optimizer_state = {
            name: change.of_weights(core, values)
            if name in WEIGHTS
            else change.of_gradients(core, values, POWERS[name])
            if name in POWERS
            else values
            for name, values in known.items()
        }

    def drop_optimizer_state(self) -> None:
        """Drop the optimizer's state and the weights for the next step."""
        self.optimizer_state = self.resume_weights = None
        self.best_weights = self.prediction_weights = None

    def checkpoint(self) -> tuple[TrainingState, tuple[str, ...], int]:
        """Return a record of the current state for `rollback`.

        It is a copy that shares the history, together with the history's columns and length.
        """
        copied = replace(
            self,
            patience=replace(self.patience),
            schedule_state=dict(self.schedule_state),
            averaging_state=dict(self.averaging_state),
        )
        return copied, tuple(self.history.columns), len(self.history)

    def rollback(self, checkpoint: tuple[TrainingState, tuple[str, ...], int]) -> None:
        """Undo the changes of a failed call."""
        before, names, n_rows = checkpoint
        for entry in fields(self):
            setattr(self, entry.name, getattr(before, entry.name))
        columns = self.history.columns
        self.history.columns = {name: columns[name][:n_rows] for name in names}

    def snapshot(self) -> TrainingState:
        """Return a copy for inspection, which training does not change."""
        copied = replace(self.checkpoint()[0], history=self.history.copy(), averaging_state={})
        copied.drop_optimizer_state()
        return copied


@contextmanager
def unchanged_on_failure(model: Any) -> Iterator[None]:
    """Restore an estimator if a call fails.

    Parameters
    ----------
    model : BaseMLP
        Its attributes and its training state, which a call changes in place, are restored.

    Yields
    ------
    None
        While the call runs.
    """
    before = dict(vars(model))
    state = before.get("_training_state")
    checkpoint = None if state is None else state.checkpoint()
    try:
        yield
    except BaseException:
        model.__dict__ = before
        if state is not None:
            state.rollback(checkpoint)
        raise
