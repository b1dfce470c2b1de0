r"""Bounds by norms of the weights over the squared margin, and the bound by the VC dimension.

With a margin gamma that all but a few rows exceed, each bound says that the share of wrong answers
on new data is at most the share of rows with a smaller margin, plus a number that grows with

    (norm / gamma)^2 / n      (a square root of it, and for the (3, 1.5) norm a cube root of n).

||A||_(p,q) is here the l_q norm, over the units, of the l_p norms of their incoming weights.

Sources: P. Bartlett, S. Mendelson, "Rademacher and Gaussian complexities", JMLR 3, 2002, for (1,
inf); B. Neyshabur, R. Tomioka, N. Srebro, "Norm-based capacity control in neural networks", COLT
2015, for Frobenius, (3, 1.5) and path norms; B. Neyshabur, S. Bhojanapalli, N. Srebro, "A
PAC-Bayesian approach to spectrally-normalized margin bounds for neural networks", ICLR 2018; P.
Bartlett, N. Harvey, C. Liaw, A. Mehrabian, "Nearly-tight VC-dimension and pseudodimension bounds
for piecewise linear neural networks", JMLR 20, 2019.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import in_style, legend_below
from deepgen._display.text_table import format_table
from deepgen._engine.arrays import FloatArray
from deepgen.generalization.norms.margins import margins
from deepgen.generalization.norms.matrix_chain import MatrixChain, matrix_chain
from deepgen.generalization.settings import checked_percentile
from deepgen.optimization.validation import validation_probe
from deepgen.probe.probe import check_probe

if TYPE_CHECKING:
    from deepgen.probe import Probe

__all__ = ["NormBound", "NormBounds", "norm_bounds"]


@dataclass(frozen=True)
class NormBound(ShownAsTable):
    """One norm of a network, and the order of the bound by it.

    Parameters
    ----------
    name : str
        Name of the norm.
    norm : float
        The norm of the network; for 'vc' the number W L ln W.
    capacity : float
        (norm / margin)^2; for 'vc' the norm itself, which knows no margin.
    order : float
        Order of the bound of the gap, without constant, logarithms and factors of depth and width:
        the root (for '(3, 1.5)' norm / margin over the cube root of n) of capacity over n, times
        the size of the rows that the theorem has.
    source : str
        Theorem.

    Examples
    --------
    >>> from deepgen.generalization.norms.norm_bounds import NormBound
    >>> NormBound("frobenius", 10.0, 25.0, 0.5, "Neyshabur et al. 2015").capacity
    25.0
    """

    name: str
    norm: float
    capacity: float
    order: float
    source: str


@dataclass(frozen=True, eq=False)
class NormBounds(ShownAsTable):
    """Bounds of the gap by norms, beside the gap.

    Parameters
    ----------
    rows : tuple of NormBound
        One entry per bound.
    margin : float
        The margin gamma: a percentile of the rows' margins.
    margin_loss : float
        Share of the rows with a margin of at most gamma.
    n_samples : int
        Number of rows.
    n_parameters, n_layers : int
        Numbers W and L of the bound by the VC dimension.
    has_constant : bool
        Whether intercepts were turned into weights of a constant input 1.
    gap : float or None
        Share of wrong answers on the validation rows minus that on the probe's; None without them.

    Examples
    --------
    >>> from deepgen import MLPClassifier, Probe
    >>> from deepgen.generalization import norm_bounds
    >>> X, y = [[0.0], [1.0], [3.0]], ["a", "b", "b"]
    >>> net = MLPClassifier(hidden_layer_sizes=(), solver="lbfgs", alpha=0.1).fit(X, y)
    >>> [row.name for row in norm_bounds(Probe(net, X, y)).rows][:3]
    ['(1, inf)', 'frobenius', '(3, 1.5)']
    """

    rows: tuple[NormBound, ...]
    margin: float
    margin_loss: float
    n_samples: int
    n_parameters: int
    n_layers: int
    has_constant: bool
    gap: float | None

    def __getitem__(self, name: str) -> NormBound:
        return {row.name: row for row in self.rows}[name]

    def __repr__(self) -> str:
        least = min(self.rows, key=lambda row: row.order)
        gap = "" if self.gap is None else f", gap {self.gap:.3g}"
        return (
            f"NormBounds({len(self.rows)} bounds, least order {least.order:.3g} by {least.name}, "
            f"margin {self.margin:.4g}{gap})"
        )

    def table(self) -> str:
        """Return the bounds as text.

        Returns
        -------
        table : str
            One line per bound, and the gap below them.
        """
        lines = [
            {
                "norm": row.name,
                "value": row.norm,
                "capacity": row.capacity,
                "order": row.order,
                "theorem": row.source,
            }
            for row in self.rows
        ]
        if self.gap is not None:
            lines.append({"norm": "measured gap", "order": self.gap, "theorem": ""})
        return format_table(lines)

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot the orders of the bounds beside 1, where they begin to say something, and the gap.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes; None makes a new figure.

        Returns
        -------
        ax : matplotlib.axes.Axes
            The axes drawn on, with a logarithmic scale.
        """
        ax = axes_or_new(ax)
        ax.plot([row.order for row in self.rows], [row.name for row in self.rows], "o")
        ax.axvline(1, color="grey", linestyle=":", label="all answers wrong")
        if self.gap is not None and self.gap > 0:
            ax.axvline(self.gap, color="C1", label="measured gap")
        ax.set(xscale="log", xlabel="order of the bound of the gap, without constants")
        ax.invert_yaxis()
        legend_below(ax, 2)
        return ax


