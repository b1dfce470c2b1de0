r"""Influence of training rows: what the loss would be without each of them, without training again.

To first order, leaving out a row of weight u_i moves the weights by u_i A^-1 g_i / sum(u), with
its gradient g_i and the curvature A of the training loss. The mean loss on other rows, of gradient
h, then rises by u_i h^T A^-1 g_i / sum(u). A is the Gauss-Newton matrix with the estimator's L2 and
some damping; products with it are enough for conjugate gradients.

Sources: P. W. Koh, P. Liang, "Understanding black-box predictions via influence functions", ICML
2017; J. Martens, "Deep learning via Hessian-free optimization", ICML 2010, for the matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepgen._counts import checked_count
from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import in_style
from deepgen._engine.arrays import FloatArray
from deepgen._network.network import MATRICES
from deepgen._user_warnings import warn
from deepgen.generalization.random_weights.curvature_basis import total_weight
from deepgen.generalization.settings import checked_size
from deepgen.probe import Probe
from deepgen.probe.probe import check_probe

__all__ = ["Influence", "influence"]

RELATIVE_DAMPING = 1.0
"""Default damping, as a share of the mean of the Gauss-Newton matrix's diagonal."""
MAX_DENSE = 4000
"""Parameters up to which the matrix is formed and factored for rows' influence on themselves."""
MAX_WORK = 5e9
"""Squared number of rows times parameters up to which each row has its own search instead."""
RIGHT_SIDES = 32
"""Searches at once; their products share the pass through the network."""


@dataclass(frozen=True, eq=False)
class Influence(ShownAsTable):
    """What each training row does for the loss.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        Predicted rise of the mean loss on the given rows (of the row's own loss, if there are none)
        if the row is left out of training. Rows with negative values harm.
    own : bool
        Whether each value is about the row itself.
    damping : float
        What was added to the diagonal of the curvature.
    residual : float
        Largest relative residual of the solved systems.
    n_products : int
        Products with the Gauss-Newton matrix.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.generalization import Influence
    >>> Influence(np.array([0.1, -0.2]), False, 0.01, 1e-9, 12)
    Influence(2 rows on a mean loss, from -0.2 to 0.1, damping 0.01, residual 1e-09)
    """

    values: FloatArray
    own: bool
    damping: float
    residual: float
    n_products: int

    def __repr__(self) -> str:
        what = "themselves" if self.own else "a mean loss"
        return (
            f"Influence({len(self.values)} rows on {what}, from {self.values.min():.4g} to "
            f"{self.values.max():.4g}, damping {self.damping:.3g}, residual {self.residual:.1g})"
        )

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot the values in descending order.

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
        ax.plot(np.arange(1, len(self.values) + 1), np.sort(self.values)[::-1])
        ax.set(xlabel="rank of the training row", ylabel="rise of the loss without it")
        return ax


def influence(
    probe: Probe,
    X: Any = None,
    y: Any = None,
    *,
    damping: float | None = None,
    tol: float = 1e-8,
    max_iter: int = 1000,
) -> Influence:
    r"""Estimate how the loss would change if each training row were left out.

    Parameters
    ----------
    probe : Probe
        Trained network with its training data.
    X : array-like or sparse matrix of shape (n_rows, n_features), default=None
        Rows whose mean loss is asked for, as the network gets them, behind pipelines and encoders;
        None asks for each training row's influence on its own loss.
    y : array-like of shape (n_rows,) or (n_rows, n_outputs), default=None
        Their targets or labels.
    damping : float or None, default=None
        Number added to the curvature's diagonal, at least 0; None means the mean of that
        diagonal. Without it, and without L2, trained networks have a singular curvature.
    tol : float, default=1e-8
        Relative residual at which a search ends, > 0.
    max_iter : int, default=1000
        Most products with the curvature per search, at least 1.

    Returns
    -------
    result : Influence
        A value for each training row.

    Raises
    ------
    ValueError
        If only one of X and y is given, a setting is out of range, the curvature is not positive
        definite, or the rows' influence on themselves is too much work.

    Warns
    -----
    ConvergenceWarning
        If a search ended at ``max_iter``.

    Notes
    -----
    The curvature is :math:`A = G + \alpha D / \sum_i u_i + \text{damping} \cdot I`, with the
    Gauss-Newton matrix G, the estimator's ``alpha`` on weights (D) and sample weights u. For linear
    networks G is the Hessian, and values are exact to first order in 1 / n: the next term is about
    the row's leverage times as large. For other networks they rank rows more than they predict
    changes: the trained weights are no exact minimum, and networks that are trained again may end
    in another one [2]_. Scaled targets keep their scale, and solvers' own weight decay is not in A.
    The estimator's class weights count in the mean over the given rows, as in `Probe.loss`.

    On given rows the cost is that of their gradient, one gradient over the training rows, and the
    search, at most 5/3 gradients per product. For rows on themselves with at most 4,000 parameters
    the matrix is formed by as many products and factored; with more, each row has a search, as long
    as n_samples^2 times n_parameters is at most 5e9.

    References
    ----------
    .. [1] P. W. Koh, P. Liang, "Understanding black-box predictions via influence functions", ICML
       2017.
    .. [2] S. Basu, P. Pope, S. Feizi, "Influence functions in deep learning are fragile", ICLR
       2021.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.generalization import influence
    >>> X = np.linspace(-1, 1, 20)[:, None]
    >>> y = 2 * X[:, 0]
    >>> y[3] = 5.0
    >>> probe = Probe(MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, y), X, y)
    >>> int(influence(probe).values.argmax())
    3
    """
    check_probe(probe)
    if (X is None) != (y is None):
        raise ValueError("X and y belong together, and only one of them is given")
    tol, max_iter = checked_size("tol", tol), checked_count("max_iter", max_iter)
    total = total_weight(probe)
    if damping is None:
        damping = RELATIVE_DAMPING * float(probe.gauss_newton_diagonal().mean())
    elif damping != 0:
        damping = checked_size("damping", damping)
    curvature = _Curvature(probe, _ridge(probe, total) + damping, tol, max_iter)
    if X is None:
        values = _on_themselves(probe, curvature)
    else:
        gradient = Probe(probe.model, X, y).gradient()
        direction = curvature.solve(gradient[:, None])[:, 0]
        values = probe.per_sample_operator @ direction
    if curvature.residual > tol:
        from sklearn.exceptions import ConvergenceWarning

        warn(
            f"influence: {max_iter} products left a residual of {curvature.residual:.2g}; a larger "
            "max_iter or damping helps",
            ConvergenceWarning,
        )
    weights = 1.0 if probe.data.weights is None else probe.data.weights
    return Influence(
        weights * values / total,
        X is None,
        float(damping),
        curvature.residual,
        curvature.n_products,
    )


