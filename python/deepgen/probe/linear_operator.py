"""Linear operators: products with vectors without the matrix, and checks of these vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator

from deepgen._engine.arrays import AnyArray, FloatArray

__all__ = ["checked_vector", "linear_operator", "on_columns"]


def _numbers(name: str, values: Any) -> AnyArray:
    """Return values as an array, refusing all but real numbers."""
    numbers = np.asarray(values)
    if numbers.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold real numbers, got dtype {numbers.dtype}")
    return numbers


def checked_vector(name: str, values: Any, size: int, what: str) -> FloatArray:
    """Check a vector and convert it to float64.

    Parameters
    ----------
    name : str
        Name in error messages.
    values : array-like
        Vector that the user gave.
    size : int
        Required length.
    what : str
        Meaning of the entries, for error messages.

    Returns
    -------
    vector : ndarray of shape (size,)
        Contiguous.

    Raises
    ------
    ValueError
        If it has another shape, or holds no real numbers (TypeError).
    """
    vector = _numbers(name, values)
    if vector.shape != (size,):
        raise ValueError(f"{name} must have shape ({size},), {what}, got {vector.shape}")
    return np.ascontiguousarray(vector, dtype=np.float64)


def on_columns(
    name: str,
    values: Any,
    size: int,
    what: str,
    product: Callable[[FloatArray], FloatArray],
) -> FloatArray:
    """Return the products of a matrix with a vector or with the columns of an array.

    Parameters
    ----------
    name : str
        Name in error messages.
    values : array-like of shape (size,) or (size, k)
        Vector or vectors that the user gave.
    size : int
        Required length.
    what : str
        Meaning of the entries, for error messages.
    product : callable
        Function from vectors (k, size) to products (k, m).

    Returns
    -------
    products : ndarray of shape (m,) or (m, k)
        In the form of ``values``.

    Raises
    ------
    ValueError
        If it has another shape, or an entry is not finite, or no real number (TypeError).

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.probe.linear_operator import on_columns
    >>> double = lambda vectors: 2.0 * vectors
    >>> on_columns("v", [1, 2], 2, "one per unit", double)
    array([2., 4.])
    >>> on_columns("v", np.eye(2), 2, "one per unit", double).shape
    (2, 2)
    """
    given = _numbers(name, values)
    if given.ndim not in (1, 2) or len(given) != size:
        raise ValueError(
            f"{name} must have shape ({size},), {what}, or ({size}, k), got {given.shape}"
        )
    finite = np.isfinite(given)
    if not finite.all():
        place = np.argwhere(~finite)[0].tolist()
        where = place[0] if given.ndim == 1 else tuple(place)
        raise ValueError(f"{name} must be finite, entry {where} is {given[tuple(place)]}")
    single = given.ndim == 1
    vectors = given[np.newaxis] if single else given.T
    products = product(np.ascontiguousarray(vectors, dtype=np.float64))
    return products[0] if single else products.T


def linear_operator(
    shape: tuple[int, int],
    matvec: Callable[[Any], FloatArray],
    rmatvec: Callable[[Any], FloatArray],
) -> LinearOperator:
    """Return SciPy's operator for given products with vectors.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns (m, n).
    matvec : callable
        Function from a vector (n,) to the product (m,), and from columns (n, k) to products (m, k).
    rmatvec : callable
        The same of the transposed matrix, from (m,) or (m, k).

    Returns
    -------
    operator : scipy.sparse.linalg.LinearOperator
        Operator in float64.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.probe.linear_operator import linear_operator
    >>> A = np.array([[1.0, 2.0]])
    >>> operator = linear_operator((1, 2), A.__matmul__, A.T.__matmul__)
    >>> operator @ np.array([1.0, 1.0]), operator.T @ np.array([1.0])
    (array([3.]), array([1., 2.]))
    """
    return LinearOperator(
        shape,
        matvec=lambda v: matvec(np.asarray(v).reshape(-1)),
        rmatvec=lambda u: rmatvec(np.asarray(u).reshape(-1)),
        matmat=matvec,
        rmatmat=rmatvec,
        dtype=np.float64,
    )
