"""The loss on a plane through a point of parameter space.

L(w + alpha d + beta e) on a grid, beside it accuracy and the loss on other data, and the path of
training on the plane. Directions are random and scaled to the weights, given, or the principal
components of the path.

Source: H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein, "Visualizing the loss landscape of neural
nets", NeurIPS 2018.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import in_style
from deepgen.optimization.balance import balanced_probe
from deepgen.optimization.directions import Scaling, path_of, plane_of, projected
from deepgen.optimization.statistics import with_all_parameters
from deepgen.optimization.validation import accuracy_of, check_classes, validation_probe
from deepgen.probe import Probe
from deepgen.probe.probe import check_probe

__all__ = ["LossSurface", "loss_surface"]

SURFACES: Final = {
    "loss": "values",
    "accuracy": "accuracy",
    "validation_loss": "validation_values",
    "validation_accuracy": "validation_accuracy",
}


@dataclass(frozen=True, eq=False)
class LossSurface(ShownAsTable):
    """The loss on a plane, and what else was measured there.

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
    coordinates : str
        Space of w, d and e in words: the weights, or the trained numbers of a reparametrization.
    accuracy : ndarray of shape (n_alphas, n_betas) or None, default=None
        Share of rows with the right class, if it was asked for.
    validation_values, validation_accuracy : ndarray or None, default=None
        The same as `values` and `accuracy` on the validation data, if there are any.
    path : ndarray of shape (n_points, 2) or None, default=None
        Trajectory, projected onto the plane.
    path_share : float or None, default=None
        Share of the trajectory's variance on the plane.

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
    coordinates: str
    accuracy: NDArray[np.float64] | None = None
    validation_values: NDArray[np.float64] | None = None
    validation_accuracy: NDArray[np.float64] | None = None
    path: NDArray[np.float64] | None = None
    path_share: float | None = None

    def __repr__(self) -> str:
        share = "" if self.path_share is None else f", {self.path_share:.0%} of the path"
        return (
            f"LossSurface({len(self.alphas)} x {len(self.betas)} points, loss "
            f"{self.values.min():.4g} to {self.values.max():.4g}{share})"
        )

    @in_style
    def plot(self, ax: Any = None, *, surface: str = "loss") -> Any:
        """Plot a surface as filled contours, and the path on it.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes; None makes a new figure.
        surface : {'loss', 'accuracy', 'validation_loss', 'validation_accuracy'}, default='loss'
            The drawn quantity.

        Returns
        -------
        ax : matplotlib.axes.Axes
            The axes drawn on.

        Raises
        ------
        ValueError
            If the quantity is unknown or was not measured.
        """
        if surface not in SURFACES:
            raise ValueError(f"surface must be one of {list(SURFACES)}, got {surface!r}")
        values = getattr(self, SURFACES[surface])
        if values is None:
            raise ValueError(f"{surface} was not measured; see the arguments of loss_surface")
        ax = axes_or_new(ax)
        filled = ax.contourf(self.alphas, self.betas, values.T, levels=20)
        ax.figure.colorbar(filled, ax=ax, label=surface.replace("_", " "))
        ax.set(xlabel="first direction", ylabel="second direction")
        if self.path is not None:
            label = f"path ({self.path_share:.0%} of its variance)"
            ax.plot(*self.path.T, color="white", marker=".", label=label)
            ax.plot(*self.path[-1:].T, "s", color="white")
            ax.legend(labelcolor="black")
        return ax


