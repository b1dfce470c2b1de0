"""The loss on a plane through a point of parameter space.

L(w + alpha d + beta e) on a grid. Random directions are scaled to the weights: the part of d that
belongs to a neuron's incoming weights has their norm; intercepts and the parameters of norms do not
change (filter normalization; in a dense network a filter is a neuron).

Source: H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein, "Visualizing the loss landscape of neural
nets", NeurIPS 2018.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deepgen._display.axes import axes_or_new
from deepgen._display.style import in_style
from deepgen._network.network import MATRICES

if TYPE_CHECKING:
    from deepgen.probe import Probe

__all__ = ["LossSurface", "loss_surface", "random_direction"]


@dataclass(frozen=True, eq=False)
class LossSurface:
    """The loss on a plane.

    Parameters
    ----------
    values : ndarray of shape (n_alphas, n_betas)
        Loss at w + alphas[i] d + betas[j] e, as returned by `Probe.loss`.
    alphas : ndarray of shape (n_alphas,)
        Coordinates along the first direction.
    betas : ndarray of shape (n_betas,)
        Coordinates along the second direction.
    directions : ndarray of shape (2, n_parameters)
        The directions d and e.

    Examples
    --------
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.optimization import loss_surface
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> probe = Probe(MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs").fit(X, y), X, y)
    >>> surface = loss_surface(probe, alphas=[-1, 0, 1], betas=[0, 1])
    >>> surface.values.shape, bool(surface.values[1, 0] == probe.loss())
    ((3, 2), True)
    """

    values: NDArray[np.float64]
    alphas: NDArray[np.float64]
    betas: NDArray[np.float64]
    directions: NDArray[np.float64]

    def __repr__(self) -> str:
        return (
            f"LossSurface({len(self.alphas)} x {len(self.betas)} points, loss "
            f"{self.values.min():.4g} to {self.values.max():.4g})"
        )

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot the surface as filled contours.

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
        filled = ax.contourf(self.alphas, self.betas, self.values.T, levels=20)
        ax.figure.colorbar(filled, ax=ax, label="loss")
        ax.set(xlabel="first direction", ylabel="second direction")
        return ax


def loss_surface(
    probe: Probe,
    *,
    directions: ArrayLike | None = None,
    alphas: ArrayLike | None = None,
    betas: ArrayLike | None = None,
    random_state: int = 0,
) -> LossSurface:
    """Measure the loss on a plane through the probe's parameters.

    Parameters
    ----------
    probe : Probe
        Probe with the point and the data.
    directions : array-like of shape (2, n_parameters) or None, default=None
        Directions of the plane; None draws two by `random_direction`.
    alphas, betas : array-like or None, default=None
        Coordinates along the first and the second direction; None means 51 from -1 to 1.
    random_state : int, default=0
        Seed of the random directions, at least 0.

    Returns
    -------
    surface : LossSurface
        Losses on the grid, the coordinates and the directions.

    Raises
    ------
    ValueError
        If directions or coordinates have another shape or are not finite.

    Notes
    -----
    The cost is one evaluation of the loss per grid point, a third of a gradient each. Batch norm
    uses the running statistics of the fitted network everywhere. The surface changes if single
    neurons are rescaled (incoming weights times c, outgoing weights divided by c), although the
    function does not.

    References
    ----------
    .. [1] H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein, "Visualizing the loss landscape of
       neural nets", NeurIPS 2018.

    Examples
    --------
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.optimization import loss_surface
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> probe = Probe(MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs").fit(X, y), X, y)
    >>> loss_surface(probe, alphas=[-1, 0, 1], betas=[0]).alphas.tolist()
    [-1.0, 0.0, 1.0]
    """
    first, second = _steps("alphas", alphas), _steps("betas", betas)
    if directions is None:
        plane = np.array([random_direction(probe, [random_state, place]) for place in (0, 1)])
    else:
        plane = np.asarray(directions, dtype=float)
        if plane.shape != (2, probe.n_parameters) or not np.isfinite(plane).all():
            raise ValueError(
                f"directions must be finite and of shape (2, {probe.n_parameters}), got shape "
                f"{plane.shape}"
            )
    values = np.array(
        [
            [probe.at(probe.parameters + np.array([x, y]) @ plane).loss() for y in second]
            for x in first
        ]
    )
    return LossSurface(values, first, second, plane)


def random_direction(probe: Probe, seed: int | list[int]) -> NDArray[np.float64]:
    """Draw a random direction in which each neuron's part is as long as its incoming weights.

    Parameters
    ----------
    probe : Probe
        Probe with the point.
    seed : int or list of int
        Seed of the generator, at least 0.

    Returns
    -------
    direction : ndarray of shape (n_parameters,)
        Zero for intercepts and for the parameters of norms.

    Raises
    ------
    ValueError
        If the seed is not an integer >= 0.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.optimization.loss_surface import random_direction
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> probe = Probe(MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, y), X, y)
    >>> bool(np.isclose(abs(random_direction(probe, 0)[0]), abs(probe.parameters[0])))
    True
    """
    try:
        draw = np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise ValueError(f"random_state must be an integer of at least 0, got {seed!r}") from None
    direction = np.zeros(probe.n_parameters)
    for block in probe.network.core.layout:
        if block.kind in MATRICES:
            part = slice(block.offset, block.offset + block.size)
            weights = probe.parameters[part].reshape(block.rows, block.columns)
            drawn = draw.standard_normal(weights.shape)
            # Stored as (in, out): a neuron's incoming weights are a column.
            lengths = np.linalg.norm(weights, axis=0) / np.linalg.norm(drawn, axis=0)
            direction[part] = (drawn * lengths).ravel()
    return direction


def _steps(name: str, steps: ArrayLike | None) -> NDArray[np.float64]:
    values = np.linspace(-1, 1, 51) if steps is None else np.asarray(steps, dtype=float)
    if values.ndim != 1 or len(values) == 0 or not np.isfinite(values).all():
        raise ValueError(f"{name} must be a list of finite numbers, got {steps!r}")
    return values
