"""Products with a matrix, counted on a progress bar if they take long."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING

from deepgen._display.progress_bar import Bar
from deepgen._engine.arrays import FloatArray

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator
    from typing_extensions import Self

__all__ = ["CountedProducts"]

PATIENCE = 1.0
"""Seconds before the bar appears."""


class CountedProducts:
    """Products with an operator, with a progress bar on a terminal after a second.

    Parameters
    ----------
    name : str
        Text before the bar.
    operator : scipy.sparse.linalg.LinearOperator
        Matrix of shape (m, n).
    total : int
        Number of products that are planned.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse.linalg import aslinearoperator
    >>> from deepgen.optimization.product_count import CountedProducts
    >>> with CountedProducts("double", aslinearoperator(2 * np.eye(2)), 1) as product:
    ...     product(np.ones((2, 1))).tolist()
    [[2.0], [2.0]]
    """

    def __init__(self, name: str, operator: LinearOperator, total: int) -> None:
        self._operator, self._total, self._done = operator, total, 0
        self._bar = Bar(name)
        self._began = time.perf_counter()
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def __call__(self, vectors: FloatArray) -> FloatArray:
        """Return the products with the columns of a matrix.

        Parameters
        ----------
        vectors : ndarray of shape (n, k)
            Vectors as columns.

        Returns
        -------
        products : ndarray of shape (m, k)
            Products as columns.
        """
        products: FloatArray = self._operator @ vectors
        self._done += vectors.shape[1]
        if time.perf_counter() - self._began > PATIENCE:
            self._shown = True
            self._bar("products", min(self._done, self._total), self._total)
        return products

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        if self._shown:
            self._bar.erase()
