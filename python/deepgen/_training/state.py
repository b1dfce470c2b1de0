"""TrainingState: where training stands, so that a later call can go on."""

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

# What optimizers keep of each weight's gradients, and of which power of them.
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
# What they keep of steps, which the learning rate measures whatever the gradients, and counts.
STEPS = ("adadelta_1", "centered_rmsprop_1", "rmsprop_1", "n_steps")
# What averages keep: weights, and whether there are any.
WEIGHTS, BEGUN = ("ema_average", "line_ends"), ("ema_begun", "line_begun")


@dataclass
class TrainingState:
    """All that a later call needs to go on as if there had been no break.

    Parameters
    ----------
    seed : int
        Of all random streams.
    n_epochs : int, default=0
        Epochs done in all calls.
    samples_seen : int, default=0
        Training rows seen in all calls.
    history, patience : History, Patience
        What was measured, and the count of stale epochs.
    criterion : str, default=''
        Which loss and score patience compares.
    data : str, default=''
        What losses were measured on: checksums of the data, and settings of the training loss.
    schedule : str, default=''
        Name of the schedule whose state it is.
    schedule_state : dict of str to float
        What the schedule keeps from epoch to epoch.
    averaging : str, default=''
        Class of the average whose state it is.
    averaging_state : dict
        What the average keeps from epoch to epoch.
    optimizer : str, default=''
        Name of the optimizer whose state it is.
    optimizer_state : dict of str to ndarray, default=None
        Of optimizer and wrappers; None starts afresh.
    resume_weights : ndarray of shape (n_parameters,), default=None
        Where steps go on, if that is not what the network predicts with.
    best_weights : ndarray of shape (n_parameters,), default=None
        What had the best score, if batch norm's statistics were computed anew for it afterwards.
    prediction_weights : ndarray of shape (n_parameters,), default=None
        Copy of what the network predicted with when ``resume_weights`` were kept: if the network
        has others now, the user changed them, and optimizer state, ``resume_weights`` and
        ``best_weights`` no longer apply.

    Examples
    --------
    >>> from deepgen._training.state import TrainingState
    >>> TrainingState(seed=0).n_epochs
    0
    """

    seed: int
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
        """Begin patience afresh where losses or scores cannot be compared with those before."""
        if criterion != self.criterion:
            self.criterion, self.patience = criterion, Patience()
            self.schedule_state.pop("best", None)

    def use_data(self, data: str) -> None:
        """Begin patience afresh where losses were measured on other data than now."""
        if data != self.data:
            self.data = data
            self.patience.begin_anew()
            for name in ("best", "n_level"):
                self.schedule_state.pop(name, None)

    def use_schedule(self, schedule: str) -> None:
        """Drop the state of another schedule."""
        if schedule != self.schedule:
            self.schedule = schedule
            self.schedule_state.clear()

    def use_averaging(self, averaging: Averaging | None) -> None:
        """Drop the state of another average."""
        name = "" if averaging is None else type(averaging).__name__
        if name != self.averaging:
            self.averaging, self.averaging_state = name, {}

    def change_outputs(self, core: _core.Network, change: OutputChange) -> None:
        """Let all that is kept belong to a network whose outputs are in other units.

        Losses of the old units are compared with none of the new ones. What is known of gradients
        is changed as they are.
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
        # Curvature that damping has been added to follows no power: it begins anew.
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
        """Drop the optimizer's state, and with it the point where steps would go on."""
        self.optimizer_state = self.resume_weights = None
        self.best_weights = self.prediction_weights = None

    def checkpoint(self) -> tuple[TrainingState, tuple[str, ...], int]:
        """Return a note of this moment for `rollback`.

        It is a copy that shares the history, with the history's columns and its length.
        """
        copied = replace(
            self,
            patience=replace(self.patience),
            schedule_state=dict(self.schedule_state),
            averaging_state=dict(self.averaging_state),
        )
        return copied, tuple(self.history.columns), len(self.history)

    def rollback(self, checkpoint: tuple[TrainingState, tuple[str, ...], int]) -> None:
        """Undo what a call did that failed."""
        before, names, n_rows = checkpoint
        for entry in fields(self):
            setattr(self, entry.name, getattr(before, entry.name))
        columns = self.history.columns
        self.history.columns = {name: columns[name][:n_rows] for name in names}

    def snapshot(self) -> TrainingState:
        """Return a copy for looking at, which training leaves alone."""
        copied = replace(self.checkpoint()[0], history=self.history.copy(), averaging_state={})
        copied.drop_optimizer_state()
        return copied


@contextmanager
def unchanged_on_failure(model: Any) -> Iterator[None]:
    """Leave an estimator as it was where a call fails.

    Parameters
    ----------
    model : BaseMLP
        Its attributes are put back, and its state of training, which a call changes in place.

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
