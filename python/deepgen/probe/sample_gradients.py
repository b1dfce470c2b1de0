"""Loss, gradient, and the gradients of single samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator

from deepgen._engine.arrays import FloatArray
from deepgen.probe.held_network import FORWARD, FORWARD_TANGENT, GRADIENT, HeldNetwork
from deepgen.probe.linear_operator import linear_operator, on_columns

__all__ = ["SampleGradients"]


class SampleGradients(HeldNetwork):
    """Measure the loss and its first derivatives, of all samples and of single ones.

    Examples
    --------
    >>> from deepgen import Probe
    >>> from deepgen.probe.sample_gradients import SampleGradients
    >>> Probe.gradient is SampleGradients.gradient
    True
    """

    def loss(self) -> float:
        """Return the loss L.

        Returns
        -------
        loss : float
            Summed over outputs, averaged over samples by weight; in scaled target units.
        """
        loss = np.zeros(1)
        self._in_chunks(self._core.add_loss, loss, work=FORWARD)
        return float(loss[0])

    def gradient(self) -> FloatArray:
        r"""Return the gradient of the loss, :math:`\sum_i w_i g_i / \sum_i w_i`.

        Returns
        -------
        gradient : ndarray of shape (n_parameters,)
            In the order of `parameters`.
        """
        weights = self.data.weights
        if weights is None:
            return self._weighted_gradient(np.full(self.n_samples, 1.0 / self.n_samples))
        return self._weighted_gradient(weights / weights.sum())

    def per_sample_gradients(self) -> FloatArray:
        r"""Return the gradient :math:`g_i` of every sample, without its weight.

        Returns
        -------
        G : ndarray of shape (n_samples, n_parameters)
            Takes 8 n P bytes; `per_sample_operator` multiplies by G without storing it.

        Notes
        -----
        Writing the array is most of the cost.
        """
        G = np.empty((self.n_samples, self.n_parameters))
        self._in_chunks(self._core.gradients, G, work=GRADIENT)
        return G

    def per_sample_gradient_norms(self) -> FloatArray:
        r"""Return the Euclidean norm of the gradient of every sample.

        Returns
        -------
        norms : ndarray of shape (n_samples,)
            :math:`|g_i|`, without weights.

        Notes
        -----
        Costs less than one gradient, since the gradient with respect to a weight matrix is an outer
        product (Goodfellow 2015): with the inputs a of a layer and the gradient d with respect to
        its pre-activations, :math:`|\partial l_i / \partial W|^2 = |a_i|^2 |d_i|^2`.
        """
        norms = np.empty(self.n_samples)
        self._in_chunks(self._core.norms, norms, work=GRADIENT)
        return norms

    @property
    def per_sample_operator(self) -> LinearOperator:
        r"""G as an operator (n, P): ``@ v`` and ``.T @ u`` without the matrix.

        :math:`G v` are the directional derivatives of the samples' losses; it costs a gradient
        (forward mode). :math:`G^T u = \sum_i u_i g_i` is a gradient with weights u, which may be
        negative. Products with a matrix share the pass through the network.
        """
        return linear_operator(
            (self.n_samples, self.n_parameters), self._directional, self._weighted_gradient
        )

    def _directional(self, v: Any) -> FloatArray:
        return on_columns(
            "v",
            v,
            self.n_parameters,
            "one per trainable parameter",
            lambda vectors: self._multiply(
                self._core.directional, vectors, self.n_samples, work=FORWARD_TANGENT
            ),
        )

    def _weighted_gradient(self, u: Any) -> FloatArray:
        return on_columns(
            "u",
            u,
            self.n_samples,
            "one per sample",
            lambda vectors: self._multiply(
                self._core.add_gradients, vectors, self.n_parameters, work=GRADIENT
            ),
        )
