"""The noise of minibatch gradients, the batch sizes it suggests, and the floor that it sets.

With the gradients g_i of samples i, their shares p_i of the weights and the mean gradient g,

    Sigma = sum_i p_i g_i g_i^T - g g^T

is the covariance of the gradient of one random sample; that of a batch of B is Sigma / B. The loss
falls in a step as long as the noise does not outweigh the gradient, which gives two batch sizes:
tr Sigma / |g|^2, and tr(H Sigma) / (g^T H g), which weighs directions by their curvature. On a
quadratic with eigenvalues lambda_i and noise variances s_i^2 along its eigenvectors, SGD with the
rate r stays

    sum_i r s_i^2 / (2 B (2 - r lambda_i))

above the minimum. The noise variances at each curvature come from Lanczos started at random vectors
with the covariance Sigma.

Source: S. McCandlish, J. Kaplan, D. Amodei, "An empirical model of large-batch training",
arXiv:1812.06162, 2018, section 2; S. Mandt, M. Hoffman, D. Blei, "Stochastic gradient descent as
approximate Bayesian inference", JMLR 18, 2017.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from deepgen._counts import checked_count
from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import in_style
from deepgen._engine.arrays import FloatArray
from deepgen.optimization.arguments import generator_of
from deepgen.optimization.lanczos import RitzValues, dense_spectrum, lanczos
from deepgen.optimization.product_count import CountedProducts
from deepgen.probe.probe import check_probe

if TYPE_CHECKING:
    from deepgen.probe import Probe

__all__ = ["GradientNoise", "gradient_noise"]


@dataclass(frozen=True, eq=False)
class GradientNoise(ShownAsTable):
    """Covariance of the gradients of single samples.

    Parameters
    ----------
    trace : float
        Trace of the covariance; exact.
    gradient_norm : float
        Norm of the mean gradient g.
    simple_scale : float
        Batch size at which noise and gradient are equally long, tr Sigma / g^2; infinite where the
        gradient is 0.
    curvature_scale : float
        The same weighed by curvature, tr(H Sigma) / (g^T H g).
    curvature_scale_se : float
        Standard error of `curvature_scale`; 0 if it is exact.
    eigenvalues : ndarray of shape (n_nodes,)
        Curvatures, ascending: all eigenvalues of the Hessian if `exact`, else nodes of a
        quadrature.
    variances : ndarray of shape (n_nodes,)
        Variance of the noise at each of them; they sum to `trace`.
    n_samples : int
        Number of samples.
    exact : bool
        Whether `eigenvalues` are those of the Hessian.

    Examples
    --------
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.optimization import gradient_noise
    >>> X, y = [[-1.0], [1.0], [2.0]], [1.0, 1.0, 0.0]
    >>> model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", target_scaling=None)
    >>> probe = Probe(model.fit(X, y), X, y)
    >>> gradient_noise(probe.at([0.0, 0.0]))
    GradientNoise(trace 0.8889, simple scale 2, curvature scale 3.5)
    """

    trace: float
    gradient_norm: float
    simple_scale: float
    curvature_scale: float
    curvature_scale_se: float
    eigenvalues: FloatArray
    variances: FloatArray = field(repr=False)
    n_samples: int
    exact: bool

    def __repr__(self) -> str:
        spread = "" if self.exact else f" (s.e. {self.curvature_scale_se:.2g})"
        return (
            f"GradientNoise(trace {self.trace:.4g}, simple scale {self.simple_scale:.4g}, "
            f"curvature scale {self.curvature_scale:.4g}{spread})"
        )

    def floor(self, rate: float, batch_size: int, *, replace: bool = True) -> float:
        r"""Return the loss that constant-rate SGD keeps above the minimum of the quadratic.

        Parameters
        ----------
        rate : float
            Learning rate r of plain SGD, > 0.
        batch_size : int
            Number of samples B of a step, at least 1.
        replace : bool, default=True
            Whether batches are drawn with replacement. Without, the covariance is
            (n - B) / (n - 1) of that, for samples of equal weights.

        Returns
        -------
        excess : float
            :math:`\sum_i r s_i^2 / (2 B (2 - r \lambda_i))` over the directions of positive
            curvature; infinite from the rate 2 / lambda_1 on, where gradient descent diverges.

        Raises
        ------
        ValueError
            If the rate or the batch size is out of range.

        Notes
        -----
        It holds for a quadratic loss with a constant covariance, after long training: the second
        moment along an eigenvector is r s^2 / (B lambda (2 - r lambda)). Directions without
        curvature do not contribute, and along negative ones nothing is stationary; they are left
        out. Epochs over shuffled samples have less noise than independent batches.

        Examples
        --------
        >>> from deepgen import MLPRegressor, Probe
        >>> from deepgen.optimization import gradient_noise
        >>> X, y = [[-1.0], [1.0], [2.0]], [1.0, 1.0, 0.0]
        >>> model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs")
        >>> noise = gradient_noise(Probe(model.fit(X, y), X, y))
        >>> round(noise.floor(0.1, 1) / noise.floor(0.1, 2), 6)
        2.0
        """
        if not (np.isfinite(rate) and rate > 0):
            raise ValueError(f"rate must be finite and > 0, got {rate!r}")
        checked_count("batch_size", batch_size, 1)
        if not replace and batch_size > self.n_samples:
            raise ValueError(
                f"batch_size must be at most the {self.n_samples} samples without replacement, "
                f"got {batch_size!r}"
            )
        share = 1.0 if replace else (self.n_samples - batch_size) / max(self.n_samples - 1, 1)
        rounding = 1e-12 * np.abs(self.eigenvalues).max()
        used = (self.eigenvalues > rounding) & (self.variances > 1e-12 * self.trace)
        curvatures, variances = self.eigenvalues[used], self.variances[used]
        if (rate * curvatures >= 2).any():
            return float("inf")
        terms = rate * variances / (2 * batch_size * (2 - rate * curvatures))
        return float(share * terms.sum())

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot the variance of the noise against the curvature.

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
        order = np.argsort(self.eigenvalues)
        shares = np.cumsum(self.variances[order]) / self.trace if self.trace > 0 else 0 * order
        ax.plot(self.eigenvalues[order], shares, drawstyle="steps-post")
        ax.set(
            xlabel="eigenvalue of the Hessian",
            ylabel="share of the noise at this or less curvature",
            ylim=(0, 1.02),
        )
        return ax


def gradient_noise(
    probe: Probe, *, n_starts: int = 8, n_iter: int = 25, random_state: Any = None
) -> GradientNoise:
    """Measure the covariance of the gradients of single samples.

    Parameters
    ----------
    probe : Probe
        Probe with the point and the data; samples count by their weights.
    n_starts : int, default=8
        Number of random vectors with this covariance, at least 2.
    n_iter : int, default=25
        Number of Lanczos steps per vector, at least 2. With at most ``n_starts * n_iter``
        parameters the Hessian is computed whole instead, and all results are exact.
    random_state : int, RandomState instance or None, default=None
        Seed of the random vectors.

    Returns
    -------
    noise : GradientNoise
        Trace, both noise scales and the variance of the noise at each curvature; its method
        `floor` gives the excess loss of SGD.

    Notes
    -----
    Cost: 3 gradients for the trace and the simple scale; ``n_starts * n_iter`` products with the
    Hessian, at most 8/3 gradients over the data each, and `n_starts` gradients for the rest (P
    products and P gradients where the Hessian is computed whole).

    References
    ----------
    .. [1] S. McCandlish, J. Kaplan, D. Amodei, "An empirical model of large-batch training",
       arXiv:1812.06162, 2018.
    .. [2] S. Mandt, M. Hoffman, D. Blei, "Stochastic gradient descent as approximate Bayesian
       inference", JMLR 18, 2017.

    Examples
    --------
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.optimization import gradient_noise
    >>> X, y = [[-1.0], [1.0], [2.0]], [1.0, 1.0, 0.0]
    >>> model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", target_scaling=None)
    >>> probe = Probe(model.fit(X, y), X, y)
    >>> noise = gradient_noise(probe.at([0.0, 0.0]))
    >>> noise.exact, noise.variances.round(4).tolist()
    (True, [0.3111, 0.5778])
    """
    check_probe(probe)
    checked_count("n_starts", n_starts, 2)
    checked_count("n_iter", n_iter, 2)
    draw = generator_of(random_state)
    weights = probe.data.weights
    n, size = probe.n_samples, probe.n_parameters
    p = np.full(n, 1.0 / n) if weights is None else weights / weights.sum()
    gradient = probe.gradient()
    squared = float(gradient @ gradient)
    # Rounding could make the difference negative where all gradients are equal.
    trace = max(0.0, float(p @ probe.per_sample_gradient_norms() ** 2) - squared)
    along = float(gradient @ probe.hvp(gradient))
    operator = probe.per_sample_operator
    exact = size <= n_starts * n_iter
    error = 0.0
    with CountedProducts("noise", probe.hessian, n_starts * n_iter) as product:
        if exact:
            values, vectors = dense_spectrum(product, size)
            moved = operator @ vectors
            nodes = values.nodes[0]
            variances = np.maximum(p @ moved**2 - (gradient @ vectors) ** 2, 0.0)
            bent = float(nodes @ variances)
        elif trace == 0.0:
            nodes, variances, bent = np.zeros(1), np.zeros(1), 0.0
        else:
            signs = draw.choice([-1.0, 1.0], size=(n, n_starts)) * np.sqrt(p)[:, None]
            starts = operator.T @ signs - np.outer(gradient, np.sqrt(p) @ signs)
            nodes, variances, bent, error = _noise_by_curvature(
                lanczos(product, starts, n_iter, draw), (starts**2).sum(axis=0), trace
            )
    order = np.argsort(nodes)
    return GradientNoise(
        trace=trace,
        gradient_norm=float(np.sqrt(squared)),
        simple_scale=_ratio(trace, squared),
        curvature_scale=_ratio(bent, along),
        curvature_scale_se=abs(_ratio(error, along)),
        eigenvalues=nodes[order],
        variances=variances[order],
        n_samples=n,
        exact=exact,
    )


def _noise_by_curvature(
    values: RitzValues, lengths: FloatArray, trace: float
) -> tuple[FloatArray, FloatArray, float, float]:
    """Return curvatures, variances, tr(H Sigma) and its standard error.

    The squared length of a start has the mean ``trace``, which is known, so sums over starts are
    divided by their total length.
    """
    n_starts = len(lengths)
    curvatures = lengths * (values.weights * values.nodes).sum(axis=1)
    variances = values.weights * (trace * lengths / lengths.sum())[:, None]
    # The ratio of two means is biased; leaving out one start at a time removes most of it.
    whole = curvatures.sum() / lengths.sum()
    parts = (curvatures.sum() - curvatures) / (lengths.sum() - lengths)
    estimates = trace * (n_starts * whole - (n_starts - 1) * parts)
    bent = float(estimates.mean())
    error = float(estimates.std(ddof=1) / np.sqrt(n_starts))
    return values.nodes.ravel(), variances.ravel(), bent, error


def _ratio(noise: float, signal: float) -> float:
    """Return a noise scale; infinite without signal, NaN without both."""
    if signal == 0:
        return float("nan") if noise == 0 else float("inf")
    return noise / signal
