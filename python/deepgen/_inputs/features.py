"""Inputs: features and weights in the one form that the engine takes, converted once."""

from __future__ import annotations

from collections.abc import Mapping, Set
from numbers import Number, Real
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from deepgen import _core
from deepgen._engine.arrays import AnyArray, Matrix

__all__ = ["as_matrix", "check_features", "check_weights", "plain_targets", "refuse_lookalikes"]

WANTED = {
    "X": "an array, a data frame, a sparse matrix or a list of rows",
    "y": "an array, a column, a data frame or a list with an entry for each sample",
    "sample_weight": "an array, a column or a list with a number for each sample",
}
"""What an argument may be, in words."""

# Columns that a message lists.
MOST_NAMES = 10


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

    Raises
    ------
    ValueError
        If they are no finite numbers, or other columns than the estimator has seen.
    """
    refuse_lookalikes(X, "X")
    if "y" in others:
        others["y"] = plain_targets(others["y"])
    # A number too large for the type becomes infinite and is refused as such.
    with np.errstate(over="ignore", invalid="ignore"):
        if not reset and not others and has_known_form(estimator, X):
            converted = np.asarray(X, dtype=dtype, order="C")
            # As in scikit-learn, a sum that is finite has finite terms.
            if np.isfinite(converted.sum()):
                return converted
        try:
            return validate_data(
                estimator, X, accept_sparse="csr", dtype=dtype, order="C", reset=reset, **others
            )
        except ValueError as error:
            words = columns_of_words(X) if "could not convert string" in str(error) else []
            if not words:
                raise
            more = f" and {len(words) - MOST_NAMES} more" if len(words) > MOST_NAMES else ""
            raise ValueError(
                f"X has words in {'column' if len(words) == 1 else 'columns'} "
                f"{', '.join(words[:MOST_NAMES])}{more}; numbers are wanted: encode words first, "
                "such as with scikit-learn's OneHotEncoder"
            ) from error


def has_known_form(estimator: Any, X: Any) -> bool:
    """Say whether all that scikit-learn could refuse in X is a number that is not finite.

    Its checks of any kind of table take several times as long as predicting one row.
    """
    known = vars(estimator)
    return (
        type(X) is np.ndarray
        and X.dtype.kind == "f"
        and X.ndim == 2
        and len(X) > 0
        and X.shape[1] == known.get("n_features_in_")
        and "feature_names_in_" not in known
    )


def columns_of_words(X: Any) -> list[str]:
    """Return the columns that are no numbers.

    Parameters
    ----------
    X : array-like or data frame of shape (n_samples, n_features)
        Features as the user has them.

    Returns
    -------
    columns : list of str
        Names or positions, as they would be written in Python.
    """
    framed = hasattr(X, "columns")
    table = X if framed else np.asarray(X, dtype=object)
    if not framed and table.ndim != 2:
        return []
    columns = []
    for name in list(X.columns) if framed else range(table.shape[1]):
        values = np.asarray(table[name] if framed else table[:, name], dtype=object)
        try:
            values.astype(np.float64)
        except ValueError:
            columns.append(repr(name))
        except TypeError:
            continue  # a gap or an object, which others tell of
    return columns


def refuse_lookalikes(values: Any, name: str) -> None:
    """Refuse what NumPy would turn into numbers that mean something else.

    Parameters
    ----------
    values : array-like, data frame or sparse matrix
        Features, targets or weights as the user has them.
    name : str
        Name of the argument, for the message.

    Raises
    ------
    TypeError
        If it is no collection of numbers at all.
    ValueError
        If a mask would be lost, or points in time would become nanoseconds.
    """
    if type(values) is np.ndarray and values.dtype.kind in "biufc":
        return  # the usual case, and the one where time counts
    is_collection = any(hasattr(values, name) for name in ("__array__", "__len__", "shape"))
    # scikit-learn has its own words for a number and for nothing at all.
    if not is_collection and values is not None and not isinstance(values, Number):
        raise TypeError(f"{name} must be {WANTED[name]}, got {type(values).__name__}")
    if isinstance(values, (Mapping, Set)) and not hasattr(values, "shape"):
        raise TypeError(f"{name} must be {WANTED[name]}, got {type(values).__name__}")
    if np.ma.is_masked(values):
        n_masked = np.sum(np.ma.getmaskarray(values))
        raise ValueError(
            f"{name} is a masked array with {n_masked} entries masked, and masks are not looked "
            "at; fill or drop them"
        )
    kinds = values.dtypes if hasattr(values, "columns") else [getattr(values, "dtype", None)]
    for column, kind in enumerate(kinds):
        if getattr(kind, "kind", "O") in "biufc":
            continue
        text = str(kind).lower()
        if text.startswith(("datetime", "timedelta", "duration", "date")):
            raise ValueError(
                f"{name} has points or spans of time (column {column} is {kind}); numbers are "
                "wanted, such as days since a date"
            )


def plain_targets(y: Any) -> Any:
    """Return targets whose type scikit-learn's checks do not change.

    Parameters
    ----------
    y : array-like or sparse matrix
        Targets as the user has them.

    Returns
    -------
    y : array-like or sparse matrix
        A complete column of pandas' nullable integers or booleans as NumPy's, which scikit-learn
        would turn into float64; all else as it came.

    Raises
    ------
    TypeError
        If it is a single number or word.
    ValueError
        If there are more than two dimensions, or no columns.
    """
    refuse_lookalikes(y, "y")
    if isinstance(y, (Number, str, bytes)):
        raise TypeError(f"y must be {WANTED['y']}, got {type(y).__name__} {y!r:.60}")
    shape = getattr(y, "shape", None)
    if isinstance(shape, tuple) and (len(shape) > 2 or 0 in shape[1:]):
        raise ValueError(f"y has shape {shape}; (n_samples,) or (n_samples, n_outputs) is wanted")
    plain = getattr(getattr(y, "dtype", None), "numpy_dtype", None)
    if isinstance(plain, np.dtype) and plain.kind in "iub" and not y.isna().any():
        return y.to_numpy(dtype=plain)
    return y


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
        return X if X.flags.aligned else np.require(X, requirements="A")
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return _core.SparseRows(
        X.data,
        X.indices.astype(np.int32, copy=False),
        X.indptr.astype(np.int64, copy=False),
        X.shape[1],
    )


def check_weights(sample_weight: Any, X: Any, dtype: np.dtype[Any]) -> AnyArray | None:
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
    TypeError
        If it is a word.
    ValueError
        If there is not one weight a sample, a weight is negative, or all are zero or
        so small that the engine takes them for zero.
    """
    from sklearn.utils.validation import check_array

    if sample_weight is None:
        return None
    refuse_lookalikes(sample_weight, "sample_weight")
    if isinstance(sample_weight, (str, bytes)):
        raise TypeError(f"sample_weight must be {WANTED['sample_weight']}, got {sample_weight!r}")
    n_samples = X.shape[0]
    if isinstance(sample_weight, Real):
        sample_weight = np.full(n_samples, sample_weight)
    # A number too large for the type becomes infinite and is refused as such.
    with np.errstate(over="ignore"):
        weights: AnyArray = check_array(
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
    return np.require(weights, requirements="A")
