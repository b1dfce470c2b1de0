"""Linear operators: products with vectors without the matrix, and checks of these vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator

from deepgen._engine.arrays import FloatArray

__all__ = ["checked_vector", "linear_operator"]


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
    TypeError
        If it does not hold real numbers.
    ValueError
        If it has another shape.
    """
    vector = np.asarray(values)
    if vector.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold real numbers, got dtype {vector.dtype}")
    if vector.shape != (size,):
        raise ValueError(f"{name} must have shape ({size},), {what}, got {vector.shape}")
    return np.ascontiguousarray(vector, dtype=np.float64)


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
        Function from a vector (n,) to the product (m,).
    rmatvec : callable
        Function from a vector (m,) to the product with the transposed matrix (n,).

    Returns
    -------
    operator : scipy.sparse.linalg.LinearOperator
        Operator in float64; products with a matrix are computed column by column.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.probe.linear_operator import linear_operator
    >>> A = np.array([[1.0, 2.0]])
    >>> operator = linear_operator((1, 2), A.__matmul__, A.T.__matmul__)
    >>> operator @ np.array([1.0, 1.0]), operator.T @ np.array([1.0])
    (array([3.]), array([1., 2.]))
    """

    def on_columns(product: Callable[[Any], FloatArray], size: int) -> Callable[[Any], FloatArray]:
        def products(V: Any) -> FloatArray:
            result = np.empty((size, V.shape[1]))
            for column in range(V.shape[1]):
                result[:, column] = product(V[:, column])
            return result

        return products

    return LinearOperator(
        shape,
        matvec=lambda v: matvec(np.asarray(v).reshape(-1)),
        rmatvec=lambda u: rmatvec(np.asarray(u).reshape(-1)),
        matmat=on_columns(matvec, shape[0]),
        rmatmat=on_columns(rmatvec, shape[1]),
        dtype=np.float64,
    )
