r"""Laplace's approximation: how sure a trained network is, by the curvature of its loss.

With a prior N(0, I / alpha) on the weights, the posterior around the trained ones w is taken as
normal with the Gauss-Newton matrix as curvature, and the network as linear in its weights:

    Sigma = (sum_i J_i^T H_i J_i + alpha I)^-1,   z(x) ~ N(f(x), J(x) Sigma J(x)^T)

Sources: D. J. C. MacKay, "A practical Bayesian framework for backpropagation networks", Neural
Computation 4, 1992; E. Daxberger et al., "Laplace redux: effortless Bayesian deep learning",
NeurIPS 2021; A. Immer, M. Korzepa, M. Bauer, "Improving predictions of Bayesian neural nets via
local linearization", AISTATS 2021.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import in_style
from deepgen._engine.arrays import FloatArray
from deepgen.generalization.random_weights.curvature_basis import STRUCTURES
from deepgen.generalization.random_weights.evidence import Evidence, highest
from deepgen.generalization.settings import checked_size, checked_sizes
from deepgen.losses import LogLoss, SquaredError
from deepgen.probe import Probe
from deepgen.probe.probe import check_probe

__all__ = ["Laplace", "laplace"]

ALPHAS = np.geomspace(1e-4, 1e4, 41)
"""Strengths of the prior that are tried."""


@dataclass(frozen=True, eq=False)
class Laplace(ShownAsTable):
    """A normal distribution over weights around the trained ones.

    Parameters
    ----------
    hessian : str
        Structure of the curvature.
    alpha : float
        Precision of the prior.
    noise : ndarray of shape (n_outputs,) or None
        Standard deviation of the targets around the network, in their units; None for classes.
    log_marginal_likelihood : float
        Logarithm of the evidence, of targets in their units, at ``alpha`` and ``noise``.
    effective_dimension : float
        Number of directions that the data, not the prior, determine: sum of l / (l + alpha) over
        the curvature's eigenvalues.
    n_covered : int
        Number of random parameters; the others keep their values.
    alphas, log_marginal_likelihoods : ndarray of shape (n_alphas,)
        The same for each strength of a grid, each with its own best noise unless it was given.
    basis : object
        Eigenvalues and eigenvectors of the curvature.
    probe : Probe
        The network, with the rows of training.

    Examples
    --------
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.generalization import laplace
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.1, 0.9, 2.2, 2.9]
    >>> probe = Probe(MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, y), X, y)
    >>> near, far = laplace(probe).standard_deviation([[1.5], [30.0]])
    >>> bool(near < far)
    True
    """

    hessian: str
    alpha: float
    noise: FloatArray | None
    log_marginal_likelihood: float
    effective_dimension: float
    n_covered: int
    alphas: FloatArray
    log_marginal_likelihoods: FloatArray
    basis: Any = field(repr=False)
    probe: Probe = field(repr=False)

    def __repr__(self) -> str:
        noise = ""
        if self.noise is not None:
            least, largest = self.noise.min(), self.noise.max()
            noise = f", noise {least:.4g}" + (f" to {largest:.4g}" if len(self.noise) > 1 else "")
        return (
            f"Laplace({self.hessian}, {self.n_covered} parameters, {self.effective_dimension:.4g} "
            f"effective, alpha {self.alpha:.4g}{noise}, log marginal likelihood "
            f"{self.log_marginal_likelihood:.6g})"
        )

    def output_covariance(self, X: Any) -> FloatArray:
        """Return the covariance of the outputs before the link, in their own units.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features), or Probe
            Features as the network gets them, behind pipelines and encoders; or a probe of the same
            network, whose rows are taken.

        Returns
        -------
        covariance : ndarray of shape (n_samples, n_outputs, n_outputs)
            Of logits, or of scaled targets, without the noise of the targets.

        Notes
        -----
        Costs n_outputs gradients of each row for 'kronecker' and 'diagonal', a pass forward and
        n_outputs times the square of the layer's size for 'last_layer'.
        """
        return self._covariance(self._rows(X))

    def standard_deviation(self, X: Any, *, noise: bool = False) -> FloatArray:
        """Return the standard deviation of predictions: of a regressor's, or of logits.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features), or Probe
            As for `output_covariance`.
        noise : bool, default=False
            Whether the noise of the targets is added: the deviation of a new target instead of that
            of its mean. Only for regressors.

        Returns
        -------
        deviation : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the units of y, or of logits.

        Raises
        ------
        ValueError
            If X does not fit the network, a probe has another one, or logits are to have noise.
        """
        variance = np.einsum("nkk->nk", self.output_covariance(X)).copy()
        if self.noise is not None:
            variance *= _scale(self.probe) ** 2
        if noise:
            if self.noise is None:
                raise ValueError("noise=True is for regressors; classes have no noise")
            variance += self.noise**2
        deviation = np.sqrt(np.maximum(variance, 0.0))
        result: FloatArray = deviation[:, 0] if deviation.shape[1] == 1 else deviation
        return result

    def predict_proba(self, X: Any) -> FloatArray:
        r"""Return probabilities of the classes that take the uncertainty of the weights in.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features), or Probe
            As for `output_covariance`.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.

        Raises
        ------
        ValueError
            If X does not fit the network, a probe has another one, or the model is a regressor.

        Notes
        -----
        The probit approximation: logits z with variance v become :math:`z / \sqrt{1 + \pi v / 8}`
        before the link, class by class.
        """
        if self.noise is not None:
            raise ValueError("predict_proba is for classifiers; use standard_deviation")
        rows = self._rows(X)
        variance = np.einsum("nkk->nk", self._covariance(rows))
        logits = rows.network.outputs(rows.data.X) / np.sqrt(1 + np.pi / 8 * variance)
        probabilities: FloatArray = self.probe._estimator._targets.probabilities(logits)
        return probabilities

    def _rows(self, X: Any) -> Probe:
        if isinstance(X, Probe):
            if not np.array_equal(X.network.parameters, self.probe.network.parameters):
                raise ValueError("the probe has another network than the one of this posterior")
            return X
        model = self.probe.model
        n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
        width = getattr(model, "n_outputs_", 1) if self.noise is not None else 1
        if hasattr(model, "classes_"):
            labels = model._targets.labels
            some = np.zeros((n_rows, len(model.classes_)), dtype=int)
            y = some if labels.multilabel else np.repeat(model.classes_[:1], n_rows)
        else:
            y = np.zeros(n_rows if width == 1 else (n_rows, width))
        return Probe(model, X, y)

    def _covariance(self, rows: Probe) -> FloatArray:
        s = 1.0 if self.noise is None else float(self.noise[0] / _scale(self.probe)[0])
        variances = 1.0 / (self.basis.eigenvalues / s**2 + self.alpha)
        parts = [(J * variances) @ J.swapaxes(1, 2) for J in self.basis.coordinates(rows)]
        return np.concatenate(parts)

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot the log marginal likelihood against the strength of the prior.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes; None makes a new figure.

        Returns
        -------
        ax : matplotlib.axes.Axes
            The axes drawn on.
        """
        ax = axes_or_new(ax)
        ax.plot(self.alphas, self.log_marginal_likelihoods)
        ax.plot([self.alpha], [self.log_marginal_likelihood], "o")
        ax.set(xscale="log", xlabel="alpha", ylabel="log marginal likelihood")
        return ax


