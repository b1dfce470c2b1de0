"""Simple models beside which a model is judged: a constant, a linear model, boosted trees."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import FloatArray

__all__ = ["NAMES", "fit_simple_models", "plain_features"]

NAMES: Final = ("constant", "linear model", "HistGradientBoosting")
"""The models, in the order of their cost."""
MAX_CATEGORIES: Final = 255
"""Largest number of categories that scikit-learn's trees take."""


def plain_features(X: Any) -> Any:
    """Return the features of rows as numbers without gaps, for distances between rows.

    Parameters
    ----------
    X : data frame, array-like or sparse matrix of shape (n_samples, n_features)
        Rows.

    Returns
    -------
    features : ndarray or sparse matrix of shape (n_samples, n_numbers)
        Standardized numbers, and a column per category.
    """
    from scipy.sparse import issparse

    from deepgen.preprocessing import TableEncoder

    return X if issparse(X) else TableEncoder(numbers="standard").fit_transform(X)


def fit_simple_models(
    X: Any, y: NDArray[Any], weights: FloatArray | None, X_test: Any, loss: Any
) -> dict[str, FloatArray]:
    """Fit the simple models and predict other rows.

    Parameters
    ----------
    X : data frame, array-like or sparse matrix of shape (n_samples, n_features)
        Rows to train.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Their targets or labels.
    weights : ndarray of shape (n_samples,) or None
        Their weights.
    X_test : data frame, array-like or sparse matrix of shape (n_test, n_features)
        Rows to predict.
    loss : LossOfRows
        Kind of the targets.

    Returns
    -------
    predictions : dict of str to ndarray of shape (n_test, n_outputs)
        By name; the trees are left out for sparse rows, and what cannot read a column, too.
    """
    from scipy.sparse import issparse
    from threadpoolctl import threadpool_limits

    answers = {"constant": _constant(y, weights, X_test.shape[0], loss)}
    if issparse(X):
        answers["linear model"] = loss.predictions(_linear(y, loss).fit(X, y, weights), X_test)
        return answers
    from deepgen.preprocessing import TableEncoder

    try:
        encoder = TableEncoder(numbers="standard").fit(X)
        model = _linear(y, loss).fit(encoder.transform(X), y, weights)
        answers["linear model"] = loss.predictions(model, encoder.transform(X_test))
        encoder = TableEncoder(numbers="standard", category_encoding="codes").fit(X)
        # Threads of trees wait for each other, which takes minutes where other work runs.
        with threadpool_limits(1, user_api="openmp"):
            model = _trees(y, loss, encoder).fit(encoder.transform(X), y, sample_weight=weights)
            answers["HistGradientBoosting"] = loss.predictions(model, encoder.transform(X_test))
    except ValueError:
        # Free text, or a single class among few rows: the report says what is missing.
        return answers
    return answers


def _constant(y: NDArray[Any], weights: FloatArray | None, n: int, loss: Any) -> FloatArray:
    mean: FloatArray = np.average(loss.one_hot(y), axis=0, weights=weights)
    return np.tile(mean, (n, 1))


def _linear(y: NDArray[Any], loss: Any) -> Any:
    from sklearn.linear_model import LogisticRegression, RidgeCV

    if loss.classes is None:
        return RidgeCV(np.geomspace(1e-3, 1e3, 7))
    return LogisticRegression(max_iter=300)


def _trees(y: NDArray[Any], loss: Any, encoder: Any) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.multioutput import MultiOutputRegressor

    codes = encoder.category_features_[encoder.category_sizes_ <= MAX_CATEGORIES]
    settings = {"categorical_features": codes, "random_state": 0}
    if loss.classes is not None:
        return HistGradientBoostingClassifier(**settings)
    trees = HistGradientBoostingRegressor(**settings)
    return trees if y.ndim == 1 else MultiOutputRegressor(trees)
