"""Count regions: all activation patterns of a network in a box of any dimension."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._display.shown_as_table import ShownAsTable
from deepgen._engine.arrays import FloatArray
from deepgen.expressivity.box import checked_box
from deepgen.expressivity.cell_walk import PILOT, CellWalk
from deepgen.expressivity.piecewise import piecewise_linear_of
from deepgen.expressivity.sampled_patterns import sampled_patterns

__all__ = ["RegionCount", "count_regions"]


# Splits decided per linear program, since most need none. Measured on small nets: 2.5 to 4.
FORESEEN = 4


@dataclass(frozen=True, repr=False)
class RegionCount(ShownAsTable):
    """The activation regions of a network in a box.

    Parameters
    ----------
    n_activation_regions : int
        Number of patterns on sets with inner points.
    n_maps : int
        Number of distinct affine maps among them, at most the number of linear regions.
    patterns : ndarray of shape (n_activation_regions, n_units)
        Activation pattern of each region.
    points : ndarray of shape (n_activation_regions, n_inputs)
        A point inside each region, far from its border.
    radii : ndarray of shape (n_activation_regions,)
        Radius of a ball around the point inside the region, in half sides of the box.
    n_programs : int
        Number of solved linear programs.

    Examples
    --------
    >>> from deepgen.expressivity import count_regions, product
    >>> count_regions(product(1), [(0, 1), (0, 1)]).n_activation_regions
    6
    """

    n_activation_regions: int
    n_maps: int
    patterns: NDArray[np.bool_]
    points: FloatArray
    radii: FloatArray
    n_programs: int

    def __repr__(self) -> str:
        return (
            f"RegionCount({self.n_activation_regions} activation regions, {self.n_maps} affine "
            f"maps, {self.n_programs} linear programs)"
        )


def count_regions(model: Any, box: Any, *, max_programs: int = 100_000) -> RegionCount:
    r"""Count the activation regions of a network in a box of any dimension.

    Parameters
    ----------
    model : MLPRegressor, MLPClassifier or Probe
        Fitted, with piecewise linear activations and no layer norm; batch norm uses its running
        statistics.
    box : array-like of shape (n_inputs, 2)
        Lower and upper bound of each input.
    max_programs : int, default=100_000
        Largest number of linear programs; each takes about a millisecond.

    Returns
    -------
    result : RegionCount
        ``n_activation_regions``, the patterns and a point in each region.

    Raises
    ------
    ValueError
        If an activation or normalization is not piecewise linear, the box does not fit or is empty,
        or more than ``max_programs`` programs are needed.

    See Also
    --------
    linear_regions : Faster and more detailed for two inputs or a plane.
    breakpoints : The same along a line.
    sampled_patterns : A lower bound for larger networks.

    Notes
    -----
    The regions are found by depth-first search. A cell of the layers below is a polytope on which
    each unit's argument is affine; the unit splits it if both halves contain a ball,

    .. math:: \max r \quad \text{such that} \quad g_i \cdot x + |g_i| r \le h_i ,

    of radius above 1e-8 half sides of the box. The half that contains the cell's own ball needs no
    program, so there is at most one per cell and unit, and none if the hyperplane misses the box.
    The work grows as cells x units; `region_bounds` bounds the number of cells.

    References
    ----------
    .. [1] T. Serra, C. Tjandraatmadja and S. Ramalingam, "Bounding and counting linear regions of
       deep neural networks", ICML 2018, section 6.

    Examples
    --------
    >>> from deepgen.expressivity import count_regions, tri
    >>> count_regions(tri(3), [(0.0, 1.0)]).n_activation_regions
    8
    """
    function = piecewise_linear_of(model)
    sides = checked_box(box, function.n_inputs)
    pilot = sampled_patterns(model, sides, n_samples=PILOT, random_state=0).n_patterns
    walk = CellWalk(function, sides, max_programs, pilot)
    if pilot * function.n_units > FORESEEN * max_programs:
        raise ValueError(walk.refusal())
    cells = walk.all_cells()
    gradients = np.stack([cell.maps[len(function.layers) - 1] for cell in cells])
    size = max(float(np.abs(gradients).max()), np.finfo(np.float64).tiny)
    maps = np.unique((gradients / size).round(9) + 0.0, axis=0)
    centre, half = sides.mean(axis=1), (sides[:, 1] - sides[:, 0]) / 2
    return RegionCount(
        n_activation_regions=len(cells),
        n_maps=len(maps),
        patterns=np.array([cell.bits for cell in cells], dtype=bool).reshape(len(cells), -1),
        points=centre + half * np.stack([cell.centre for cell in cells]),
        radii=np.array([cell.radius for cell in cells]),
        n_programs=walk.n_programs,
    )
