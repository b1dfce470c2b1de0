"""Pruning: a search that gives up a fit by the validation scores of its epochs."""

from __future__ import annotations

from typing import Any

from deepgen.optimizers import LBFGS

__all__ = ["Pruning"]


class Pruning:
    """Callback that tells a search the validation score of each epoch, and ends a pruned fit.

    ``model.set_callbacks(Pruning(trial)).fit(X, y)`` fits until training ends or the trial is
    pruned; up to there the weights do not change by a bit. It is for `MLPRegressor` and
    `MLPClassifier`, with scikit-learn 1.9 or newer: the estimators for tables have no
    ``set_callbacks``. The fit needs validation rows: ``early_stopping=True``, or ``X_val`` and
    ``y_val``; with ``solver='lbfgs'``, which holds out no rows, ``X_val`` and ``y_val``.

    Parameters
    ----------
    trial : object
        Trial of the search, such as ``optuna.trial.Trial``: ``report(score, epoch)`` takes the
        validation score of an epoch (higher is better), ``should_prune()`` says whether to give up.

    Attributes
    ----------
    pruned : bool
        Whether the last fit was given up.

    Raises
    ------
    TypeError
        If ``trial`` lacks one of the two methods, or is a class.
    ValueError
        From ``fit``: if there are no validation rows, or the estimator has several members.

    Notes
    -----
    The score is ``history_["val_score"]``, after an epoch's training and before the next; it costs
    nothing more. A pipeline's last step gets the callback: ``model[-1].set_callbacks(...)``.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> from deepgen.callbacks import Pruning
    >>> class AfterTwo:
    ...     def report(self, score, epoch):
    ...         self.epoch = epoch
    ...     def should_prune(self):
    ...         return self.epoch == 2
    >>> pruning = Pruning(AfterTwo())
    >>> X, y = [[float(i)] for i in range(20)], [float(i) for i in range(20)]
    >>> model = MLPRegressor(early_stopping=True, random_state=0)
    >>> if hasattr(model, "set_callbacks"):
    ...     model = model.set_callbacks(pruning).fit(X, y)
    ...     assert (model.n_iter_, pruning.pruned) == (2, True)
    """

    def __init__(self, trial: Any) -> None:
        if isinstance(trial, type):
            raise TypeError(f"trial must be an object, got the class {trial.__name__}")
        for name in ("report", "should_prune"):
            if not callable(getattr(trial, name, None)):
                raise TypeError(f"trial must have the method {name}, got {trial!r}")
        self.trial = trial
        self.pruned = False

    def setup(self, estimator: Any, context: Any) -> None:
        """Begin anew.

        Parameters
        ----------
        estimator : estimator
            The estimator that is fitted.
        context : sklearn.callback.CallbackContext
            Context of the fit.
        """
        self.pruned = False

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing.

        Parameters
        ----------
        estimator : estimator
            The estimator that is fitted.
        context : sklearn.callback.CallbackContext
            Context of the epoch or of the fit.
        """

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> bool:
        """Tell the search the score of an epoch.

        Parameters
        ----------
        estimator : estimator
            The estimator that is fitted.
        context : sklearn.callback.CallbackContext
            Context of the epoch or of the fit.
        fitted_estimator : estimator, default=None
            Estimator with the weights of this moment; None after a failure.

        Returns
        -------
        stop : bool
            Whether training ends.

        Raises
        ------
        ValueError
            If there are no validation rows.
        """
        if context.task_name != "iteration" or fitted_estimator is None:
            return False
        history = fitted_estimator.history_
        if "val_score" not in history:
            how = "set early_stopping=True, or give X_val and y_val to fit"
            if estimator.solver == "lbfgs" or isinstance(estimator.solver, LBFGS):
                how = "solver='lbfgs' holds out no rows, so give X_val and y_val to fit"
            raise ValueError(f"Pruning needs validation scores: {how}")
        self.trial.report(float(history["val_score"][-1]), int(history["epoch"][-1]))
        self.pruned = bool(self.trial.should_prune())
        return self.pruned

    def teardown(self, estimator: Any, context: Any) -> None:
        """Do nothing.

        Parameters
        ----------
        estimator : estimator
            The estimator that is fitted.
        context : sklearn.callback.CallbackContext
            Context of the fit.
        """
