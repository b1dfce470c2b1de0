"""Checkpoints: the state of a course in a file, from which another call goes on."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np

from deepgen._inputs.targets import Targets
from deepgen._network.network import Network
from deepgen._serialization.file_format import read_content, unpack
from deepgen._serialization.plain_data import Reader
from deepgen._training.state import TrainingState
from deepgen.estimators.loading import restore_estimator
from deepgen.estimators.saving import save

__all__ = ["Checkpoint"]

FREE = ("max_iter", "max_time", "n_iter_no_change", "n_jobs", "random_state", "tol", "verbose")
"""Parameters that may differ between the calls of one course."""


class Checkpoint:
    """A file that is written after each epoch; it contains a fitted estimator.

    Parameters
    ----------
    path : str or path-like
        Path of the file; an existing one is replaced in one step.

    Examples
    --------
    >>> from deepgen.distributed.checkpoint import Checkpoint
    >>> print(Checkpoint("no-such-file.dgn").read(None))
    None
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)

    def read(self, model: Any) -> Any:
        """Return the estimator in the file.

        Parameters
        ----------
        model : MLPRegressor or MLPClassifier
            Estimator with the parameters of this call.

        Returns
        -------
        fitted : MLPRegressor, MLPClassifier or None
            None if there is no such file.

        Raises
        ------
        ValueError
            If the file is no checkpoint, or one of other parameters.
        OSError
            If it cannot be read.
        """
        try:
            with open(self.path, "rb") as file:
                description, tensors = unpack(read_content(file))
            fitted: Any = restore_estimator(description, Reader(tensors))
        except FileNotFoundError:
            return None
        except OSError:
            raise
        except Exception as error:
            # As by `deepgen.load`: any other error means that the file is malformed.
            raise ValueError(f"'{self.path}' is no checkpoint: {error}") from error
        state = vars(fitted).get("_training_state")
        if type(fitted) is not type(model) or state is None or state.optimizer_state is None:
            raise ValueError(f"'{self.path}' is no checkpoint of a {type(model).__name__}")
        then, now = fitted.get_params(deep=False), model.get_params(deep=False)
        for name in now:
            if name not in FREE and repr(then[name]) != repr(now[name]):
                raise ValueError(
                    f"'{self.path}' is a checkpoint with {name}={then[name]!r}, and this call has "
                    f"{now[name]!r}: give another path, or the same parameters"
                )
        return fitted

    def check(self, state: TrainingState, course: str) -> None:
        """Refuse a checkpoint of another course.

        Parameters
        ----------
        state : TrainingState
            State in the file.
        course : str
            Description of the shards and rounds of this call, a line per entry.

        Raises
        ------
        ValueError
            If the descriptions differ. The message has the lines that do.
        """
        then, now = state.data.split("\n"), course.split("\n")
        if then != now:
            gone = ", ".join(line for line in then if line not in now)
            come = ", ".join(line for line in now if line not in then)
            raise ValueError(
                f"'{self.path}' is a checkpoint of another course: it has {gone}; and this call "
                f"has {come}"
            )

    def write(
        self,
        model: Any,
        targets: Targets,
        network: Network,
        state: TrainingState,
        optimizer: str,
        memory: dict[str, Any],
        best: Any,
    ) -> None:
        """Write the state between two epochs.

        Parameters
        ----------
        model : MLPRegressor or MLPClassifier
            Estimator with the parameters of this call.
        targets : Targets
            What was learned from the targets.
        network : Network
            Network with the weights of the next step.
        state : TrainingState
            State of training.
        optimizer : str
            Name of the optimizer.
        memory : dict of str to ndarray
            Its state.
        best : ndarray of shape (n_parameters,) or None
            Weights with the best score.
        """
        weights = network.parameters.copy()
        kept = replace(
            state.checkpoint()[0],
            optimizer_state=memory,
            optimizer=optimizer,
            resume_weights=weights,
            prediction_weights=weights,
            best_weights=best,
        )
        fitted = object.__new__(type(model))
        fitted.__dict__.update(
            vars(model),
            network_=Network(network.core, weights),
            _targets=targets,
            _training_state=kept,
            n_iter_=state.n_epochs,
        )
        save(fitted, self.path)


class EpochEnds:
    """What happens between epochs, in the place of scikit-learn's callbacks: checkpoints.

    Parameters
    ----------
    write : callable
        Function of the network and of the best weights so far.
    state : TrainingState
        State of training.
    early_stopping : bool
        Whether there are best weights.
    best : ndarray of shape (n_parameters,) or None
        Best weights of an earlier call.

    Examples
    --------
    >>> from deepgen.distributed.checkpoint import EpochEnds
    >>> [name for name in vars(EpochEnds) if not name.startswith("_")]
    ['begin', 'end']
    """

    def __init__(
        self, write: Any, state: TrainingState, *, early_stopping: bool, best: Any
    ) -> None:
        self._write, self._state, self._early_stopping = write, state, early_stopping
        self._best, self._best_score = best, state.patience.best_score

    def begin(self, network: Network) -> None:
        """Do nothing.

        Parameters
        ----------
        network : Network
            Network before the epoch.
        """

    def end(self, network: Network | None) -> bool:
        """Write a checkpoint.

        Parameters
        ----------
        network : Network or None
            Network after the epoch; None if it diverged.

        Returns
        -------
        stopped : bool
            Always False.
        """
        if network is None:
            return False
        score = self._state.patience.best_score
        if self._early_stopping and np.isfinite(score) and score != self._best_score:
            self._best, self._best_score = network.parameters.copy(), score
        self._write(network, self._best)
        return False
