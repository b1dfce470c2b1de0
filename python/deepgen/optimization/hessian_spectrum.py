"""The spectrum of a curvature matrix: its ends, its density and its trace, from products alone.

Lanczos gives the outer eigenvalues with error bounds, and the nodes and weights of a quadrature of
the spectrum; smoothed, these are its density (stochastic Lanczos quadrature). The trace comes from
separate products, by XTrace. A matrix with at most as many rows as there are Lanczos steps is
computed whole, and all results are exact.

Source: Z. Bai, G. Fahey, G. H. Golub, "Some large-scale matrix computation problems", 1996; L. Lin,
Y. Saad, C. Yang, "Approximating spectral densities of large matrices", SIAM Review 58, 2016; B.
Ghorbani, S. Krishnan, Y. Xiao, "An investigation into neural net optimization via Hessian
eigenvalue density", ICML 2019.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from deepgen._counts import checked_count
from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import in_style
from deepgen._engine.arrays import FloatArray
from deepgen.optimization.arguments import generator_of
from deepgen.optimization.curvature_matrix import curvature_matrix
from deepgen.optimization.lanczos import RitzValues, dense_spectrum, lanczos
from deepgen.optimization.product_count import CountedProducts
from deepgen.optimization.trace_estimate import estimate_trace
from deepgen.probe.probe import check_probe

if TYPE_CHECKING:
    from deepgen.probe import Probe

__all__ = ["Density", "HessianSpectrum", "hessian_spectrum"]

N_GRID = 1000
"""Points of the grid of the density."""
REACH = 4.0
"""Distance of the grid's ends from the outer nodes, in widths of the kernel."""


class Density(NamedTuple):
    """A density of eigenvalues.

    Parameters
    ----------
    grid : ndarray of shape (n_points,)
        Eigenvalues, ascending.
    values : ndarray of shape (n_points,)
        Share of the eigenvalues per unit; the integral is 1.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.optimization.hessian_spectrum import Density
    >>> Density(np.array([0.0, 1.0]), np.array([1.0, 1.0])).grid.tolist()
    [0.0, 1.0]
    """

    grid: FloatArray
    values: FloatArray


