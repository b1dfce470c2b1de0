"""What is near the diagonal of the Gauss-Newton matrix: its diagonal, and Kronecker factors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from deepgen._engine.arrays import FloatArray
from deepgen.probe.held_network import GRADIENT, HeldNetwork

__all__ = ["GaussNewtonBlocks", "KroneckerFactors"]

# Numbers of the outputs' Jacobian that are in memory at once.
JACOBIAN_SIZE = 4_000_000


class KroneckerFactors(NamedTuple):
    """Factors of one dense layer's block of the Gauss-Newton matrix.

    Parameters
    ----------
    A : ndarray of shape (n_inputs + 1, n_inputs + 1) or (n_inputs, n_inputs)
        Weighted mean of a a^T over the samples, a being the layer's inputs and a 1 for the bias,
        where the layer has one.
    G : ndarray of shape (n_units, n_units)
        Weighted mean of the loss's curvature in the layer's pre-activations.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.probe.gauss_newton_blocks import KroneckerFactors
    >>> factors = KroneckerFactors(np.eye(3), np.eye(2))
    >>> np.kron(factors.A, factors.G).shape
    (6, 6)
    """

    A: FloatArray
    G: FloatArray


class GaussNewtonBlocks(HeldNetwork):
    """Measure parts of the Gauss-Newton matrix itself.

    Examples
    --------
    >>> from deepgen import Probe
    >>> from deepgen.probe.gauss_newton_blocks import GaussNewtonBlocks
    >>> Probe.kronecker_factors is GaussNewtonBlocks.kronecker_factors
    True
    """

    def gauss_newton_diagonal(self) -> FloatArray:
        r"""Return the diagonal of the generalized Gauss-Newton matrix.

        Returns
        -------
        diagonal : ndarray of shape (n_parameters,)
            Exact, in the order of `parameters`; see `gauss_newton` for the matrix.

        Notes
        -----
        With the inputs a of a layer, the entry of weight (k, j) is :math:`\sum_i a_{ik}^2
        S_{i,jj}`, where :math:`S_i` is the curvature of sample i in the layer's pre-activations.
        This needs two backward passes per output, about 2 n_outputs/3 + 1 gradients. Networks with
        embeddings, an input scale or reparametrized layers have no such form; for them the
        derivatives of the outputs are written out in blocks of samples, which takes several times
        as long.

        References
        ----------
        F. Dangel, F. Kunstner, P. Hennig, "BackPACK: Packing more into backprop", ICLR 2020.
        """
        core = self.network.core
        diagonal = np.zeros(self.n_parameters)
        if core.reparametrized or core.spec.embeddings or core.spec.input_scale:
            self._add_diagonal_by_rows(diagonal)
        else:
            work = GRADIENT * (1 + self.n_outputs)
            self._in_chunks(self._core.add_gauss_newton_diagonal, diagonal, work=work)
        return diagonal

    def _add_diagonal_by_rows(self, diagonal: FloatArray) -> None:
        """Add the diagonal of J_i^T H_i J_i, sample by sample."""
        k, n, weights = self.n_outputs, self.n_samples, self.data.weights
        shares = np.full(n, 1.0 / n) if weights is None else weights / weights.sum()
        each = max(1, JACOBIAN_SIZE // (k * self.n_parameters))
        for first in range(0, n, each):
            rows = np.arange(first, min(first + each, n))
            J = np.empty((len(rows) * k, self.n_parameters))
            H = np.empty((len(rows), k * k))
            n_threads = self._threads(float(GRADIENT * J.size))
            self._core.output_gradients(self._point, rows, J, n_threads=n_threads)
            last = first + len(rows)
            self._core.output_curvature(self._point, H, first, last, n_threads=n_threads)
            curved = shares[rows, None, None] * H.reshape(-1, k, k)
            for rows_of_J, curvature in zip(J.reshape(-1, k, J.shape[1]), curved, strict=True):
                diagonal += np.einsum("cp,cd,dp->p", rows_of_J, curvature, rows_of_J)

    def kronecker_factors(self) -> list[KroneckerFactors]:
        r"""Return Kronecker factors of the Gauss-Newton matrix, one pair per dense layer.

        The block of a layer's weights and bias is approximated by :math:`A \otimes G`: with the
        order of `parameters`, entry ((k, j), (k', j')) is :math:`A_{kk'} G_{jj'}`, the bias being
        the last k. For one sample this is exact. For more the mean of products is replaced by a
        product of means.

        Returns
        -------
        factors : list of KroneckerFactors
            A and G of each layer, symmetric; positive semi-definite if the loss is convex in the
            outputs.

        Raises
        ------
        ValueError
            If layers are reparametrized (weight norm, fixup) or have a gate (highway): their
            parameters have no Kronecker factors.

        Notes
        -----
        Scales and shifts of norms, slopes of activations, embeddings and the input scale belong to
        no layer's matrix and are left out; `gauss_newton_diagonal` has them. The optimizer
        `deepgen.optimizers.KFAC` has running means of A and of a G that is sampled; here G is
        exact. Needs two backward passes per output, and the products that make A and G.

        References
        ----------
        J. Martens, R. Grosse, "Optimizing neural networks with Kronecker-factored approximate
        curvature", ICML 2015. A. Botev, H. Ritter, D. Barber, "Practical Gauss-Newton optimisation
        for deep learning", ICML 2017.

        Examples
        --------
        >>> import numpy as np
        >>> from deepgen import MLPRegressor, Probe
        >>> X, y = np.eye(3), np.arange(3.0)
        >>> model = MLPRegressor(hidden_layer_sizes=(4,)).partial_fit(X, y)
        >>> [(len(A), len(G)) for A, G in Probe(model, X, y).kronecker_factors()]
        [(4, 4), (5, 1)]
        """
        if self.network.core.reparametrized:
            raise ValueError(
                "reparametrized layers (weight norm, fixup) have no Kronecker factors: their "
                "weights are made of other parameters"
            )
        sizes = self._core.factor_sizes
        flat = np.zeros(sum(m * m + width * width for m, width in sizes))
        work = GRADIENT * (1 + 2 * self.n_outputs)
        self._in_chunks(self._core.add_kronecker_factors, flat, work=work)
        factors, place = [], 0
        for pair in sizes:
            matrices = []
            for size in pair:
                matrix = flat[place : place + size * size].reshape(size, size)
                matrices.append((matrix + matrix.T) / 2)
                place += size * size
            factors.append(KroneckerFactors(*matrices))
        return factors
