"""Count regions: all activation patterns of a network in a box of any dimension."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from deepgen._engine.arrays import FloatArray
from deepgen.expressivity.box import checked_box
from deepgen.expressivity.piecewise import PiecewiseLinear, piecewise_linear_of
from deepgen.expressivity.sampled_patterns import sampled_patterns

__all__ = ["RegionCount", "count_regions"]


# A half of a cell counts if it contains a ball of this radius, in half sides of the box; HiGHS
# keeps constraints to 1e-10.
MIN_RADIUS = 1e-8
FEASIBLE = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
PILOT = 10_000
# Splits decided per linear program, since most need none. Measured on small nets: 2.5 to 4.
FORESEEN = 4


@dataclass(frozen=True, repr=False)
class RegionCount:
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


@dataclass(frozen=True)
class _Cell:
    """A polytope G x <= h in the unit box, a ball inside it, and the layers' maps on it."""

    G: FloatArray
    h: FloatArray
    centre: FloatArray
    radius: float
    maps: dict[int, FloatArray]
    bits: tuple[bool, ...]

    def half(
        self, side: tuple[FloatArray, float], ball: tuple[FloatArray, float], bit: bool
    ) -> _Cell:
        G, h = np.vstack([self.G, side[0]]), np.append(self.h, side[1])
        return _Cell(G, h, *ball, self.maps, (*self.bits, bit))


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
    walk = _Walk(function, sides, max_programs, pilot)
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


class _Walk:
    """Depth-first search over all cells, with a count of linear programs."""

    def __init__(
        self, function: PiecewiseLinear, sides: FloatArray, max_programs: int, pilot: int
    ) -> None:
        self.function = function
        self.sides = sides
        self.max_programs = max_programs
        self.pilot = pilot
        self.n_programs = 0
        self.n_cells = 0

    def all_cells(self) -> list[_Cell]:
        d = len(self.sides)
        half = (self.sides[:, 1] - self.sides[:, 0]) / 2
        # Rows: the derivative in each coordinate of the unit box, then the value at its centre.
        inputs = np.vstack([np.diag(half), self.sides.mean(axis=1)])
        box = np.vstack([np.eye(d), -np.eye(d)])
        whole = _Cell(box, np.ones(2 * d), np.zeros(d), 1.0, {-1: inputs}, ())
        done = []
        waiting = [(0, whole)]
        while waiting:
            index, cell = waiting.pop()
            if index == len(self.function.layers):
                done.append(cell)
                self.n_cells = len(done)
                continue
            waiting.extend((index + 1, part) for part in self._through(index, cell))
        return done

    def _through(self, index: int, cell: _Cell) -> list[_Cell]:
        """Return the parts into which a layer splits a cell, with the layer's map on each."""
        layer = self.function.layers[index]
        z = cell.maps[index - 1] @ layer.weights
        z[-1] += layer.intercepts
        parts = [cell]
        if layer.bends:
            for unit in range(layer.width):
                parts = [half for part in parts for half in self._halves(part, z[:, unit])]
        after = []
        for part in parts:
            local = z
            if layer.bends:
                on = np.array(part.bits[len(cell.bits) :])
                local = z * np.where(on, 1.0, layer.leak)
            if layer.skip_from >= 0:
                local = local + cell.maps[layer.skip_from]
            maps = {name: kept for name, kept in cell.maps.items() if name in self.function.sources}
            maps[index] = local
            after.append(_Cell(part.G, part.h, part.centre, part.radius, maps, part.bits))
        return after

    def _halves(self, cell: _Cell, z: FloatArray) -> list[_Cell]:
        length = float(np.linalg.norm(z[:-1]))
        reach = float(np.abs(z[:-1]).sum())
        if abs(z[-1]) >= reach:
            on = bool(z[-1] > 0)
            return [_Cell(cell.G, cell.h, cell.centre, cell.radius, cell.maps, (*cell.bits, on))]
        normal, offset = z[:-1] / length, float(z[-1]) / length
        distance = float(normal @ cell.centre) + offset
        halves = []
        for bit, sign in ((True, 1.0), (False, -1.0)):
            side = (-sign * normal, sign * offset)
            radius = min(cell.radius, sign * distance)
            ball: tuple[FloatArray, float] | None = (cell.centre, radius)
            # A ball that has become small is computed anew.
            if radius <= cell.radius / 2:
                ball = self._ball(np.vstack([cell.G, side[0]]), np.append(cell.h, side[1]))
            if ball is not None:
                halves.append(cell.half(side, ball, bit))
        return halves

    def _ball(self, G: FloatArray, h: FloatArray) -> tuple[FloatArray, float] | None:
        if self.n_programs >= self.max_programs:
            raise ValueError(self.refusal())
        self.n_programs += 1
        d = G.shape[1]
        # Rows of G have unit length, so each constraint of the ball is G x + r <= h.
        result = linprog(
            np.append(np.zeros(d), -1.0),
            A_ub=np.hstack([G, np.ones((len(G), 1))]),
            b_ub=h,
            bounds=[(-1, 1)] * d + [(None, 1)],
            method="highs",
            options=FEASIBLE,
        )
        if result.status != 0:
            raise RuntimeError(f"the linear program of {len(G)} rows failed: {result.message}")
        radius = float(result.x[-1])
        return (result.x[:-1], radius) if radius > MIN_RADIUS else None

    def refusal(self) -> str:
        return (
            f"counting needs more than max_programs={self.max_programs} linear programs: "
            f"{self.n_cells} regions counted after {self.n_programs}, {PILOT} random points show "
            f"{self.pilot} patterns of {self.function.n_units} units, so at least "
            f"{self.pilot * self.function.n_units} splits must be checked; choose a smaller "
            "box, raise max_programs, or bound the number from below with sampled_patterns"
        )
