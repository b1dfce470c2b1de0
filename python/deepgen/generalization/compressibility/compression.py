r"""How well a network bears noise and compression: the quantities of Arora et al.

The network is a chain x^i = A^i phi(x^(i-1)) with x^0 = x, ReLU units phi and no intercepts;
J^(i,j) is the Jacobian of the map from x^i to x^j, for which J^(i,j) x^i = x^j. The cushions are
the least, over the rows x, of

    layer cushion        mu_i     = ||A^i phi(x^(i-1))|| / (||A^i||_F ||phi(x^(i-1))||)
    interlayer cushion   mu_(i,j) = ||J^(i,j) x^i|| / (||J^(i,j)||_F ||x^i||)
                         mu_(i,i) = 1 / sqrt(h_i)

and the largest activation contraction c = ||x^i|| / ||phi(x^i)|| of the hidden layers. Noise in a
layer shrinks on its way to the outputs where cushions are large, so few numbers describe the layer.

Source: S. Arora, R. Ge, B. Neyshabur, Y. Zhang, "Stronger generalization bounds for deep nets via a
compression approach", ICML 2018, definitions 4 to 8 and theorem 4.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np

from deepgen._counts import checked_count
from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import in_style
from deepgen._engine.arrays import FloatArray
from deepgen.generalization.compressibility.compress import refuse_many_signs, signs_needed
from deepgen.generalization.compressibility.noise_propagation import (
    Passed,
    passed_through,
    smoothness,
)
from deepgen.generalization.norms.margins import margins
from deepgen.generalization.norms.matrix_chain import MatrixChain, matrix_chain
from deepgen.generalization.settings import checked_percentile, checked_size, generator
from deepgen.probe.probe import check_probe

if TYPE_CHECKING:
    from deepgen.probe import Probe

__all__ = ["Compression", "compression"]

# The constant of theorem 4.1's number of parameters.
CONSTANT = 72
# Largest number of multiply-adds for the Jacobians, about a minute.
MAX_WORK = 2e11


@dataclass(frozen=True, eq=False)
class Compression(ShownAsTable):
    """Cushions of a network, and what they promise about compression.

    Parameters
    ----------
    layer_cushion : ndarray of shape (n_layers,)
        Layer cushion mu_i of each layer: the least over the rows.
    interlayer_cushion : ndarray of shape (n_layers, n_layers)
        Interlayer cushion mu_(i,j) from layer i to layer j >= i; NaN for j < i.
    activation_contraction : float
        Activation contraction c; infinite if all units of a layer are off at some row.
    interlayer_smoothness : float
        Interlayer smoothness rho_delta: the largest number for which all rows and pairs of layers
        bear the noise of a compression of the layers before, in a share 1 - delta of the draws.
        The theorem needs 3 n_layers at least.
    least_interlayer : ndarray of shape (n_layers,)
        Least interlayer cushion of each layer over the later ones, itself included.
    sum_of_inverses : float
        Sum over layers of 1 / (mu_i mu_(i->))^2: ranks networks without any constant.
    compressed_counts : ndarray of shape (n_layers,)
        Numbers of parameters of the theorem, 72 (c d / eps)^2 ln(m d h / delta) / (mu_i
        mu_(i->))^2 for each of d layers, with m rows and widths up to h. Infinite where c is.
    n_weights : int
        Weights and intercepts of the network.
    eps : float
        Relative error of the outputs that the margin bears; 1 where there is no margin.
    margin, margin_loss : float
        Margin gamma and the share of rows with a margin of at most gamma; NaN without a margin.
    bound : float or None
        Margin loss plus the square root of (c d max ||f||)^2 sum_of_inverses / (gamma^2 m): the
        theorem's bound of the error **without constant and logarithms**. None without a margin.
    cushions : ndarray of shape (n_layers, n_points)
        Layer cushion of each layer at each row.
    has_constant : bool
        Whether intercepts were turned into weights of a constant input 1.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.generalization import compression
    >>> X = np.linspace(-1, 1, 20)[:, None]
    >>> net = MLPRegressor(hidden_layer_sizes=(9,), random_state=0, solver="lbfgs").fit(X, X[:, 0])
    >>> compression(Probe(net, X, X[:, 0])).layer_cushion.shape
    (2,)
    """

    layer_cushion: FloatArray
    interlayer_cushion: FloatArray
    activation_contraction: float
    interlayer_smoothness: float
    least_interlayer: FloatArray
    sum_of_inverses: float
    compressed_counts: FloatArray
    n_weights: int
    eps: float
    margin: float
    margin_loss: float
    bound: float | None
    cushions: FloatArray
    has_constant: bool

    @property
    def compressed_count(self) -> float:
        """Number of parameters of the compressed network by the theorem, with its constant."""
        return float(self.compressed_counts.sum())

    @property
    def is_smaller(self) -> bool:
        """Whether the theorem's number of parameters is below the network's."""
        return self.compressed_count < self.n_weights

    def __repr__(self) -> str:
        cushions = ", ".join(f"{one:.3g}" for one in self.layer_cushion)
        return (
            f"Compression(cushions {cushions}, contraction {self.activation_contraction:.3g}, "
            f"smoothness {self.interlayer_smoothness:.3g}, {self.n_weights} weights, compressed to "
            f"{self.compressed_count:.3g})"
        )

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot the distribution of the layer cushions over the rows.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes; None makes a new figure.

        Returns
        -------
        ax : matplotlib.axes.Axes
            Share of the rows up to each cushion, one line per layer.
        """
        ax = axes_or_new(ax)
        for layer, values in enumerate(self.cushions):
            ax.ecdf(values[np.isfinite(values)], label=f"{layer + 1}")
        ax.set(xlabel="layer cushion", ylabel="share of rows up to it", xlim=(0, None))
        ax.legend(title="layer")
        return ax