def _ridge(probe: Probe, total: float) -> FloatArray:
    """Return the curvature of the estimator's L2, (n_parameters,)."""
    ridge = np.zeros(probe.n_parameters)
    for block in probe.network.core.layout:
        if block.kind in MATRICES:
            ridge[block.offset : block.offset + block.size] = probe._estimator.alpha / total
    return ridge


class _Curvature:
    """The damped Gauss-Newton matrix; it counts products and keeps the largest residual."""

    def __init__(self, probe: Probe, diagonal: FloatArray, tol: float, max_iter: int) -> None:
        self.probe, self.diagonal = probe, diagonal
        self.tol, self.max_iter = tol, max_iter
        self.n_products, self.residual = 0, 0.0

    def __matmul__(self, v: FloatArray) -> FloatArray:
        self.n_products += v.shape[1]
        product: FloatArray = self.probe.gauss_newton(v) + self.diagonal[:, None] * v
        return product

    def solve(self, b: FloatArray) -> FloatArray:
        """Return solutions for the columns of b, (n_parameters, k), by conjugate gradients."""
        x, r = np.zeros_like(b), b.copy()
        p, rr = r.copy(), np.einsum("pk,pk->k", r, r)
        goal = self.tol**2 * rr
        for _ in range(self.max_iter):
            left = np.flatnonzero(rr > goal)
            if not left.size:
                break
            Ap = self @ p[:, left]
            bend = np.einsum("pk,pk->k", p[:, left], Ap)
            if not (bend > 0).all():
                raise ValueError(NOT_POSITIVE)
            step = rr[left] / bend
            x[:, left] += step * p[:, left]
            r[:, left] -= step * Ap
            new = np.einsum("pk,pk->k", r[:, left], r[:, left])
            p[:, left] = r[:, left] + (new / rr[left]) * p[:, left]
            rr[left] = new
        size = np.einsum("pk,pk->k", b, b)
        worst = np.sqrt(np.max(rr / np.where(size > 0, size, 1.0)))
        self.residual = max(self.residual, float(worst))
        return x

    def factored(self) -> Callable[[FloatArray], FloatArray]:
        """Return the function that solves by a Cholesky factor of the whole matrix."""
        from scipy.linalg import cho_factor, cho_solve

        matrix = self @ np.eye(self.probe.n_parameters)
        try:
            factor = cho_factor((matrix + matrix.T) / 2)
        except np.linalg.LinAlgError as error:
            raise ValueError(NOT_POSITIVE) from error
        return lambda b: np.asarray(cho_solve(factor, b))


NOT_POSITIVE = (
    "the curvature is not positive definite: a larger damping is needed, or a loss that is convex "
    "and curved in the outputs"
)


def _on_themselves(probe: Probe, curvature: _Curvature) -> FloatArray:
    """Return g_i^T A^-1 g_i of every row."""
    n, size = probe.n_samples, probe.n_parameters
    if size <= MAX_DENSE:
        solve = curvature.factored()
    elif n * n * size <= MAX_WORK:
        solve = curvature.solve
    else:
        raise ValueError(
            f"the influence of {n} rows on themselves in a network of {size} parameters is "
            f"{n * n * size:.1e} multiplications per step, and {MAX_WORK:.0e} are allowed: give "
            "X and y, a probe of fewer rows, or a smaller network"
        )
    values = np.empty(n)
    for first in range(0, n, RIGHT_SIDES):
        last = min(first + RIGHT_SIDES, n)
        gradients = np.empty((last - first, size))
        probe._core.gradients(probe._point, gradients, first, last)
        values[first:last] = np.einsum("kp,pk->k", gradients, solve(gradients.T))
    return values
