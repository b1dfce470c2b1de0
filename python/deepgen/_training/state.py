"""Course: what a call of training shall do, and where training stands."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from threading import Event
from typing import Any

from deepgen import _core
from deepgen._engine.arrays import AnyArray
from deepgen._training.history import History
from deepgen._training.patience import Patience
from deepgen.averaging import Averaging
from deepgen.schedules import Schedule

__all__ = ["Course", "Plan"]


@dataclass(frozen=True)
class Plan:
    """What a call of training shall do.

    Parameters
    ----------
    optimizer : deepgen._core.Component
        The engine's optimizer.
    wrappers : tuple of deepgen._core.Component
        What stands around it, from the inside out.
    augmentation : deepgen._core.Component
        What changes the features of a step's rows.
    mixup : float
        Parameter of the Beta distribution by which rows are mixed; 0 mixes nothing.
    schedule : Schedule
        Moves the learning rate.
    learning_rate : float
        Before any schedule, > 0.
    alpha : float
        L2 on weights, divided by the batch's weight sum, >= 0.
    batch_size : int
        Rows of a step, >= 1.
    shuffle : bool
        Whether each epoch has its own order.
    n_epochs : int
        Epochs of this call, at most.
    horizon : int
        Epochs that schedules plan for.
    tol : float
        What counts as an improvement.
    n_iter_no_change : float
        Epochs without improvement before training stagnates.
    early_stopping : bool
        Whether the validation score decides, and the best weights are kept.
    verbose : bool
        Whether to print a line an epoch.
    averaging : Averaging or None
        What is made of the weights that training passes through.
    max_time : float or None
        Seconds after ``began`` at which training ends, looked at after each epoch.
    n_threads : int
        Largest number of threads.
    incremental : bool
        Whether the caller asks for single epochs, so that the end of this call means nothing.
    began : float
        When the call began, by ``time.perf_counter``.
    stop : threading.Event, default=None
        Set where training shall end as by Ctrl-C, which only the main thread hears.

    Examples
    --------
    >>> from deepgen._training.state import Plan
    >>> "optimizer" in Plan.__dataclass_fields__
    True
    """

    optimizer: _core.Component
    wrappers: tuple[_core.Component, ...]
    augmentation: _core.Component
    mixup: float
    schedule: Schedule
    learning_rate: float
    alpha: float
    batch_size: int
    shuffle: bool
    n_epochs: int
    horizon: int
    tol: float
    n_iter_no_change: float
    early_stopping: bool
    verbose: bool
    averaging: Averaging | None
    max_time: float | None
    n_threads: int
    incremental: bool
    began: float
    stop: Event | None = None

    def check_stop(self) -> None:
        """Answer a Ctrl-C that another thread has heard.

        Raises
        ------
        KeyboardInterrupt
            If training shall end.
        """
        if self.stop is not None and self.stop.is_set():
            raise KeyboardInterrupt


@dataclass
class Course:
    """Where training stands: all that a later call needs to go on as if there had been no break.

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
        What loss and score are that patience compares.
    schedule : str, default=''
        Whose ``memory`` it is.
    memory : dict of str to float
        What the schedule remembers.
    optimizer : str, default=''
        Whose ``slots`` they are.
    slots : dict of str to ndarray, default=None
        The state of optimizer and wrappers; None starts afresh.
    parameters : ndarray of shape (n_parameters,), default=None
        Where steps go on, if that is not what the network predicts with.
    served : ndarray of shape (n_parameters,), default=None
        What the network predicted with then; other weights now mean that the user changed them.
    averaging : str, default=''
        Whose ``averaging_state`` it is.
    averaging_state : dict
        What the average keeps from epoch to epoch.

    Examples
    --------
    >>> from deepgen._training.state import Course
    >>> Course(seed=0).n_epochs
    0
    """

    seed: int
    n_epochs: int = 0
    samples_seen: int = 0
    history: History = field(default_factory=History)
    patience: Patience = field(default_factory=Patience)
    criterion: str = ""
    schedule: str = ""
    memory: dict[str, float] = field(default_factory=dict)
    optimizer: str = ""
    slots: dict[str, AnyArray] | None = None
    parameters: AnyArray | None = None
    served: AnyArray | None = None
    averaging: str = ""
    averaging_state: dict[str, Any] = field(default_factory=dict)

    def judge_by(self, criterion: str) -> None:
        """Begin patience afresh where losses or scores cannot be compared with those before.

        Parameters
        ----------
        criterion : str
            What loss and score are from now on.
        """
        if criterion != self.criterion:
            self.criterion, self.patience = criterion, Patience()
            self.memory.pop("best", None)

    def follow(self, schedule: str) -> None:
        """Drop what another schedule remembers.

        Parameters
        ----------
        schedule : str
            The name of the one that goes on.
        """
        if schedule != self.schedule:
            self.schedule = schedule
            self.memory.clear()

    def use_averaging(self, averaging: Averaging | None) -> None:
        """Drop what another average keeps.

        Parameters
        ----------
        averaging : Averaging or None
            The one that goes on.
        """
        name = "" if averaging is None else averaging.name
        if name != self.averaging:
            self.averaging, self.averaging_state = name, {}

    def forget(self) -> None:
        """Drop the optimizer's state, and with it the point where steps would go on."""
        self.slots = self.parameters = self.served = None

    def mark(self) -> tuple[Course, tuple[str, ...], int]:
        """Return a note of this moment for `go_back`.

        Returns
        -------
        mark : tuple
            A copy that shares the history, the history's columns and its length.
        """
        copied = replace(
            self,
            patience=replace(self.patience),
            memory=dict(self.memory),
            averaging_state=dict(self.averaging_state),
        )
        return copied, tuple(self.history.columns), len(self.history)

    def go_back(self, mark: tuple[Course, tuple[str, ...], int]) -> None:
        """Undo what a call did that failed.

        Parameters
        ----------
        mark : tuple
            From `mark`, before the call.
        """
        before, names, n_rows = mark
        for entry in fields(self):
            setattr(self, entry.name, getattr(before, entry.name))
        columns = self.history.columns
        self.history.columns = {name: columns[name][:n_rows] for name in names}

    def snapshot(self) -> Course:
        """Return a copy for looking at, which training leaves alone.

        Returns
        -------
        snapshot : Course
            Without the states of optimizer and average.
        """
        copied = replace(self.mark()[0], history=self.history.copy(), averaging_state={})
        copied.forget()
        return copied
