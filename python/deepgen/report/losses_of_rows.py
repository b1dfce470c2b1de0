"""Losses of single rows: squared errors of numbers, log losses of classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import AnyArray, FloatArray
from deepgen.decomposition.hypothesis_class import Predictor
from deepgen.decomposition.log_risk import LogRisk
from deepgen.decomposition.multi_start import last_step

__all__ = ["LossOfRows", "RiskOfLabels", "loss_of"]

LEAST: Final = 1e-6
"""Smallest probability of a true class that counts, so that one row does not decide a mean."""
OTHER_LOSSES: Final = ("quantile", "absolute_error", "huber")
"""Losses whose best prediction is not the mean; the squared error does not measure it."""


@dataclass(frozen=True)
class LossOfRows:
    """Loss per row, and the residuals by which noise is estimated.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,) or None
        The labels of all rows; None for regression.

    Examples
    --------
    >>> from deepgen.report.losses_of_rows import LossOfRows
    >>> LossOfRows(None).name
    'squared error'
    """

    classes: NDArray[Any] | None

    @property
    def name(self) -> str:
        """Name of the loss."""
        return "squared error" if self.classes is None else "log loss"

    def one_hot(self, y: NDArray[Any]) -> FloatArray:
        """Return targets as numbers, the labels one-hot.

        Parameters
        ----------
        y : ndarray of shape (n,) or (n, n_outputs)
            Targets or labels.

        Returns
        -------
        targets : ndarray of shape (n, n_outputs)
            One column per output or class.
        """
        if self.classes is None:
            return np.asarray(y, dtype=float).reshape(len(y), -1)
        hits: FloatArray = (np.asarray(y)[:, None] == self.classes).astype(float)
        return hits

    def predictions(self, model: Any, X: Any) -> FloatArray:
        """Return predicted means, or probabilities of all classes.

        Parameters
        ----------
        model : estimator
            Fitted; a class that its rows lacked has probability 0.
        X : array-like of shape (n, n_features)
            Features.

        Returns
        -------
        predictions : ndarray of shape (n, n_outputs)
            In the columns of `one_hot`.
        """
        if self.classes is None:
            answer = np.asarray(model.predict(X), dtype=float)
            return answer.reshape(len(answer), -1)
        known = np.asarray(model.predict_proba(X), dtype=float)
        all_of_them = np.zeros((len(known), len(self.classes)))
        all_of_them[:, np.searchsorted(self.classes, model.classes_)] = known
        return all_of_them

    def __call__(self, predictions: FloatArray, y: NDArray[Any]) -> FloatArray:
        """Return the loss of each row.

        Parameters
        ----------
        predictions : ndarray of shape (n, n_outputs)
            Means or probabilities.
        y : ndarray of shape (n,) or (n, n_outputs)
            Targets or labels.

        Returns
        -------
        losses : ndarray of shape (n,)
            Squared errors, averaged over outputs, or log losses.
        """
        targets = self.one_hot(y)
        if self.classes is None:
            squares: FloatArray = ((predictions - targets) ** 2).mean(axis=1)
            return squares
        of_true = (predictions * targets).sum(axis=1)
        losses: FloatArray = -np.log(np.maximum(of_true, LEAST))
        return losses


@dataclass(frozen=True)
class RiskOfLabels(LogRisk):
    """Mean log loss on labels of any kind, which `LogRisk` numbers.

    Parameters
    ----------
    loss : LossOfRows
        Log loss with the labels.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.report.losses_of_rows import LossOfRows, RiskOfLabels
    >>> RiskOfLabels(LossOfRows(np.array(["no", "yes"]))).unit
    'log loss, in nats'
    """

    loss: LossOfRows

    def empirical(self, predictor: Predictor, X: FloatArray, y: AnyArray) -> float:
        """Return the mean of the rows' losses."""
        return float(np.mean(self.loss(self.loss.predictions(predictor, X), y)))


def loss_of(model: Any, y: NDArray[Any]) -> LossOfRows:
    """Return the loss by which an estimator is measured.

    Parameters
    ----------
    model : estimator
        Regressor or classifier, or a pipeline that ends in one.
    y : ndarray of shape (n,) or (n, n_outputs)
        Targets or labels of all rows.

    Returns
    -------
    loss : LossOfRows
        Squared error for regression, log loss for classes.

    Raises
    ------
    ValueError
        If neither fits: labels of several outputs, a regressor for quantiles or medians, or a
        classifier without probabilities.
    """
    from sklearn.base import is_classifier

    last = last_step(model)[1]
    if is_classifier(model):
        if y.ndim != 1:
            raise ValueError(
                f"which_error needs one label per row, got y of shape {y.shape}: fit the outputs "
                "one by one"
            )
        if not hasattr(model, "predict_proba"):
            raise ValueError(
                f"which_error measures the log loss, but {type(last).__name__} has no predict_proba"
            )
        return LossOfRows(np.unique(y))
    loss = last.get_params(deep=False).get("loss")
    named = loss if isinstance(loss, str) else type(loss).__name__.lower()
    if any(other.replace("_", "") in named.replace("_", "") for other in OTHER_LOSSES):
        raise ValueError(
            f"which_error measures the squared error, which does not fit predictions of "
            f"loss={loss!r}"
        )
    return LossOfRows(None)
