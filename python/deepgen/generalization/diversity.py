"""Diversity: the differences between the members of an ensemble, and the gain of their mean.

    squared error    loss(mean) = mean loss - ambiguity,  ambiguity = mean_m (f_m - mean f)^2
    log-loss         loss(mean) <= mean loss, since -log is convex (Jensen)

Both losses are convex, so a mean of predictions is never worse than its members are on average; the
gain grows with the distance between them.

Sources: A. Krogh, J. Vedelsby, "Neural network ensembles, cross validation, and active learning",
NeurIPS 1994, eq. (6); S. Fort, H. Hu, B. Lakshminarayanan, "Deep ensembles: a loss landscape
perspective", 2019, for the disagreement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import in_style
from deepgen._engine.arrays import FloatArray

__all__ = ["Diversity", "diversity"]


@dataclass(frozen=True, eq=False)
class Diversity(ShownAsTable):
    """Differences between the members of an ensemble, and the gain of their mean.

    Parameters
    ----------
    loss : {'squared error', 'log-loss'}
        Name of the loss; it is summed over outputs or labels and averaged over samples by weight.
    member_losses : ndarray of shape (n_members,)
        Loss of each member.
    ensemble_loss : float
        Loss of the mean prediction or of the mean probabilities.
    gain : float
        Mean of the members' losses minus the ensemble's loss, never negative except for rounding.
        With the squared error it is the ambiguity: the members' mean squared distance from their
        mean.
    disagreement : ndarray of shape (n_members, n_members)
        For each pair of classifiers the share of labels that differ; for each pair of regressors
        the root of the mean squared difference, in units of y.
    error_correlation : ndarray of shape (n_members, n_members)
        For each pair the correlation over samples of the residuals, or of the indicators of wrong
        labels; NaN for a member whose errors are all equal.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> from deepgen.generalization import diversity
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 4.0, 9.0]
    >>> model = MLPRegressor(solver="lbfgs", n_members=2, random_state=0, tol=1.0).fit(X, y)
    >>> result = diversity(model, X, y)
    >>> bool(abs(result.ensemble_loss + result.gain - result.member_losses.mean()) < 1e-9)
    True
    """

    loss: str
    member_losses: FloatArray
    ensemble_loss: float
    gain: float
    disagreement: FloatArray
    error_correlation: FloatArray

    def __repr__(self) -> str:
        return (
            f"Diversity({len(self.member_losses)} members, {self.loss} {self.ensemble_loss:.4g} "
            f"against {self.member_losses.mean():.4g} on average, disagreement "
            f"{mean_of_pairs(self.disagreement):.4g}, error correlation "
            f"{mean_of_pairs(self.error_correlation):.4g})"
        )

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot the disagreement of each pair of members.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes; None makes a new figure.

        Returns
        -------
        ax : matplotlib.axes.Axes
            The axes drawn on.
        """
        ax = axes_or_new(ax)
        image = ax.imshow(self.disagreement, vmin=0.0)
        ax.figure.colorbar(image, ax=ax, label="disagreement")
        places = range(len(self.member_losses))
        ax.set(xlabel="member", ylabel="member", xticks=places, yticks=places)
        return ax


def diversity(members: Any, X: Any, y: Any, sample_weight: NDArray[Any] | None = None) -> Diversity:
    """Measure the differences between the members of an ensemble on samples.

    Parameters
    ----------
    members : MLPRegressor, MLPClassifier or sequence of them
        A fitted estimator with several members, or several fitted estimators of one task.
    X : array-like or sparse matrix of shape (n_samples, n_features)
        Features, preferably of samples that were not used for training.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets or labels; multilabel targets may be a sparse matrix.
    sample_weight : array-like of shape (n_samples,), default=None
        Sample weights, >= 0.

    Returns
    -------
    diversity : Diversity
        Losses, the gain of the mean, and the differences of each pair.

    Raises
    ------
    ValueError
        If there are fewer than two members, or targets are not finite or do not fit the members.

    Notes
    -----
    The cost is one prediction per member.

    References
    ----------
    .. [1] A. Krogh and J. Vedelsby, "Neural network ensembles, cross validation, and active
       learning", NeurIPS 1994, eq. (6).

    Examples
    --------
    >>> from deepgen import MLPClassifier
    >>> from deepgen.generalization import diversity
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]
    >>> model = MLPClassifier(solver="lbfgs", n_members=3, random_state=0, tol=1.0).fit(X, y)
    >>> diversity(model, X, y).disagreement.shape
    (3, 3)
    """
    from scipy.sparse import issparse
    from sklearn.base import is_classifier

    from deepgen._inputs.features import check_weights

    several = list(members) if isinstance(members, Sequence) else members.members_
    if len(several) < 2:
        raise ValueError(f"diversity needs at least two members, got {len(several)}")
    measure = _of_classes if is_classifier(several[0]) else _of_numbers
    y = y.toarray() if issparse(y) else np.asarray(y)
    loss, losses, mean_losses, wrong, differ = measure(several, X, y)
    weights = check_weights(sample_weight, wrong[0], np.dtype(np.float64))
    weights = np.ones(len(wrong[0])) if weights is None else weights
    weights = weights / weights.sum()
    member_losses = losses @ weights
    ensemble_loss = float(mean_losses @ weights)
    pairs = range(len(several))
    disagreement = np.array([[float(differ(a, b) @ weights) for b in pairs] for a in pairs])
    return Diversity(
        loss,
        member_losses,
        ensemble_loss,
        float(member_losses.mean()) - ensemble_loss,
        disagreement if loss == "log-loss" else np.sqrt(disagreement),
        _correlation(wrong.reshape(len(several), len(weights), -1), weights),
    )