@dataclass(frozen=True, eq=False)
class HessianSpectrum(ShownAsTable):
    """Spectrum of a curvature matrix.

    Parameters
    ----------
    matrix : {'hessian', 'gauss_newton', 'fisher'}
        Name of the matrix.
    n_parameters : int
        Number of its rows P.
    top, top_errors : ndarray of shape (n_values,)
        Largest eigenvalues, descending, and the norms of their residuals: an eigenvalue is at most
        that far away. Values that have not converged are too small.
    bottom, bottom_errors : ndarray of shape (n_values,)
        Smallest eigenvalues, ascending, and the same. Values that have not converged are too large.
    density : Density
        Grid and values of the smoothed density of the eigenvalues.
    trace : float
        Sum of the eigenvalues.
    trace_se : float
        Estimated standard error of the trace, somewhat too small: see Notes of `hessian_spectrum`;
        0 if the trace is exact.
    nodes, weights : ndarray of shape (n_starts, n_iter)
        Quadrature of the spectrum per start: the mean of a function over the eigenvalues is about
        the mean over starts of ``(weights * function(nodes)).sum(axis=1)``.
    exact : bool
        Whether the nodes are the eigenvalues themselves, with weight 1 / P each.

    Examples
    --------
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.optimization import hessian_spectrum
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> probe = Probe(MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, y), X, y)
    >>> hessian_spectrum(probe)
    HessianSpectrum(hessian, 2 parameters, eigenvalues 0.2792 to 2.387, trace 2.667)
    """

    matrix: str
    n_parameters: int
    top: FloatArray
    top_errors: FloatArray = field(repr=False)
    bottom: FloatArray
    bottom_errors: FloatArray = field(repr=False)
    density: Density
    trace: float
    trace_se: float
    nodes: FloatArray
    weights: FloatArray
    exact: bool

    def __repr__(self) -> str:
        spread = "" if self.trace_se == 0 else f" (s.e. {self.trace_se:.2g})"
        return (
            f"HessianSpectrum({self.matrix}, {self.n_parameters} parameters, eigenvalues "
            f"{self.bottom[0]:.4g} to {self.top[0]:.4g}, trace {self.trace:.4g}{spread})"
        )

    def sum_of(self, function: Callable[[FloatArray], FloatArray]) -> float:
        """Return the sum of a function over all eigenvalues.

        Parameters
        ----------
        function : callable
            Elementwise function of an array of eigenvalues.

        Returns
        -------
        total : float
            P times the quadrature's mean, averaged over starts; exact if `exact`.

        Examples
        --------
        >>> from deepgen import MLPRegressor, Probe
        >>> from deepgen.optimization import hessian_spectrum
        >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
        >>> probe = Probe(MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, y), X, y)
        >>> round(hessian_spectrum(probe).sum_of(lambda value: value**2), 3)
        5.778
        """
        means = (self.weights * function(self.nodes)).sum(axis=1)
        return float(self.n_parameters * means.mean())

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot the density on a logarithmic scale, with the outer eigenvalues below.

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
        grid, values = self.density
        ax.plot(grid, values)
        ends = np.unique(np.concatenate([self.bottom, self.top]))
        # Less than a tenth of an eigenvalue per width of the grid is nothing.
        floor = 0.1 / (self.n_parameters * (grid[-1] - grid[0]))
        ax.plot(ends, np.full(len(ends), floor), "|", markersize=14, linestyle="")
        ax.set(yscale="log", ylim=(0.5 * floor, 2 * values.max()))
        name = self.matrix.replace("_", "-")
        ax.set(xlabel=f"eigenvalue of the {name} matrix", ylabel="density")
        if self.matrix == "hessian":
            ax.set_xlabel("eigenvalue of the Hessian")
        return ax


