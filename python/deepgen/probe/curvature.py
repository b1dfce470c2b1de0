"""Products with the Hessian and the Gauss-Newton matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scipy.sparse.linalg import LinearOperator

from deepgen._engine.arrays import FloatArray
from deepgen.probe.held_network import GAUSS_NEWTON, HESSIAN, HeldNetwork
from deepgen.probe.linear_operator import linear_operator, on_columns

__all__ = ["Curvature"]


class Curvature(HeldNetwork):
    """Measure the second derivatives of the loss along directions of the parameters.

    Examples
    --------
    >>> from deepgen import Probe
    >>> from deepgen.probe.curvature import Curvature
    >>> Probe.hvp is Curvature.hvp
    True
    """

    def hvp(self, v: Any) -> FloatArray:
        r"""Return the exact product of the Hessian with a vector, or with several.

        .. math::
            H v = \frac{d}{dr} \nabla L(\theta + r v) \Big|_{r = 0}
            = \Big(\sum_i w_i \, \partial^2 l_i / \partial \theta^2\Big) v / \sum_i w_i

        Parameters
        ----------
        v : array-like of shape (n_parameters,) or (n_parameters, k)
            Direction with one finite real number per parameter, or k of them as columns.

        Returns
        -------
        product : ndarray of shape (n_parameters,) or (n_parameters, k)
            :math:`H v`; each column has exactly the bits that it has alone.

        Notes
        -----
        Computed by Pearlmutter's R-operator, not by finite differences. It needs 8 products per
        layer where a gradient needs 3, so it costs at most 8/3 gradients plus elementwise work. Of
        several vectors each needs 6, since they share the pass, and so does a later product at the
        same parameters, as far as activations and gradients are kept (see `Probe`).
        """
        return self._curve(self._core.add_hvp, v, HESSIAN)

    def gauss_newton(self, v: Any) -> FloatArray:
        r"""Return the product of the generalized Gauss-Newton matrix with one or more vectors.

        .. math::
            \Big(\sum_i w_i J_i^T (\partial^2 l_i / \partial z_i^2) J_i\Big) v / \sum_i w_i,
            \qquad J_i = \partial z_i / \partial \theta

        Parameters
        ----------
        v : array-like of shape (n_parameters,) or (n_parameters, k)
            Direction with one finite real number per parameter, or k of them as columns.

        Returns
        -------
        product : ndarray of shape (n_parameters,) or (n_parameters, k)
            In the order of `parameters`; each column has exactly the bits that it has alone.

        Notes
        -----
        The Hessian without the curvature of the network: positive semi-definite if the loss is
        convex in the outputs (focal loss and several quantiles are not). At most 5/3 gradients; of
        several vectors each needs 4 products per layer instead of 5.
        """
        return self._curve(self._core.add_gauss_newton, v, GAUSS_NEWTON)

    @property
    def hessian(self) -> LinearOperator:
        """The Hessian (P, P) as a symmetric operator; `hvp` computes its products."""
        return linear_operator((self.n_parameters, self.n_parameters), self.hvp, self.hvp)

    @property
    def gauss_newton_operator(self) -> LinearOperator:
        """The Gauss-Newton matrix (P, P) as a symmetric operator; see `gauss_newton`."""
        return linear_operator(
            (self.n_parameters, self.n_parameters), self.gauss_newton, self.gauss_newton
        )

    def _curve(self, add: Callable[..., None], v: Any, work: int) -> FloatArray:
        """Return products of a symmetric matrix with directions."""
        return on_columns(
            "v",
            v,
            self.n_parameters,
            "one per trainable parameter",
            lambda vectors: self._multiply(add, vectors, self.n_parameters, work=work),
        )