def norm_bounds(probe: Probe, *, percentile: float = 5.0, validation: Any = None) -> NormBounds:
    """Compute bounds of the gap by norms over the squared margin, and by the VC dimension.

    Parameters
    ----------
    probe : Probe
        Probe of a classifier on its training rows.
    percentile : float, default=5
        Percentile of the margins that is gamma, in [0, 100).
    validation : Probe, tuple (X, y) or (X, y, sample_weight), default=None
        Rows that were not trained on, for the gap itself.

    Returns
    -------
    bounds : NormBounds
        ``rows`` with norm, capacity and order of each bound.

    Raises
    ------
    ValueError
        If the percentile of the margins is not above 0, so that there is no margin to divide by; if
        an activation is no ReLU, leaky ReLU or identity, or the network no chain of matrices; if
        X is sparse.

    See Also
    --------
    spectral_complexity : Bartlett's bound, with reference weights.

    Notes
    -----
    The theorems have constants, logarithms and factors of depth and width: 2 per layer in the older
    ones, a root of the depth in the newer, the product of the widths for 'spectral' and 'path, l2'.
    What stands here is **without constant** and ranks networks; it is no bound of the error. They
    assume ReLU networks without intercepts, which become weights of a constant input 1, and
    residual layers carry the earlier output along, as in `spectral_complexity`. Batch norm is
    folded in.

    Norms:
    '(1, inf)', 'frobenius', '(3, 1.5)' and 'spectral' are products over the layers;
    'spectral, frobenius sum' is (prod ||A_i||_2^2 sum ||A_i||_F^2 / ||A_i||_2^2)^(1/2);
    'path, l1' and 'path, l2' are the norms of the vector of all products of weights along a path
    from an input to an output, and do not change when units are rescaled. The size of the rows is
    the largest root mean square of a feature for '(1, inf)' and 'path, l1', the largest l_1.5 norm
    of a row for '(3, 1.5)', and the root mean square of the rows' lengths for the others.
    'vc' is W L ln W with W parameters and L layers; the VC dimension is at most a constant times
    it, and, up to the logarithm, networks of this shape reach it.

    The cost is a forward pass, and a singular value decomposition per layer.

    References
    ----------
    .. [1] P. Bartlett, S. Mendelson, "Rademacher and Gaussian complexities", JMLR 3, 2002.
    .. [2] B. Neyshabur, R. Tomioka, N. Srebro, "Norm-based capacity control in neural networks",
       COLT 2015.
    .. [3] B. Neyshabur, S. Bhojanapalli, D. McAllester, N. Srebro, "Exploring generalization in
       deep learning", NeurIPS 2017.
    .. [4] B. Neyshabur, S. Bhojanapalli, N. Srebro, "A PAC-Bayesian approach to
       spectrally-normalized margin bounds for neural networks", ICLR 2018.
    .. [5] P. Bartlett, N. Harvey, C. Liaw, A. Mehrabian, "Nearly-tight VC-dimension and
       pseudodimension bounds for piecewise linear neural networks", JMLR 20, 2019.

    Examples
    --------
    >>> from deepgen import MLPClassifier, Probe
    >>> from deepgen.generalization import norm_bounds
    >>> X, y = [[0.0], [1.0], [3.0]], ["a", "b", "b"]
    >>> net = MLPClassifier(hidden_layer_sizes=(), solver="lbfgs", alpha=0.1).fit(X, y)
    >>> bounds = norm_bounds(Probe(net, X, y), validation=([[2.0]], ["b"]))
    >>> bounds["vc"].capacity < bounds["vc"].norm + 1, bounds.gap
    (True, 0.0)
    """
    check_probe(probe)
    percentile = checked_percentile(percentile)
    found = margins(probe)
    gamma = found.percentile(percentile)
    if gamma <= 0:
        raise ValueError(
            f"the {percentile:g}th percentile of the margins is {gamma:.4g}, and bounds over the "
            f"squared margin need one above 0: {found.wrong:.2%} of the rows are wrong"
        )
    chain = matrix_chain(probe)
    if not chain.is_homogeneous or any(layer.slopes is not None for layer in chain.layers):
        raise ValueError(
            "these bounds are of networks with 'relu', 'leaky_relu' or 'identity', got "
            + ", ".join(sorted({layer.activation for layer in chain.layers} - {"identity"}))
        )
    X = probe.data.X
    if not isinstance(X, np.ndarray):
        raise ValueError("the size of the rows is read from dense X, got sparse rows")
    n, W, L = probe.n_samples, probe.n_parameters, len(chain.matrices)
    sizes, norms = _sizes(chain.inputs(X)), _norms(chain)
    rows = []
    for name, (norm, size, source) in norms.items():
        # The rate of Neyshabur's group norms is 1 / max(p, 2).
        rate = 1 / 3 if name == "(3, 1.5)" else 1 / 2
        order = norm / gamma * sizes[size] / n**rate
        rows.append(NormBound(name, norm, (norm / gamma) ** 2, order, source))
    vc = float(W * L * np.log(W)) if W > 1 else 1.0
    rows.append(NormBound("vc", vc, vc, float(np.sqrt(vc / n)), "Bartlett et al. 2019"))
    other = validation_probe(probe, validation)
    return NormBounds(
        rows=tuple(rows),
        margin=gamma,
        margin_loss=float(np.mean(found.margin <= gamma)),
        n_samples=n,
        n_parameters=W,
        n_layers=L,
        has_constant=chain.has_constant,
        gap=None if other is None else margins(other).wrong - found.wrong,
    )


