"""Targets of tables: conversion from data frames to the MLPs' form."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepgen._inputs.features import plain_targets

__all__ = ["n_outside_most_frequent", "read_targets"]


def read_targets(y: Any, name: str, *, are_labels: bool) -> Any:
    """Return targets in a form that the MLPs accept; refuse missing ones by row.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets of NumPy, pandas, Polars or Arrow.
    name : str
        Name of the estimator for messages.
    are_labels : bool
        Whether they are classes; then objects of one type become an array of it.

    Returns
    -------
    y : array-like
        An array for objects, categories or text; else unchanged.

    Raises
    ------
    ValueError
        If there are none, or some are missing.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.tabular.targets import read_targets
    >>> read_targets(np.array([True, False], dtype=object), "model", are_labels=True)
    array([ True, False])
    """
    if y is None:
        raise ValueError(
            f"This {name} estimator requires y to be passed, but the target y is None."
        )
    y = plain_targets(y)
    if hasattr(y, "to_pylist"):  # of Arrow, whose dictionaries NumPy does not know
        y = np.array(y.to_pylist(), dtype=object) if not _is_numeric(y) else y
    if hasattr(y, "tocoo"):
        return y
    values = np.asarray(y)
    if values.ndim != 1:
        return y
    if isinstance(y, list | tuple) and values.dtype.kind == "U":
        values = np.array(y, dtype=object)  # NumPy converts numbers among words to words
    if values.dtype.kind not in "OUTf":
        return y
    if values.dtype.kind == "f":
        missing = np.isnan(values)
    else:
        values = values.astype(object)
        missing = np.array([value is None or bool(value != value) for value in _plain(values)])
    if missing.any():
        raise ValueError(
            f"Input y contains NaN: {int(missing.sum())} of {len(missing)} targets are missing, "
            f"the first in row {int(np.argmax(missing))}; leave these rows out"
        )
    if values.dtype.kind == "f":
        return y
    return _labels(values) if are_labels else _numbers(values)


def n_outside_most_frequent(y: Any) -> int | None:
    """Return the number of rows outside of the most frequent class.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Labels from `read_targets`.

    Returns
    -------
    n_rows : int or None
        None for several labels per row, and for labels that no classifier accepts.

    Examples
    --------
    >>> from deepgen.tabular.targets import n_outside_most_frequent
    >>> n_outside_most_frequent(["no", "yes", "no"])
    1
    """
    labels = np.empty(0) if hasattr(y, "tocoo") else np.asarray(y)
    if not labels.size or labels.size != len(labels):
        return None
    if labels.dtype.kind == "O" and not all(isinstance(label, str) for label in labels.flat):
        return None
    return int(len(labels) - np.unique(labels, return_counts=True)[1].max())


def _labels(objects: Any) -> Any:
    """Return an array of the labels' type if they have one; mixed types are refused later."""
    kinds = {type(value) for value in objects}
    if kinds <= {bool, np.bool_} or kinds <= {int, np.int64} or kinds <= {float, int}:
        return np.array(objects.tolist())
    return objects


def _numbers(objects: Any) -> Any:
    """Return objects as numbers.

    Raises
    ------
    ValueError
        If one of them is text that does not represent a number.
    """
    for row, value in enumerate(objects):
        if isinstance(value, str):
            try:
                float(value)
            except ValueError:
                raise ValueError(
                    f"y must be numbers for a regressor, and row {row} holds {value!r}; "
                    "TabularClassifier takes words as labels"
                ) from None
    return objects


def _is_numeric(column: Any) -> bool:
    return str(getattr(column, "type", "")) in {
        *(f"int{bits}" for bits in (8, 16, 32, 64)),
        *(f"uint{bits}" for bits in (8, 16, 32, 64)),
        *("float", "double", "halffloat"),
    }


def _plain(objects: Any) -> list[Any]:
    """Return objects with None for pandas' missing values, which have no truth value."""
    return [None if type(value).__name__ in ("NAType", "NaTType") else value for value in objects]
