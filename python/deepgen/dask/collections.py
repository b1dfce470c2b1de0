"""Dask collections: their partitions side by side, and lazy results of a fitted model."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np

from deepgen._engine.arrays import AnyArray
from deepgen._optional import load_extra

__all__ = ["in_memory", "is_collection", "lazy", "load_dask", "partitions_of"]


def load_dask(module: str) -> Any:
    """Import a module of Dask, or say how to install it.

    Parameters
    ----------
    module : str
        Such as "dask.array".

    Returns
    -------
    module : module
        The module.
    """
    return load_extra(module, "dask", "training on a Dask cluster")


def is_collection(values: Any) -> bool:
    """Return whether values are a collection of Dask.

    Parameters
    ----------
    values : object
        Array, frame, series or anything else.

    Returns
    -------
    is_collection : bool
        True for Dask's.
    """
    return bool(load_dask("dask").is_dask_collection(values))


def in_memory(client: Any, *values: Any) -> tuple[Any, ...]:
    """Bring the values of collections to this process.

    Parameters
    ----------
    client : distributed.Client or None
        Client of the cluster that computes them; None for what Dask takes without one.
    *values : object
        Collections of Dask, or what is here already.

    Returns
    -------
    values : tuple
        The same in memory.
    """
    with nullcontext() if client is None else client.as_current():
        found: tuple[Any, ...] = load_dask("dask").compute(*values)
    return found


def partitions_of(X: Any, y: Any, sample_weight: Any = None) -> list[tuple[Any, ...]]:
    """Return the partitions of X, y and weights side by side.

    Parameters
    ----------
    X : dask.array.Array or dask.dataframe.DataFrame
        Features.
    y : dask.array.Array, dask.dataframe.Series or dask.dataframe.DataFrame
        Targets.
    sample_weight : dask.array.Array or dask.dataframe.Series, default=None
        Sample weights.

    Returns
    -------
    partitions : list of tuple of dask.delayed.Delayed or None
        A tuple of three per partition.

    Raises
    ------
    TypeError
        If one of them is no collection of Dask.
    ValueError
        If they are not partitioned alike.
    """
    X_parts = _parts("X", X, None)
    chunks = getattr(X, "chunks", ((),))[0]
    y_parts = _parts("y", y, chunks)
    others = [("y", y_parts)]
    w_parts = [None] * len(X_parts)
    if sample_weight is not None:
        w_parts = _parts("sample_weight", sample_weight, chunks)
        others.append(("sample_weight", w_parts))
    for name, parts in others:
        if len(parts) != len(X_parts):
            raise ValueError(
                f"X has {len(X_parts)} partitions and {name} has {len(parts)}: take both from one "
                "collection, or repartition them alike"
            )
    return list(zip(X_parts, y_parts, w_parts, strict=True))


def _parts(name: str, values: Any, chunks: Any) -> list[Any]:
    """Return the partitions along the rows; known chunks of rows are made those of X."""
    # Of the type: a delayed value has whatever attribute it is asked for.
    if not is_collection(values) or not hasattr(type(values), "to_delayed"):
        raise TypeError(
            f"{name} must be an array or a frame of Dask, got {type(values).__name__}; "
            "dask.array.from_array and dask.dataframe.from_pandas make one"
        )
    if not hasattr(values, "chunks"):
        return list(values.to_delayed())
    if chunks and values.chunks[0] != chunks and not np.isnan([*chunks, *values.chunks[0]]).any():
        if sum(chunks) != sum(values.chunks[0]):
            raise ValueError(f"X has {sum(chunks)} rows and {name} has {sum(values.chunks[0])}")
        values = values.rechunk({0: chunks})
    if values.ndim > 1:
        values = values.rechunk({1: -1})
    return list(values.to_delayed().ravel())


def lazy(model: Any, method: str, X: Any, columns: Any, dtype: Any) -> Any:
    """Return what a fitted model says about a collection, computed when it is asked for.

    Parameters
    ----------
    model : MLPRegressor or MLPClassifier
        Fitted estimator.
    method : str
        Name of its method.
    X : dask.array.Array or dask.dataframe.DataFrame
        Features; other features are passed to the estimator at once.
    columns : list or None
        Names of the columns of the result; None if it has one dimension.
    dtype : numpy.dtype
        Type of the result.

    Returns
    -------
    result : dask.array.Array, dask.dataframe.Series, dask.dataframe.DataFrame or ndarray
        Array of an array, frame or series of a frame, with its index.

    Raises
    ------
    ValueError
        If X is an array without columns.
    """
    if not is_collection(X):
        return getattr(model, method)(X)
    dask = load_dask("dask")
    # One task holds the model; it is part of no other, so that the graph stays small.
    held = dask.delayed(model, pure=False)
    if hasattr(X, "chunks"):
        if X.ndim != 2:
            raise ValueError(f"X must have rows and columns, got {X.ndim} dimension(s)")
        X = X.rechunk({1: -1})
        chunks: Any = (X.chunks[0],) if columns is None else (X.chunks[0], (len(columns),))
        return X.map_blocks(
            _of_block,
            held,
            method,
            dtype=dtype,
            chunks=chunks,
            drop_axis=[1] if columns is None else [],
            meta=np.empty((0,) * len(chunks), dtype=dtype),
        )
    empty = X._meta.iloc[:0]
    meta = _of_frame(empty, None, method, columns, dtype)
    return X.map_partitions(_of_frame, held, method, columns, dtype, meta=meta)


def _of_block(X: Any, model: Any, method: str) -> Any:
    """Return the result for one block of rows."""
    if len(X):
        return getattr(model, method)(X)
    one = np.zeros((1, model.n_features_in_))
    return getattr(model, method)(one)[:0]


def _of_frame(X: Any, model: Any, method: str, columns: Any, dtype: Any) -> Any:
    """Return the result for one partition of a frame, with its index."""
    pandas = load_extra("pandas", "dask", "frames of Dask")
    values: AnyArray = np.empty((0,) if columns is None else (0, len(columns)), dtype=dtype)
    if len(X):
        values = getattr(model, method)(X)
    if columns is None:
        return pandas.Series(values, index=X.index, name="prediction")
    return pandas.DataFrame(values, index=X.index, columns=columns)