def loss_surface(
    probe: Probe,
    *,
    directions: ArrayLike | str | None = None,
    scaling: Scaling | None = None,
    balanced: bool = False,
    alphas: ArrayLike | None = None,
    betas: ArrayLike | None = None,
    accuracy: bool = False,
    validation: Any = None,
    trajectory: Any = None,
    random_state: int = 0,
) -> LossSurface:
    """Measure the loss on a plane through the probe's parameters.

    Parameters
    ----------
    probe : Probe
        Probe with the point and the data.
    directions : array-like of shape (2, n_parameters), 'pca' or None, default=None
        Directions of the plane; None draws two at random, 'pca' takes the first two principal
        components of the trajectory.
    scaling : {'filter', 'layer', 'norm'} or None, default=None
        Lengths of the directions: those of each unit's incoming weights (filter normalization), of
        each layer's matrix, or of all parameters together. With the first two, intercepts and
        parameters of norms stay still. None: random ones by 'filter', given ones as they are,
        principal ones so that the path lies between -1 and 1.
    balanced : bool, default=False
        Whether the plane passes through the same function at balanced weights (`balanced_probe`),
        so that rescaled units do not change the picture.
    alphas, betas : array-like or None, default=None
        Coordinates along the first and the second direction; None means 51 from -1 to 1.
    accuracy : bool, default=False
        Whether the accuracy is measured too; for classifiers.
    validation : Probe, tuple (X, y) or (X, y, sample_weight), or None, default=None
        Other data for the same network: a probe of it, or rows as for `Probe`.
    trajectory : Trajectory, array-like of shape (n_points, n_parameters) or None, default=None
        Path of training, which is projected onto the plane.
    random_state : int, default=0
        Seed of the random directions, at least 0.

    Returns
    -------
    surface : LossSurface
        Losses on the grid, the coordinates, the directions and what else was asked for.

    Raises
    ------
    ValueError
        If directions, coordinates or trajectory have another shape or are not finite, a setting is
        unknown, the accuracy of a regressor is asked for, or the weights cannot be balanced.
    TypeError
        If the validation data are neither a probe nor a tuple.

    See Also
    --------
    trajectory_pca : Shares of all components beside those of a random walk.

    Notes
    -----
    The cost is one evaluation of the loss per grid point and per data set, a third of a gradient
    each, and as much again for accuracy. Batch norm uses the running statistics of the fitted
    network everywhere.

    Coordinates are those of `Probe.parameters`. With weight norm these are the trained v and gain,
    not the weights gain ``v / |v|``: random directions move v and leave the gain, so that weights
    turn by arctan(alpha) and keep their length. With the other reparametrizations, too, the numbers
    that move are those before the weights are computed; ``coordinates`` of the result says which.

    The surface changes if single units are rescaled (incoming weights times c, outgoing weights
    divided by c), although the function does not; `balanced` removes that freedom.

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
    check_probe(probe)
    first, second = _steps("alphas", alphas), _steps("betas", betas)
    if balanced and trajectory is not None:
        raise ValueError("balanced weights have no trajectory: training went by other weights")
    if accuracy:
        check_classes(probe)
    other = validation_probe(probe, validation)
    if balanced:
        probe = balanced_probe(probe)
        if other is not None:
            other = with_all_parameters(other, probe.network.parameters)
    points = None if trajectory is None else path_of(trajectory, probe.n_parameters)
    plane = plane_of(probe, directions, scaling, points, random_state)
    # Everything that is asked for at one point of the grid, in this order.
    measures: dict[str, Callable[[Any], float]] = {}
    for prefix, data in (("", probe), ("validation_", other)):
        if data is not None:
            measures[f"{prefix}values"] = _loss_on(data)
            if accuracy:
                measures[f"{prefix}accuracy"] = _accuracy_on(data)
    found = {name: np.empty((len(first), len(second))) for name in measures}
    for row, x in enumerate(first):
        for column, y in enumerate(second):
            here = probe.parameters + np.array([x, y]) @ plane
            for name, measure in measures.items():
                found[name][row, column] = measure(here)
    path = share = None
    if points is not None:
        path, share = projected(points, probe.parameters, plane)
    return LossSurface(
        alphas=first,
        betas=second,
        directions=plane,
        coordinates=_coordinates(probe),
        path=path,
        path_share=share,
        **found,
    )


def _loss_on(probe: Probe) -> Callable[[Any], float]:
    return lambda parameters: probe.at(parameters).loss()


def _accuracy_on(probe: Probe) -> Callable[[Any], float]:
    return lambda parameters: accuracy_of(probe.at(parameters))


def _coordinates(probe: Probe) -> str:
    """Say in words what the coordinates are."""
    specs = probe.network.core.spec.layers
    names = dict.fromkeys(spec.reparametrization.name for spec in specs)
    names.pop("none", None)
    if not names:
        return "weights and all other trained parameters"
    kinds = ", ".join(name.replace("_", " ") for name in names)
    return f"trained numbers before reparametrization ({kinds}), not the weights"


def _steps(name: str, steps: ArrayLike | None) -> NDArray[np.float64]:
    values = np.linspace(-1, 1, 51) if steps is None else np.asarray(steps, dtype=float)
    if values.ndim != 1 or len(values) == 0 or not np.isfinite(values).all():
        raise ValueError(f"{name} must be a list of finite numbers, got {steps!r}")
    return values
