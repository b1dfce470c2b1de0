"""Interface between the training loop and weight averaging."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from deepgen import _core
from deepgen._component import Component
from deepgen._engine.arrays import AnyArray
from deepgen.schedules import Position, Schedule

__all__ = ["Averaging"]


@dataclass(repr=False)
class Averaging(Component):
    """Base of all averages: hooks of the training loop, which do nothing unless overridden.

    Attributes
    ----------
    replaces_weights : bool
        Whether the network predicts with other weights than those that steps go on from, so that
        batch norm's statistics are not theirs.
    runs_to_the_end : bool
        Whether using up the epochs is what is wanted.
    predicts_with : tuple of str
        Entries of the state that belong to the weights that the network predicts with.

    Notes
    -----
    An object holds settings only. Its ``state``, which is empty at first, is a dict that the
    training loop keeps from call to call and hands to each hook, as schedules have theirs.

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
            For the engine, from the inside out.
        """
        return ()

    def scheduled(self, schedule: Schedule) -> Schedule:
        """Return the schedule that the average wants.

        Parameters
        ----------
        schedule : Schedule
            The one that the estimator asks for.

        Returns
        -------
        schedule : Schedule
            The same or another one.
        """
        return schedule

    def check_run(self, start: Position) -> None:
        """Refuse a run that is too short for the average.

        Parameters
        ----------
        start : Position
            Where the run begins.

        Raises
        ------
        ValueError
            If it is too short.
        """

    def restart(self, state: dict[str, Any]) -> None:
        """Drop what was averaged, where training does not go on from where it stopped.

        Parameters
        ----------
        state : dict
            The average's; may be changed.
        """

    def engine_state(
        self, weights: AnyArray, n_trainable: int, state: dict[str, Any]
    ) -> dict[str, AnyArray]:
        """Return what the engine's part of the average starts from.

        Parameters
        ----------
        weights : ndarray of shape (n_parameters,)
            Where steps begin.
        n_trainable : int
            How many of them are trained; the rest are batch norm's statistics.
        state : dict
            The average's.

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
            By name.

        Returns
        -------
        optimizer_state : dict of str to ndarray
            Without the names that start with the average's own.
        """
        own = f"{self.name}_"
        return {key: array for key, array in optimizer_state.items() if not key.startswith(own)}

    def steps_until_update(self, position: Position) -> int | None:
        """Return after how many steps `on_steps` shall be called.

        Parameters
        ----------
        position : Position
            Where the next step stands.

        Returns
        -------
        n_steps : int or None
            None: never.
        """
        return None

    def on_steps(self, position: Position, weights: AnyArray, state: dict[str, Any]) -> None:
        """Take the weights after a slice of steps.

        Parameters
        ----------
        position : Position
            Where the next step stands.
        weights : ndarray of shape (n_parameters,)
            Not to be kept, but copied.
        state : dict
            The average's; may be changed.
        """

    def end_epoch(self, position: Position, weights: AnyArray, state: dict[str, Any]) -> None:
        """Take the weights after an epoch.

        Parameters
        ----------
        position : Position
            Behind the epoch's last step; its ``epoch`` does not count the epoch yet.
        weights : ndarray of shape (n_parameters,)
            Not to be kept, but copied.
        state : dict
            The average's; may be changed.
        """

    def prediction_weights(
        self, trainer: _core.Trainer, weights: AnyArray, n_trainable: int, state: dict[str, Any]
    ) -> AnyArray:
        """Return the weights that the network predicts with.

        Parameters
        ----------
        trainer : deepgen._core.Trainer
            Holds what the engine averages.
        weights : ndarray of shape (n_parameters,)
            Those that steps go on from.
        n_trainable : int
            How many of them are trained; the rest are batch norm's statistics.
        state : dict
            The average's; may be changed.

        Returns
        -------
        prediction_weights : ndarray of shape (n_parameters,)
            ``weights`` itself where there is no average (yet).
        """
        return weights

    def warn_if_unused(self, n_epochs: int, state: dict[str, Any]) -> None:
        """Warn where a whole run was too short for an average.

        Parameters
        ----------
        n_epochs : int
            Epochs of all calls.
        state : dict
            The average's, as the run left it.

        Warns
        -----
        UserWarning
            If nothing was averaged.
        """
