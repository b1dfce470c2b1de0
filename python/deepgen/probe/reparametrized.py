"""ReparametrizedProbe: measurements of a network with reparametrized layers.

The engine measures the plain network of the effective weights. The chain rule, also in the engine,
converts the results to the trained parameters.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from deepgen import _core
from deepgen._engine.arrays import AnyArray, FloatArray, Matrix
from deepgen._network.network import Network

__all__ = ["ReparametrizedProbe", "engine_probe"]


def engine_probe(
    network: Network, X: Matrix, y: AnyArray, weights: AnyArray | None
) -> _core.Probe | ReparametrizedProbe:
    """Return the object that measures a network on data.

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

    Returns
    -------
    probe : deepgen._core.Probe or ReparametrizedProbe
        Both classes have the same methods.
    """
    if network.core.reparametrized:
        return ReparametrizedProbe(network, X, y, weights)
    return _core.Probe(network.core, X, y, weights)


class ReparametrizedProbe:
    r"""Measure a reparametrized network in the space of its trained parameters t.

    With the effective weights w and T = dw / dt,

    .. math::
        \nabla_t = T^T \nabla_w, \qquad
        H_t v = T^T H_w T v + (R T)^T \nabla_w, \qquad
        GN_t = T^T GN_w T.

    The second term of the Hessian appears because w is not linear in t.

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

    Notes
    -----
    Methods are those of ``deepgen._core.Probe``: they add the contribution of the rows ``begin`` to
    ``end`` to ``out``, or write one result per row. A Hessian product costs one gradient more than
    for a plain network, and norms are computed from the gradients of single samples, in blocks of
    rows.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPRegressor, Probe
    >>> X, y = np.eye(3), np.arange(3.0)
    >>> model = MLPRegressor(hidden_layer_sizes=(4,), normalization="weight").partial_fit(X, y)
    >>> Probe(model, X, y).gradient().shape == (model.network_.core.n_trainable,)
    True
    """

    def __init__(self, network: Network, X: Matrix, y: AnyArray, weights: AnyArray | None) -> None:
        plain = network.effective()
        self._network = network.core
        self._plain = _core.Probe(plain.core, X, y, weights)
        self._n_plain = plain.core.n_trainable
        self._shared = network.shared_with_effective()
        n = self._plain.n_rows
        self._shares = np.full(n, 1.0 / n) if weights is None else weights / weights.sum()

    @property
    def n_rows(self) -> int:
        """Number of samples."""
        return self._plain.n_rows

    def _at(self, parameters: FloatArray) -> tuple[_core.Chain, FloatArray]:
        """Return the chain rule at given parameters, and the parameters of the plain network."""
        used: FloatArray = self._network.effective(parameters)
        return _core.Chain(self._network, parameters), used[self._shared]

    def _taken(self, trained: FloatArray) -> FloatArray:
        """Return the trained parameters that the plain network has too."""
        return trained[self._shared[: len(trained)]]

    def _placed(self, plain: FloatArray) -> FloatArray:
        """Return plain vectors at the positions of the trained parameters, with 0 for gains."""
        shared = self._shared[: self._network.n_trainable]
        placed = np.zeros((*plain.shape[:-1], len(shared)))
        placed[..., shared] = plain
        return placed

    def _sum(self, method: str, *arguments: Any, n_threads: int) -> FloatArray:
        """Return the plain network's sum over rows, at the positions of the trained parameters."""
        parameters, v, begin, end = arguments
        total = np.zeros(self._n_plain)
        getattr(self._plain, method)(parameters, v, total, begin, end, n_threads=n_threads)
        return self._placed(total)

    def _gradients(
        self, parameters: FloatArray, begin: int, end: int, n_threads: int
    ) -> Iterator[tuple[slice, FloatArray]]:
        """Yield the gradients of single rows, block by block."""
        chain, plain = self._at(parameters)
        for first in range(begin, end, _core.measured_rows):
            last = min(first + _core.measured_rows, end)
            G = np.empty((last - first, self._n_plain))
            self._plain.gradients(plain, G, first, last, n_threads=n_threads)
            placed = self._placed(G)
            chain.pull_back(placed)
            yield slice(first, last), placed

    def add_gradients(
        self,
        parameters: FloatArray,
        v: FloatArray,
        out: FloatArray,
        begin: int,
        end: int,
        *,
        n_threads: int = 1,
    ) -> None:
        """Add the rows' sum of v_i times the gradient of sample i.

        Parameters
        ----------
        parameters : ndarray of shape (n_parameters,)
            All parameters of the reparametrized network.
        v : ndarray of shape (n_samples,)
            One number per sample.
        out : ndarray of shape (n_trainable,)
            Array to which the sum is added.
        begin, end : int
            Range of rows.
        n_threads : int, default=1
            Largest number of threads, >= 1.
        """
        chain, plain = self._at(parameters)
        pulled = self._sum("add_gradients", plain, v, begin, end, n_threads=n_threads)
        chain.pull_back(pulled[np.newaxis])
        out += pulled

    def add_gauss_newton(
        self,
        parameters: FloatArray,
        v: FloatArray,
        out: FloatArray,
        begin: int,
        end: int,
        *,
        n_threads: int = 1,
    ) -> None:
        """Add the contribution of some rows to the product of the Gauss-Newton matrix with v.

        Parameters
        ----------
        parameters : ndarray of shape (n_parameters,)
            All parameters of the reparametrized network.
        v : ndarray of shape (n_trainable,)
            Direction.
        out : ndarray of shape (n_trainable,)
            Array to which the product is added.
        begin, end : int
            Range of rows.
        n_threads : int, default=1
            Largest number of threads, >= 1.
        """
        chain, plain = self._at(parameters)
        moved = self._taken(chain.push_forward(v))
        pulled = self._sum("add_gauss_newton", plain, moved, begin, end, n_threads=n_threads)
        chain.pull_back(pulled[np.newaxis])
        out += pulled

    def add_hvp(
        self,
        parameters: FloatArray,
        v: FloatArray,
        out: FloatArray,
        begin: int,
        end: int,
        *,
        n_threads: int = 1,
    ) -> None:
        """Add the contribution of some rows to the product of the Hessian with v.

        Parameters
        ----------
        parameters : ndarray of shape (n_parameters,)
            All parameters of the reparametrized network.
        v : ndarray of shape (n_trainable,)
            Direction.
        out : ndarray of shape (n_trainable,)
            Array to which the product is added.
        begin, end : int
            Range of rows.
        n_threads : int, default=1
            Largest number of threads, >= 1.
        """
        chain, plain = self._at(parameters)
        moved, rows = self._taken(chain.push_forward(v)), (begin, end)
        gradient = self._sum("add_gradients", plain, self._shares, *rows, n_threads=n_threads)
        tangent = self._sum("add_hvp", plain, moved, *rows, n_threads=n_threads)
        chain.pull_back_tangent(v, gradient, tangent)
        out += tangent

    def directional(
        self,
        parameters: FloatArray,
        v: FloatArray,
        out: FloatArray,
        begin: int,
        end: int,
        *,
        n_threads: int = 1,
    ) -> None:
        """Write the product of each row's gradient with v.

        Parameters
        ----------
        parameters : ndarray of shape (n_parameters,)
            All parameters of the reparametrized network.
        v : ndarray of shape (n_trainable,)
            Direction.
        out : ndarray of shape (n_samples,)
            The entries of the rows are overwritten.
        begin, end : int
            Range of rows.
        n_threads : int, default=1
            Largest number of threads, >= 1.
        """
        chain, plain = self._at(parameters)
        moved = self._taken(chain.push_forward(v))
        self._plain.directional(plain, moved, out, begin, end, n_threads=n_threads)

    def gradients(
        self, parameters: FloatArray, out: FloatArray, begin: int, end: int, *, n_threads: int = 1
    ) -> None:
        """Write the gradient of each row.

        Parameters
        ----------
        parameters : ndarray of shape (n_parameters,)
            All parameters of the reparametrized network.
        out : ndarray of shape (n_samples, n_trainable)
            The given rows are overwritten.
        begin, end : int
            Range of rows.
        n_threads : int, default=1
            Largest number of threads, >= 1.
        """
        for rows, G in self._gradients(parameters, begin, end, n_threads):
            out[rows] = G

    def norms(
        self, parameters: FloatArray, out: FloatArray, begin: int, end: int, *, n_threads: int = 1
    ) -> None:
        """Write the norm of each row's gradient.

        Parameters
        ----------
        parameters : ndarray of shape (n_parameters,)
            All parameters of the reparametrized network.
        out : ndarray of shape (n_samples,)
            The entries of the rows are overwritten.
        begin, end : int
            Range of rows.
        n_threads : int, default=1
            Largest number of threads, >= 1.
        """
        for rows, G in self._gradients(parameters, begin, end, n_threads):
            out[rows] = np.linalg.norm(G, axis=1)

    def signals(
        self,
        parameters: FloatArray,
        norms: FloatArray,
        alive: AnyArray,
        begin: int,
        end: int,
        *,
        n_threads: int = 1,
    ) -> None:
        """Write the norms of the signals of rows, and mark the units with a slope.

        Parameters
        ----------
        parameters : ndarray of shape (n_parameters,)
            All parameters of the reparametrized network.
        norms : ndarray of shape (n_samples, n_layers)
            Receives the norms of the gradients with respect to the layers' products.
        alive : ndarray of shape (n_units,)
            Receives True for units whose activation has a slope.
        begin, end : int
            First row, and one past the last.
        n_threads : int, default=1
            Largest number of threads, >= 1.
        """
        plain = self._at(parameters)[1]
        self._plain.signals(plain, norms, alive, begin, end, n_threads=n_threads)

    def jacobian(self, parameters: FloatArray, X: Matrix, *, n_threads: int = 1) -> FloatArray:
        """Return the derivatives of the outputs with respect to the inputs.

        Parameters
        ----------
        parameters : ndarray of shape (n_parameters,)
            All parameters of the reparametrized network.
        X : ndarray of shape (m, n_features) or deepgen._core.SparseRows
            Points.
        n_threads : int, default=1
            Largest number of threads, >= 1.

        Returns
        -------
        jacobian : ndarray of shape (m, n_outputs, n_features)
            Derivatives of the outputs before the link.
        """
        return self._plain.jacobian(self._at(parameters)[1], X, n_threads=n_threads)
