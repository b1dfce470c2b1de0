"""Directions: planes in parameter space, scaled to the weights.

A direction's part that belongs to a unit's incoming weights gets their length (filter
normalization; in a dense network a filter is a unit), or a layer's part the length of the layer's
weights; intercepts and the parameters of norms then stay still. Or the whole direction is as long
as all parameters together.

Source: H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein, "Visualizing the loss landscape of neural
nets", NeurIPS 2018, section 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deepgen._engine.arrays import AnyArray, FloatArray
from deepgen._network.network import MATRICES
from deepgen.optimization.trajectory_pca import column_stretches, points_of, trajectory_pca

if TYPE_CHECKING:
    from deepgen.probe import Probe

__all__ = ["SCALINGS", "Scaling", "path_of", "plane_of", "projected", "random_direction", "scaled"]

Scaling: TypeAlias = Literal["filter", "layer", "norm"]
SCALINGS: Final = ("filter", "layer", "norm")

MARGIN: Final = 1.1
"""Length of a principal direction, per farthest point of the path on it."""


def plane_of(
    probe: Probe,
    directions: ArrayLike | str | None,
    scaling: str | None,
    trajectory: AnyArray | None,
    random_state: int,
) -> FloatArray:
    """Return the two directions of a plane.

    Parameters
    ----------
    probe : Probe
        Probe with the point.
    directions : array-like of shape (2, n_parameters), 'pca' or None
        Given directions, the principal ones of the trajectory, or None for random ones.
    scaling : {'filter', 'layer', 'norm'} or None
        Their lengths. None: random ones by 'filter', given ones as they are, principal ones so that
        the trajectory lies within -1 and 1.
    trajectory : ndarray of shape (n_points, n_parameters) or None
        Points for 'pca'.
    random_state : int
        Seed of random directions, at least 0.

    Returns
    -------
    plane : ndarray of shape (2, n_parameters)
        Both directions.

    Raises
    ------
    ValueError
        If a setting is out of range.

    Examples
    --------
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.optimization.directions import plane_of
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> probe = Probe(MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, y), X, y)
    >>> plane_of(probe, [[1, 0], [0, 1]], None, None, 0).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    if scaling is not None and scaling not in SCALINGS:
        raise ValueError(f"scaling must be one of {list(SCALINGS)} or None, got {scaling!r}")
    if directions is None:
        plane = np.array([_drawn(probe, [random_state, place]) for place in (0, 1)])
        scaling = scaling or "filter"
    elif isinstance(directions, str):
        if directions != "pca":
            raise ValueError(f"directions must be 'pca', two vectors or None, got {directions!r}")
        if trajectory is None:
            raise ValueError("directions='pca' needs a trajectory")
        plane = trajectory_pca(trajectory, n_components=2).directions
        if len(plane) < 2:
            raise ValueError("directions='pca' needs a trajectory that is no straight line")
        places = projected(trajectory, probe.parameters, plane)[0]
        plane = plane * MARGIN * np.abs(places).max(axis=0)[:, None]
    else:
        plane = np.asarray(directions, dtype=float)
        if plane.shape != (2, probe.n_parameters) or not np.isfinite(plane).all():
            raise ValueError(
                f"directions must be finite and of shape (2, {probe.n_parameters}), got shape "
                f"{plane.shape}"
            )
    if scaling is None:
        return plane
    return np.array([scaled(probe, direction, scaling) for direction in plane])


def random_direction(probe: Probe, seed: int | list[int]) -> NDArray[np.float64]:
    """Draw a random direction in which each unit's part is as long as its incoming weights.

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

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.optimization.directions import random_direction
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> probe = Probe(MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, y), X, y)
    >>> bool(np.isclose(abs(random_direction(probe, 0)[0]), abs(probe.parameters[0])))
    True
    """
    return scaled(probe, _drawn(probe, seed), "filter")


