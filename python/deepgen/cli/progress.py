"""A bar on the terminal that follows the epochs of an estimator."""

from __future__ import annotations

from typing import Any

from deepgen._display.progress_bar import Bar, is_watched

__all__ = ["Bar", "EpochCallback", "is_watched", "watch_epochs"]


def watch_epochs(model: Any, bar: Bar) -> Any:
    """Connect a bar to the epochs of an estimator.

    Parameters
    ----------
    model : MLPRegressor or MLPClassifier
        Estimator, not fitted yet.
    bar : Bar
        Bar that is updated at each epoch.

    Returns
    -------
    model : MLPRegressor or MLPClassifier
        The same estimator. With scikit-learn before 1.9, which has no callbacks, the bar is not
        updated; for several members, trained in parallel, it shows one line.
    """
    if model.n_members > 1:
        bar.say(f"training {model.n_members} networks side by side ...")
        return model
    if not (is_watched() and hasattr(model, "set_callbacks")):
        return model
    return model.set_callbacks(EpochCallback(bar, model.max_iter))


class EpochCallback:
    """Callback for scikit-learn that updates a bar at each epoch.

    Parameters
    ----------
    bar : Bar
        Bar to be updated.
    n_epochs : int
        Largest number of epochs.

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
        """Draw the empty bar.

        Parameters
        ----------
        estimator : estimator
            Estimator to be fitted.
        context : object
            The task.
        """
        self.bar("epoch", 0, self.n_epochs)

    def on_fit_task_begin(self, *task: Any, **data: Any) -> None:
        """Do nothing at the beginning of an epoch.

        Parameters
        ----------
        *task : object
            Estimator and task.
        **data : dict
            Data of the fit.
        """

    def on_fit_task_end(self, *task: Any, **data: Any) -> None:
        """Update the bar.

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
        """Clear the bar.

        Parameters
        ----------
        estimator : estimator
            Estimator that was fitted.
        context : object
            The task.
        """
        self.bar.erase()
