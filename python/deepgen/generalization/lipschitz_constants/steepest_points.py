"""The steepest points: a search for the inputs at which the outputs change fastest.

A piecewise linear network's Jacobian has no derivative to climb along. So the search keeps the best
points of a random draw and draws again near them, closer and closer; of the points of one cell,
which have one norm, it keeps one. Where the input space is unbounded, steps are relative to a
point's distance from 0, and half of the draw has distances of all orders of magnitude: many cells
are cones that begin far away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import FloatArray
from deepgen.generalization.lipschitz_constants.input_slopes import input_slopes
from deepgen.generalization.lipschitz_constants.spectral_norm import (
    frobenius_norms,
    spectral_norms,
)
from deepgen.probe.folded_layers import FoldedLayer

__all__ = ["SteepestPoint", "steepest_point"]

# A third of the points is drawn at once; then, in each of these rounds, as many near these best.
N_ROUNDS = 20
N_KEPT = 100
# The last round's steps, as a share of the whole space, which is the first one's.
SMALLEST_STEP = 1e-3
# Numbers in the arrays of one pass.
MAX_NUMBERS = 4_000_000
# Distance of the farthest points, over that of most kinks.
FARTHEST = 1e5
# In place of 0 in a quotient.
TINY = 1e-12


@dataclass(frozen=True, eq=False)
class SteepestPoint:
    """The largest norm of a Jacobian that was found.

    Parameters
    ----------
    norm : float
        The spectral norm there, 0 if every point was at a kink.
    point : ndarray of shape (n_inputs,)
        The input.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.generalization.lipschitz_constants.steepest_points import SteepestPoint
    >>> SteepestPoint(2.0, np.zeros(1)).norm
    2.0
    """

    norm: float
    point: FloatArray


def steepest_point(
    layers: list[FoldedLayer],
    X: FloatArray | None,
    box: FloatArray | None,
    *,
    reach: float,
    n_points: int,
    random: np.random.Generator,
) -> SteepestPoint:
    """Search the input with the largest Jacobian.

    Parameters
    ----------
    layers : list of FoldedLayer
        Without highway skips.
    X : ndarray of shape (n, n_inputs) or None
        Points that are also tried.
    box : ndarray of shape (n_inputs, 2) or None
        Where to search; None means everywhere.
    reach : float
        R of the unbounded search.
    n_points : int
        Number of Jacobians, besides those of X.
    random : numpy.random.Generator
        Generator.

    Returns
    -------
    steepest : SteepestPoint
        Norm and input.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.expressivity import tri
    >>> from deepgen.generalization.lipschitz_constants.steepest_points import steepest_point
    >>> from deepgen.probe.folded_layers import folded_layers
    >>> random = np.random.default_rng(0)
    >>> search = {"reach": 2.0, "n_points": 1000, "random": random}
    >>> steepest_point(folded_layers(tri(3)), None, None, **search).norm
    8.0
    """
    size = max(1, n_points // 3)
    n_near = max(1, (n_points - size) // (N_ROUNDS * N_KEPT))
    if box is None:
        points = reach * _everywhere(random, size, len(layers[0].weights))
    else:
        points = box[:, 0] + (box[:, 1] - box[:, 0]) * random.random((size, len(box)))
    if X is not None:
        points = np.concatenate([points, X])
    norms = _norms(layers, points)
    for step in np.geomspace(1.0, SMALLEST_STEP, N_ROUNDS):
        best = _best_of_each_norm(norms)[:N_KEPT]
        points, norms = points[best], norms[best]
        moves = step * random.standard_normal((len(points), n_near, points.shape[1]))
        if box is None:
            lengths = frobenius_norms(points[:, None])[:, None, None]
            # Turned by about a step, and farther or nearer by a factor.
            near = points[:, None] + lengths * moves / np.sqrt(points.shape[1])
            near *= np.exp(step * random.standard_normal((len(points), n_near, 1)))
        else:
            near = np.clip(points[:, None] + moves * (box[:, 1] - box[:, 0]), *box.T)
        near = near.reshape(-1, points.shape[1])
        norms = np.concatenate([norms, _norms(layers, near)])
        points = np.concatenate([points, near])
    best_one = int(np.argmax(norms))
    return SteepestPoint(max(0.0, float(norms[best_one])), points[best_one])


def _everywhere(random: np.random.Generator, size: int, d: int) -> FloatArray:
    """Return random points: half of them around 0, the others in all directions and distances."""
    points: FloatArray = random.standard_normal((size, d))
    far = points[size // 2 :]
    lengths = FARTHEST ** random.random((len(far), 1))
    far *= lengths / np.maximum(np.linalg.norm(far, axis=1, keepdims=True), TINY)
    return points


def _best_of_each_norm(norms: FloatArray) -> NDArray[np.int64]:
    """Return one point of each norm, the steepest first: the points of one cell share theirs."""
    _, first = np.unique((norms / max(float(norms.max()), TINY)).round(9), return_index=True)
    return first[::-1]


def _norms(layers: list[FoldedLayer], X: FloatArray) -> FloatArray:
    """Return the norms of the Jacobians at points, -1 at kinks."""
    widest = max(len(layers[0].weights), *(layer.width for layer in layers))
    rows = max(1, MAX_NUMBERS // (widest * layers[-1].width))
    parts = []
    for start in range(0, len(X), rows):
        # Far points may overflow, and do not count then.
        with np.errstate(over="ignore", invalid="ignore"):
            result = input_slopes(layers, X[start : start + rows])
        fine = result.smooth & np.isfinite(result.outputs).all(axis=1)
        fine &= np.isfinite(result.jacobians).all(axis=(1, 2))
        norms = np.full(len(result.jacobians), -1.0)
        norms[fine] = spectral_norms(result.jacobians[fine])
        parts.append(norms)
    return np.concatenate(parts)
