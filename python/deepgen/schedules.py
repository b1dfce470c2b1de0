"""Schedules: how the learning rate moves while training runs.

A schedule holds settings only. What it must remember between epochs lives in a ``memory`` that the
training loop keeps, so that a run can be pickled and continued.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from deepgen.component import Component, Range

__all__ = ["Adaptive", "Constant", "InvScaling", "Position", "Schedule"]


@dataclass(frozen=True)
class Position:
    """Where in training a slice of steps begins.

    Parameters
    ----------
    epoch : int
        Epochs done before this one.
    step : int
        Steps of this epoch already done.
    steps_per_epoch : int
        Steps of a whole epoch, >= 1.
    samples_seen : int
        Training rows seen in all epochs before this one (scikit-learn's ``t_``).
    horizon : int
        Epochs that the run is planned for.

    Examples
    --------
    >>> from deepgen.schedules import Position
    >>> Position(epoch=3, step=5, steps_per_epoch=10, samples_seen=300, horizon=20).epoch
    3
    """

    epoch: int
    step: int
    steps_per_epoch: int
    samples_seen: int
    horizon: int


@dataclass(repr=False)
class Schedule(Component):
    """Base of all schedules; by itself the rate never moves.

    Examples
    --------
    >>> from deepgen.schedules import Position, Schedule
    >>> here = Position(epoch=0, step=0, steps_per_epoch=2, samples_seen=0, horizon=1)
    >>> Schedule().rates(0.1, here, 2, {}).tolist()
    [0.1, 0.1]
    """

    def rates(
        self, base: float, position: Position, n_steps: int, memory: dict[str, float]
    ) -> NDArray[np.float64]:
        """Return the learning rates of the next steps.

        Parameters
        ----------
        base : float
            The learning rate before any schedule, > 0.
        position : Position
            Where the first of the steps stands; all of them lie in one epoch.
        n_steps : int
            How many rates are asked for.
        memory : dict of str to float
            What this schedule remembers, empty at first.

        Returns
        -------
        rates : ndarray of shape (n_steps,)
            One learning rate a step.
        """
        return np.full(n_steps, base)

    def end_epoch(self, monitored: float, memory: dict[str, float]) -> None:
        """Take note of an epoch's result.

        Parameters
        ----------
        monitored : float
            Loss of the validation data, without them of training; lower is better.
        memory : dict of str to float
            What this schedule remembers; may be changed.
        """

    def stagnate(self, base: float, memory: dict[str, float]) -> bool:
        """Answer to training that no longer improves.

        Parameters
        ----------
        base : float
            The learning rate before any schedule, > 0.
        memory : dict of str to float
            What this schedule remembers; may be changed.

        Returns
        -------
        changed : bool
            True if the rate was lowered and training shall go on, False if it shall stop.
        """
        return False


@dataclass(repr=False)
class Constant(Schedule):
    """The learning rate stays as it is.

    Examples
    --------
    >>> from deepgen.schedules import Constant
    >>> Constant()
    Constant()
    """

    name: ClassVar[str] = "constant"


@dataclass(repr=False)
class InvScaling(Schedule):
    r"""The learning rate falls with a power of the samples seen, epoch by epoch.

    Parameters
    ----------
    power_t : float, default=0.5
        The power, >= 0.

    Notes
    -----
    :math:`\eta_t = \eta_0 / (t + 1)^p` with t the training rows seen before the epoch, as
    scikit-learn.

    Examples
    --------
    >>> from deepgen.schedules import InvScaling, Position
    >>> third = Position(epoch=2, step=0, steps_per_epoch=1, samples_seen=99, horizon=5)
    >>> InvScaling().rates(1.0, third, 1, {}).tolist()
    [0.1]
    """

    name: ClassVar[str] = "invscaling"
    ranges: ClassVar[dict[str, Range]] = {"power_t": Range(0)}

    power_t: float = 0.5

    def rates(
        self, base: float, position: Position, n_steps: int, memory: dict[str, float]
    ) -> NDArray[np.float64]:
        """Return the learning rates of the next steps.

        Parameters
        ----------
        base : float
            The learning rate before any schedule, > 0.
        position : Position
            Where the first of the steps stands; all of them lie in one epoch.
        n_steps : int
            How many rates are asked for.
        memory : dict of str to float
            Not used.

        Returns
        -------
        rates : ndarray of shape (n_steps,)
            One learning rate a step.
        """
        # In floats: a power of integers may have more digits than can be written in a lifetime.
        with np.errstate(over="ignore"):
            divisor = np.float64(position.samples_seen + 1) ** np.float64(self.power_t)
        return np.full(n_steps, base / divisor)


@dataclass(repr=False)
class Adaptive(Schedule):
    """The learning rate is divided each time that training no longer improves.

    Parameters
    ----------
    factor : float, default=5.0
        What the rate is divided by, > 1.
    min_rate : float, default=1e-6
        Training stops where it stagnates at this rate or below, >= 0.

    Notes
    -----
    "No longer improves" is the estimator's ``tol`` and ``n_iter_no_change``, as in scikit-learn.

    Examples
    --------
    >>> from deepgen.schedules import Adaptive, Position
    >>> memory = {}
    >>> Adaptive().stagnate(0.1, memory)
    True
    >>> start = Position(epoch=0, step=0, steps_per_epoch=1, samples_seen=0, horizon=1)
    >>> Adaptive().rates(0.1, start, 1, memory).tolist()
    [0.02]
    """

    name: ClassVar[str] = "adaptive"
    ranges: ClassVar[dict[str, Range]] = {
        "factor": Range(1, without="low"),
        "min_rate": Range(0),
    }

    factor: float = 5.0
    min_rate: float = 1e-6

    def rates(
        self, base: float, position: Position, n_steps: int, memory: dict[str, float]
    ) -> NDArray[np.float64]:
        """Return the learning rates of the next steps.

        Parameters
        ----------
        base : float
            The learning rate before any schedule, > 0.
        position : Position
            Where the first of the steps stands; all of them lie in one epoch.
        n_steps : int
            How many rates are asked for.
        memory : dict of str to float
            ``n_cuts``: how often the rate was divided.

        Returns
        -------
        rates : ndarray of shape (n_steps,)
            One learning rate a step.
        """
        return np.full(n_steps, self._rate(base, memory))

    def stagnate(self, base: float, memory: dict[str, float]) -> bool:
        """Divide the rate, unless it is already as low as allowed.

        Parameters
        ----------
        base : float
            The learning rate before any schedule, > 0.
        memory : dict of str to float
            ``n_cuts``: how often the rate was divided.

        Returns
        -------
        changed : bool
            True if the rate was divided, False if training shall stop.
        """
        if self._rate(base, memory) <= self.min_rate:
            return False
        memory["n_cuts"] = memory.get("n_cuts", 0) + 1
        return True

    def _rate(self, base: float, memory: dict[str, float]) -> float:
        rate = base
        # Division by division, as scikit-learn rounds.
        for _ in range(int(memory.get("n_cuts", 0))):
            rate /= self.factor
        return rate


SCHEDULES: dict[str, type[Schedule]] = {
    "adaptive": Adaptive,
    "constant": Constant,
    "invscaling": InvScaling,
}
"""The names that ``learning_rate`` takes."""
