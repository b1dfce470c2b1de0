"""Probe: measurements of a fitted network on data, in float64."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import issparse
from scipy.sparse.linalg import LinearOperator

from deepgen import _core
from deepgen._engine.arrays import AnyArray, FloatArray, owned
from deepgen._engine.row_chunks import row_spans
from deepgen._engine.threads import effective_threads, worthwhile_threads
from deepgen._inputs.features import as_matrix, check_features
from deepgen._network.network import Network
from deepgen._training.data import Data
from deepgen.estimators.base import BaseMLP
from deepgen.estimators.fitted import network_of
from deepgen.probe.linear_operator import checked_vector, linear_operator
from deepgen.probe.reparametrized import engine_probe

__all__ = ["Probe"]

# Multiply-adds per row and parameter.
GRADIENT, FORWARD_TANGENT, GAUSS_NEWTON, HESSIAN = 3, 3, 5, 8


class Probe:
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
    model : MLPRegressor, MLPClassifier, TabularRegressor or TabularClassifier
        Fitted. For an estimator of raw tables: its network on encoded rows.
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
    operations. Only `per_sample_gradients` needs memory that grows with n P or with n times the
    number of units. The number of threads (the estimator's ``n_jobs``) changes no bit of the
    results. Ctrl-C takes effect after some tenths of a second, or after a block of 512 rows.

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
        model, X = model._measured(X) if hasattr(model, "_measured") else (model, X)
        if not isinstance(model, BaseMLP):
            raise TypeError(
                f"a probe needs an MLPRegressor or MLPClassifier, got {type(model).__name__}"
            )
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

    def _measure(self, network: Network) -> None:
        self._core = engine_probe(network, self.data.X, self.data.y, self.data.weights)
        self._hold(network, network.parameters)

    def _hold(self, network: Network, parameters: AnyArray) -> None:
        """Set the parameters, buffers included."""
        parameters = np.array(parameters, dtype=np.float64)
        parameters.flags.writeable = False
        self.network = Network(network.core, parameters)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_core"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._measure(self.network)

    def __repr__(self) -> str:
        spec = self.network.core.spec
        widths = "-".join(str(n) for n in [spec.n_inputs, *(l.width for l in spec.layers)])
        return f"Probe({widths}, {self.n_parameters} parameters, {self.n_samples} samples)"

    @property
    def n_samples(self) -> int:
        """Number of samples n, including those of weight 0."""
        return self._core.n_rows

    @property
    def n_parameters(self) -> int:
        """Number of trainable parameters P."""
        return self.network.core.n_trainable

    @property
    def n_outputs(self) -> int:
        """Number of outputs of the network before the link."""
        return self.network.core.n_outputs

    @property
    def parameters(self) -> FloatArray:
        """Trainable parameters (P,): per layer ``coefs``, ``intercepts``, scale, shift and gain.

        A read-only view; `at` gives a probe at other parameters.
        """
        parameters: FloatArray = self.network.parameters[: self.n_parameters]
        return parameters

    @property
    def model(self) -> Any:
        """Fitted estimator, a copy, that predicts with the probe's network."""
        model = copy.deepcopy(self._estimator)
        model.network_ = self.network
        return model

    def at(self, parameters: Any) -> Probe:
        """Return a probe of the same network and data at other parameters.

        Parameters
        ----------
        parameters : array-like of shape (n_parameters,)
            Trainable parameters in the order of `parameters`; they are copied.

        Returns
        -------
        probe : Probe
            It shares the data and keeps the statistics of batch norm.

        Raises
        ------
        ValueError
            If there is not one finite number per parameter.
        """
        trainable = checked_vector(
            "parameters", parameters, self.n_parameters, "one per trainable parameter"
        )
        if not np.isfinite(trainable).all():
            raise ValueError("parameters must be finite, got NaN or infinity")
        probe = object.__new__(type(self))  # copy would make the engine's probe anew
        vars(probe).update(vars(self))
        buffers = self.network.parameters[self.n_parameters :]
        probe._hold(self.network, np.concatenate([trainable, buffers]))
        return probe

    def loss(self) -> float:
        """Return the loss L.

        Returns
        -------
        loss : float
            Summed over outputs, averaged over samples by weight; in scaled target units.
        """
        data = self.data
        n_threads = self._threads(float(self.n_samples * self.n_parameters))
        return self.network.loss(data.X, data.y, data.weights, n_threads=n_threads)

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
        negative.
        """
        return linear_operator(
            (self.n_samples, self.n_parameters), self._directional, self._weighted_gradient
        )

    def _directional(self, v: Any) -> FloatArray:
        v = checked_vector("v", v, self.n_parameters, "one per trainable parameter")
        slopes = np.empty(self.n_samples)
        self._in_chunks(self._core.directional, v, slopes, work=FORWARD_TANGENT)
        return slopes

    def _weighted_gradient(self, u: Any) -> FloatArray:
        u = checked_vector("u", u, self.n_samples, "one per sample")
        return self._sum(self._core.add_gradients, u, work=GRADIENT)

    def hvp(self, v: Any) -> FloatArray:
        r"""Return the exact product of the Hessian with a vector.

        .. math::
            H v = \frac{d}{dr} \nabla L(\theta + r v) \Big|_{r = 0}
            = \Big(\sum_i w_i \, \partial^2 l_i / \partial \theta^2\Big) v / \sum_i w_i

        Parameters
        ----------
        v : array-like of shape (n_parameters,)
            Direction with one finite real number per parameter.

        Returns
        -------
        product : ndarray of shape (n_parameters,)
            :math:`H v`.

        Notes
        -----
        Computed by Pearlmutter's R-operator, not by finite differences. It needs 8 products per
        layer where a gradient needs 3, so it costs at most 8/3 gradients plus elementwise work.
        """
        v = checked_vector("v", v, self.n_parameters, "one per trainable parameter")
        return self._sum(self._core.add_hvp, v, work=HESSIAN)

    def gauss_newton(self, v: Any) -> FloatArray:
        r"""Return the product of the generalized Gauss-Newton matrix with a vector.

        .. math::
            \Big(\sum_i w_i J_i^T (\partial^2 l_i / \partial z_i^2) J_i\Big) v / \sum_i w_i,
            \qquad J_i = \partial z_i / \partial \theta

        Parameters
        ----------
        v : array-like of shape (n_parameters,)
            Direction with one finite real number per parameter.

        Returns
        -------
        product : ndarray of shape (n_parameters,)
            In the order of `parameters`.

        Notes
        -----
        The Hessian without the curvature of the network: positive semi-definite if the loss is
        convex in the outputs (focal loss and several quantiles are not). At most 5/3 gradients.
        """
        v = checked_vector("v", v, self.n_parameters, "one per trainable parameter")
        return self._sum(self._core.add_gauss_newton, v, work=GAUSS_NEWTON)

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
        J = self._core.jacobian(self.network.parameters, points, n_threads=self._threads(work))
        return J[0] if single else J

    def _threads(self, work: float) -> int:
        """Return the number of threads that so many multiply-adds are worth."""
        few = worthwhile_threads(2, work) == 1
        return 1 if few else worthwhile_threads(effective_threads(self._estimator.n_jobs), work)

    def _sum(self, add: Callable[..., None], v: FloatArray, *, work: int) -> FloatArray:
        """Return the sum over the samples of a product with a vector."""
        total = np.zeros(self.n_parameters)
        self._in_chunks(add, v, total, work=work)
        return total

    def _in_chunks(self, measure: Callable[..., None], *arrays: AnyArray, work: int) -> None:
        """Call a measurement on chunks of the samples; ``work`` is per row and parameter."""
        row_work = work * self.n_parameters
        for rows in row_spans(self.n_samples, row_work, block=_core.measured_rows):
            n_threads = self._threads(float(row_work * (rows.stop - rows.start)))
            measure(self.network.parameters, *arrays, rows.start, rows.stop, n_threads=n_threads)
