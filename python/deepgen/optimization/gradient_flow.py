r"""The flow of gradients through the layers of a network.

With z_l = W_l a_{l-1} + b_l and the loss l_i of sample i, the signal of a layer is the root of the
mean over samples of |dl_i/dz_l|^2. For weights of variance g / fan-in and ReLU units its square
falls by the factor g / 2 per layer on the way back: it is constant for g = 2 (He) and halves for
g = 1. Gradients of the weights do not show this: in a network without intercepts whose activation
is homogeneous, the product of W_l with dL/dW_l is the same for all layers.

Sources: X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural
networks", AISTATS 2010; K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", ICCV 2015,
section 2.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepgen._counts import checked_count
from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import in_style
from deepgen._engine.arrays import AnyArray, FloatArray
from deepgen._network.network import MATRICES
from deepgen.probe.probe import check_probe

if TYPE_CHECKING:
    from deepgen.probe import Probe

__all__ = ["GradientFlow", "gradient_flow"]


@dataclass(frozen=True, eq=False)
class GradientFlow(ShownAsTable):
    """Signals and gradients of each layer, from the first to the output.

    Parameters
    ----------
    signal : ndarray of shape (n_layers,)
        Root of the weighted mean over samples of the squared norm of each sample's gradient with
        respect to the layer's product z (before norm and activation): batches of one.
    weight_gradient, intercept_gradient : ndarray of shape (n_layers,)
        Norms of the loss's gradient with respect to weights and to intercepts; NaN for a layer
        without intercepts.
    weight_norm : ndarray of shape (n_layers,)
        Frobenius norms of the weights.
    weight_ratio, intercept_ratio : ndarray of shape (n_layers,)
        Norms of the gradients divided by the norms of weights and intercepts; infinite or NaN where
        those are 0.
    dead : ndarray of shape (n_layers,)
        Share of the units whose activation has the slope 0 at all samples.
    singular_values : ndarray of shape (n_points, n_singular)
        Singular values of the derivatives of the outputs in the inputs at some of the samples, in
        descending order.
    slope : float
        Change of the squared signal per hidden layer, in powers of two, by least squares: 0 for a
        signal that stays the same, positive if it vanishes on the way back to the input. NaN for
        fewer than two hidden layers or a signal of 0.
    slope_interval : tuple of float
        95 % interval of the slope over layers, by Student's t; infinite for two hidden layers.

    Examples
    --------
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.optimization import gradient_flow
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> net = MLPRegressor(hidden_layer_sizes=(4, 4), random_state=0).partial_fit(X, y)
    >>> gradient_flow(Probe(net, X, y)).signal.shape
    (3,)
    """

    signal: FloatArray
    weight_gradient: FloatArray
    intercept_gradient: FloatArray
    weight_norm: FloatArray
    weight_ratio: FloatArray
    intercept_ratio: FloatArray
    dead: FloatArray
    singular_values: FloatArray
    slope: float
    slope_interval: tuple[float, float]

    def __repr__(self) -> str:
        low, high = self.slope_interval
        return (
            f"GradientFlow({len(self.signal)} layers, signal {self.signal[0]:.4g} at the first to "
            f"{self.signal[-1]:.4g} at the output, {self.slope:.3g} [{low:.3g}, {high:.3g}] bits "
            f"per layer, {self.dead[:-1].mean() if len(self.dead) > 1 else 0:.0%} dead)"
        )

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot signals and gradients against the layers.

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
        layers = np.arange(1, len(self.signal) + 1)
        ax.plot(layers, self.signal, "o-", label="signal, dl/dz")
        ax.plot(layers, self.weight_gradient, "s--", label="gradient of weights")
        ax.plot(layers, self.weight_ratio, "^:", label="gradient of weights / weights")
        ax.set(xlabel="layer (last: output)", ylabel="norm", yscale="log")
        ax.legend()
        return ax


def gradient_flow(probe: Probe, *, n_points: int = 100) -> GradientFlow:
    """Measure how gradients flow back through the layers.

    Parameters
    ----------
    probe : Probe
        Network and data.
    n_points : int, default=100
        Number of samples, evenly spaced, at which the singular values of the derivatives of the
        outputs in the inputs are computed; at most all of them, 0 for none.

    Returns
    -------
    flow : GradientFlow
        Norms per layer, dead units, singular values and the slope of the signal.

    Raises
    ------
    ValueError
        If ``n_points`` is no integer of at least 0.

    Notes
    -----
    The cost is two gradients and ``n_points`` Jacobians. Weights are the trained ones (v under
    weight norm), and batch norm uses its running statistics. The signal is that of single samples:
    the gradient of a batch's mean averages signals that point in different directions, and so has
    another profile over depth.

    References
    ----------
    .. [1] K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", ICCV 2015, section 2.2.

    Examples
    --------
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.optimization import gradient_flow
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> net = MLPRegressor(hidden_layer_sizes=(64,) * 10, random_state=0, dtype="float64")
    >>> flow = gradient_flow(Probe(net.partial_fit(X, y), X, y))
    >>> bool(flow.slope > 0.5)  # the usual start of ReLU units is too small for depth
    True
    """
    check_probe(probe)
    from deepgen.probe.layer_signals import layer_signals

    checked_count("n_points", n_points, 0)
    signals = layer_signals(probe)
    signal = np.sqrt(np.average(signals.norms**2, axis=0, weights=probe.data.weights))
    gradients = _norms(probe, probe.gradient())
    weights = _norms(probe, probe.parameters)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = gradients / weights
    slope, interval = _slope(signal[:-1])
    return GradientFlow(
        signal,
        gradients[0],
        gradients[1],
        weights[0],
        ratios[0],
        ratios[1],
        np.array([1 - np.mean(units) for units in signals.alive]),
        _singular_values(probe, min(int(n_points), probe.n_samples)),
        slope,
        interval,
    )


def _norms(probe: Probe, values: FloatArray) -> FloatArray:
    """Return the norms of weights and intercepts of each layer, (2, n_layers)."""
    n_layers = probe.network.n_layers
    squares = np.zeros((2, n_layers))
    has_intercepts = np.zeros(n_layers, dtype=bool)
    for block in probe.network.core.layout:
        part = values[block.offset : block.offset + block.size]
        if block.kind in MATRICES:
            squares[0, block.layer] += part @ part
        elif block.kind in ("intercepts", "gate_intercepts"):
            squares[1, block.layer] += part @ part
            has_intercepts[block.layer] = True
    squares[1, ~has_intercepts] = np.nan
    norms: FloatArray = np.sqrt(squares)
    return norms


def _slope(signal: FloatArray) -> tuple[float, tuple[float, float]]:
    """Return the slope of log2 of the squared signal over layers, with its interval."""
    from scipy.stats import linregress, t

    n = len(signal)
    if n < 2 or not (signal > 0).all():
        return np.nan, (np.nan, np.nan)
    line = linregress(np.arange(n), 2 * np.log2(signal))
    slope = float(line.slope)
    if n == 2:
        return slope, (-np.inf, np.inf)
    margin = float(t.ppf(0.975, n - 2) * line.stderr)
    return slope, (slope - margin, slope + margin)


def _singular_values(probe: Probe, n_points: int) -> FloatArray:
    rows = np.linspace(0, probe.n_samples - 1, n_points).astype(np.int64)
    X = _rows(probe.data.X, rows)
    J = probe._core.jacobian(probe._point, X, n_threads=1)
    return np.asarray(np.linalg.svd(J, compute_uv=False), dtype=np.float64)


def _rows(X: Any, rows: AnyArray) -> Any:
    """Return some rows of features in the engine's format."""
    if isinstance(X, np.ndarray):
        return X[rows]
    from scipy.sparse import csr_array

    from deepgen import _core

    data, indices, starts, n_columns = X.__getstate__()
    some = csr_array((data, indices, starts), shape=(X.n_rows, n_columns))[rows]
    return _core.SparseRows(
        some.data, some.indices.astype(np.int32), some.indptr.astype(np.int64), n_columns
    )
