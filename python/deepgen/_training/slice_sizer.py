"""SliceSizer: the number of steps per slice, and the number of threads."""

from __future__ import annotations

__all__ = ["SliceSizer"]

# Seconds between two trials of the slower number of threads, and seconds per trial. Threads
# synchronize twice per step: on cores that other programs occupy, each synchronization may wait for
# the scheduler, which no count of operations predicts.
BETWEEN_TRIALS = 1.0
TRIAL = 0.005


class SliceSizer:
    """Choose the number of steps and of threads of a slice from the times of the last ones.

    Parameters
    ----------
    seconds : float, default=0.2
        Target duration of a slice.

    Notes
    -----
    Neither changes the results: the engine's bits do not depend on slices or threads.

    Examples
    --------
    >>> from deepgen._training.slice_sizer import SliceSizer
    >>> sizer = SliceSizer()
    >>> sizer.record(n_steps=1, seconds=0.05, n_threads=1)
    >>> sizer.n_steps
    4
    """

    def __init__(self, seconds: float = 0.2) -> None:
        self.seconds = seconds
        self._n_steps = 1
        self._step_seconds: dict[int, float] = {}
        self._tally: dict[int, tuple[int, float]] = {}
        self._measured_at: dict[int, float] = {}
        self._clock = 0.0

    @property
    def n_steps(self) -> int:
        """Largest number of steps of the next slice; small for a trial."""
        if self._trial_due or (self._step_seconds and 1 not in self._step_seconds):
            return max(1, int(self._n_steps * TRIAL / max(self.seconds, TRIAL)))
        return self._n_steps

    def n_threads(self, most: int) -> int:
        """Return the number of threads of the next slice.

        ``most`` is the largest number that the work of a step is worth; the result is ``most`` or
        1, whichever was faster recently, and once per second the other one.
        """
        for untried in (most, 1):
            if untried not in self._step_seconds:
                return untried
        better, worse = sorted((most, 1), key=lambda number: self._step_seconds[number])
        return worse if self._trial_due else better

    def record(self, n_steps: int, seconds: float, n_threads: int) -> None:
        """Record the duration of a slice."""
        if not n_steps:
            return
        best = min(self._step_seconds, key=self._step_seconds.__getitem__, default=n_threads)
        if n_threads == best:
            fitting = self.seconds * n_steps / max(seconds, 1e-9)
            self._n_steps = int(min(max(fitting, 1), 16 * self._n_steps))
        self._clock += seconds
        # The time of a short slice is mostly overhead, so short slices are added up.
        steps, spent = self._tally.pop(n_threads, (0, 0.0))
        steps, spent = steps + n_steps, spent + seconds
        if spent < TRIAL:
            self._tally[n_threads] = steps, spent
            return
        self._step_seconds[n_threads] = spent / steps
        self._measured_at[n_threads] = self._clock

    @property
    def _trial_due(self) -> bool:
        if len(self._step_seconds) < 2:
            return False
        slowest = max(self._step_seconds, key=self._step_seconds.__getitem__)
        return self._clock - self._measured_at[slowest] >= BETWEEN_TRIALS
