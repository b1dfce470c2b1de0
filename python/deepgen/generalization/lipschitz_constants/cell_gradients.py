"""The gradients of a piecewise linear network on all of its cells."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from deepgen._engine.arrays import FloatArray
from deepgen.expressivity.cell_walk import CellWalk
from deepgen.expressivity.linear_regions import Cells, descend
from deepgen.expressivity.piecewise import PiecewiseLinear
from deepgen.expressivity.polygons import Polygons
from deepgen.expressivity.segment import walk
from deepgen.generalization.lipschitz_constants.faces import Face, faces_of

__all__ = ["cell_gradients"]

# Of the random points that tell how many cells there are at least.
PILOT = 2000
# Splits decided per linear program, since most need none.
FORESEEN = 4
# With more of them the programs become slow, and there is a face for each side of each input.
MAX_INPUTS = 30


def cell_gradients(
    function: PiecewiseLinear, box: FloatArray | None, *, reach: float, max_cells: int
) -> Iterator[FloatArray]:
    """Yield the gradients on all cells, in parts.

    Parameters
    ----------
    function : PiecewiseLinear
        The network.
    box : ndarray of shape (n_inputs, 2) or None
        Where the cells are; None means the whole input space.
    reach : float
        Size of the box that shows most cells, where there is no box.
    max_cells : int
        Largest number of cells with up to two inputs, of linear programs with more.

    Yields
    ------
    gradients : ndarray of shape (n_cells, n_inputs, n_outputs)
        One part per face.

    Raises
    ------
    ValueError
        If there are more cells.

    Examples
    --------
    >>> from deepgen.expressivity import tri
    >>> from deepgen.expressivity.piecewise import piecewise_linear_of
    >>> from deepgen.generalization.lipschitz_constants.cell_gradients import cell_gradients
    >>> top, *sides = cell_gradients(piecewise_linear_of(tri(1)), None, reach=2.0, max_cells=100)
    >>> top.ravel().tolist()
    [0.0, 2.0, -2.0, 0.0]
    """
    faces = [Face(function, box)] if box is not None else faces_of(function, reach)
    if function.n_inputs > MAX_INPUTS:
        raise ValueError(f"{function.n_inputs} inputs, more than {MAX_INPUTS}")
    left = max_cells
    for face in faces:
        if function.n_inputs == 1:
            maps, used = _along(face)
        elif function.n_inputs == 2:
            maps, used = _in_plane(face, left)
        else:
            maps, used = _in_box(face, left, max_cells)
        left -= used
        if left < 0:
            raise ValueError(f"more than {max_cells} pieces")
        yield face.gradients(maps)


def _along(face: Face) -> tuple[FloatArray, int]:
    ((start, stop),) = face.box
    *_, last = walk(face.function, np.array([start]), np.array([stop]))
    slopes = last.slopes / (stop - start)
    inputs = start + last.t[:-1, None] * (stop - start)
    return np.stack([slopes, last.values[:-1] - slopes * inputs], axis=1), len(slopes)


def _in_plane(face: Face, max_cells: int) -> tuple[FloatArray, int]:
    inputs = np.array([[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]])
    cells = Cells(Polygons.rectangle(*face.box.tolist()), {-1: inputs}, [], max_cells)
    descend(face.function, cells)
    maps = cells.maps[len(face.function.layers) - 1]
    return maps, len(maps)


def _in_box(face: Face, left: int, max_programs: int) -> tuple[FloatArray, int]:
    rng = np.random.default_rng(0)
    points = rng.uniform(face.box[:, 0], face.box[:, 1], (PILOT, len(face.box)))
    pilot = len(np.unique(np.packbits(face.function.patterns(points), axis=1), axis=0))
    if pilot * face.function.n_units > FORESEEN * left:
        raise ValueError(
            f"{PILOT} random points show {pilot} cells of {face.function.n_units} units in one "
            f"face, too many for {max_programs} linear programs"
        )
    search = CellWalk(face.function, face.box, left, pilot)
    found = search.all_cells()
    maps = np.stack([cell.maps[len(face.function.layers) - 1] for cell in found])
    centre, half = face.box.mean(axis=1), (face.box[:, 1] - face.box[:, 0]) / 2
    slopes = maps[:, :-1] / half[:, None]
    values = maps[:, -1:] - np.einsum("cdo,d->co", slopes, centre)[:, None]
    return np.concatenate([slopes, values], axis=1), search.n_programs
