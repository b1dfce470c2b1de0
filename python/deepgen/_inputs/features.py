"""Inputs: features and weights in the one form that the engine takes, converted once."""

from __future__ import annotations

from collections.abc import Mapping, Set
from numbers import Number, Real
from typing import Any

import numpy as np
from sklearn.utils.validation import column_or_1d, validate_data

from deepgen import _core
from deepgen._engine.arrays import AnyArray, Matrix

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
"""What an argument may be, in words."""

# Columns that a message lists.
MAX_NAMES = 10


def read_groups(groups: Any, X: Any) -> AnyArray | None:
    """Return the group of each sample, (n_samples,); refuse what has another length."""
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

    ``reset`` tells the estimator's first sight of features from others, whose columns are compared.
    ``others`` are ``y`` and how to check it, as ``validate_data`` takes them; the result is a pair
    then. Nothing is copied where the type and order are met; rows are contiguous.
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
            if str(error).startswith("Input X contains"):
                raise ValueError(f"{error}{_not_finite(X, dtype)}") from error
            words = columns_of_words(X) if "could not convert string" in str(error) else []
            if not words:
                raise
            more = f" and {len(words) - MAX_NAMES} more" if len(words) > MAX_NAMES else ""
            raise ValueError(
                f"X has words in {'column' if len(words) == 1 else 'columns'} "
                f"{', '.join(words[:MAX_NAMES])}{more}; numbers are wanted: encode words first, "
                "such as with scikit-learn's OneHotEncoder"
            ) from error


def _not_finite(X: Any, dtype: np.dtype[Any]) -> str:
    """Return what to do about entries that are no finite numbers of a type, and in which columns.

    ``X`` (n_samples, n_features).
    """
    if hasattr(X, "tocsc"):
        return ""
    try:
        table = np.asarray(X, dtype=np.float64)
    except (TypeError, ValueError):
        return ""
    if table.ndim != 2:
        return ""
    names = list(X.columns) if hasattr(X, "columns") else list(range(table.shape[1]))
    gaps = np.atleast_1d(np.isnan(table).any(axis=0))
    large = np.atleast_1d((np.abs(table) > np.finfo(dtype).max).any(axis=0))
    bad = gaps if gaps.any() else large
    shown = [repr(name) for name, is_bad in zip(names, bad, strict=True) if is_bad]
    more = f" and {len(shown) - MAX_NAMES} more" if len(shown) > MAX_NAMES else ""
    if not shown:
        return ""
    where = (
        f" See {'column' if len(shown) == 1 else 'columns'} {', '.join(shown[:MAX_NAMES])}{more}."
    )
    gaps_filled = "\ndeepgen.tables and `deepgen fit` fill gaps by themselves."
    return f"{gaps_filled}{where}" if gaps.any() else where


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
    """Return names or positions of the columns that are no numbers, as Python writes them."""
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
    """Refuse what NumPy would turn into numbers that mean something else: masks, points in time."""
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

    They turn pandas' nullable integers and booleans into float64; a complete column of those is
    returned as NumPy's, all else as it came.
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
    """Hand checked features (n_samples, n_features) to the engine, sparse ones in their own arrays.

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
    """Check sample weights, (n_samples,) or one number for all, and convert them to a type."""
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
