"""Coordinates in which an approximate Gauss-Newton matrix is diagonal.

Each class has the eigenvalues of the matrix, summed (not averaged) over the rows, of the parameters
that it covers, and turns Jacobians of outputs into its coordinates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import FloatArray

if TYPE_CHECKING:
    from deepgen.probe import Probe

__all__ = ["STRUCTURES", "DiagonalBasis", "KroneckerBasis", "LastLayerBasis", "total_weight"]

MAX_SIZE = 4000
"""Largest matrix whose eigenvectors are computed: about half a minute."""
BLOCK_SIZE = 4_000_000
"""Numbers of Jacobians in memory at once."""


def total_weight(probe: Probe) -> float:
    """Return the number of rows, or the sum of their weights.

    Parameters
    ----------
    probe : Probe
        Probe with the rows.

    Returns
    -------
    total : float
        What turns means over rows into sums.

    Examples
    --------
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.generalization.random_weights.curvature_basis import total_weight
    >>> X, y = [[0.0], [1.0]], [0.0, 1.0]
    >>> total_weight(Probe(MLPRegressor().partial_fit(X, y), X, y))
    2.0
    """
    weights = probe.data.weights
    return float(probe.n_samples if weights is None else weights.sum())


def _checked_size(size: int, what: str) -> int:
    if size > MAX_SIZE:
        raise ValueError(
            f"{what} has {size} rows, and eigenvectors of at most {MAX_SIZE} are computed; "
            "hessian='diagonal' has no such limit"
        )
    return size


def _row_blocks(n_rows: int, numbers_per_row: int) -> Iterator[NDArray[np.int64]]:
    """Yield numbers of rows in blocks of about `BLOCK_SIZE` numbers."""
    each = max(1, BLOCK_SIZE // max(1, numbers_per_row))
    for first in range(0, n_rows, each):
        yield np.arange(first, min(first + each, n_rows))


@dataclass(frozen=True, eq=False)
class DiagonalBasis:
    """All parameters, with the diagonal of the matrix alone.

    Parameters
    ----------
    eigenvalues : ndarray of shape (n_covered,)
        Diagonal.
    mean : ndarray of shape (n_covered,)
        The covered parameters.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.generalization.random_weights.curvature_basis import DiagonalBasis
    >>> len(DiagonalBasis(np.ones(3), np.zeros(3)).mean)
    3
    """

    eigenvalues: FloatArray
    mean: FloatArray

    @classmethod
    def of(cls, probe: Probe) -> DiagonalBasis:
        """Measure the matrix.

        Parameters
        ----------
        probe : Probe
            Network with the rows of training.

        Returns
        -------
        basis : DiagonalBasis
            The matrix in its coordinates.
        """
        diagonal = total_weight(probe) * probe.gauss_newton_diagonal()
        return cls(np.maximum(diagonal, 0.0), probe.parameters)

    def coordinates(self, probe: Probe) -> Iterator[FloatArray]:
        """Yield the Jacobians of rows block by block.

        Parameters
        ----------
        probe : Probe
            The network with any rows.

        Yields
        ------
        J : ndarray of shape (m, n_outputs, n_covered)
            Derivatives of the outputs of some rows, in order.
        """
        for rows in _row_blocks(probe.n_samples, probe.n_outputs * len(self.mean)):
            yield probe.output_gradients(rows)


@dataclass(frozen=True, eq=False)
class KroneckerBasis:
    """Weights and intercepts of all dense layers, with a Kronecker product for each layer.

    Parameters
    ----------
    eigenvalues : ndarray of shape (n_covered,)
        Products of the factors' eigenvalues, layer by layer.
    mean : ndarray of shape (n_covered,)
        The covered parameters.
    places : list of ndarray of shape (n_inputs + 1, n_units)
        Of each layer the positions of its weights and, last, its intercepts.
    vectors : list of tuple of ndarray
        Eigenvectors of each layer's two factors, as columns.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.generalization.random_weights.curvature_basis import KroneckerBasis
    >>> len(KroneckerBasis(np.ones(2), np.zeros(2), [], []).mean)
    2
    """

    eigenvalues: FloatArray
    mean: FloatArray
    places: list[NDArray[np.int64]]
    vectors: list[tuple[FloatArray, FloatArray]]

    @classmethod
    def of(cls, probe: Probe) -> KroneckerBasis:
        """Measure the matrix.

        Parameters
        ----------
        probe : Probe
            Network with the rows of training.

        Returns
        -------
        basis : KroneckerBasis
            The matrix in its coordinates.
        """
        # Reparametrized layers have no sizes; kronecker_factors refuses them by name.
        if not probe.network.core.reparametrized:
            for size in (size for pair in probe._core.factor_sizes for size in pair):
                _checked_size(size, "a Kronecker factor")
        total = total_weight(probe)
        values, vectors = [], []
        for A, G in probe.kronecker_factors():
            (a, U), (g, V) = np.linalg.eigh(A), np.linalg.eigh(G)
            values.append(total * np.outer(np.maximum(a, 0), np.maximum(g, 0)).ravel())
            vectors.append((U, V))
        places = _layer_places(probe)
        mean = probe.parameters[np.concatenate([at.ravel() for at in places])]
        return cls(np.concatenate(values), mean, places, vectors)

    def coordinates(self, probe: Probe) -> Iterator[FloatArray]:
        """Yield the Jacobians of rows block by block.

        Parameters
        ----------
        probe : Probe
            The network with any rows.

        Yields
        ------
        J : ndarray of shape (m, n_outputs, n_covered)
            Derivatives of the outputs of some rows, in order.
        """
        for rows in _row_blocks(probe.n_samples, 2 * probe.n_outputs * len(self.mean)):
            J = probe.output_gradients(rows)
            parts = []
            for at, (U, V) in zip(self.places, self.vectors, strict=True):
                turned = U.T @ J[:, :, at] @ V
                parts.append(turned.reshape(*J.shape[:2], -1))
            yield np.concatenate(parts, axis=2)


def _layer_places(probe: Probe) -> list[NDArray[np.int64]]:
    """Return of each layer the positions of weights and intercepts, (n_inputs + 1, n_units)."""
    network = probe.network
    blocks: list[list[NDArray[np.int64]]] = [[] for _ in range(network.n_layers)]
    for block in network.core.layout:
        if block.layer >= 0 and block.kind in ("coefs", "intercepts"):
            at = np.arange(block.offset, block.offset + block.size)
            blocks[block.layer].append(at.reshape(-1, network.core.spec.layers[block.layer].width))
    return [np.concatenate(parts) for parts in blocks]


@dataclass(frozen=True, eq=False)
class LastLayerBasis:
    """Weights and intercepts of the output layer, with the whole matrix.

    Parameters
    ----------
    eigenvalues : ndarray of shape (n_covered,)
        Eigenvalues.
    mean : ndarray of shape (n_covered,)
        Effective weights, row by row, and intercepts.
    vectors : ndarray of shape (n_covered, n_covered)
        Eigenvectors as columns.
    has_intercepts : bool
        Whether the layer has intercepts.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.generalization.random_weights.curvature_basis import LastLayerBasis
    >>> len(LastLayerBasis(np.ones(2), np.zeros(2), np.eye(2), True).mean)
    2
    """

    eigenvalues: FloatArray
    mean: FloatArray
    vectors: FloatArray
    has_intercepts: bool

    @classmethod
    def of(cls, probe: Probe) -> LastLayerBasis:
        """Measure the matrix.

        Parameters
        ----------
        probe : Probe
            Network with the rows of training.

        Returns
        -------
        basis : LastLayerBasis
            The matrix in its coordinates.
        """
        last = probe.network.n_layers - 1
        plain = probe.network.effective()
        values = {(b.kind, b.layer): view for b, view in plain.views()}
        parts = [values["coefs", last]]
        if has_intercepts := ("intercepts", last) in values:
            parts.append(values["intercepts", last][None])
        mean = np.concatenate(parts)
        n_inputs, k = mean.shape
        _checked_size(mean.size, "the output layer's matrix")
        total, weights = np.zeros((n_inputs, k, n_inputs, k)), probe.data.weights
        for rows in _row_blocks(probe.n_samples, 4 * (k * k + n_inputs)):
            a = _last_inputs(probe, rows, has_intercepts)
            curvature = np.empty((len(rows), k * k))
            probe._core.output_curvature(probe._point, curvature, int(rows[0]), int(rows[-1]) + 1)
            if weights is not None:
                curvature *= weights[rows, None]
            for c in range(k):
                for d in range(c + 1):
                    part = (a * curvature[:, c * k + d, None]).T @ a
                    total[:, c, :, d] += part
                    if c != d:
                        total[:, d, :, c] += part
        values_, vectors = np.linalg.eigh(total.reshape(mean.size, mean.size))
        return cls(np.maximum(values_, 0.0), mean.ravel(), vectors, has_intercepts)

    def coordinates(self, probe: Probe) -> Iterator[FloatArray]:
        """Yield the Jacobians of rows block by block.

        Parameters
        ----------
        probe : Probe
            The network with any rows.

        Yields
        ------
        J : ndarray of shape (m, n_outputs, n_covered)
            Derivatives of the outputs of some rows, in order.
        """
        k, size = probe.n_outputs, len(self.mean)
        vectors = self.vectors.reshape(size // k, k * size)
        for rows in _row_blocks(probe.n_samples, k * size):
            a = _last_inputs(probe, rows, self.has_intercepts)
            yield (a @ vectors).reshape(len(rows), k, size)


def _last_inputs(probe: Probe, rows: NDArray[np.int64], has_intercepts: bool) -> FloatArray:
    """Return the inputs of the output layer, and a 1 where it has intercepts."""
    network, X = probe.network, probe.data.X
    if network.n_layers > 1:
        inputs = network.activations(X, network.n_layers - 2, rows=rows)
    else:
        spec = network.core.spec
        if not isinstance(X, np.ndarray) or spec.embeddings or spec.input_scale:
            raise ValueError(
                "hessian='last_layer' of a network without hidden layers needs dense features "
                "without embedding or input scale; use 'kronecker' or 'diagonal'"
            )
        inputs = X[rows]
    return np.hstack([inputs, np.ones((len(rows), 1))]) if has_intercepts else np.asarray(inputs)


STRUCTURES: dict[str, Any] = {
    "last_layer": LastLayerBasis,
    "kronecker": KroneckerBasis,
    "diagonal": DiagonalBasis,
}
"""Approximations of the Gauss-Newton matrix by name."""
