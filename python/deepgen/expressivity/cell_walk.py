"""CellWalk: all cells of a network in a box of any dimension, by linear programs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from deepgen._engine.arrays import FloatArray
from deepgen.expressivity.piecewise import PiecewiseLinear

__all__ = ["PILOT", "Cell", "CellWalk"]


# A half of a cell counts if it contains a ball of this radius, in half sides of the box; HiGHS
# keeps constraints to 1e-10.
MIN_RADIUS = 1e-8
FEASIBLE = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
# Random points that tell whether the work is in vain.
PILOT = 10_000


@dataclass(frozen=True)
class Cell:
    """A polytope G x <= h in the unit box, a ball inside it, and the layers' maps on it.

    Parameters
    ----------
    G : ndarray of shape (n_sides, n_inputs)
        Unit normals of the sides.
    h : ndarray of shape (n_sides,)
        Their offsets.
    centre : ndarray of shape (n_inputs,)
        Centre of the ball.
    radius : float
        Its radius.
    maps : dict of int to ndarray of shape (n_inputs + 1, width)
        Of each layer that is still needed the derivatives by the coordinates of the unit box, then
        the value at its centre.
    bits : tuple of bool
        The pattern so far.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.expressivity.cell_walk import Cell
    >>> box = np.vstack([np.eye(1), -np.eye(1)])
    >>> Cell(box, np.ones(2), np.zeros(1), 1.0, {}, ()).radius
    1.0
    """

    G: FloatArray
    h: FloatArray
    centre: FloatArray
    radius: float
    maps: dict[int, FloatArray]
    bits: tuple[bool, ...]

    def half(
        self, side: tuple[FloatArray, float], ball: tuple[FloatArray, float], bit: bool
    ) -> Cell:
        """Return one of the two parts on the sides of a hyperplane.

        Parameters
        ----------
        side : (ndarray of shape (n_inputs,), float)
            Unit normal and offset of the new side.
        ball : (ndarray of shape (n_inputs,), float)
            Centre and radius of a ball inside the part.
        bit : bool
            Whether the unit is active in it.

        Returns
        -------
        cell : Cell
            The part.
        """
        G, h = np.vstack([self.G, side[0]]), np.append(self.h, side[1])
        return Cell(G, h, *ball, self.maps, (*self.bits, bit))


class CellWalk:
    """Depth-first search over all cells, with a count of linear programs.

    Parameters
    ----------
    function : PiecewiseLinear
        The network.
    sides : ndarray of shape (n_inputs, 2)
        The box.
    max_programs : int
        Largest number of linear programs.
    pilot : int
        Number of patterns that sampling showed, for the refusal.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.expressivity import tri
    >>> from deepgen.expressivity.cell_walk import CellWalk
    >>> from deepgen.expressivity.piecewise import piecewise_linear_of
    >>> len(CellWalk(piecewise_linear_of(tri(2)), np.array([[0.0, 1.0]]), 100, 4).all_cells())
    4
    """

    def __init__(
        self, function: PiecewiseLinear, sides: FloatArray, max_programs: int, pilot: int
    ) -> None:
        self.function = function
        self.sides = sides
        self.max_programs = max_programs
        self.pilot = pilot
        self.n_programs = 0
        self.n_cells = 0

    def all_cells(self) -> list[Cell]:
        """Return all cells, each with the outputs' map.

        Returns
        -------
        cells : list of Cell
            ``maps`` under the index of the last layer.

        Notes
        -----
        Refuses, with a `ValueError`, when ``max_programs`` are not enough.
        """
        d = len(self.sides)
        half = (self.sides[:, 1] - self.sides[:, 0]) / 2
        # Rows: the derivative in each coordinate of the unit box, then the value at its centre.
        inputs = np.vstack([np.diag(half), self.sides.mean(axis=1)])
        box = np.vstack([np.eye(d), -np.eye(d)])
        whole = Cell(box, np.ones(2 * d), np.zeros(d), 1.0, {-1: inputs}, ())
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

    def _through(self, index: int, cell: Cell) -> list[Cell]:
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
            after.append(Cell(part.G, part.h, part.centre, part.radius, maps, part.bits))
        return after

    def _halves(self, cell: Cell, z: FloatArray) -> list[Cell]:
        length = float(np.linalg.norm(z[:-1]))
        reach = float(np.abs(z[:-1]).sum())
        if abs(z[-1]) >= reach:
            on = bool(z[-1] > 0)
            return [Cell(cell.G, cell.h, cell.centre, cell.radius, cell.maps, (*cell.bits, on))]
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
        """Return the message that says what was wanted and what came.

        Returns
        -------
        message : str
            For a ``ValueError``.
        """
        return (
            f"counting needs more than max_programs={self.max_programs} linear programs: "
            f"{self.n_cells} regions counted after {self.n_programs}, {PILOT} random points show "
            f"{self.pilot} patterns of {self.function.n_units} units, so at least "
            f"{self.pilot * self.function.n_units} splits must be checked; choose a smaller "
            "box, raise max_programs, or bound the number from below with sampled_patterns"
        )
