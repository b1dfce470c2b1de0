"""SliceSizer: how many steps are asked of the engine in one go, and on how many threads."""

from __future__ import annotations

__all__ = ["SliceSizer"]

# Seconds between two trials of the number of threads that was slower, and what one may take.
# Threads meet twice a step: on cores that other programs hold, each meeting may wait for the
# scheduler, which no count of operations foresees.
BETWEEN_TRIALS = 1.0
TRIAL = 0.005


class SliceSizer:
    """Sizes slices of steps by how long the last ones took, and sees whether threads help.

    Parameters
    ----------
    seconds : float, default=0.2
        How long a slice shall take.

    Notes
    -----
    Neither changes results: the engine's bits depend on no slices and no threads.

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
        """Steps of the next slice, at most; few where it is a trial."""
        if self._trial_due or (self._step_seconds and 1 not in self._step_seconds):
            return max(1, int(self._n_steps * TRIAL / max(self.seconds, TRIAL)))
        return self._n_steps

    def n_threads(self, most: int) -> int:
        """Return on how many threads the next slice shall run.

        ``most`` are worth while by the work of a step; ``most`` or 1 is returned, whichever was
        faster of late, and once a second the other one.
        """
        for untried in (most, 1):
            if untried not in self._step_seconds:
                return untried
        better, worse = sorted((most, 1), key=lambda number: self._step_seconds[number])
        return worse if self._trial_due else better

    def record(self, n_steps: int, seconds: float, n_threads: int) -> None:
        """Take note of a slice."""
        if not n_steps:
            return
        best = min(self._step_seconds, key=self._step_seconds.__getitem__, default=n_threads)
        if n_threads == best:
            fitting = self.seconds * n_steps / max(seconds, 1e-9)
            self._n_steps = int(min(max(fitting, 1), 16 * self._n_steps))
        self._clock += seconds
        # A short slice is mostly its beginning and its end.
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