def _of_numbers(members: list[Any], X: Any, y: NDArray[Any]) -> tuple[Any, ...]:
    from sklearn.utils import assert_all_finite

    assert_all_finite(y, input_name="y")
    predictions = np.stack([member.predict(X) for member in members]).astype(np.float64)
    if predictions.shape[1:] != y.shape:
        raise ValueError(
            f"y has shape {y.shape}, the members predict {predictions.shape[1:]}: give targets of "
            "the predictions' shape"
        )
    predictions = predictions.reshape(len(members), len(y), -1)
    residuals = predictions - y.reshape(len(y), -1)
    mean = residuals.mean(axis=0)

    def differ(a: int, b: int) -> FloatArray:
        squares: FloatArray = ((predictions[a] - predictions[b]) ** 2).sum(axis=1)
        return squares

    losses = (residuals**2).sum(axis=2)
    return "squared error", losses, (mean**2).sum(axis=1), residuals, differ


def _of_classes(members: list[Any], X: Any, y: NDArray[Any]) -> tuple[Any, ...]:
    from scipy.special import log_expit, logsumexp

    labels = np.stack([member.predict(X) for member in members])
    if labels.shape[1:] != y.shape:
        raise ValueError(f"y has shape {y.shape}, the members predict {labels.shape[1:]}")
    if y.ndim == 2:
        logits = np.stack([member.decision_function(X) for member in members]).astype(np.float64)
        log_odds = np.where(y != 0, logits, -logits)
        of_true = log_expit(log_odds)
    else:
        classes = members[0].classes_
        numbers = np.clip(np.searchsorted(classes, y), 0, len(classes) - 1)
        if not np.array_equal(classes[numbers], y):
            raise ValueError(f"y has labels that the members do not know; they know {classes}")
        log_proba = np.stack([member.predict_log_proba(X) for member in members])
        of_true = log_proba[:, np.arange(len(y)), numbers, None].astype(np.float64)
    losses = -of_true.sum(axis=2)
    mean_losses = -(logsumexp(of_true, axis=0) - np.log(len(members))).sum(axis=1)
    wrong = (labels != y).astype(np.float64)

    def differ(a: int, b: int) -> FloatArray:
        shares: FloatArray = (labels[a] != labels[b]).reshape(len(y), -1).mean(axis=1)
        return shares

    return "log-loss", losses, mean_losses, wrong, differ


def _correlation(errors: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the correlation of the members' errors, with all outputs in one sample."""
    shares = np.repeat(weights[:, None], errors.shape[2], axis=1).ravel() / errors.shape[2]
    flat = errors.reshape(len(errors), -1)
    centred = flat - (flat @ shares)[:, None]
    covariance = (centred * shares) @ centred.T
    deviations = np.sqrt(np.diag(covariance))
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation: FloatArray = covariance / np.outer(deviations, deviations)
    return correlation


def mean_of_pairs(matrix: FloatArray) -> float:
    """Return the mean over pairs of different members.

    Parameters
    ----------
    matrix : ndarray of shape (n_members, n_members)
        Symmetric, at least two members.

    Returns
    -------
    mean : float
        Mean of the entries outside of the diagonal.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.generalization.diversity import mean_of_pairs
    >>> mean_of_pairs(np.array([[0.0, 0.5], [0.5, 0.0]]))
    0.5
    """
    return float(matrix[~np.eye(len(matrix), dtype=bool)].mean())
