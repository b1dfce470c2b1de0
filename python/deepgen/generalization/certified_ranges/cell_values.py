"""The exact ranges of a piecewise linear network over a box of one or two inputs."""

from __future__ import annotations

import numpy as np

from deepgen._engine.arrays import FloatArray
from deepgen.expressivity.linear_regions import Cells, descend
from deepgen.expressivity.piecewise import PiecewiseLinear
from deepgen.expressivity.polygons import Polygons
from deepgen.expressivity.segment import walk
from deepgen.generalization.certified_ranges.intervals import Interval
from deepgen.generalization.lipschitz_constants.spectral_norm import EPS

__all__ = ["cell_values"]


def cell_values(function: PiecewiseLinear, box: FloatArray, max_cells: int) -> Interval:
    """Return the ranges of the outputs: their extremes over the corners of all cells.

    Parameters
    ----------
    function : PiecewiseLinear
        The network.
    box : ndarray of shape (n_inputs, 2)
        The box, of one or two inputs.
    max_cells : int
        Largest number of cells.

    Returns
    -------
    ranges : Interval
        One per output, each corner's value widened by 64 roundings of the terms of its map and by
        what its own rounding error can hide, the slope times four times the error.

    Raises
    ------
    ValueError
        If there are more cells or inputs.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.expressivity import tri
    >>> from deepgen.expressivity.piecewise import piecewise_linear_of
    >>> from deepgen.generalization.certified_ranges.cell_values import cell_values
    >>> ranges = cell_values(piecewise_linear_of(tri(2)), np.array([[0.0, 1.0]]), 100)
    >>> ranges.lower.round(9) + 0.0, ranges.upper.round(9)
    (array([0.]), array([1.]))
    """
    if len(box) > 2:
        raise ValueError(f"{len(box)} inputs, and cells have corners to visit with one or two")
    if len(box) == 1:
        *_, last = walk(function, *box.T)
        steepest = np.abs(last.slopes).max(axis=0)
        slack = 1e-12 * steepest + 64 * EPS * np.abs(last.values).max(axis=0)
        return Interval(last.values.min(axis=0) - slack, last.values.max(axis=0) + slack)
    inputs = np.array([[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]])
    cells = Cells(Polygons.rectangle(*box.tolist()), {-1: inputs}, [], max_cells)
    terms = descend(function, cells)
    maps = cells.maps[len(function.layers) - 1]
    corners = np.concatenate(
        [cells.polygons.vertices, np.ones((*cells.polygons.vertices.shape[:2], 1))], axis=2
    )
    used = cells.polygons.used()
    blur = cells.polygons.blur + 4 * EPS * np.abs(box).max()
    steepest = np.abs(maps[:, :2]).sum(axis=1)[:, None]
    slack = 64 * EPS * (np.abs(corners) @ terms) + 4 * blur[:, :, None] * steepest
    values = corners @ maps
    return Interval((values - slack)[used].min(axis=0), (values + slack)[used].max(axis=0))