def hessian_spectrum(
    probe: Probe,
    *,
    matrix: str = "hessian",
    n_iter: int = 50,
    n_starts: int = 1,
    n_values: int = 10,
    n_products: int = 10,
    width: float | None = None,
    random_state: Any = None,
) -> HessianSpectrum:
    r"""Measure the spectrum of the Hessian, the Gauss-Newton or the Fisher matrix.

    Parameters
    ----------
    probe : Probe
        Probe with the point and the data.
    matrix : {'hessian', 'gauss_newton', 'fisher'}, default='hessian'
        Matrix. The Fisher matrix is that of the model's own distribution, and equals Gauss-Newton
        for losses with a canonical link (squared error, Poisson, log loss).
    n_iter : int, default=50
        Number of Lanczos steps per start, at least 2. With at most so many parameters the whole
        matrix is computed.
    n_starts : int, default=1
        Number of random starts, at least 1; the density is the mean over them.
    n_values : int, default=10
        Number of eigenvalues at each end, at least 1; at most as many as there are steps.
    n_products : int, default=10
        Number of products for the trace, at least 4.
    width : float or None, default=None
        Standard deviation of the Gaussian kernel of the density, > 0; None means
        :math:`(\theta_{max} - \theta_{min}) / ((n - 1) \sqrt{8 \ln 3})` with n steps, which is the
        distance that n steps can resolve.
    random_state : int, RandomState instance or None, default=None
        Seed of starts and test vectors. Pass an int for the same result in each call.

    Returns
    -------
    spectrum : HessianSpectrum
        Outer eigenvalues with error bounds, density, trace with its standard error, nodes and
        weights.

    Raises
    ------
    ValueError
        If a setting is out of range, or ``'fisher'`` is asked for a loss that is no likelihood
        (focal loss, several quantiles).

    Notes
    -----
    Cost: ``n_starts * n_iter + n_products`` products with the matrix (P products where the matrix
    is computed whole), each at most 8/3 gradients over the data for the Hessian and 5/3 for the
    other two. Memory: ``8 * n_iter * P`` bytes per start, of which as many as fit into 1 GiB are
    advanced together.

    The L2 penalty does not count; with ``alpha`` it adds ``alpha / n`` to the diagonal entries of
    the weights. Batch norm uses its running statistics. Kinks have no curvature.

    ``trace_se`` is the standard deviation of XTrace's ``n_products // 2`` estimates, one per test
    vector, over the root of their number, as if they were independent. They are not, since each
    uses the products of all others as well: errors are about 1.2 times as large as it says
    (measured on five spectra). Only the test vectors are random in it; the data are taken as all
    there are. With ten products it comes from five numbers, and a 95 % interval needs Student's
    factor of 4 degrees of freedom, 2.8, instead of 2.

    A Gaussian kernel cannot show a spike of zero eigenvalues as a spike: widths of bulk and spike
    are those of the kernel. `nodes` and `weights` are free of it.

    References
    ----------
    .. [1] C. Lanczos, "An iteration method for the solution of the eigenvalue problem", Journal of
       Research of the National Bureau of Standards 45, 1950.
    .. [2] L. Lin, Y. Saad, C. Yang, "Approximating spectral densities of large matrices", SIAM
       Review 58, 2016.
    .. [3] V. Papyan, "The full spectrum of deepnet Hessians at scale", arXiv:1811.07062, 2019.
    .. [4] E. N. Epperly, J. A. Tropp, R. J. Webber, "XTrace", SIAM Journal on Matrix Analysis and
       Applications 45, 2024.

    Examples
    --------
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.optimization import hessian_spectrum
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> probe = Probe(MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, y), X, y)
    >>> spectrum = hessian_spectrum(probe, random_state=0)
    >>> spectrum.exact, spectrum.top.round(3).tolist(), round(spectrum.trace, 3)
    (True, [2.387, 0.279], 2.667)
    """
    check_probe(probe)
    checked_count("n_iter", n_iter, 2)
    checked_count("n_starts", n_starts, 1)
    checked_count("n_values", n_values, 1)
    checked_count("n_products", n_products, 4)
    if width is not None and not (np.isfinite(width) and width > 0):
        raise ValueError(f"width must be None or > 0, got {width!r}")
    draw = generator_of(random_state)
    operator = curvature_matrix(probe, matrix)
    size = probe.n_parameters
    exact = size <= n_iter
    total = size if exact else n_starts * n_iter + n_products
    with CountedProducts("spectrum", operator, total) as product:
        if exact:
            values, _ = dense_spectrum(product, size)
            trace, trace_se = float(values.nodes.sum()), 0.0
        else:
            starts = draw.standard_normal((size, n_starts))
            values = lanczos(product, starts, n_iter, draw)
            # More test vectors than half of the rows would leave nothing to estimate.
            trace, trace_se = estimate_trace(product, size, min(n_products, 2 * size - 2), draw)
    count = min(n_values, values.nodes.shape[1])
    return HessianSpectrum(
        matrix,
        size,
        *values.from_above(count),
        *values.from_below(count),
        _density(values, width, n_iter),
        trace,
        trace_se,
        values.nodes,
        values.weights,
        exact,
    )


def _density(values: RitzValues, width: float | None, n_iter: int) -> Density:
    low, high = values.nodes.min(), values.nodes.max()
    if width is None:
        width = (high - low) / ((n_iter - 1) * np.sqrt(8 * np.log(3)))
        # A matrix with a single eigenvalue has no range.
        width = max(width, 1e-3 * max(abs(low), abs(high)), np.finfo(float).tiny)
    grid = np.linspace(low - REACH * width, high + REACH * width, N_GRID)
    total = np.zeros(N_GRID)
    for node, weight in zip(values.nodes.ravel(), values.weights.ravel(), strict=True):
        total += weight * np.exp(-(((grid - node) / width) ** 2) / 2)
    return Density(grid, total / (len(values.nodes) * width * np.sqrt(2 * np.pi)))
