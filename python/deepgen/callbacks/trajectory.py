"""Trajectory: the weights of a network during a fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._counts import checked_count
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._engine.arrays import AnyArray
from deepgen.callbacks.stored_rows import StoredRows

__all__ = ["Trajectory"]


class Trajectory(ShownAsTable):
    """Callback that stores the weights at the start, each few epochs and at the end of training.

    ``model.set_callbacks(trajectory).fit(X, y)`` fills it; each fit begins anew. Training does not
    change by a bit. The weights are those with which the estimator would predict if training ended
    there: with an average of weights, its state.

    Parameters
    ----------
    every : int, default=1
        Number of epochs (with L-BFGS: iterations) between two stored points, at least 1. The last
        epoch is stored in any case.
    max_bytes : int, default=2**28
        Size of the stored weights up to which they stay in memory, at least 0; larger ones move
        into a temporary file without a name, which disappears with this object.
    folder : str, path or None, default=None
        Folder of the file; None means the system's folder for temporary files.

    Attributes
    ----------
    epochs : ndarray of shape (n_points,)
        Number of finished epochs of the fit at each point; 0 is the start.
    weights : ndarray of shape (n_points, n_parameters)
        Trainable parameters in the order of `Probe.parameters`, in the type of the estimator;
        read-only, and a memory map if they are in a file.

    Raises
    ------
    ValueError
        If a setting is out of range.

    See Also
    --------
    deepgen.optimization.trajectory_pca : Principal components of the points.
    deepgen.optimization.loss_surface : The path on a picture of the loss.

    Notes
    -----
    Each epoch costs two copies of the weights, whether it is stored or not. A search fits clones,
    which share the callback: it holds the last fit, and in other processes it stays empty here. A
    pickle contains all stored weights. scikit-learn keeps references to the callbacks it called
    last; `clear` frees the memory or the file at once.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> from deepgen.callbacks import Trajectory
    >>> trajectory = Trajectory(every=4)
    >>> model = MLPRegressor(hidden_layer_sizes=(3,), max_iter=10, tol=0, n_iter_no_change=99)
    >>> if hasattr(model, "set_callbacks"):
    ...     import warnings
    ...     with warnings.catch_warnings():
    ...         warnings.simplefilter("ignore")
    ...         model = model.set_callbacks(trajectory).fit([[0.0], [1.0]], [0.0, 1.0])
    ...     assert trajectory.epochs.tolist() == [0, 4, 8, 10]
    ...     assert trajectory.weights.shape == (4, 10)
    """

    def __init__(
        self, every: int = 1, *, max_bytes: int = 2**28, folder: str | Path | None = None
    ) -> None:
        checked_count("every", every)
        checked_count("max_bytes", max_bytes, 0)
        if folder is not None and not Path(folder).is_dir():
            raise ValueError(f"folder must be a folder that exists, got {folder!r}")
        self.every, self.max_bytes, self.folder = every, max_bytes, folder
        self.clear()

    def clear(self) -> None:
        """Drop all points, and the file if there is one."""
        self._epochs: list[int] = []
        self._rows = StoredRows(self.max_bytes, self.folder)
        self._latest: tuple[int, AnyArray] | None = None

    def __repr__(self) -> str:
        place = "in a file" if self._rows.on_disk else "in memory"
        return f"Trajectory(every={self.every}, {len(self._epochs)} points {place})"

    def _html_fields(self) -> tuple[str, ...]:
        return ("epochs", "weights", "every")

    @property
    def epochs(self) -> NDArray[np.int64]:
        """Number of finished epochs at each point."""
        return np.array(self._epochs, dtype=np.int64)

    @property
    def weights(self) -> AnyArray:
        """Trainable parameters at each point."""
        return self._rows.array()

    def setup(self, estimator: Any, context: Any) -> None:
        """Drop the points of an earlier fit.

        Parameters
        ----------
        estimator : estimator
            The estimator that is fitted.
        context : sklearn.callback.CallbackContext
            Context of the fit.
        """
        self.clear()

    def on_fit_task_begin(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> None:
        """Store the start, before the first epoch.

        Parameters
        ----------
        estimator : estimator
            The estimator that is fitted.
        context : sklearn.callback.CallbackContext
            Context of the epoch or of the fit.
        fitted_estimator : estimator, default=None
            Estimator with the weights of this moment.
        """
        if context.task_name == "iteration" and not self._epochs:
            self._store(0, _weights(fitted_estimator))

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> None:
        """Store the weights after an epoch, if it is its turn.

        Parameters
        ----------
        estimator : estimator
            The estimator that is fitted.
        context : sklearn.callback.CallbackContext
            Context of the epoch or of the fit.
        fitted_estimator : estimator, default=None
            Estimator with the weights of this moment; None after a failure.
        """
        if context.task_name != "iteration" or fitted_estimator is None:
            return
        epoch = context.task_id + 1
        self._latest = (epoch, _weights(fitted_estimator))
        if epoch % self.every == 0:
            self._store(*self._latest)

    def teardown(self, estimator: Any, context: Any) -> None:
        """Store the weights of the last epoch.

        Parameters
        ----------
        estimator : estimator
            The estimator that is fitted.
        context : sklearn.callback.CallbackContext
            Context of the fit.
        """
        if self._latest is not None and self._latest[0] != self._epochs[-1]:
            self._store(*self._latest)
        self._latest = None

    def _store(self, epoch: int, weights: AnyArray) -> None:
        self._rows.append(weights)
        self._epochs.append(epoch)


def _weights(model: Any) -> AnyArray:
    """Return the trainable parameters of an estimator made for a callback, whose arrays are new."""
    network = model.network_
    parameters: AnyArray = network.parameters[: network.core.n_trainable]
    return parameters
