"""Inputs: features and weights in the one form that the engine takes, converted once."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from deepgen import _core
from deepgen.network import Array, Matrix

__all__ = ["as_matrix", "check_features", "check_weights"]


def check_features(
    estimator: Any, X: Any, dtype: np.dtype[Any], *, reset: bool, **others: Any
) -> Any:
    """Check features against what the estimator has seen, in the estimator's type.

    Parameters
    ----------
    estimator : estimator
        Whose ``n_features_in_`` and ``feature_names_in_`` are set or compared.
    X : array-like or sparse matrix of shape (n_samples, n_features)
        Features as the user has them.
    dtype : numpy.dtype
        Floating-point type to convert to; nothing is copied where it is already met.
    reset : bool
        Whether this is the first sight of features.
    **others : dict
        ``y`` and how to check it, as scikit-learn's ``validate_data`` takes them.

    Returns
    -------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Finite numbers of the type asked for, rows contiguous; with ``y`` a pair of both.
    """
    from sklearn.utils.validation import validate_data

    # A number too large for the type becomes infinite and is refused as such.
    with np.errstate(over="ignore", invalid="ignore"):
        return validate_data(
            estimator, X, accept_sparse="csr", dtype=dtype, order="C", reset=reset, **others
        )


def as_matrix(X: Any) -> Matrix:
    """Hand checked features to the engine without densifying or copying them.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        What `check_features` returned.

    Returns
    -------
    matrix : ndarray or deepgen._core.SparseRows
        Sparse rows have sorted columns and no duplicates; the user's matrix is left as it was.
    """
    if isinstance(X, np.ndarray):
        return X
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return _core.SparseRows(
        X.data,
        X.indices.astype(np.int32, copy=False),
        X.indptr.astype(np.int64, copy=False),
        X.shape[1],
    )


def check_weights(sample_weight: Any, X: Any, dtype: np.dtype[Any]) -> Array | None:
    """Check sample weights.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), float or None
        Weights as the user has them.
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        The samples they belong to.
    dtype : numpy.dtype
        Floating-point type to convert to.

    Returns
    -------
    weights : ndarray of shape (n_samples,) or None
        None where none were given.

    Raises
    ------
    ValueError
        If there is not one weight a sample, a weight is negative, or all are zero or
        so small that the engine takes them for zero.
    """
    from sklearn.utils.validation import check_array

    if sample_weight is None:
        return None
    n_samples = X.shape[0]
    if isinstance(sample_weight, Real):
        sample_weight = np.full(n_samples, sample_weight)
    # A number too large for the type becomes infinite and is refused as such.
    with np.errstate(over="ignore"):
        weights: Array = check_array(
            sample_weight, ensure_2d=False, dtype=dtype, order="C", input_name="sample_weight"
        )
    if weights.shape != (n_samples,):
        raise ValueError(f"sample_weight.shape == {weights.shape}, expected {(n_samples,)}!")
    if weights.min() < 0:
        raise ValueError(f"Negative values in sample_weight: the smallest is {weights.min()}")
    if not weights.any():
        raise ValueError("All sample_weight are zero: there is nothing to learn from")
    if weights.max() < np.finfo(dtype).tiny:
        raise ValueError(f"All sample_weight are too small for {dtype}: at most {weights.max()}")
    return weights
