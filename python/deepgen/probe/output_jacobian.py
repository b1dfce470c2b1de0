"""How the outputs change with the parameters and with the inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator

from deepgen._engine.arrays import FloatArray
from deepgen._engine.row_chunks import row_spans
from deepgen._inputs.features import as_matrix, check_features
from deepgen.probe.held_network import FORWARD_TANGENT, GRADIENT, HeldNetwork
from deepgen.probe.linear_operator import linear_operator, on_columns

__all__ = ["OutputJacobian"]


class OutputJacobian(HeldNetwork):
    """Measure the derivatives of the outputs before the link.

    Examples
    --------
    >>> from deepgen import Probe
    >>> from deepgen.probe.output_jacobian import OutputJacobian
    >>> Probe.jacobian is OutputJacobian.jacobian
    True
    """

    @property
    def output_jacobian(self) -> LinearOperator:
        r"""The derivatives of all outputs by the parameters, as an operator (n n_outputs, P).

        Row ``i * n_outputs + c`` is the gradient of output c of sample i before the link (a logit,
        the logarithm of a mean, a scaled target): :math:`J_i = \partial z_i / \partial \theta`,
        one sample after the other, without weights. ``@ v`` and ``.T @ u`` cost a gradient each,
        and share the pass when several columns are multiplied at once.
        """
        return linear_operator(
            (self.n_samples * self.n_outputs, self.n_parameters),
            self._output_tangents,
            self._weighted_outputs,
        )

    def _output_tangents(self, v: Any) -> FloatArray:
        return on_columns(
            "v",
            v,
            self.n_parameters,
            "one per trainable parameter",
            lambda vectors: self._multiply(
                self._core.output_tangents,
                vectors,
                self.n_samples * self.n_outputs,
                work=FORWARD_TANGENT,
            ),
        )

    def _weighted_outputs(self, u: Any) -> FloatArray:
        return on_columns(
            "u",
            u,
            self.n_samples * self.n_outputs,
            "one per output of each sample",
            lambda vectors: self._multiply(
                self._core.add_output_gradients, vectors, self.n_parameters, work=GRADIENT
            ),
        )

    def output_gradients(self, rows: Any = None) -> FloatArray:
        r"""Return the derivatives of the outputs of some samples with respect to the parameters.

        Parameters
        ----------
        rows : array-like of shape (m,), default=None
            Numbers of samples, negative ones from the end, or a mask (n_samples,); None means all.

        Returns
        -------
        J : ndarray of shape (m, n_outputs, n_parameters)
            :math:`\partial z_i / \partial \theta` before the link, in the order of ``rows``. Takes
            8 m n_outputs P bytes; `output_jacobian` multiplies by it without storing it.

        Notes
        -----
        Needs one backward pass per output.
        """
        chosen = np.arange(self.n_samples)
        if rows is not None:
            given = np.asarray(rows)
            chosen = np.atleast_1d(chosen[given if given.size else given.astype(np.int64)])
        J = np.empty((len(chosen) * self.n_outputs, self.n_parameters))
        row_work = GRADIENT * self.n_outputs * self.n_parameters
        for span in row_spans(len(chosen), row_work):
            some = np.ascontiguousarray(chosen[span], dtype=np.int64)
            to = J[span.start * self.n_outputs : span.stop * self.n_outputs]
            n_threads = self._threads(float(row_work * len(some)))
            self._core.output_gradients(self._point, some, to, n_threads=n_threads)
        return J.reshape(len(chosen), self.n_outputs, self.n_parameters)

    def jacobian(self, x: Any) -> FloatArray:
        """Return the derivatives of the outputs with respect to the inputs.

        Parameters
        ----------
        x : array-like of shape (n_features,) or (m, n_features), or sparse matrix
            One or more points with the features of the training data.

        Returns
        -------
        jacobian : ndarray of shape (n_outputs, n_features) or (m, n_outputs, n_features)
            Derivatives of the outputs before the link (logits, logarithms of means, scaled
            targets): one matrix for a single point, else one per row.

        Notes
        -----
        Needs one backward pass per output, about m P (2 + 2 n_outputs) floating-point operations.
        """
        single = np.ndim(x) == 1
        if single:
            x = x.to_frame().T if hasattr(x, "to_frame") else np.asarray(x)[None]
        points = as_matrix(check_features(self._estimator, x, np.dtype(np.float64), reset=False))
        n_points = points.shape[0] if isinstance(points, np.ndarray) else points.n_rows
        work = float(n_points * self.n_parameters * (1 + self.n_outputs))
        J: FloatArray = self._core.jacobian(self._point, points, n_threads=self._threads(work))
        return J[0] if single else J
