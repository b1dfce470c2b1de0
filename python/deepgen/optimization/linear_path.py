"""The loss on the straight line between two points of parameter space.

theta(alpha) = (1 - alpha) theta_a + alpha theta_b. Two numbers describe the line over [0, 1]: the
barrier, the largest height of the loss above the chord (1 - alpha) L(0) + alpha L(1), for two
solutions (Entezari et al. 2022); and the rise, the largest climb of the loss above a lower value
before it, for the way from a start to a solution (Goodfellow et al. 2015), which sees bumps that
stay below the start.

Batch norm's running statistics belong to the weights, so they are recomputed at each place
(Jordan et al. 2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deepgen._counts import checked_count
from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import in_style
from deepgen.optimization.statistics import recalibrated, with_all_parameters
from deepgen.optimization.validation import accuracy_of, check_classes, validation_probe

if TYPE_CHECKING:
    from deepgen.probe import Probe

__all__ = ["LinearPath", "linear_path"]


@dataclass(frozen=True, eq=False)
class LinearPath(ShownAsTable):
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
        Largest height of the loss above the chord between both points, at least 0.
    rise : float
        Largest climb between both points: loss minus the lowest loss before it, at least 0.
    accuracy : ndarray of shape (n_points,) or None, default=None
        Share of rows with the right class, if it was asked for.
    validation_values, validation_accuracy : ndarray or None, default=None
        The same as `values` and `accuracy` on the validation data, if there are any.

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
    rise: float
    accuracy: NDArray[np.float64] | None = None
    validation_values: NDArray[np.float64] | None = None
    validation_accuracy: NDArray[np.float64] | None = None

    def __repr__(self) -> str:
        first, last = self.ends
        return (
            f"LinearPath(loss {first:.4g} to {last:.4g}, barrier {self.barrier:.4g}, "
            f"rise {self.rise:.4g}, {len(self.alphas)} points)"
        )

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot the loss along the line, and the chord between the ends.

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
        ax.plot([0, 1], self.ends, "o", linestyle=":")
        ax.set(xlabel="place on the line (0: first point, 1: second)", ylabel="loss")
        return ax


def linear_path(
    a: Probe,
    b: Probe,
    *,
    low: float = -0.2,
    high: float = 1.2,
    n_points: int = 57,
    recalibrate: bool = True,
    accuracy: bool = False,
    validation: Any = None,
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
    recalibrate : bool, default=True
        Whether batch norm's statistics are recomputed at each position, the ends too, from the rows
        of `a`; False interpolates the two networks' running statistics (beyond the ends: those of
        the end). Without batch norm there is no difference.
    accuracy : bool, default=False
        Whether the accuracy is measured too; for classifiers.
    validation : Probe, tuple (X, y) or (X, y, sample_weight), or None, default=None
        Other data: a probe of `a`'s network, or rows as for `Probe`.

    Returns
    -------
    path : LinearPath
        Loss along the line, barrier and rise. The ends count for both numbers even if they are none
        of the positions.

    Raises
    ------
    ValueError
        If the networks differ in structure, a setting is out of range, or the accuracy of a
        regressor is asked for.
    TypeError
        If the validation data are neither a probe nor a tuple.

    See Also
    --------
    align : Copy of a network with its units in the order of another's, which lowers the barrier.

    Notes
    -----
    The cost is `n_points` + 2 evaluations of the loss, a third of a gradient each, with batch norm
    twice that, once more on the validation data, and as much again for accuracy. Recomputed
    statistics count each row of `a` once, whatever its weight.

    References
    ----------
    .. [1] I. Goodfellow, O. Vinyals, A. Saxe, "Qualitatively characterizing neural network
       optimization problems", arXiv:1412.6544, 2015.
    .. [2] R. Entezari, H. Sedghi, O. Saukh, B. Neyshabur, "The role of permutation invariance in
       linear mode connectivity of neural networks", ICLR 2022.
    .. [3] K. Jordan, H. Sedghi, O. Saukh, R. Entezari, B. Neyshabur, "REPAIR: renormalizing
       permuted activations for interpolation repair", ICLR 2023.

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
    checked_count("n_points", n_points, 2)
    if _structure(a) != _structure(b):
        raise ValueError(f"linear_path needs networks of one structure, got {a!r} and {b!r}")
    if accuracy:
        check_classes(a)
    other = validation_probe(a, validation)
    alphas = np.linspace(low, high, int(n_points))
    first, last = a.network.parameters, b.network.parameters
    shares = np.zeros(len(first))

    def place(alpha: float) -> Probe:
        shares[: a.n_parameters] = alpha
        # Beyond the ends a variance could become negative.
        shares[a.n_parameters :] = min(max(alpha, 0.0), 1.0)
        here = with_all_parameters(a, (1 - shares) * first + shares * last)
        return recalibrated(here) if recalibrate else here

    found: dict[str, list[float]] = {}
    for alpha in alphas:
        here = place(alpha)
        probes = {"": here}
        if other is not None:
            probes["validation_"] = with_all_parameters(other, here.network.parameters)
        for prefix, there in probes.items():
            found.setdefault(f"{prefix}values", []).append(there.loss())
            if accuracy:
                found.setdefault(f"{prefix}accuracy", []).append(accuracy_of(there))
    measured = {name: np.array(values) for name, values in found.items()}
    ends = (place(0.0).loss(), place(1.0).loss())
    inside = (alphas > 0) & (alphas < 1)
    places = np.concatenate([[0.0], alphas[inside], [1.0]])
    losses = np.concatenate([ends[:1], measured["values"][inside], ends[1:]])
    barrier = float(np.max(losses - ((1 - places) * ends[0] + places * ends[1])))
    rise = float(np.max(losses - np.minimum.accumulate(losses)))
    # At the ends the chord is the loss but for rounding.
    return LinearPath(alphas, ends=ends, barrier=max(barrier, 0.0), rise=rise, **measured)


def _structure(probe: Probe) -> list[tuple[str, int, int]]:
    return [(block.name, block.rows, block.columns) for block in probe.network.core.layout]
