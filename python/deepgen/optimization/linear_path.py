"""The loss on the straight line between two points of parameter space.

theta(alpha) = (1 - alpha) theta_a + alpha theta_b. The barrier is the rise of the loss above both
ends: max over [0, 1] of L - max(L(0), L(1)), at least 0.

Source: I. Goodfellow, O. Vinyals, A. Saxe, "Qualitatively characterizing neural network
optimization problems", arXiv:1412.6544, 2015.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deepgen._display.axes import axes_or_new
from deepgen._display.style import in_style

if TYPE_CHECKING:
    from deepgen.probe import Probe

__all__ = ["LinearPath", "linear_path"]


@dataclass(frozen=True, eq=False)
class LinearPath:
    """The loss along a straight line.

    Parameters
    ----------
    alphas : ndarray of shape (n_points,)
        Positions on the line: 0 is the first point, 1 the second.
    values : ndarray of shape (n_points,)
        Loss at each position, as returned by `Probe.loss`.
    ends : tuple of float
        Loss at both points.
    barrier : float
        Rise above the higher end between the two points, at least 0.

    Examples
    --------
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.optimization import linear_path
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> probe = Probe(MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, y), X, y)
    >>> linear_path(probe.at(0 * probe.parameters), probe).barrier
    0.0
    """

    alphas: NDArray[np.float64]
    values: NDArray[np.float64]
    ends: tuple[float, float]
    barrier: float

    def __repr__(self) -> str:
        first, last = self.ends
        return (
            f"LinearPath(loss {first:.4g} to {last:.4g}, barrier {self.barrier:.4g}, "
            f"{len(self.alphas)} points)"
        )

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot the loss along the line.

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
        ax.plot(self.alphas, self.values)
        ax.plot([0, 1], self.ends, "o", linestyle="")
        ax.set(xlabel="place on the line (0: first point, 1: second)", ylabel="loss")
        return ax


def linear_path(
    a: Probe, b: Probe, *, low: float = -0.2, high: float = 1.2, n_points: int = 57
) -> LinearPath:
    """Measure the loss on the line through the parameters of two probes.

    Parameters
    ----------
    a, b : Probe
        Probes at the ends, of networks of the same structure; the loss is that on the data of `a`.
    low, high : float, default=-0.2, 1.2
        First and last position on the line, ``low < high``.
    n_points : int, default=57
        Number of positions, evenly spaced, at least 2.

    Returns
    -------
    path : LinearPath
        Loss along the line and the barrier. The ends count for the barrier even if they are none of
        the positions.

    Raises
    ------
    ValueError
        If the networks differ in structure or in running statistics of batch norm (which are
        constant along the path), or a setting is out of range.

    Notes
    -----
    The cost is `n_points` + 2 evaluations of the loss, a third of a gradient each.

    References
    ----------
    .. [1] I. Goodfellow, O. Vinyals, A. Saxe, "Qualitatively characterizing neural network
       optimization problems", arXiv:1412.6544, 2015.

    Examples
    --------
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.optimization import linear_path
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> probe = Probe(MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, y), X, y)
    >>> path = linear_path(probe.at(0 * probe.parameters), probe, n_points=3, low=0, high=1)
    >>> path.values.round(3).tolist()
    [0.5, 0.125, 0.0]
    """
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"low must be below high and both finite, got {low!r} and {high!r}")
    points: Any = n_points
    if not isinstance(points, Integral) or points < 2:
        raise ValueError(f"n_points must be an integer of at least 2, got {n_points!r}")
    if _structure(a) != _structure(b):
        raise ValueError(f"linear_path needs networks of one structure, got {a!r} and {b!r}")
    statistics = [probe.network.parameters[probe.n_parameters :] for probe in (a, b)]
    if not np.array_equal(statistics[0], statistics[1]):
        raise ValueError(
            "linear_path holds the running statistics of batch norm still, and the two networks "
            "differ in theirs"
        )
    alphas = np.linspace(low, high, int(n_points))

    def loss(alpha: float) -> float:
        return a.at((1 - alpha) * a.parameters + alpha * b.parameters).loss()

    values = np.array([loss(alpha) for alpha in alphas])
    ends = (loss(0.0), loss(1.0))
    between = values[(alphas >= 0) & (alphas <= 1)]
    barrier = max(0.0, float(between.max(initial=max(ends))) - max(ends))
    return LinearPath(alphas, values, ends, barrier)


def _structure(probe: Probe) -> list[tuple[str, int, int]]:
    return [(block.name, block.rows, block.columns) for block in probe.network.core.layout]
