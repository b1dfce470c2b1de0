"""ReparametrizedRows: measurements of single rows of a network with reparametrized layers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen import _core
from deepgen._engine.arrays import AnyArray, FloatArray, Matrix
from deepgen._network.network import Network
from deepgen.probe.reparametrized_point import ReparametrizedPoint

__all__ = ["ReparametrizedRows"]


class ReparametrizedRows:
    """Measure single rows of a reparametrized network, at points of its trained parameters.

    Parameters
    ----------
    network : Network
        Network in float64.
    X : ndarray of shape (n_samples, n_features) or deepgen._core.SparseRows
        Samples.
    y : ndarray of shape (n_samples, n_targets) or (n_samples,)
        Targets in scaled units, or class numbers.
    weights : ndarray of shape (n_samples,) or None
        Sample weights.
    kept_bytes : int, default=0
        Most memory of values that later products at the same parameters use again.

    Examples
    --------
    >>> from deepgen.probe.reparametrized_rows import ReparametrizedRows
    >>> hasattr(ReparametrizedRows, "norms")
    True
    """

    def __init__(
        self,
        network: Network,
        X: Matrix,
        y: AnyArray,
        weights: AnyArray | None,
        *,
        kept_bytes: int = 0,
    ) -> None:
        plain = network.effective()
        self._network = network.core
        self._plain = _core.Probe(plain.core, X, y, weights, kept_bytes=kept_bytes)
        self._n_plain = plain.core.n_trainable
        self._shared = network.shared_with_effective()
        n = self._plain.n_rows
        self._shares = np.full(n, 1.0 / n) if weights is None else weights / weights.sum()

    @property
    def n_rows(self) -> int:
        """Number of samples."""
        return self._plain.n_rows

    @property
    def kept_bytes(self) -> int:
        """Memory of the values that are kept."""
        return self._plain.kept_bytes

    def point(self, parameters: FloatArray) -> ReparametrizedPoint:
        """Pack parameters for all measurements at them.

        Parameters
        ----------
        parameters : ndarray of shape (n_parameters,)
            All parameters of the reparametrized network.

        Returns
        -------
        point : ReparametrizedPoint
            Chain rule and effective parameters.
        """
        used: FloatArray = self._network.effective(parameters)
        return ReparametrizedPoint(
            _core.Chain(self._network, parameters),
            self._plain.point(used[self._shared]),
            self._shared[: self._network.n_trainable],
        )

    def _gradients(
        self, point: ReparametrizedPoint, begin: int, end: int, n_threads: int
    ) -> Iterator[tuple[slice, FloatArray]]:
        """Yield the gradients of single rows, block by block."""
        for first in range(begin, end, _core.measured_rows):
            last = min(first + _core.measured_rows, end)
            G = np.empty((last - first, self._n_plain))
            self._plain.gradients(point.plain, G, first, last, n_threads=n_threads)
            yield slice(first, last), point.pulled_back(G)

    def directional(
        self,
        point: ReparametrizedPoint,
        v: FloatArray,
        out: FloatArray,
        begin: int,
        end: int,
        *,
        n_threads: int = 1,
    ) -> None:
        """Write the products of each row's gradient with v.

        Parameters
        ----------
        point : ReparametrizedPoint
            Parameters, as `point` packs them.
        v : ndarray of shape (k, n_trainable)
            Directions.
        out : ndarray of shape (k, n_samples)
            The entries of the rows are overwritten.
        begin, end : int
            Range of rows.
        n_threads : int, default=1
            Largest number of threads, >= 1.
        """
        moved = point.moved(v)
        self._plain.directional(point.plain, moved, out, begin, end, n_threads=n_threads)

    def output_tangents(
        self,
        point: ReparametrizedPoint,
        v: FloatArray,
        out: FloatArray,
        begin: int,
        end: int,
        *,
        n_threads: int = 1,
    ) -> None:
        """Write the products of the gradient of each output of a row with v.

        Parameters
        ----------
        point : ReparametrizedPoint
            Parameters, as `point` packs them.
        v : ndarray of shape (k, n_trainable)
            Directions.
        out : ndarray of shape (k, n_samples * n_outputs)
            The entries of the rows are overwritten.
        begin, end : int
            Range of rows.
        n_threads : int, default=1
            Largest number of threads, >= 1.
        """
        moved = point.moved(v)
        self._plain.output_tangents(point.plain, moved, out, begin, end, n_threads=n_threads)

    def gradients(
        self,
        point: ReparametrizedPoint,
        out: FloatArray,
        begin: int,
        end: int,
        *,
        n_threads: int = 1,
    ) -> None:
        """Write the gradient of each row.

        Parameters
        ----------
        point : ReparametrizedPoint
            Parameters, as `point` packs them.
        out : ndarray of shape (n_samples, n_trainable)
            The given rows are overwritten.
        begin, end : int
            Range of rows.
        n_threads : int, default=1
            Largest number of threads, >= 1.
        """
        for rows, G in self._gradients(point, begin, end, n_threads):
            out[rows] = G

    def norms(
        self,
        point: ReparametrizedPoint,
        out: FloatArray,
        begin: int,
        end: int,
        *,
        n_threads: int = 1,
    ) -> None:
        """Write the norm of each row's gradient.

        Parameters
        ----------
        point : ReparametrizedPoint
            Parameters, as `point` packs them.
        out : ndarray of shape (n_samples,)
            The entries of the rows are overwritten.
        begin, end : int
            Range of rows.
        n_threads : int, default=1
            Largest number of threads, >= 1.
        """
        for rows, G in self._gradients(point, begin, end, n_threads):
            out[rows] = np.linalg.norm(G, axis=1)

    def add_loss(self, point: ReparametrizedPoint, *arguments: Any, n_threads: int = 1) -> None:
        """Add the rows' share of the loss, which effective weights do not change.

        Parameters
        ----------
        point : ReparametrizedPoint
            Parameters, as `point` packs them.
        *arguments : ndarray of shape (1,), then int, int
            As for ``deepgen._core.Probe.add_loss``.
        n_threads : int, default=1
            Largest number of threads, >= 1.
        """
        self._plain.add_loss(point.plain, *arguments, n_threads=n_threads)

    def signals(self, point: ReparametrizedPoint, *arguments: Any, n_threads: int = 1) -> None:
        """Write the signals of rows, which are those of the plain network.

        Parameters
        ----------
        point : ReparametrizedPoint
            Parameters, as `point` packs them.
        *arguments : object
            Further arguments of the engine's method.
        n_threads : int, default=1
            Largest number of threads, >= 1.
        """
        self._plain.signals(point.plain, *arguments, n_threads=n_threads)

    def output_gradients(
        self,
        point: ReparametrizedPoint,
        rows: NDArray[np.int64],
        out: FloatArray,
        *,
        n_threads: int = 1,
    ) -> None:
        """Write the gradients of the outputs of chosen rows.

        Parameters
        ----------
        point : ReparametrizedPoint
            Parameters, as `point` packs them.
        rows : ndarray of shape (m,)
            Numbers of samples.
        out : ndarray of shape (m * n_outputs, n_trainable)
            One row per output of each sample.
        n_threads : int, default=1
            Largest number of threads, >= 1.
        """
        J = np.empty((len(out), self._n_plain))
        self._plain.output_gradients(point.plain, rows, J, n_threads=n_threads)
        out[:] = point.pulled_back(J)

    def output_curvature(
        self, point: ReparametrizedPoint, *arguments: Any, n_threads: int = 1
    ) -> None:
        """Write the Hessian of each row's loss in the outputs, that of the plain network.

        Parameters
        ----------
        point : ReparametrizedPoint
            Parameters, as `point` packs them.
        *arguments : object
            Further arguments of the engine's method.
        n_threads : int, default=1
            Largest number of threads, >= 1.
        """
        self._plain.output_curvature(point.plain, *arguments, n_threads=n_threads)

    def jacobian(self, point: ReparametrizedPoint, X: Matrix, *, n_threads: int = 1) -> FloatArray:
        """Return the derivatives of the outputs with respect to the inputs.

        Parameters
        ----------
        point : ReparametrizedPoint
            Parameters, as `point` packs them.
        X : ndarray of shape (m, n_features) or deepgen._core.SparseRows
            Points.
        n_threads : int, default=1
            Largest number of threads, >= 1.

        Returns
        -------
        jacobian : ndarray of shape (m, n_outputs, n_features)
            Derivatives of the outputs before the link.
        """
        return self._plain.jacobian(point.plain, X, n_threads=n_threads)
