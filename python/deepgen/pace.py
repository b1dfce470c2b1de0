"""Pace: how many steps are asked of the engine in one go."""

from __future__ import annotations

__all__ = ["Pace"]


class Pace:
    """Sizes slices of steps by how long the last ones took.

    Parameters
    ----------
    seconds : float, default=0.2
        How long a slice shall take.

    Examples
    --------
    >>> from deepgen.pace import Pace
    >>> pace = Pace()
    >>> pace.record(n_steps=1, seconds=0.05)
    >>> pace.n_steps
    4
    """

    def __init__(self, seconds: float = 0.2) -> None:
        self.seconds = seconds
        self.n_steps = 1

    def record(self, n_steps: int, seconds: float) -> None:
        """Take note of a slice.

        Parameters
        ----------
        n_steps : int
            Steps that it made.
        seconds : float
            Time that it took.
        """
        if n_steps:
            fitting = self.seconds * n_steps / max(seconds, 1e-9)
            self.n_steps = int(min(max(fitting, 1), 16 * self.n_steps))
