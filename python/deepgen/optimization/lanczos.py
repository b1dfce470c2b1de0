"""Lanczos: eigenvalues and spectral weights of a symmetric matrix from its products with vectors.

From a start v the method builds an orthonormal basis V of v, A v, A^2 v ... and the tridiagonal
matrix T = V^T A V. Eigenvalues of T (Ritz values) approximate those of A, from inside the spectrum,
the outer ones first; the squared first components of T's eigenvectors are the weights of a Gauss
quadrature of v's spectral measure. Every new vector is made orthogonal to all earlier ones, since
rounding otherwise gives copies of eigenvalues that have converged.

Source: C. Lanczos 1950; G. H. Golub, G. Meurant, "Matrices, moments and quadrature", 2010; B. N.
Parlett, "The symmetric eigenvalue problem", 1980, sections 13.2 (residuals) and 13.7
(orthogonality).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy.linalg import eigh_tridiagonal

from deepgen._engine.arrays import FloatArray

__all__ = ["Product", "RitzValues", "dense_spectrum", "largest_eigenvalue", "lanczos"]

Product: TypeAlias = Callable[[FloatArray], FloatArray]
"""Function from vectors (P, k) to the products of a symmetric matrix with them (P, k)."""

BASIS_BYTES = 2**30
"""Memory for the bases of several starts that are advanced together."""
BREAKDOWN = 1e-13
"""Length of a new vector, relative to the matrix, below which the basis spans all of A^k v."""

ROUNDING = 1e-14
"""Error of a converged eigenvalue, relative to the largest one."""


@dataclass(frozen=True, eq=False)
class RitzValues:
    """Eigenvalues of a matrix, or their approximations, with the spectral weights of some vectors.

    Parameters
    ----------
    nodes : ndarray of shape (n_starts, n_iter)
        Ritz values per start, ascending.
    weights : ndarray of shape (n_starts, n_iter)
        Share of the squared start in each; they sum to 1 per start.
    errors : ndarray of shape (n_starts, n_iter)
        Residual norms: an eigenvalue of the matrix is at most that far from the node.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.optimization.lanczos import lanczos
    >>> A = np.diag([1.0, 2.0, 5.0])
    >>> values = lanczos(A.__matmul__, np.ones((3, 1)), 3, np.random.default_rng(0))
    >>> values.nodes.round(6).tolist(), values.weights.round(6).tolist()
    ([[1.0, 2.0, 5.0]], [[0.333333, 0.333333, 0.333333]])
    """

    nodes: FloatArray
    weights: FloatArray
    errors: FloatArray

    def from_above(self, count: int) -> tuple[FloatArray, FloatArray]:
        """Return the largest nodes and their errors.

        Parameters
        ----------
        count : int
            Number of nodes, at most ``n_iter``.

        Returns
        -------
        nodes, errors : ndarray of shape (count,)
            Descending. The k-th Ritz value of any start is at most the k-th eigenvalue, so of
            several starts the largest one counts.
        """
        nodes, errors = self.nodes[:, ::-1][:, :count], self.errors[:, ::-1][:, :count]
        best = nodes.argmax(axis=0)[None]
        return (
            np.take_along_axis(nodes, best, axis=0)[0],
            np.take_along_axis(errors, best, axis=0)[0],
        )

    def from_below(self, count: int) -> tuple[FloatArray, FloatArray]:
        """Return the smallest nodes and their errors.

        Parameters
        ----------
        count : int
            Number of nodes, at most ``n_iter``.

        Returns
        -------
        nodes, errors : ndarray of shape (count,)
            Ascending.
        """
        mirrored = RitzValues(-self.nodes[:, ::-1], self.weights, self.errors[:, ::-1])
        nodes, errors = mirrored.from_above(count)
        return -nodes, errors


def dense_spectrum(product: Product, size: int) -> tuple[RitzValues, FloatArray]:
    """Return all eigenvalues of a small matrix, by its columns.

    Parameters
    ----------
    product : callable
        Products with vectors.
    size : int
        Rows and columns of the matrix.

    Returns
    -------
    values : RitzValues
        All eigenvalues, with weight 1 / size each.
    vectors : ndarray of shape (size, size)
        Eigenvectors as columns.
    """
    columns = product(np.eye(size))
    nodes, vectors = np.linalg.eigh((columns + columns.T) / 2)
    errors = np.linalg.norm(columns @ vectors - vectors * nodes, axis=0)
    weights = np.full((1, size), 1.0 / size)
    return RitzValues(nodes[None], weights, errors[None]), vectors


def lanczos(
    product: Product, starts: FloatArray, n_iter: int, draw: np.random.Generator
) -> RitzValues:
    """Run Lanczos from several starts.

    Parameters
    ----------
    product : callable
        Products with vectors; each step multiplies one vector per start.
    starts : ndarray of shape (size, n_starts)
        Starts, not 0.
    n_iter : int
        Number of steps, at most ``size``.
    draw : numpy.random.Generator
        Source of new directions where a start's basis is complete before the last step.

    Returns
    -------
    values : RitzValues
        Ritz values and weights of every start.
    """
    size, n_starts = starts.shape
    together = max(1, BASIS_BYTES // (8 * n_iter * size))
    parts = []
    for first in range(0, n_starts, together):
        basis = _Basis(product, starts[:, first : first + together], n_iter, draw)
        for _ in range(n_iter):
            basis.step()
        parts.append(_ritz_values(basis))
    return RitzValues(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("nodes", "weights", "errors")
        )
    )


class _Basis:
    """The bases and tridiagonal matrices of starts that advance together, step by step."""

    def __init__(
        self, product: Product, starts: FloatArray, n_iter: int, draw: np.random.Generator
    ) -> None:
        size, n_starts = starts.shape
        self._product, self._draw = product, draw
        self.vectors = np.empty((n_starts, n_iter, size))
        self.diagonal = np.empty((n_starts, n_iter))
        # The last entry of each row is the length of the vector that would come next.
        self.beside = np.empty((n_starts, n_iter))
        self._next = np.ascontiguousarray((starts / np.linalg.norm(starts, axis=0)).T)
        self.n_steps = 0

    def step(self) -> None:
        """Add one vector to each basis."""
        step, self.n_steps = self.n_steps, self.n_steps + 1
        self.vectors[:, step] = self._next
        products = self._product(np.ascontiguousarray(self._next.T)).T
        for start, moved in enumerate(np.array(products)):
            basis = self.vectors[start, : step + 1]
            self.diagonal[start, step] = basis[step] @ moved
            scale = np.linalg.norm(moved)
            moved -= self.diagonal[start, step] * basis[step]
            if step > 0:
                moved -= self.beside[start, step - 1] * basis[step - 1]
            length = _orthogonalize(moved, basis)
            if length <= BREAKDOWN * max(scale, np.abs(self.diagonal[start, : step + 1]).max()):
                length, moved = 0.0, self._new_direction(basis)
            else:
                moved /= length
            self.beside[start, step] = length
            self._next[start] = moved

    def _new_direction(self, basis: FloatArray) -> FloatArray:
        """Return a unit vector orthogonal to a basis; 0 if there is none."""
        direction: FloatArray = self._draw.standard_normal((basis.shape[1],))
        before = float(np.linalg.norm(direction))
        length = _orthogonalize(direction, basis)
        return np.divide(direction, length) if length > 1e-8 * before else np.zeros_like(direction)


def _orthogonalize(vector: FloatArray, basis: FloatArray) -> float:
    """Remove a basis (k, size) from a vector in place; return the length of the rest."""
    before = float(np.linalg.norm(vector))
    for _ in range(3):
        vector -= (basis @ vector) @ basis
        length = float(np.linalg.norm(vector))
        # Once more if much was removed, since the rest then has the rounding of the whole.
        if length > 0.7 * before:
            break
        before = length
    return length


def _ritz_values(basis: _Basis) -> RitzValues:
    solved = [
        eigh_tridiagonal(diagonal, beside[:-1])
        for diagonal, beside in zip(basis.diagonal, basis.beside, strict=True)
    ]
    nodes = np.array([values for values, _ in solved])
    weights = np.array([vectors[0] ** 2 for _, vectors in solved])
    # The last component of an eigenvector of T gives the residual, down to rounding.
    errors = np.array(
        [
            np.hypot(beside[-1] * vectors[-1], ROUNDING * np.abs(values).max())
            for (values, vectors), beside in zip(solved, basis.beside, strict=True)
        ]
    )
    return RitzValues(nodes, weights, errors)


def largest_eigenvalue(
    product: Product, start: FloatArray, *, tol: float, n_iter: int
) -> tuple[float, FloatArray, float]:
    """Return the largest eigenvalue by as few Lanczos steps as its accuracy needs.

    Parameters
    ----------
    product : callable
        Products with vectors.
    start : ndarray of shape (size,)
        Start, best near the eigenvector.
    tol : float
        Residual norm at which to stop, relative to the eigenvalue.
    n_iter : int
        Largest number of steps.

    Returns
    -------
    value : float
        Largest Ritz value.
    vector : ndarray of shape (size,)
        Its vector, of length 1.
    error : float
        Residual norm.
    """
    size = len(start)
    draw = np.random.default_rng(0)
    basis = _Basis(product, start[:, None], min(n_iter, size), draw)
    while True:
        basis.step()
        n = basis.n_steps
        values, vectors = eigh_tridiagonal(basis.diagonal[0, :n], basis.beside[0, : n - 1])
        error = float(basis.beside[0, n - 1] * abs(vectors[-1, -1]))
        if error <= tol * abs(values[-1]) or n == basis.diagonal.shape[1]:
            return float(values[-1]), vectors[:, -1] @ basis.vectors[0, :n], error
