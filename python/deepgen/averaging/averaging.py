"""Interface between the training loop and weight averaging."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from deepgen import _core
from deepgen._component import Component
from deepgen._engine.arrays import AnyArray
from deepgen._engine.step_trainer import StepTrainer
from deepgen.schedules import Position, Schedule

__all__ = ["Averaging"]


@dataclass(repr=False)
class Averaging(Component):
    """Base of all averages: hooks of the training loop, which do nothing unless overridden.

    Attributes
    ----------
    replaces_weights : bool
        Whether prediction uses other weights than those that training continues from. Batch norm's
        statistics must then be computed anew.
    runs_to_the_end : bool
        Whether training is meant to use all epochs, so that reaching ``max_iter`` gives no warning.
    predicts_with : tuple of str
        Names of the entries of the state that belong to the prediction weights.

    Notes
    -----
    An object holds settings only. Its ``state`` is a dict, empty at first, that the training loop
    keeps from call to call and passes to each hook, as it does for schedules.

    Examples
    --------
    >>> from deepgen.averaging import EMA, Averaging
    >>> Averaging().replaces_weights, EMA().replaces_weights
    (False, True)
    """

    replaces_weights: ClassVar[bool] = False
    runs_to_the_end: ClassVar[bool] = False
    predicts_with: ClassVar[tuple[str, ...]] = ()

    def wrappers(self) -> tuple[_core.Component, ...]:
        """Return the wrappers of the optimizer that compute the average in the engine.

        Returns
        -------
        wrappers : tuple of deepgen._core.Component
            For the engine, from the innermost to the outermost.
        """
        return ()

    def scheduled(self, schedule: Schedule) -> Schedule:
        """Return the schedule to use with the average.

        Parameters
        ----------
        schedule : Schedule
            Schedule that the estimator asks for.

        Returns
        -------
        schedule : Schedule
            The same or another schedule.
        """
        return schedule

    def check_run(self, start: Position) -> None:
        """Refuse a run that is too short for the average.

        Parameters
        ----------
        start : Position
            Position at the beginning of the run.

        Raises
        ------
        ValueError
            If it is too short.
        """

    def restart(self, state: dict[str, Any]) -> None:
        """Drop the average, because training does not continue from its last weights.

        Parameters
        ----------
        state : dict
            State of the average; may be changed.
        """

    def engine_state(
        self, weights: AnyArray, n_trainable: int, state: dict[str, Any]
    ) -> dict[str, AnyArray]:
        """Return the initial state of the engine's part of the average.

        Parameters
        ----------
        weights : ndarray of shape (n_parameters,)
            Weights at the first step.
        n_trainable : int
            Number of trained weights; the others are batch norm's statistics.
        state : dict
            State of the average.

        Returns
        -------
        engine_state : dict of str to ndarray
            Entries of the optimizer's state, by name.
        """
        return {}

    def drop_own_state(self, optimizer_state: dict[str, AnyArray]) -> dict[str, AnyArray]:
        """Return the optimizer's state without the average's part.

        Parameters
        ----------
        optimizer_state : dict of str to ndarray
            Arrays by name.

        Returns
        -------
        optimizer_state : dict of str to ndarray
            The entries whose names do not start with the average's name.
        """
        own = f"{self.name}_"
        return {key: array for key, array in optimizer_state.items() if not key.startswith(own)}

    def steps_until_update(self, position: Position) -> int | None:
        """Return the number of steps after which `on_steps` shall be called.

        Parameters
        ----------
        position : Position
            Position of the next step.

        Returns
        -------
        n_steps : int or None
            None means never.
        """
        return None

    def on_steps(self, position: Position, weights: AnyArray, state: dict[str, Any]) -> None:
        """Update the state with the weights after a slice of steps.

        Parameters
        ----------
        position : Position
            Position of the next step.
        weights : ndarray of shape (n_parameters,)
            Weights; copy them, since training changes the array.
        state : dict
            State of the average; may be changed.
        """

    def end_epoch(self, position: Position, weights: AnyArray, state: dict[str, Any]) -> None:
        """Update the state with the weights after an epoch.

        Parameters
        ----------
        position : Position
            Position after the epoch's last step; its ``epoch`` does not count this epoch yet.
        weights : ndarray of shape (n_parameters,)
            Weights; copy them, since training changes the array.
        state : dict
            State of the average; may be changed.
        """

    def prediction_weights(
        self, trainer: StepTrainer, weights: AnyArray, n_trainable: int, state: dict[str, Any]
    ) -> AnyArray:
        """Return the weights for prediction.

        Parameters
        ----------
        trainer : deepgen._core.Trainer
            Holds the engine's part of the average.
        weights : ndarray of shape (n_parameters,)
            Weights from which training continues.
        n_trainable : int
            Number of trained weights; the others are batch norm's statistics.
        state : dict
            State of the average; may be changed.

        Returns
        -------
        prediction_weights : ndarray of shape (n_parameters,)
            ``weights`` itself while there is no average.
        """
        return weights

    def warn_if_unused(self, n_epochs: int, state: dict[str, Any]) -> None:
        """Warn if the whole run was too short for an average.

        Parameters
        ----------
        n_epochs : int
            Epochs of all calls.
        state : dict
            State of the average after the run.

        Warns
        -----
        UserWarning
            If nothing was averaged.
        """