def compression(
    probe: Probe,
    *,
    n_points: int = 200,
    delta: float = 0.05,
    noise_eps: float = 0.3,
    n_draws: int = 20,
    percentile: float = 5.0,
    random_state: int = 0,
) -> Compression:
    """Measure the cushions of a network and what they promise about compression.

    Parameters
    ----------
    probe : Probe
        Probe on the training rows.
    n_points : int, default=200
        Number of rows, evenly spaced, over which the least and largest values are taken; at most
        all of them. The theorem takes all.
    delta : float, default=0.05
        Probability of failure in smoothness and count, in (0, 1).
    noise_eps : float, default=0.3
        Error of the compression whose noise measures smoothness, see `compress`.
    n_draws : int, default=20
        Number of compressions that are drawn, at least 1.
    percentile : float, default=5
        Percentile of the margins that is gamma, in [0, 100).
    random_state : int, default=0
        Seed of the compressions, at least 0.

    Returns
    -------
    compression : Compression
        ``layer_cushion``, ``interlayer_cushion``, ``activation_contraction``,
        ``interlayer_smoothness``, the theorem's count and its bound.

    Raises
    ------
    ValueError
        If an activation is no ReLU, leaky ReLU or identity, or the network no chain of matrices; if
        X is sparse; if a setting is out of range; if the Jacobians take more than 2e11
        multiply-adds or the compressions more than 5e9 random signs.

    See Also
    --------
    compress : A compressed estimator.

    Notes
    -----
    Theorem 4.1 is of networks without intercepts whose units are ReLUs; intercepts become weights
    of a constant input 1, which the cushions then see (fit with ``bias=False`` where the theory is
    the point), and residual layers carry the earlier output along. It bounds the error of the
    compressed network, not of this one, and needs a smoothness of at least three times the number
    of layers. Its count stands here with its constant: on small networks it is far above the number
    of weights, and only the comparison of networks, by ``sum_of_inverses``, says something.

    Rows at which a layer's input is 0 have no cushion there and are left out of the least one. The
    smoothness is measured with the noise that the compression of all layers up to i makes at x^i;
    the source's wording ("smallest number") is read as the largest for which the inequality holds.
    For classifiers eps is gamma / (sqrt(2) max ||f||), at most 1; two classes need no sqrt(2).

    The Jacobians cost n_points times the products of all matrices from each layer on.

    References
    ----------
    .. [1] S. Arora, R. Ge, B. Neyshabur, Y. Zhang, "Stronger generalization bounds for deep nets
       via a compression approach", ICML 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.generalization import compression
    >>> X = np.linspace(-1, 1, 20)[:, None]
    >>> net = MLPRegressor(hidden_layer_sizes=(9,), bias=False, random_state=0)
    >>> found = compression(Probe(net.partial_fit(X, X[:, 0]), X, X[:, 0]))
    >>> bool(np.allclose(found.interlayer_cushion[1, 1], 1))
    True
    """
    check_probe(probe)
    n_points, n_draws = checked_count("n_points", n_points), checked_count("n_draws", n_draws)
    percentile, noise_eps = checked_percentile(percentile), checked_size("noise_eps", noise_eps)
    if not checked_size("delta", delta) < 1:
        raise ValueError(f"delta must be in (0, 1), got {delta!r}")
    k = signs_needed(noise_eps, delta)
    random = generator(random_state)
    chain = matrix_chain(probe)
    if not chain.is_homogeneous:
        others = {layer.activation for layer in chain.layers} - {"identity"}
        raise ValueError(
            "cushions are of networks with 'relu', 'leaky_relu' or 'identity', got "
            + ", ".join(sorted(others))
        )
    if not isinstance(probe.data.X, np.ndarray):
        raise ValueError("cushions are measured on dense X, got sparse rows")
    rows = np.unique(np.linspace(0, probe.n_samples - 1, n_points).round().astype(np.int64))
    _refuse_work(chain, len(rows))
    n_weights = sum(layer.weights.size for layer in chain.layers)
    if chain.has_constant:
        n_weights += sum(layer.width for layer in chain.layers)
    refuse_many_signs(float(k * n_draws * n_weights))

    passed = passed_through(chain, chain.inputs(probe.data.X[rows]))
    cushions, contraction = _layer_cushions(chain, passed)
    interlayer = _interlayer_cushions(chain, passed)
    with np.errstate(invalid="ignore"):
        mu = np.nanmin(np.where(np.isfinite(cushions), cushions, np.inf), axis=1)
        least = np.nanmin(interlayer, axis=1)
    with np.errstate(divide="ignore"):
        inverses = 1 / (mu * least) ** 2
    eps, gamma, loss, largest = _margin(probe, percentile)
    d, m = len(chain.matrices), probe.n_samples
    h = max(len(A) for A in chain.matrices)
    factor = CONSTANT * (contraction * d / eps) ** 2 * log(m * d * h / delta)
    total = float(inverses.sum())
    bound = None
    if np.isfinite(gamma):
        bound = loss + float(np.sqrt((contraction * d * largest / gamma) ** 2 * total / m))
    return Compression(
        layer_cushion=mu,
        interlayer_cushion=interlayer,
        activation_contraction=contraction,
        interlayer_smoothness=smoothness(chain, passed, k, n_draws, delta, random),
        least_interlayer=least,
        sum_of_inverses=total,
        compressed_counts=np.multiply(factor, inverses, where=inverses > 0, out=0 * inverses),
        n_weights=n_weights,
        eps=eps,
        margin=gamma,
        margin_loss=loss,
        bound=bound,
        cushions=cushions,
        has_constant=chain.has_constant,
    )


