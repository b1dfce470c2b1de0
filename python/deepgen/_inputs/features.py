"""Inputs: features and weights in the engine's format, converted once."""

from __future__ import annotations

from collections.abc import Mapping, Set
from numbers import Number, Real
from typing import Any

import numpy as np
from sklearn.utils.validation import column_or_1d, validate_data

from deepgen import _core
from deepgen._engine.arrays import AnyArray, Matrix, aligned
from deepgen._inputs.columns import (
    column_of_time,
    columns_not_finite,
    columns_of_no_numbers,
    list_columns,
)

__all__ = [
    "as_matrix",
    "check_features",
    "check_weights",
    "plain_targets",
    "read_groups",
    "refuse_lookalikes",
]

WANTED = {
    "X": "an array, a data frame, a sparse matrix or a list of rows",
    "y": "an array, a column, a data frame or a list with an entry for each sample",
    "sample_weight": "an array, a column or a list with a number for each sample",
}
"""Descriptions of the accepted types of an argument."""


def read_groups(groups: Any, X: Any) -> AnyArray | None:
    """Return the group of each sample, (n_samples,); refuse another length."""
    if groups is None:
        return None
    labels: AnyArray = column_or_1d(groups)
    if len(labels) != X.shape[0]:
        raise ValueError(f"groups has {len(labels)} entries, X has {X.shape[0]} samples")
    return labels


def check_features(
    estimator: Any, X: Any, dtype: np.dtype[Any], *, reset: bool, **others: Any
) -> Any:
    """Check features (n_samples, n_features), as scikit-learn does, and convert them to ``dtype``.

    ``reset`` is True for the first features of an estimator; later features are compared with them.
    ``others`` are ``y`` and its checks, as in ``validate_data``; then the result is a pair. Nothing
    is copied if type and order are right; rows are contiguous.
    """
    refuse_lookalikes(X, "X")
    if "y" in others:
        others["y"] = plain_targets(others["y"])
    # A number too large for the type becomes infinite, which is refused.
    with np.errstate(over="ignore", invalid="ignore"):
        if not reset and not others and has_known_form(estimator, X):
            converted = np.asarray(X, dtype=dtype, order="C")
            # As in scikit-learn: a finite sum has finite terms.
            if np.isfinite(converted.sum()):
                return converted
        try:
            return validate_data(
                estimator, X, accept_sparse="csr", dtype=dtype, order="C", reset=reset, **others
            )
        except (TypeError, ValueError) as error:
            told = _told(error, X, others.get("y"), dtype)
            # An error that is its own cause has no end for who follows the causes, as Dask does.
            if told is None:
                raise
            raise told from error


def _told(error: Exception, X: Any, y: Any, dtype: np.dtype[Any]) -> Exception | None:
    """Return scikit-learn's error, extended by the names of columns; None if that does not help."""
    text = str(error)
    if text.startswith("Input contains NaN"):  # of objects, which only targets stay
        text = "Input y contains NaN."
    if text.startswith(("Input X contains", "Input y contains")):
        # scikit-learn checks targets in float64.
        values, kind = (X, dtype) if text.startswith("Input X") else (y, np.dtype(np.float64))
        names, are_gaps = columns_not_finite(values, np.finfo(kind).max)
        where = f" See {list_columns(names)}." if names else ""
        if are_gaps and values is X:
            where = f"\ndeepgen.preprocessing.TableEncoder fills gaps, `deepgen fit` too.{where}"
        return ValueError(f"{text}{where}")
    words, objects = columns_of_no_numbers(X)
    if words and "could not convert string" in text:
        return ValueError(
            f"X has text in {list_columns(words)}; encode it as numbers first, such "
            "as with scikit-learn's OneHotEncoder"
        )
    if objects and isinstance(error, TypeError):
        return TypeError(f"{text}. See {list_columns(objects)} of X.")
    return None


def has_known_form(estimator: Any, X: Any) -> bool:
    """Return whether only non-finite values could make scikit-learn refuse X.

    scikit-learn's full checks take several times as long as the prediction of one row.
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


def refuse_lookalikes(values: Any, name: str) -> None:
    """Refuse values that NumPy would convert to misleading numbers: masked arrays, dates, times."""
    if type(values) is np.ndarray and values.dtype.kind in "biufc":
        return  # the usual case, and the one where time counts
    is_collection = any(hasattr(values, name) for name in ("__array__", "__len__", "shape"))
    # scikit-learn has its own messages for a number and for None.
    if not is_collection and values is not None and not isinstance(values, Number):
        raise TypeError(f"{name} must be {WANTED[name]}, got {type(values).__name__}")
    if isinstance(values, (Mapping, Set)) and not hasattr(values, "shape"):
        raise TypeError(f"{name} must be {WANTED[name]}, got {type(values).__name__}")
    if np.ma.is_masked(values):
        n_masked = np.sum(np.ma.getmaskarray(values))
        raise ValueError(
            f"{name} is a masked array with {n_masked} entries masked, and masks are not "
            "supported; fill or drop them"
        )
    if values is not None and (found := column_of_time(values)):
        column, kind = found
        raise ValueError(
            f"{name} has dates, times or durations (column {column!r} is {kind}); convert them to "
            "numbers, such as days since a date"
        )


def plain_targets(y: Any) -> Any:
    """Return targets with a type that scikit-learn's checks do not change.

    These checks turn pandas' nullable integers and booleans into float64; a complete column of
    those types becomes a NumPy array, other targets are returned unchanged.
    """
    refuse_lookalikes(y, "y")
    if isinstance(y, (Number, str, bytes)):
        raise TypeError(f"y must be {WANTED['y']}, got {type(y).__name__} {y!r:.60}")
    shape = getattr(y, "shape", None)
    if isinstance(shape, tuple) and (len(shape) > 2 or 0 in shape[1:]):
        raise ValueError(f"y must have shape (n_samples,) or (n_samples, n_outputs), got {shape}")
    plain = getattr(getattr(y, "dtype", None), "numpy_dtype", None)
    if isinstance(plain, np.dtype) and plain.kind in "iub" and not y.isna().any():
        return y.to_numpy(dtype=plain)
    return y


def as_matrix(X: Any) -> Matrix:
    """Return validated features (n_samples, n_features) in the engine's format.

    Sparse rows have sorted columns and no duplicates; the user's matrix is not changed.
    """
    if isinstance(X, np.ndarray):
        return X if X.flags.aligned else X.copy()
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return _core.SparseRows(
        aligned(X.data),
        aligned(X.indices.astype(np.int32, copy=False)),
        aligned(X.indptr.astype(np.int64, copy=False)),
        X.shape[1],
    )


def check_weights(sample_weight: Any, X: Any, dtype: np.dtype[Any]) -> AnyArray | None:
    """Validate sample weights, (n_samples,) or one number for all, and convert them to a type."""
    from sklearn.utils.validation import check_array

    if sample_weight is None:
        return None
    refuse_lookalikes(sample_weight, "sample_weight")
    if isinstance(sample_weight, (str, bytes)):
        raise TypeError(f"sample_weight must be {WANTED['sample_weight']}, got {sample_weight!r}")
    n_samples = X.shape[0]
    if isinstance(sample_weight, Real):
        sample_weight = np.full(n_samples, sample_weight)
    # A number too large for the type becomes infinite, which is refused.
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
    return aligned(weights)
