"""Trajectory length: the length of a curve's image in each layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import in_style
from deepgen._engine.arrays import FloatArray
from deepgen.expressivity.piecewise import piecewise_linear_of
from deepgen.expressivity.segment import walk

__all__ = ["TrajectoryLength", "trajectory_length"]


@dataclass(frozen=True, repr=False)
class TrajectoryLength(ShownAsTable):
    """Lengths of the images of a curve.

    Parameters
    ----------
    lengths : ndarray of shape (n_layers + 1,)
        Lengths of the curve itself, of its image after each hidden layer, and of its image in the
        outputs.
    growth : ndarray of shape (n_layers,)
        Ratio of each length to the one before; NaN after a length of 0.
    n_pieces : int
        Number of pieces of the curve with one activation pattern.

    Examples
    --------
    >>> from deepgen.expressivity import trajectory_length, tri
    >>> trajectory_length(tri(4), [[0.0], [1.0]]).lengths[-1].item()
    16.0
    """

    lengths: FloatArray
    growth: FloatArray
    n_pieces: int

    def __repr__(self) -> str:
        shown = ", ".join(f"{length:.4g}" for length in self.lengths)
        return f"TrajectoryLength({shown}; {self.n_pieces} pieces)"

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot the lengths against the layers.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes; None makes a new figure.

        Returns
        -------
        ax : matplotlib.axes.Axes
            The vertical axis is logarithmic.
        """
        ax = axes_or_new(ax)
        ax.plot(np.arange(len(self.lengths)), self.lengths, marker="o")
        ax.locator_params(axis="x", integer=True)
        ax.set_yscale("log")
        ax.set_xlabel("layer (0 is the input)")
        ax.set_ylabel("length of the curve")
        return ax


def trajectory_length(model: Any, points: Any) -> TrajectoryLength:
    r"""Measure the length of a polyline's image in each layer.

    Parameters
    ----------
    model : MLPRegressor, MLPClassifier or Probe
        Fitted, with piecewise linear activations and no layer norm; batch norm uses its running
        statistics.
    points : array-like of shape (n_points, n_inputs)
        Vertices of the polyline, at least 2; repeat the first one to close it.

    Returns
    -------
    result : TrajectoryLength
        ``lengths`` and ``growth`` per layer.

    Raises
    ------
    ValueError
        If an activation or normalization is not piecewise linear, or the points do not fit the
        model, are fewer than 2, not finite, or all equal.

    See Also
    --------
    breakpoints : The kinks of the images.

    Notes
    -----
    .. math:: \sum_i |s_i| \, (t_{i+1} - t_i)

    over the pieces of each segment, with the exact slopes of a layer: there is no sampling error.
    For random weights of variance :math:`\sigma_w^2 / n` the expected length grows exponentially
    with depth, for wide layers by a factor of about :math:`\sigma_w`, up to a constant. The cost is
    that of `breakpoints` for each segment.

    References
    ----------
    .. [1] M. Raghu, B. Poole, J. Kleinberg, S. Ganguli and J. Sohl-Dickstein, "On the expressive
       power of deep neural networks", ICML 2017, theorem 1.

    Examples
    --------
    >>> from deepgen.expressivity import rect, trajectory_length
    >>> trajectory_length(rect(0.0, 1.0, 2.0, eps=0.25), [[-1.0], [3.0]]).lengths[-1].item()
    4.0
    """
    function = piecewise_linear_of(model)
    corners = np.asarray(points, dtype=np.float64)
    if corners.ndim != 2 or corners.shape[1] != function.n_inputs or len(corners) < 2:
        raise ValueError(
            f"points must be at least 2 rows of {function.n_inputs} inputs, got {corners.shape}"
        )
    if not np.isfinite(corners).all():
        raise ValueError("points contain NaN or infinity")
    lengths = np.zeros(len(function.layers) + 1)
    n_pieces = 0
    for start, stop in zip(corners[:-1], corners[1:], strict=True):
        if (start == stop).all():
            continue
        lengths[0] += np.linalg.norm(stop - start)
        for layer, trace in enumerate(walk(function, start, stop), 1):
            lengths[layer] += np.linalg.norm(trace.slopes, axis=1) @ np.diff(trace.t)
        n_pieces += len(trace.slopes)
    if not lengths[0]:
        raise ValueError("points are all equal: a curve needs length")
    growth = np.full(len(function.layers), np.nan)
    np.divide(lengths[1:], lengths[:-1], out=growth, where=lengths[:-1] > 0)
    return TrajectoryLength(lengths, growth, n_pieces)
