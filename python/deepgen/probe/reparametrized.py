"""ReparametrizedProbe: measurements of a network with reparametrized layers.

The engine measures the plain network of effective weights; its chain rule converts the results.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from deepgen._engine.arrays import FloatArray
from deepgen.probe.reparametrized_point import ReparametrizedPoint
from deepgen.probe.reparametrized_rows import ReparametrizedRows

__all__ = ["ReparametrizedProbe"]


class ReparametrizedProbe(ReparametrizedRows):
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
    kept_bytes : int, default=0
        Most memory of values that later products at the same parameters use again.

    Notes
    -----
    Methods are those of ``deepgen._core.Probe``: they add the contribution of the rows ``begin`` to
    ``end`` to ``out``, or write one result per row. Hessian products of one call cost one gradient
    more than for a plain network, and norms are computed from the gradients of single samples, in
    blocks of rows.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPRegressor, Probe
    >>> X, y = np.eye(3), np.arange(3.0)
    >>> model = MLPRegressor(hidden_layer_sizes=(4,), normalization="weight").partial_fit(X, y)
    >>> Probe(model, X, y).gradient().shape == (model.network_.core.n_trainable,)
    True
    """

    def _sums(self, method: str, *arguments: Any, n_threads: int) -> FloatArray:
        """Return the plain network's sums over rows."""
        point, vectors, begin, end = arguments
        totals = np.zeros((len(vectors), self._n_plain))
        getattr(self._plain, method)(point.plain, vectors, totals, begin, end, n_threads=n_threads)
        return totals

    def add_gradients(
        self,
        point: ReparametrizedPoint,
        v: FloatArray,
        out: FloatArray,
        begin: int,
        end: int,
        *,
        n_threads: int = 1,
    ) -> None:
        """Add the rows' sums of v_i times the gradient of sample i.

        Parameters
        ----------
        point : ReparametrizedPoint
            Parameters, as `point` packs them.
        v : ndarray of shape (k, n_samples)
            Vectors with one number per sample.
        out : ndarray of shape (k, n_trainable)
            Array to which the sums are added.
        begin, end : int
            Range of rows.
        n_threads : int, default=1
            Largest number of threads, >= 1.
        """
        out += point.pulled_back(
            self._sums("add_gradients", point, v, begin, end, n_threads=n_threads)
        )

    def add_output_gradients(
        self,
        point: ReparametrizedPoint,
        v: FloatArray,
        out: FloatArray,
        begin: int,
        end: int,
        *,
        n_threads: int = 1,
    ) -> None:
        """Add the rows' sums of v_ic times the gradient of output c of sample i.

        Parameters
        ----------
        point : ReparametrizedPoint
            Parameters, as `point` packs them.
        v : ndarray of shape (k, n_samples * n_outputs)
            Vectors with one number per output of each sample.
        out : ndarray of shape (k, n_trainable)
            Array to which the sums are added.
        begin, end : int
            Range of rows.
        n_threads : int, default=1
            Largest number of threads, >= 1.
        """
        out += point.pulled_back(
            self._sums("add_output_gradients", point, v, begin, end, n_threads=n_threads)
        )

    def add_gauss_newton(
        self,
        point: ReparametrizedPoint,
        v: FloatArray,
        out: FloatArray,
        begin: int,
        end: int,
        *,
        n_threads: int = 1,
    ) -> None:
        """Add the contribution of some rows to the products of the Gauss-Newton matrix with v.

        Parameters
        ----------
        point : ReparametrizedPoint
            Parameters, as `point` packs them.
        v : ndarray of shape (k, n_trainable)
            Directions.
        out : ndarray of shape (k, n_trainable)
            Array to which the sums are added.
        begin, end : int
            Range of rows.
        n_threads : int, default=1
            Largest number of threads, >= 1.
        """
        moved = point.moved(v)
        out += point.pulled_back(
            self._sums("add_gauss_newton", point, moved, begin, end, n_threads=n_threads)
        )

    def add_hvp(
        self,
        point: ReparametrizedPoint,
        v: FloatArray,
        out: FloatArray,
        begin: int,
        end: int,
        *,
        n_threads: int = 1,
    ) -> None:
        """Add the contribution of some rows to the products of the Hessian with v.

        Parameters
        ----------
        point : ReparametrizedPoint
            Parameters, as `point` packs them.
        v : ndarray of shape (k, n_trainable)
            Directions.
        out : ndarray of shape (k, n_trainable)
            Array to which the sums are added.
        begin, end : int
            Range of rows.
        n_threads : int, default=1
            Largest number of threads, >= 1.
        """
        moved, rows = point.moved(v), (begin, end)
        shares = self._shares[np.newaxis]
        gradient = self._sums("add_gradients", point, shares, *rows, n_threads=n_threads)
        tangents = point.placed(self._sums("add_hvp", point, moved, *rows, n_threads=n_threads))
        for direction, tangent in zip(v, tangents, strict=True):
            point.chain.pull_back_tangent(direction, point.placed(gradient)[0], tangent)
        out += tangents
