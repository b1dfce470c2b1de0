"""Condition numbers of the Hessian: ratios of its eigenvalues, and how many directions count.

The Hessian of a trained net has eigenvalues of 0 (rescaled neurons, dead units) and below, so the
ratio of the largest to the smallest eigenvalue says nothing. Instead: the largest over the smallest
one above a tolerance, over the k-th largest, the size of the most negative one, and the effective
dimension tr G (G + a I)^-1 of the Gauss-Newton matrix, the number of directions in which the data
hold the parameters more strongly than a ridge of strength a.

Source: Y. LeCun, L. Bottou, G. Orr, K.-R. Mueller, "Efficient backprop", 1998, section 5; W. J.
Maddox, G. Benton, A. G. Wilson, "Rethinking parameter counting in deep models", arXiv:2003.02139,
2020.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from deepgen._counts import checked_count
from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import in_style
from deepgen._engine.arrays import FloatArray
from deepgen.optimization.arguments import generator_of
from deepgen.optimization.curvature_matrix import curvature_matrix
from deepgen.optimization.lanczos import RitzValues, dense_spectrum, lanczos
from deepgen.optimization.product_count import CountedProducts
from deepgen.probe.probe import check_probe

if TYPE_CHECKING:
    from deepgen.probe import Probe

__all__ = ["RANKS", "ConditionNumber", "condition_number"]

RANKS = (2, 5, 10, 50)
"""Ranks k of the ratios of the largest to the k-th largest eigenvalue."""


@dataclass(frozen=True, eq=False)
class ConditionNumber(ShownAsTable):
    """Condition of the Hessian.

    Parameters
    ----------
    value : float
        Largest eigenvalue over the smallest one above ``tol`` times the largest. A lower bound
        unless `exact`.
    largest : float
        Largest eigenvalue.
    tol : float
        Share of the largest eigenvalue below which an eigenvalue counts as 0.
    ratios : dict
        Rank k to the largest over the k-th largest eigenvalue, for k = 2, 5, 10 and 50; NaN where
        there are fewer eigenvalues, infinite where the k-th is not positive.
    ratio_errors : dict
        Rank k to the relative error of the ratio, from the residuals; 0 if `exact`.
    negative_share : float
        Size of the most negative eigenvalue over the largest; 0 if none is negative.
    strengths : ndarray of shape (n_strengths,)
        Grid of a, ascending.
    effective_dimension : ndarray of shape (n_strengths,)
        Trace of G (G + a I)^-1 for each a, with the Gauss-Newton matrix G.
    exact : bool
        Whether all eigenvalues were computed.

    Examples
    --------
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.optimization import condition_number
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> probe = Probe(MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, y), X, y)
    >>> condition_number(probe)
    ConditionNumber(8.55, largest eigenvalue 2.387, negative share 0)
    """

    value: float
    largest: float
    tol: float
    ratios: dict[int, float]
    ratio_errors: dict[int, float] = field(repr=False)
    negative_share: float
    strengths: FloatArray
    effective_dimension: FloatArray
    exact: bool

    def __repr__(self) -> str:
        sign = "" if self.exact else "at least "
        return (
            f"ConditionNumber({sign}{self.value:.4g}, largest eigenvalue {self.largest:.4g}, "
            f"negative share {self.negative_share:.2g})"
        )

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot the effective dimension against the strength of the ridge.

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
        ax.plot(self.strengths, self.effective_dimension)
        ax.set(xscale="log", xlabel="strength a of the ridge", ylabel="effective dimension")
        return ax


def condition_number(
    probe: Probe,
    *,
    tol: float = 1e-8,
    strengths: ArrayLike | None = None,
    n_iter: int = 150,
    n_starts: int = 1,
    random_state: Any = None,
) -> ConditionNumber:
    """Measure how differently the loss bends in different directions.

    Parameters
    ----------
    probe : Probe
        Probe with the point and the data.
    tol : float, default=1e-8
        Share of the largest eigenvalue below which an eigenvalue counts as 0, in (0, 1).
    strengths : array-like of shape (n_strengths,) or None, default=None
        Values of a for the effective dimension, > 0; None means 25 from 1e-6 to 1 times the largest
        eigenvalue of the Gauss-Newton matrix.
    n_iter : int, default=150
        Number of Lanczos steps per start, at least 2. With at most so many parameters both matrices
        are computed whole.
    n_starts : int, default=1
        Number of random starts for the effective dimension, at least 1.
    random_state : int, RandomState instance or None, default=None
        Seed of the starts.

    Returns
    -------
    condition : ConditionNumber
        Condition number, ratios, share of the most negative eigenvalue, effective dimensions.

    Raises
    ------
    ValueError
        If a setting is out of range.

    Notes
    -----
    Cost: `n_iter` products with the Hessian, at most 8/3 gradients over the data each, and
    ``n_starts * n_iter`` with the Gauss-Newton matrix, 5/3 each; memory ``8 * n_iter * P`` bytes.

    Lanczos finds the outer eigenvalues first. With more than `n_iter` parameters the smallest
    eigenvalue above the tolerance is not among them unless it is an outer one. `value` then uses
    the smallest eigenvalue that is certain to lie above the tolerance, and is a lower bound; a
    ratio whose error is not small is an upper bound, since the k-th Ritz value is at most the k-th
    eigenvalue. The effective dimension is an upper bound on average, and close where a is above the
    largest eigenvalue over the square of `n_iter`.

    If no eigenvalue is positive, `value` and the ratios are NaN.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, G. Orr, K.-R. Mueller, "Efficient backprop", in: Neural networks:
       tricks of the trade, 1998.
    .. [2] W. J. Maddox, G. Benton, A. G. Wilson, "Rethinking parameter counting in deep models",
       arXiv:2003.02139, 2020.

    Examples
    --------
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.optimization import condition_number
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> probe = Probe(MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, y), X, y)
    >>> condition = condition_number(probe, strengths=[1e-3, 1.0])
    >>> round(condition.ratios[2], 3), condition.effective_dimension.round(3).tolist()
    (8.55, [1.996, 0.923])
    """
    check_probe(probe)
    checked_count("n_iter", n_iter, 2)
    checked_count("n_starts", n_starts, 1)
    if not 0 < tol < 1:
        raise ValueError(f"tol must be in (0, 1), got {tol!r}")
    grid = None if strengths is None else np.asarray(strengths, dtype=float)
    if grid is not None and (grid.ndim != 1 or not (np.isfinite(grid) & (grid > 0)).all()):
        raise ValueError(f"strengths must be a list of finite numbers > 0, got {strengths!r}")
    draw = generator_of(random_state)
    exact = probe.n_parameters <= n_iter
    hessian = _eigenvalues(probe, "hessian", n_iter, 1, draw)
    bends = _eigenvalues(probe, "gauss_newton", n_iter, n_starts, draw)
    nodes, errors = hessian.from_above(hessian.nodes.shape[1])
    largest = float(nodes[0])
    ratios, ratio_errors = _ratios(nodes, errors, probe.n_parameters)
    if grid is None:
        grid = np.geomspace(1e-6, 1, 25) * max(float(bends.nodes.max()), np.finfo(float).tiny)
    # Rounding makes eigenvalues of 0 slightly negative; those of focal loss are so in earnest.
    rounding = 1e-12 * np.abs(bends.nodes).max()
    nodes_of_g = np.where(np.abs(bends.nodes) <= rounding, 0.0, bends.nodes)
    shares = nodes_of_g / (nodes_of_g + grid[:, None, None])
    return ConditionNumber(
        value=_condition(nodes, errors, tol, exact),
        largest=largest,
        tol=float(tol),
        ratios=ratios,
        ratio_errors={rank: 0.0 if exact else error for rank, error in ratio_errors.items()},
        negative_share=max(0.0, -float(nodes[-1])) / largest if largest > 0 else float("nan"),
        strengths=grid,
        effective_dimension=probe.n_parameters * (bends.weights * shares).sum(axis=2).mean(axis=1),
        exact=exact,
    )


def _eigenvalues(
    probe: Probe, matrix: str, n_iter: int, n_starts: int, draw: np.random.Generator
) -> RitzValues:
    size = probe.n_parameters
    operator = curvature_matrix(probe, matrix)
    with CountedProducts(matrix.replace("_", "-"), operator, n_iter * n_starts) as product:
        if size <= n_iter:
            return dense_spectrum(product, size)[0]
        return lanczos(product, draw.standard_normal((size, n_starts)), n_iter, draw)


def _condition(nodes: FloatArray, errors: FloatArray, tol: float, exact: bool) -> float:
    """Return the condition number for eigenvalues in descending order."""
    if nodes[0] <= 0:
        return float("nan")
    if exact:
        return float(nodes[0] / nodes[nodes > tol * nodes[0]][-1])
    # Some eigenvalue lies within the error of each node, so the smallest is at most that.
    certain = nodes - errors > tol * nodes[0]
    return float(nodes[0] / (nodes + errors)[certain].min())


def _ratios(
    nodes: FloatArray, errors: FloatArray, size: int
) -> tuple[dict[int, float], dict[int, float]]:
    ratios, ratio_errors = {}, {}
    for rank in RANKS:
        if nodes[0] <= 0 or rank > min(size, len(nodes)):
            ratios[rank] = ratio_errors[rank] = float("nan")
        elif nodes[rank - 1] <= 0:
            ratios[rank] = ratio_errors[rank] = float("inf")
        else:
            ratios[rank] = float(nodes[0] / nodes[rank - 1])
            parts = errors[[0, rank - 1]] / nodes[[0, rank - 1]]
            ratio_errors[rank] = float(parts.sum())
    return ratios, ratio_errors
