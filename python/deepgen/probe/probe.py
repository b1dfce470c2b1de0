"""Probe: measurements of a fitted network on data, in float64."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from scipy.sparse import issparse

from deepgen._engine.arrays import owned
from deepgen._network.network import Network
from deepgen._training.data import Data
from deepgen.estimators.fitted import network_of
from deepgen.probe.curvature import Curvature
from deepgen.probe.gauss_newton_blocks import GaussNewtonBlocks
from deepgen.probe.measured_model import measured_model
from deepgen.probe.output_jacobian import OutputJacobian
from deepgen.probe.sample_gradients import SampleGradients

__all__ = ["Probe", "check_probe"]


class Probe(SampleGradients, Curvature, GaussNewtonBlocks, OutputJacobian):
    r"""Measure loss, gradients, curvature and Jacobians of a fitted network on data.

    The probe copies network, weights and data and converts them to float64, whatever the
    estimator's ``dtype``; further fitting of the estimator does not change the probe. With samples
    i = 1 .. n, sample weights w, the P trainable parameters :math:`\theta` and the outputs
    :math:`z_i = z(x_i; \theta)`,

    .. math::
        L(\theta) = \sum_i w_i \, l(z_i, y_i) / \sum_i w_i, \qquad
        g_i = \partial l(z_i, y_i) / \partial \theta, \qquad
        G = (g_1, \dots, g_n)^T.

    L is the training loss with class weights, label smoothing and link, and with targets in scaled
    units, but without L2, dropout and mixup. Batch norm uses its running statistics. The derivative
    of ReLU at 0 is 0, and the second derivative at every kink is 0. With weight norm and other
    reparametrizations :math:`\theta` are the trained parameters (v and g), for which all results
    are exact.

    Parameters
    ----------
    model : MLPRegressor, MLPClassifier, TabularRegressor, TabularClassifier or Pipeline
        Fitted. For an estimator of raw tables: its network on encoded rows. A pipeline ends with
        one of these; its other steps transform X, and the network is measured behind them.
    X : array-like or sparse matrix of shape (n_samples, n_features)
        Features, or a table, as for ``fit``; sparse ones stay sparse.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets or labels, as for ``fit``.
    sample_weight : array-like of shape (n_samples,), default=None
        Sample weights, >= 0; None weights all samples equally.

    Attributes
    ----------
    network : Network
        Copy of the network in float64; its arrays are read-only.
    data : Data
        Samples in the engine's format.

    Raises
    ------
    TypeError
        If ``model`` is no estimator of this package.
    ValueError
        If the data do not fit it, or it has several members.
    NotFittedError
        If it is not fitted.

    Notes
    -----
    Costs are upper bounds in units of the gradient over the whole data, about 6 n P floating-point
    operations. Only `per_sample_gradients` needs memory that grows with n P.

    Products (`hvp`, `gauss_newton`, and those with the two Jacobians as operators) keep the
    activations of the rows, and Hessian products the gradients by them, for later products at the
    same parameters: 8 bytes per sample and unit of each, at most 512 MB for a probe and all that
    `at` makes of it, of the parameters measured last. Rows past that, and networks with embeddings
    or an input scale, are computed anew. Neither that nor the number of threads (the estimator's
    ``n_jobs``) changes a bit of the results. Ctrl-C takes effect after some tenths of a second, or
    after a block of 512 rows.

    References
    ----------
    B. A. Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6, 1994.
    N. N. Schraudolph, "Fast curvature matrix-vector products for second-order gradient descent",
    Neural Computation 14, 2002. I. Goodfellow, "Efficient per-example gradient computations",
    arXiv:1510.01799, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPRegressor, Probe
    >>> X = np.linspace(-1, 1, 20)[:, None]
    >>> y = np.sin(3 * X[:, 0])
    >>> model = MLPRegressor(hidden_layer_sizes=(4,), activation="tanh", random_state=0)
    >>> probe = Probe(model.set_params(solver="lbfgs", max_iter=5000).fit(X, y), X, y)
    >>> probe
    Probe(1-4-1, 13 parameters, 20 samples)
    >>> bool(probe.loss() < 1e-2)
    True
    >>> v = np.ones(13)
    >>> difference = probe.at(probe.parameters + 1e-6 * v).gradient() - probe.gradient()
    >>> bool(np.allclose(probe.hvp(v), difference / 1e-6, atol=1e-4))
    True
    >>> from scipy.sparse.linalg import eigsh
    >>> eigsh(probe.hessian, k=2, which="LA", return_eigenvectors=False).shape
    (2,)
    """

    network: Network
    data: Data

    def __init__(self, model: Any, X: Any, y: Any, sample_weight: Any = None) -> None:
        model, X = measured_model(model, X)
        network = network_of(model).as_type(np.dtype(np.float64))
        # A sparse matrix goes to the engine in its own arrays, so it is copied before.
        data = model._as_data(X.copy() if issparse(X) else X, y, sample_weight, np.float64)
        self.data = Data(
            owned(data.X, X) if isinstance(data.X, np.ndarray) else data.X,
            owned(data.y, y),
            None if data.weights is None else owned(data.weights, sample_weight),
        )
        self._estimator = copy.copy(model)
        self._measure(network)


def check_probe(probe: Any) -> None:
    """Refuse anything but a probe, with the way to make one.

    Parameters
    ----------
    probe : object
        What the user gave.

    Raises
    ------
    TypeError
        If it is no probe.

    Examples
    --------
    >>> from deepgen.probe.probe import check_probe
    >>> check_probe(3)
    Traceback (most recent call last):
        ...
    TypeError: a Probe is needed, got int
    """
    if not isinstance(probe, Probe):
        hint = "; give Probe(model, X, y)" if hasattr(probe, "fit") else ""
        raise TypeError(f"a Probe is needed, got {type(probe).__name__}{hint}")