def laplace(
    probe: Probe,
    hessian: str = "last_layer",
    *,
    alpha: float | None = None,
    noise: float | None = None,
    alphas: ArrayLike | None = None,
) -> Laplace:
    r"""Approximate the distribution of weights given the data by a normal one.

    Parameters
    ----------
    probe : Probe
        Trained network with its training data: squared error or log loss.
    hessian : {'last_layer', 'kronecker', 'diagonal'}, default='last_layer'
        Curvature: the whole Gauss-Newton matrix of the output layer, other weights being fixed; its
        Kronecker factors layer by layer, for weights and intercepts; or its diagonal, for all
        parameters.
    alpha : float or None, default=None
        Precision of the prior on each covered parameter, intercepts included, > 0; None maximizes
        the marginal likelihood.
    noise : float or None, default=None
        For regressors with one output: standard deviation of targets around the network, in their
        units, > 0; None maximizes the marginal likelihood.
    alphas : array-like of shape (n_alphas,) or None, default=None
        Strengths at which the marginal likelihood is computed and near whose best one alpha is
        searched, > 0; None means 41 from 1e-4 to 1e4.

    Returns
    -------
    posterior : Laplace
        Standard deviations, probabilities and the marginal likelihood.

    Raises
    ------
    ValueError
        If the loss is another one, a setting is out of range, or a matrix is too large.

    Notes
    -----
    The weights of the probe are taken as the mode for every alpha, as usual after training; exact
    would be to train with the L2 of each alpha. The prior's precision is the estimator's ``alpha``
    in scaled units of targets (times the noise's square), apart from intercepts, which the
    estimator leaves free. Sample weights count as numbers of rows, and class weights likewise.

    With eigenvalues l of the curvature, :math:`\ln p(y) \approx \ln p(y | w) - \alpha |w|^2 / 2 -
    \sum \ln (1 + l / \alpha) / 2`. It is exact for a linear network with squared error at its own
    alpha. Batch norm uses its running statistics.

    Eigenvectors are computed of matrices of up to 4,000 rows. The cost is n_outputs^2 / 2 products
    of the last layer's inputs, or that of `Probe.kronecker_factors` or
    `Probe.gauss_newton_diagonal`, about n_outputs gradients, and their eigenvectors.

    References
    ----------
    .. [1] D. J. C. MacKay, "A practical Bayesian framework for backpropagation networks", Neural
       Computation 4, 1992.
    .. [2] E. Daxberger, A. Kristiadi, A. Immer, R. Eschenhagen, M. Bauer, P. Hennig, "Laplace
       redux: effortless Bayesian deep learning", NeurIPS 2021.
    .. [3] A. Immer, M. Korzepa, M. Bauer, "Improving predictions of Bayesian neural nets via local
       linearization", AISTATS 2021.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from deepgen import MLPClassifier, Probe
    >>> from deepgen.generalization import laplace
    >>> X, y = load_iris(return_X_y=True)
    >>> net = MLPClassifier((8,), solver="lbfgs", alpha=1.0, max_iter=500, random_state=0)
    >>> posterior = laplace(Probe(net.fit(X, y), X, y))
    >>> far = [[50.0, 50.0, 50.0, 50.0]]
    >>> bool(posterior.predict_proba(far).max() < net.predict_proba(far).max())
    True
    """
    check_probe(probe)
    if hessian not in STRUCTURES:
        raise ValueError(f"hessian must be one of {', '.join(STRUCTURES)}, got {hessian!r}")
    loss = probe._estimator._targets.loss
    if not isinstance(loss, (LogLoss, SquaredError)):
        raise ValueError(f"laplace needs a log loss or a squared error, got {type(loss).__name__}")
    is_regressor = isinstance(loss, SquaredError)
    scaled = _scaled_noise(probe, noise, is_regressor)
    given = None if alpha is None else checked_size("alpha", alpha)
    grid = checked_sizes("alphas", ALPHAS if alphas is None else alphas)

    basis = STRUCTURES[hessian].of(probe)
    evidence = Evidence.of(probe, basis, _scale(probe) if is_regressor else None)
    best = [evidence.best_noise(float(a), scaled) for a in grid]
    values = np.array([value for value, _ in best])
    if given is None:
        given = highest(
            lambda log_alpha: evidence.best_noise(float(np.exp(log_alpha)), scaled)[0],
            np.log(grid),
            int(np.argmax(values)),
        )
    value, s = evidence.best_noise(given, scaled)
    eigenvalues = basis.eigenvalues / s**2
    return Laplace(
        hessian,
        given,
        s * _scale(probe) if is_regressor else None,
        value,
        float(np.sum(eigenvalues / (eigenvalues + given))),
        len(eigenvalues),
        grid,
        values,
        basis,
        probe,
    )


def _scale(probe: Probe) -> FloatArray:
    """Return the units of the scaled targets, (n_outputs,)."""
    scale = getattr(probe._estimator, "target_scale_", None)
    return np.ones(probe.n_outputs) if scale is None else np.asarray(scale, dtype=np.float64)


def _scaled_noise(probe: Probe, noise: Any, is_regressor: bool) -> float | None:
    if noise is None:
        return None if is_regressor else 1.0
    if not is_regressor:
        raise ValueError("noise is for regressors; classes have none")
    if probe.n_outputs > 1:
        raise ValueError(f"noise is for one output, the network has {probe.n_outputs}: give None")
    return checked_size("noise", noise) / float(_scale(probe)[0])
