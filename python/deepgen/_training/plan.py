"""TrainingPlan: what a call of training shall do."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Event

from deepgen import _core
from deepgen.averaging import Averaging
from deepgen.schedules import Schedule

__all__ = ["TrainingPlan"]


@dataclass(frozen=True)
class TrainingPlan:
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
    >>> from deepgen._training.plan import TrainingPlan
    >>> "optimizer" in TrainingPlan.__dataclass_fields__
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
