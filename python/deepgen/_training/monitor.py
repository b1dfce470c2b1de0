"""Monitor: history, output, time limit and callbacks of each epoch, for every solver.

Both training loops, the engine's steps and L-BFGS, report the beginning and the result of each
epoch to a monitor. The monitor writes the history, prints the line, checks the clock and calls the
callbacks.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from deepgen._network.network import Network
from deepgen._training.plan import TrainingPlan
from deepgen._training.state import TrainingState
from deepgen._user_warnings import warn

if TYPE_CHECKING:
    from deepgen._training.callbacks import CallbackTasks

__all__ = ["Monitor", "duration"]


def duration(seconds: float) -> str:
    """Format a duration with its two largest units."""
    whole = round(seconds)
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    first = next(position for position, (_, size) in enumerate(units) if whole >= size)
    parts = []
    for name, size in units[first : first + 2]:
        count, whole = divmod(whole, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts)


class Monitor:
    """Record of one call of training.

    Parameters
    ----------
    plan : TrainingPlan
        Plan of the call.
    state : TrainingState
        State of training; each epoch updates its counters and its history.
    tasks : CallbackTasks, default=None
        Reports each epoch to scikit-learn's callbacks.

    Attributes
    ----------
    n_epochs : int
        Number of epochs of this call so far.
    stopped : bool
        Whether a callback requested to stop.
    unsaid : str
        Line of the last epoch, if ``verbose`` did not print it.

    Examples
    --------
    >>> from deepgen._training.monitor import Monitor
    >>> [name for name in vars(Monitor) if not name.startswith("_")]
    ['begin', 'record', 'say', 'end', 'out_of_time', 'say_out_of_time']
    """

    def __init__(
        self, plan: TrainingPlan, state: TrainingState, tasks: CallbackTasks | None = None
    ) -> None:
        self.plan, self.state, self.tasks = plan, state, tasks
        self.stopped = False
        self.n_epochs = 0
        self.unsaid = ""
        # The clock of the history continues from the last call.
        self._zero = plan.began - state.history.seconds
        self._first_epoch = time.perf_counter()
        self._last_epoch = plan.began

    def begin(self, network: Network) -> None:
        """Report the beginning of an epoch to the callbacks."""
        if self.tasks is not None:
            self.tasks.begin(network)

    def record(
        self,
        *,
        loss: float,
        gradient_norm: float,
        learning_rate: float = float("nan"),
        validation: tuple[float, float] | None = None,
    ) -> None:
        """Count an epoch, write its row into the history and print its line.

        ``learning_rate`` is that of the last step; NaN for a solver with a line search.
        """
        state = self.state
        self._last_epoch = time.perf_counter()
        self.n_epochs += 1
        state.n_epochs += 1
        state.samples_seen += self.plan.n_rows
        state.history.append(
            loss=loss,
            learning_rate=learning_rate,
            gradient_norm=gradient_norm,
            time=self._last_epoch - self._zero,
            validation=validation,
        )
        if self.plan.watch is not None:
            self.plan.watch()
        if self.plan.verbose:
            self.unsaid = self._line(loss, learning_rate, validation)
            if len(state.history) % self.plan.verbose == 0:
                self.say()

    def say(self) -> None:
        """Print the line of the last epoch, unless it was printed before."""
        if self.unsaid:
            print(self.unsaid, flush=True)
        self.unsaid = ""

    def end(self, network: Network | None) -> bool:
        """Report the end of an epoch to the callbacks; ``network`` is None after a failure."""
        if self.tasks is not None:
            self.stopped |= self.tasks.end(network)
        return self.stopped

    @property
    def out_of_time(self) -> bool:
        """Whether the call had used up ``max_time`` at the end of the last epoch."""
        plan = self.plan
        if plan.max_time is None or plan.incremental:
            return False
        return self._last_epoch - plan.began >= plan.max_time

    def say_out_of_time(self) -> None:
        """Warn that the time was used up, and after how many epochs."""
        from sklearn.exceptions import ConvergenceWarning

        warn(
            f"max_time={self.plan.max_time:g} seconds used up after {self.n_epochs} of at most "
            f"{self.plan.n_epochs} iterations and the optimization hasn't converged yet.",
            ConvergenceWarning,
        )

    def _line(
        self, loss: float, learning_rate: float, validation: tuple[float, float] | None
    ) -> str:
        parts = [f"Iteration {len(self.state.history)}, loss = {loss:.8f}"]
        if validation is not None:
            parts.append(f"validation loss = {validation[0]:.8f}")
            parts.append(f"validation score = {validation[1]:.6f}")
        if self.plan.moves_rate:
            parts.append(f"learning rate = {learning_rate:.3g}")
        seconds = self._seconds_left()
        if seconds is not None:
            least = "less than 1 s" if seconds < 1 else f"at most {duration(seconds)}"
            parts.append(f"{least} left")
        return ", ".join(parts)

    def _seconds_left(self) -> float | None:
        """Return an upper bound of the remaining seconds."""
        plan, now = self.plan, time.perf_counter()
        n_left = plan.n_epochs - self.n_epochs
        if plan.incremental or n_left == 0:
            return None
        seconds = n_left * (now - self._first_epoch) / self.n_epochs
        if plan.max_time is not None:
            seconds = min(seconds, max(plan.began + plan.max_time - now, 0.0))
        return seconds
