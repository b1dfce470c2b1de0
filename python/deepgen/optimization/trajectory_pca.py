"""Principal components of the way that training took through parameter space.

A random walk of many steps in a space of many dimensions has large first components, too: the k-th
explains 6 / (pi^2 k^2) of the variance, whatever the dimension. Shares mean something only beside
this null.

Source: J. M. Antognini, J. Sohl-Dickstein, "PCA of high dimensional random walks with comparison to
neural network training", NeurIPS 2018; H. Li et al., "Visualizing the loss landscape of neural
nets", NeurIPS 2018, section 7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deepgen._counts import checked_count
from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import in_style
from deepgen._engine.arrays import AnyArray

__all__ = ["TrajectoryPCA", "column_stretches", "points_of", "trajectory_pca"]

CHUNK = 2**22
"""Numbers of the path that are converted to float64 at once."""


@dataclass(frozen=True, eq=False)
class TrajectoryPCA(ShownAsTable):
    """Principal components of a path.

    Parameters
    ----------
    shares : ndarray of shape (n_components,)
        Shares of the variance of the path, in falling order.
    null : ndarray of shape (n_components,)
        Shares of a random walk in a space of many dimensions: 6 / (pi^2 k^2).
    coordinates : ndarray of shape (n_points, n_components)
        Points of the path, measured from its last one.
    directions : ndarray of shape (n_components, n_parameters)
        Orthonormal directions; the path begins on their positive sides.

    Examples
    --------
    >>> from deepgen.optimization import trajectory_pca
    >>> pca = trajectory_pca([[3.0, 0.0], [1.0, 1.0], [1.0, -1.0], [-1.0, 0.0]])
    >>> pca.shares.round(3).tolist(), pca.null.round(3).tolist()
    ([0.8, 0.2], [0.608, 0.152])
    """

    shares: NDArray[np.float64]
    null: NDArray[np.float64]
    coordinates: NDArray[np.float64]
    directions: NDArray[np.float64]

    def __repr__(self) -> str:
        def few(shares: NDArray[np.float64]) -> str:
            return ", ".join(f"{share:.3f}" for share in shares[:3])

        return (
            f"TrajectoryPCA({len(self.coordinates)} points, shares {few(self.shares)}; "
            f"random walk {few(self.null)})"
        )

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot the path in the plane of its first two components.

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
        path = self.coordinates
        flat = path.shape[1] == 1
        across, up = (np.arange(len(path)), path[:, 0]) if flat else (path[:, 0], path[:, 1])
        ax.plot(across, up, marker=".")
        ax.plot(across[:1], up[:1], "o", label="start")
        ax.plot(across[-1:], up[-1:], "s", label="end")
        names = [
            f"component {place + 1}: {share:.0%} (random walk: {walk:.0%})"
            for place, (share, walk) in enumerate(zip(self.shares, self.null, strict=True))
        ]
        if flat:
            ax.set(xlabel="point", ylabel=names[0])
        else:
            ax.set(xlabel=names[0], ylabel=names[1])
        ax.legend()
        return ax


def trajectory_pca(weights: Any, *, n_components: int = 10) -> TrajectoryPCA:
    """Find the directions in which training moved most.

    Parameters
    ----------
    weights : deepgen.callbacks.Trajectory or array-like of shape (n_points, n_parameters)
        Points of the path in order, at least 2; they may be a memory map.
    n_components : int, default=10
        Largest number of components, at least 1; there are never more than the path has.

    Returns
    -------
    pca : TrajectoryPCA
        Shares beside those of a random walk, coordinates and directions.

    Raises
    ------
    ValueError
        If there are too few points, they are not finite or all equal, or a setting is out of range.

    See Also
    --------
    loss_surface : With ``directions='pca'`` the loss on the plane of the first two components.

    Notes
    -----
    Variance is that about the mean of the points. No gradient is needed: n points of P parameters
    cost about n^2 P multiplications, and memory for the components only.

    References
    ----------
    .. [1] J. M. Antognini, J. Sohl-Dickstein, "PCA of high dimensional random walks with comparison
       to neural network training", NeurIPS 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.optimization import trajectory_pca
    >>> walk = np.cumsum(np.random.default_rng(0).normal(size=(200, 1000)), axis=0)
    >>> bool(np.allclose(trajectory_pca(walk, n_components=2).shares, [0.61, 0.15], atol=0.03))
    True
    """
    checked_count("n_components", n_components)
    points = points_of(weights)
    n = len(points)
    gram = np.zeros((n, n))
    for columns in column_stretches(points):
        part = _centred(points, columns)
        gram += part @ part.T
    if not np.isfinite(gram).all():
        raise ValueError("weights must be finite, got NaN or infinity")
    variances, sides = np.linalg.eigh(gram)
    variances, sides = variances[::-1], sides[:, ::-1]
    total = float(np.trace(gram))
    # Components whose variance is rounding have no direction.
    kept = min(int(n_components), int(np.sum(variances > 1e-12 * variances[0])))
    if total <= 0 or kept == 0:
        raise ValueError("weights must not be the same at all points")
    lengths = np.sqrt(variances[:kept])
    coordinates = (sides[:, :kept] - sides[-1, :kept]) * lengths
    signs = np.where(coordinates[0] < 0, -1.0, 1.0)
    directions = np.empty((kept, points.shape[1]))
    for columns in column_stretches(points):
        part = _centred(points, columns)
        directions[:, columns] = (signs * sides[:, :kept] / lengths).T @ part
    return TrajectoryPCA(
        shares=variances[:kept] / total,
        null=6 / (np.pi * np.arange(1, kept + 1)) ** 2,
        coordinates=coordinates * signs,
        directions=directions,
    )


def points_of(weights: Any) -> AnyArray:
    """Return the points of a path as a matrix, without a copy where that is possible.

    Parameters
    ----------
    weights : deepgen.callbacks.Trajectory or array-like of shape (n_points, n_parameters)
        Object with ``weights``, or the points.

    Returns
    -------
    points : ndarray of shape (n_points, n_parameters)
        In their own type.

    Raises
    ------
    ValueError
        If they are no matrix of at least two points.

    Examples
    --------
    >>> from deepgen.optimization.trajectory_pca import points_of
    >>> points_of([[0, 1], [2, 3]]).shape
    (2, 2)
    """
    given: ArrayLike = getattr(weights, "weights", weights)
    points: AnyArray = np.asarray(given) if not isinstance(given, np.memmap) else given
    if points.ndim != 2 or len(points) < 2 or points.shape[1] == 0:
        raise ValueError(
            "weights must be a filled Trajectory or at least two points of shape "
            f"(n_points, n_parameters), got shape {points.shape}"
        )
    return points


def column_stretches(points: AnyArray) -> list[slice]:
    """Return stretches of the parameters that fit into memory in float64.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_parameters)
        Points of a path.

    Returns
    -------
    stretches : list of slice
        In order, all parameters once.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.optimization.trajectory_pca import column_stretches
    >>> column_stretches(np.zeros((2, 3)))[0].start
    0
    """
    step = max(1, CHUNK // len(points))
    return [slice(first, first + step) for first in range(0, points.shape[1], step)]


def _centred(points: AnyArray, columns: slice) -> NDArray[np.float64]:
    part: NDArray[np.float64] = np.array(points[:, columns], dtype=np.float64)
    part -= part.mean(axis=0)
    return part
