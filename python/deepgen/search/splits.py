"""Training rows of each split, from all forms in which scikit-learn knows splits."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import check_cv
from sklearn.utils.validation import _num_samples

__all__ = ["read_splits"]


def read_splits(splits: Any, X: Any, y: Any, *, stratify: bool) -> list[NDArray[Any]]:
    """Return the training rows of each split.

    Parameters
    ----------
    splits : int, splitter or iterable
        Splits as for `fit_many`.
    X : array-like, data frame or sparse matrix of shape (n_samples, n_features)
        Features.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets or labels.
    stratify : bool
        Whether folds that are asked for by their number keep the shares of the classes.

    Returns
    -------
    rows : list of ndarray
        Row numbers of the training rows, or masks of shape (n_samples,).

    Raises
    ------
    TypeError
        If these are no splits.
    ValueError
        If there is no split, or a split has no training rows or rows that X lacks.

    Examples
    --------
    >>> from deepgen.search.splits import read_splits
    >>> X = [[0], [1], [2], [3]]
    >>> [rows.tolist() for rows in read_splits(2, X, [0.0, 1.0, 2.0, 3.0], stratify=False)]
    [[2, 3], [0, 1]]
    """
    is_text = isinstance(splits, str | bytes)
    if splits is None or isinstance(splits, Integral) or (hasattr(splits, "split") and not is_text):
        pairs = list(check_cv(splits, y, classifier=stratify).split(X, y))
    elif isinstance(splits, Iterable) and not is_text:
        pairs = list(splits)
    else:
        raise TypeError(
            "splits must be a number of folds, a splitter of scikit-learn or pairs (train, test) "
            f"of row numbers, got {splits!r}"
        )
    if not pairs:
        raise ValueError("splits is empty: nothing to fit")
    n_rows = _num_samples(X)
    return [_training_rows(pair, place, n_rows) for place, pair in enumerate(pairs)]


def _training_rows(pair: Any, place: int, n_rows: int) -> NDArray[Any]:
    """Return the training rows of a split, a pair (train, test)."""
    try:
        train, _ = pair
    except (TypeError, ValueError):
        raise ValueError(
            f"split {place} must be a pair (train, test) of row numbers, got {pair!r}"
        ) from None
    rows = np.asarray(train)
    is_mask = rows.dtype == bool
    if rows.ndim != 1 or not (is_mask or rows.size == 0 or np.issubdtype(rows.dtype, np.integer)):
        raise ValueError(
            f"the training rows of split {place} must be row numbers or a mask, got an array of "
            f"{rows.dtype} of shape {rows.shape}"
        )
    if is_mask and len(rows) != n_rows:
        raise ValueError(f"the mask of split {place} has {len(rows)} entries for {n_rows} rows")
    if not (rows.any() if is_mask else rows.size):
        raise ValueError(f"split {place} has no training rows")
    if not is_mask and not (-n_rows <= rows.min() and rows.max() < n_rows):
        worst = rows.min() if rows.min() < -n_rows else rows.max()
        raise ValueError(f"split {place} trains on row {worst}, and X has {n_rows} rows")
    return rows