def _norms(chain: MatrixChain) -> dict[str, tuple[float, str, str]]:
    """Return each norm of a network, the size of the rows that belongs to it, and its theorem."""
    spectral = chain.spectral_norms
    frobenius = np.array([np.linalg.norm(A) for A in chain.matrices])
    product = float(np.prod(spectral))
    others = np.array([np.prod(np.delete(spectral, layer)) for layer in range(len(spectral))])
    old = "Neyshabur et al. 2015"
    return {
        "(1, inf)": (_group_norm(chain, 1, np.inf), "feature", "Bartlett, Mendelson 2002"),
        "frobenius": (float(np.prod(frobenius)), "row", old),
        "(3, 1.5)": (_group_norm(chain, 3, 1.5), "l_1.5", old),
        "spectral": (product, "row", "Neyshabur et al. 2017"),
        "spectral, frobenius sum": (
            float(np.linalg.norm(frobenius * others)),
            "row",
            "Neyshabur et al. 2018",
        ),
        "path, l1": (_path_norm(chain, 1), "feature", old),
        "path, l2": (_path_norm(chain, 2), "row", old),
    }


def _group_norm(chain: MatrixChain, p: float, q: float) -> float:
    """Return the product over layers of the l_q norm of the l_p norms of units' weights."""
    return float(np.prod([np.linalg.norm(np.linalg.norm(A, p, axis=1), q) for A in chain.matrices]))


def _path_norm(chain: MatrixChain, p: int) -> float:
    """Return the l_p norm of the products of weights along all paths to the outputs."""
    sums: FloatArray = np.ones(chain.matrices[0].shape[1])
    for A in chain.matrices:
        sums = np.abs(A) ** p @ sums
    return float(sums.sum() ** (1 / p))


def _sizes(X: FloatArray) -> dict[str, float]:
    """Return the sizes of the rows that the theorems have."""
    return {
        "feature": float(np.sqrt((X**2).mean(axis=0)).max()),
        "row": float(np.sqrt((X**2).sum(axis=1).mean())),
        "l_1.5": float(np.linalg.norm(X, 1.5, axis=1).max()),
    }