def _refuse_work(chain: MatrixChain, n_rows: int) -> None:
    """Refuse Jacobians that take too long."""
    sizes, widths = [A.size for A in chain.matrices], [len(A) for A in chain.matrices]
    work = n_rows * sum(width * sum(sizes[i + 1 :]) for i, width in enumerate(widths))
    if work > MAX_WORK:
        most = int(n_rows * MAX_WORK / work)
        raise ValueError(
            f"the Jacobians at {n_rows} rows take {work:.1e} multiply-adds, more than "
            f"{MAX_WORK:.0e}; take n_points={most} at most"
        )


def _layer_cushions(chain: MatrixChain, passed: Passed) -> tuple[FloatArray, float]:
    """Return the layer cushion at each row, and the activation contraction."""
    lengths = [np.linalg.norm(x, axis=1) for x in passed.inputs]
    products = [np.linalg.norm(x, axis=1) for x in passed.products]
    with np.errstate(divide="ignore", invalid="ignore"):
        cushions = np.array(
            [
                after / (np.linalg.norm(A) * before)
                for A, before, after in zip(chain.matrices, lengths, products, strict=True)
            ]
        )
        ratios = [before / after for before, after in zip(products[:-1], lengths[1:], strict=True)]
    known = [ratio[~np.isnan(ratio)] for ratio in ratios]
    contraction = max((float(ratio.max()) for ratio in known if len(ratio)), default=1.0)
    return cushions, contraction


def _interlayer_cushions(chain: MatrixChain, passed: Passed) -> FloatArray:
    """Return the least interlayer cushions over the rows, (n_layers, n_layers)."""
    d, n = len(chain.matrices), len(passed.products[0])
    least = np.full((d, d), np.nan)
    lengths = [np.linalg.norm(x, axis=1) for x in passed.products]
    widest = max(len(A) for A in chain.matrices)
    step = max(1, 4_000_000 // widest**2)
    for i, A in enumerate(chain.matrices):
        least[i, i] = 1 / np.sqrt(len(A))
        found = np.full((d, n), np.nan)
        for first in range(0, n, step):
            some = slice(first, first + step)
            # Columns of all rows' Jacobians side by side: one product per layer.
            J = np.repeat(np.eye(len(A))[:, None], len(passed.products[i][some]), axis=1)
            for j in range(i + 1, d):
                J = J * passed.slopes[j - 1][some].T[:, :, None]
                shape = (len(chain.matrices[j]), *J.shape[1:])
                J = (chain.matrices[j] @ J.reshape(len(J), -1)).reshape(shape)
                with np.errstate(divide="ignore", invalid="ignore"):
                    norms = np.sqrt(np.einsum("hrc,hrc->r", J, J))
                    found[j, some] = lengths[j][some] / (norms * lengths[i][some])
        for j in range(i + 1, d):
            values = found[j][np.isfinite(found[j])]
            least[i, j] = values.min() if len(values) else np.nan
    return least


def _margin(probe: Probe, percentile: float) -> tuple[float, float, float, float]:
    """Return eps, the margin, the share of rows below it, and the largest output."""
    nothing = float("nan")
    try:
        found = margins(probe)
    except ValueError:
        return 1.0, nothing, nothing, nothing
    gamma = found.percentile(percentile)
    outputs = probe.network.outputs(probe.data.X)
    largest = float(np.linalg.norm(outputs, axis=1).max())
    if gamma <= 0:
        return 1.0, nothing, nothing, largest
    factor = 1.0 if outputs.shape[1] == 1 else np.sqrt(2)
    eps = min(1.0, float(gamma / (factor * largest)))
    return eps, gamma, float(np.mean(found.margin <= gamma)), largest
