"""A bar on the terminal that follows the epochs of an estimator."""

from __future__ import annotations

from typing import Any

from deepgen._display.progress_bar import Bar, is_watched

__all__ = ["Bar", "EpochCallback", "is_watched", "watch_epochs"]


def watch_epochs(model: Any, bar: Bar) -> Any:
    """Let a bar follow the epochs of an estimator.

    Parameters
    ----------
    model : MLPRegressor or MLPClassifier
        Not fitted yet.
    bar : Bar
        Moves at each epoch.

    Returns
    -------
    model : MLPRegressor or MLPClassifier
        The same estimator. With scikit-learn before 1.9, which has no callbacks, nothing moves;
        members train side by side, which one line tells.
    """
    if model.n_members > 1:
        bar.say(f"training {model.n_members} networks side by side ...")
        return model
    if not (is_watched() and hasattr(model, "set_callbacks")):
        return model
    return model.set_callbacks(EpochCallback(bar, model.max_iter))


class EpochCallback:
    """What scikit-learn tells of epochs, handed to a bar.

    Parameters
    ----------
    bar : Bar
        Moves at each epoch.
    n_epochs : int
        Epochs at most.

    Examples
    --------
    >>> from deepgen.cli.progress import Bar, EpochCallback
    >>> EpochCallback(Bar("fit"), 10).n_epochs
    10
    """

    def __init__(self, bar: Bar, n_epochs: int) -> None:
        self.bar = bar
        self.n_epochs = n_epochs
        self._done = 0

    def setup(self, estimator: Any, context: Any) -> None:
        """Begin.

        Parameters
        ----------
        estimator : estimator
            What is fitted.
        context : object
            The task.
        """
        self.bar("epoch", 0, self.n_epochs)

    def on_fit_task_begin(self, *task: Any, **data: Any) -> None:
        """Do nothing when an epoch begins.

        Parameters
        ----------
        *task : object
            Estimator and task.
        **data : dict
            Data of the fit.
        """

    def on_fit_task_end(self, *task: Any, **data: Any) -> None:
        """Move the bar.

        Parameters
        ----------
        *task : object
            Estimator and task.
        **data : dict
            Data of the fit.
        """
        self._done = min(self._done + 1, self.n_epochs)
        self.bar("epoch", self._done, self.n_epochs)

    def teardown(self, estimator: Any, context: Any) -> None:
        """Erase the bar.

        Parameters
        ----------
        estimator : estimator
            What was fitted.
        context : object
            The task.
        """
        self.bar.erase()