def scaled(probe: Probe, direction: FloatArray, scaling: str) -> FloatArray:
    """Return a direction with lengths taken from the weights.

    Parameters
    ----------
    probe : Probe
        Probe with the point.
    direction : ndarray of shape (n_parameters,)
        Raw direction.
    scaling : {'filter', 'layer', 'norm'}
        Parts that get the length of their weights: a unit's incoming weights, a layer's matrix, or
        all parameters together. With the first two all but matrices is zero.

    Returns
    -------
    direction : ndarray of shape (n_parameters,)
        A new array.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.optimization.directions import scaled
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> probe = Probe(MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, y), X, y)
    >>> direction = scaled(probe, np.ones(2), "norm")
    >>> bool(np.isclose(np.linalg.norm(direction), np.linalg.norm(probe.parameters)))
    True
    """
    if scaling == "norm":
        return np.asarray(direction * _ratio(probe.parameters, direction, axis=None))
    result = np.zeros(probe.n_parameters)
    for block in probe.network.core.layout:
        if block.kind in MATRICES:
            part = slice(block.offset, block.offset + block.size)
            weights = probe.parameters[part].reshape(block.rows, block.columns)
            raw = direction[part].reshape(block.rows, block.columns)
            # Stored as (in, out): a unit's incoming weights are a column.
            axis = 0 if scaling == "filter" else None
            result[part] = (raw * _ratio(weights, raw, axis=axis)).ravel()
    return result


def projected(
    points: AnyArray, origin: FloatArray, plane: FloatArray
) -> tuple[NDArray[np.float64], float]:
    """Return coordinates of points on a plane, and the share of their variance on it.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_parameters)
        Points of a path.
    origin : ndarray of shape (n_parameters,)
        Point of the plane with coordinates 0.
    plane : ndarray of shape (2, n_parameters)
        Directions, which need be neither orthogonal nor of length 1.

    Returns
    -------
    coordinates : ndarray of shape (n_points, 2)
        Those of the nearest points of the plane.
    share : float
        Sum of squared distances to the mean point after the projection, divided by that before.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.optimization.directions import projected
    >>> places, share = projected(np.array([[0, 0, 0], [2, 2, 1]]), np.zeros(3), 2 * np.eye(2, 3))
    >>> places.tolist(), round(share, 3)
    ([[0.0, 0.0], [1.0, 1.0]], 0.889)
    """
    products = np.zeros((len(points), 2))
    total = 0.0
    for columns in column_stretches(points):
        part = np.asarray(points[:, columns], dtype=np.float64)
        products += (part - origin[columns]) @ plane[:, columns].T
        total += float(np.sum((part - part.mean(axis=0)) ** 2))
    inverse = np.linalg.pinv(plane @ plane.T, hermitian=True)
    about_mean = products - products.mean(axis=0)
    kept = float(np.sum((about_mean @ inverse) * about_mean))
    return products @ inverse, kept / total if total else 1.0


def path_of(trajectory: Any, n_parameters: int) -> AnyArray:
    """Return the points of a trajectory through a space of given dimension.

    Parameters
    ----------
    trajectory : deepgen.callbacks.Trajectory or array-like of shape (n_points, n_parameters)
        Path of training.
    n_parameters : int
        Number of parameters.

    Returns
    -------
    points : ndarray of shape (n_points, n_parameters)
        In their own type.

    Raises
    ------
    ValueError
        If the number of parameters is another one.

    Examples
    --------
    >>> from deepgen.optimization.directions import path_of
    >>> path_of([[0, 1], [2, 3]], 2).shape
    (2, 2)
    """
    points = points_of(trajectory)
    if points.shape[1] != n_parameters:
        raise ValueError(
            f"trajectory must be one of {n_parameters} parameters, got shape {points.shape}"
        )
    return points


def _drawn(probe: Probe, seed: int | list[int]) -> FloatArray:
    """Return standard normal numbers, matrix by matrix; 0 for all other parameters."""
    try:
        draw = np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise ValueError(f"random_state must be an integer of at least 0, got {seed!r}") from None
    direction = np.zeros(probe.n_parameters)
    for block in probe.network.core.layout:
        if block.kind in MATRICES:
            direction[block.offset : block.offset + block.size] = draw.standard_normal(block.size)
    return direction


def _ratio(weights: FloatArray, raw: FloatArray, axis: int | None) -> Any:
    """Return the lengths of the weights per length of the direction; 0 where that is 0."""
    lengths = np.linalg.norm(raw, axis=axis)
    return np.linalg.norm(weights, axis=axis) / np.where(lengths == 0, np.inf, lengths)
