"""The three errors on data whose truth is not known: the largest is worth working on."""

from __future__ import annotations

import time
from collections.abc import Callable
from numbers import Real
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._counts import checked_count
from deepgen.report.answer import WhichError, make_answer
from deepgen.report.losses_of_rows import loss_of
from deepgen.report.refits import Refits
from deepgen.report.refits_in_time import affordable_rows, measure_in_time
from deepgen.report.simple_models import plain_features

__all__ = ["which_error"]

FEWEST_ROWS: Final = 10
"""Smallest number of rows that can be split at all."""
Progress = Callable[[str, int, int], None]


def which_error(
    model: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    n_splits: int = 10,
    max_time: float | None = None,
    random_state: Any = None,
    progress: Progress | None = None,
) -> WhichError:
    """Estimate approximation, estimation and optimization error on data of unknown truth.

    Copies of the estimator are refitted, with its own settings, on parts of the rows, four times as
    long, with four times the units and with other seeds, and measured on rows that they have not
    seen. The noise of the targets is estimated from rows with nearly equal features.

    Parameters
    ----------
    model : estimator
        Regressor or classifier with scikit-learn's interface, fitted or not, or a pipeline that
        ends in one: an MLP with any number of members, an estimator for tables, or any other. It is
        cloned, never fitted itself.
    X : data frame, array-like or sparse matrix of shape (n_samples, n_features)
        Rows, at least ten; data frames for estimators that accept them.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets, or one label per row.
    sample_weight : array-like of shape (n_samples,), default=None
        Sample weights, >= 0, in refits and in all means.
    n_splits : int, default=10
        Number of splits, >= 2, as in cross-validation; each row is held out by one of them.
    max_time : float or None, default=None
        Seconds in which the refits are to end. Kinds of refits that do not fit are left out, and
        fewer splits or rows are used, which the result says. With None the result depends on the
        seed only.
    random_state : int, RandomState instance or None, default=None
        Seed of the splits and of all refits.
    progress : callable or None, default=None
        Function of the current refits' name, the number of finished ones and their number.

    Returns
    -------
    answer : WhichError
        Loss, three errors, noise floor, what more rows, longer training, wider layers and more
        seeds bring, each with an interval, and advice.

    See Also
    --------
    deepgen.decomposition.decompose : The same errors where the truth is known.

    Notes
    -----
    The loss is the squared error (not halved, averaged over outputs) or the log loss. The errors
    are those of Bottou and Bousquet; for perceptrons with the squared error or the log loss, linear
    models, logistic regression and trees of one input the member of least training loss is searched
    as in `decompose`. Elsewhere, and where the search takes too long, training four times as long
    stands in for it. With T its held-out and R its training loss, the best member of the class is
    taken to have the loss sqrt(T R), and no less than the noise floor where R is nearly 0.

    A split costs about fifteen fits of the estimator, and the search where there is one.

    References
    ----------
    .. [1] L. Bottou and O. Bousquet, "The tradeoffs of large scale learning", NIPS 2007.
    .. [2] C. Cortes, L. D. Jackel, S. A. Solla, V. Vapnik and J. S. Denker, "Learning curves:
       asymptotic values and rate of convergence", NIPS 1993.
    .. [3] J. Rice, "Bandwidth choice for nonparametric regression", Annals of Statistics 12, 1984.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from deepgen.report import which_error
    >>> random = np.random.default_rng(0)
    >>> X = random.uniform(-1, 1, (300, 1))
    >>> y = X[:, 0] ** 2 + 0.1 * random.normal(size=300)
    >>> which_error(LinearRegression(), X, y, random_state=0).largest
    'approximation'
    """
    from sklearn.utils import _safe_indexing, check_random_state, indexable

    began = time.perf_counter()
    _check(model, n_splits, max_time)
    X, y, weights = _rows(X, y, sample_weight)
    X, y, weights = indexable(X, y, weights)
    loss = loss_of(model, y)
    seed = int(check_random_state(random_state).randint(np.iinfo(np.int64).max, dtype=np.int64))
    random = np.random.default_rng(seed)
    notes: list[str] = []
    deadline = None if max_time is None else began + float(max_time)
    n_rows = len(y)
    splits = int(n_splits)
    if deadline is not None:
        rows, splits = affordable_rows(model, X, y, weights, loss, deadline, random, splits)
        if len(rows) < n_rows:
            X, y = _safe_indexing(X, rows), y[rows]
            weights = None if weights is None else weights[rows]
            notes.append(
                f"Measured on {len(rows):,} of {n_rows:,} rows, which there was time for: losses "
                "are those of a model of fewer rows."
            )
    refits = Refits(model, X, y, weights, loss, _features(X, notes), random)
    folds = _splits(y, loss.classes, min(splits, len(y) // 2), random)
    notes += measure_in_time(refits, folds, deadline, progress)
    return make_answer(refits, notes, time.perf_counter() - began)


def _check(model: Any, n_splits: Any, max_time: Any) -> None:
    if not hasattr(model, "fit") or not hasattr(model, "get_params"):
        raise ValueError(f"model must have scikit-learn's interface, got {model!r}")
    checked_count("n_splits", n_splits, 2)
    if max_time is not None and (
        isinstance(max_time, bool) or not isinstance(max_time, Real) or not float(max_time) > 0
    ):
        raise ValueError(f"max_time must be None or a number > 0, got {max_time!r}")


def _rows(X: Any, y: Any, sample_weight: Any) -> tuple[Any, NDArray[Any], Any]:
    from scipy.sparse import issparse

    if issparse(X):
        X = X.tocsr()
    elif not hasattr(X, "columns") and not hasattr(X, "column_names"):
        X = np.asarray(X)
    y = np.asarray(y)
    if len(y) < FEWEST_ROWS:
        raise ValueError(f"which_error needs at least {FEWEST_ROWS} rows, got {len(y)}")
    if sample_weight is None:
        return X, y, None
    weights = np.asarray(sample_weight, dtype=float)
    if weights.shape != (len(y),) or not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError(
            f"sample_weight must be one finite number >= 0 per row, {len(y)}, got shape "
            f"{weights.shape}"
        )
    if not weights.any():
        raise ValueError("sample_weight must have a positive entry, got zeros only")
    return X, y, weights


def _features(X: Any, notes: list[str]) -> Any:
    """Return numbers for distances between rows; None if there are none."""
    try:
        return plain_features(X)
    except ValueError as error:
        notes.append(f"The noise floor is not known: {error}.")
        return None


def _splits(
    y: NDArray[Any], classes: Any, n_splits: int, random: np.random.Generator
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return training rows, in random order, and held-out rows of each split."""
    from sklearn.model_selection import KFold, StratifiedKFold

    seed = int(random.integers(2**31))
    splitter: Any = KFold(n_splits, shuffle=True, random_state=seed)
    if classes is not None:
        fewest = int(np.unique(y, return_counts=True)[1].min())
        if fewest >= 2:
            splitter = StratifiedKFold(min(n_splits, fewest), shuffle=True, random_state=seed)
    return [(random.permutation(train), test) for train, test in splitter.split(y, y)]
