"""Linear regions: the polygons of a plane on which a network is affine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import in_style
from deepgen._engine.arrays import FloatArray
from deepgen._optional import load_extra
from deepgen.expressivity.piecewise import PiecewiseLinear, piecewise_linear_of
from deepgen.expressivity.polygons import Polygons, cut

__all__ = ["Cells", "LinearRegions", "descend", "linear_regions"]

Window = tuple[tuple[float, float], tuple[float, float]]

# Gradients whose difference is smaller than this share of their terms' size count as equal.
SAME_GRADIENT = 1e-12
# Two cells share an edge if its ends agree to this share of its length; ends of different edges are
# as far apart as edges are long.
SAME_EDGE = 1e-3
# Largest number of numbers in the affine maps of all cells; 1.6 GB.
MAX_NUMBERS = 200_000_000
# Number of cells that are cut together, so that their arrays stay in the cache.
BLOCK = 1000


@dataclass(frozen=True, repr=False)
class LinearRegions(ShownAsTable):
    """The cells of a plane on which a network has one activation pattern.

    Parameters
    ----------
    n_activation_regions : int
        Number of cells.
    n_linear_regions : int
        Number of regions with one affine map; cells that share an edge and have equal maps are one.
    polygons : list of ndarray of shape (n_vertices, 2)
        The cells: convex, counter-clockwise, in coordinates of the window.
    regions : ndarray of shape (n_activation_regions,)
        Index, from 0, of the linear region of each cell.
    patterns : ndarray of shape (n_activation_regions, n_units)
        Whether each unit is active in a cell, layer by layer; units without a kink are omitted.
    maps : ndarray of shape (n_activation_regions, n_outputs, 3)
        (p, q, r): the outputs in a cell are p s + q t + r at (s, t) of the window.
    areas : ndarray of shape (n_activation_regions,)
        Areas of the cells in squared units of the window; their sum is the area of the window.
    window : tuple of tuple of float
        ((s0, s1), (t0, t1)).

    Examples
    --------
    >>> from deepgen.expressivity import bump, linear_regions
    >>> result = linear_regions(bump([0, 0], [1, 1], eps=0.5), ((-1, 2), (-1, 2)))
    >>> result.n_linear_regions, round(float(result.areas.sum()), 9)
    (10, 9.0)
    """

    n_activation_regions: int
    n_linear_regions: int
    polygons: list[FloatArray]
    regions: NDArray[np.int64]
    patterns: NDArray[np.bool_]
    maps: FloatArray
    areas: FloatArray
    window: Window

    def __repr__(self) -> str:
        (s0, s1), (t0, t1) = self.window
        return (
            f"LinearRegions({self.n_linear_regions} linear regions, {self.n_activation_regions} "
            f"activation regions in [{s0:g}, {s1:g}] x [{t0:g}, {t1:g}])"
        )

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot the linear regions in different colours.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes; None makes a new figure.

        Returns
        -------
        ax : matplotlib.axes.Axes
            The axes are those of the window; colours have no meaning.
        """
        ax = axes_or_new(ax)
        # Multiples of the golden ratio give neighbours different colours.
        shades = (self.regions * 0.6180339887498949) % 1.0
        collections = load_extra("matplotlib.collections", "plot", "drawing")
        cells = collections.PolyCollection(
            self.polygons, edgecolors="white", linewidths=0.4, cmap="turbo"
        )
        cells.set_array(shades)
        cells.set_alpha(0.7)
        ax.add_collection(cells)
        ax.set_xlim(*self.window[0])
        ax.set_ylim(*self.window[1])
        ax.set_xlabel("first coordinate of the window")
        ax.set_ylabel("second coordinate of the window")
        ax.set_title(f"{self.n_linear_regions} linear regions")
        return ax


@dataclass
class Cells:
    """Polygons, the maps of the layers that are still needed, and the patterns so far.

    Parameters
    ----------
    polygons : Polygons
        The cells.
    maps : dict of int to ndarray of shape (n_cells, 3, width)
        Of each layer that is still needed the affine map on each cell; -1 stands for the inputs.
    bits : list of ndarray of shape (n_cells, width)
        Active units of the layers with kinks.
    max_cells : int, default=None
        Largest number of cells; None means what the memory holds.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.expressivity.linear_regions import Cells
    >>> from deepgen.expressivity.polygons import Polygons
    >>> square = Polygons.rectangle((0.0, 1.0), (0.0, 1.0))
    >>> len(Cells(square, {-1: np.eye(3)[None, :, :2]}, []).polygons)
    1
    """

    polygons: Polygons
    maps: dict[int, FloatArray]
    bits: list[NDArray[np.bool_]]
    max_cells: int | None = None


def linear_regions(
    model: Any, window: Window, *, plane: tuple[Any, Any, Any] | None = None
) -> LinearRegions:
    r"""Find all regions of a plane on which a network is affine.

    Parameters
    ----------
    model : MLPRegressor, MLPClassifier or Probe
        Fitted, with piecewise linear activations and no layer norm; batch norm uses its running
        statistics.
    window : ((float, float), (float, float))
        Lower and upper bound on each of the two axes.
    plane : (origin, u, v) of array-like of shape (n_inputs,), default=None
        The plane consists of the inputs origin + s u + t v with (s, t) in the window; None means
        the plane of the two inputs of the model.

    Returns
    -------
    result : LinearRegions
        ``n_activation_regions``, ``n_linear_regions``, ``polygons`` and the affine maps.

    Raises
    ------
    ValueError
        If an activation or normalization is not piecewise linear, the window has no area, the plane
        is missing, degenerate or of another dimension, or there are too many cells for the memory.

    See Also
    --------
    breakpoints : The same along a line.
    count_regions : The same in a box of any dimension.
    sampled_patterns : A lower bound for larger networks.

    Notes
    -----
    The units cut the window one after the other. On a cell the arguments of the next layer are
    affine, so each unit switches along a straight line, and all cells are cut at once. A vertex
    belongs to the side of its value's sign unless the value is within its rounding error, see
    `deepgen.expressivity.polygons`. Takes O(cells x units x vertices + cells x width^2 per layer)
    time; a trained network of 2 x 64 units with 2,500 cells takes about 0.1 s, one of 3 x 256 with
    94,000 cells 15 s.

    A linear region is a maximal set of cells that are connected by edges and have the same map; two
    regions that touch in a point are two. A unit that is exactly 0 in a cell is inactive.

    References
    ----------
    .. [1] G. Montufar, R. Pascanu, K. Cho and Y. Bengio, "On the number of linear regions of deep
       neural networks", NIPS 2014, definition 1.
    .. [2] B. Hanin and D. Rolnick, "Deep ReLU networks have surprisingly few activation patterns",
       NeurIPS 2019.

    Examples
    --------
    >>> from deepgen.expressivity import linear_regions, product
    >>> linear_regions(product(1), ((0, 1), (0, 1)))
    LinearRegions(6 linear regions, 6 activation regions in [0, 1] x [0, 1])
    """
    function = piecewise_linear_of(model)
    ends = np.asarray(window, dtype=np.float64)
    if ends.shape != (2, 2) or not np.isfinite(ends).all():
        raise ValueError(f"window must be ((s0, s1), (t0, t1)) of finite numbers, got {window}")
    if not (ends[:, 0] < ends[:, 1]).all():
        raise ValueError(f"window has no area: {window}; each axis needs lower < upper")
    (s0, s1), (t0, t1) = ends.tolist()
    sides = (s0, s1), (t0, t1)
    origin, u, v = _checked_plane(plane, function.n_inputs)
    start = np.stack([u, v, origin])[None]
    cells = Cells(Polygons.rectangle(*sides), {-1: start}, [])
    terms = descend(function, cells)
    maps = cells.maps[len(function.layers) - 1]
    regions = _merged(cells.polygons, maps, terms)
    return LinearRegions(
        n_activation_regions=len(cells.polygons),
        n_linear_regions=int(regions.max()) + 1,
        polygons=cells.polygons.lists(),
        regions=regions,
        patterns=np.concatenate(
            [np.zeros((len(cells.polygons), 0), dtype=bool), *cells.bits], axis=1
        ),
        maps=maps.transpose(0, 2, 1),
        areas=cells.polygons.areas(),
        window=sides,
    )


def _checked_plane(plane: Any, n_inputs: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    if plane is None:
        if n_inputs != 2:
            raise ValueError(
                f"the model has {n_inputs} inputs, a window has 2; give plane=(origin, u, v)"
            )
        return np.zeros(2), np.array([1.0, 0.0]), np.array([0.0, 1.0])
    parts = [np.asarray(part, dtype=np.float64) for part in plane]
    if len(parts) != 3 or any(part.shape != (n_inputs,) for part in parts):
        shapes = [part.shape for part in parts]
        raise ValueError(f"plane must be three vectors of {n_inputs} numbers, got {shapes}")
    if not np.isfinite(parts).all():
        raise ValueError("plane contains NaN or infinity")
    if np.linalg.matrix_rank(np.stack(parts[1:])) < 2:
        raise ValueError(f"plane has no area: u={parts[1]} and v={parts[2]} are parallel")
    return parts[0], parts[1], parts[2]


def descend(function: PiecewiseLinear, cells: Cells) -> FloatArray:
    """Cut the cells by all units.

    Parameters
    ----------
    function : PiecewiseLinear
        The network.
    cells : Cells
        At first one polygon and the inputs' map on it; afterwards all cells and the outputs' maps.

    Returns
    -------
    terms : ndarray of shape (n_cells, 3, n_outputs)
        Size of the numbers that the outputs' maps were computed from.

    Notes
    -----
    Refuses, with a `ValueError`, where there are too many cells.
    """
    terms = np.zeros((1, 3, 1))
    for index, layer in enumerate(function.layers):
        below = cells.maps[index - 1]
        # One product over all rows is many times faster than one product per cell.
        rows, shape = below.reshape(-1, below.shape[2]), (len(below), 3, layer.width)
        z = (rows @ layer.weights).reshape(shape)
        terms = (np.abs(rows) @ np.abs(layer.weights)).reshape(shape)
        z[:, 2] += layer.intercepts
        terms[:, 2] += np.abs(layer.intercepts)
        if layer.bends:
            on, ancestors = _cut_by_units(cells, index, z, terms)
            cells.bits = [bits[ancestors] for bits in cells.bits] + [on]
            cells.maps = {name: maps[ancestors] for name, maps in cells.maps.items()}
            z = z[ancestors] * np.where(on, 1.0, layer.leak)[:, None]
            terms = terms[ancestors]
        if layer.skip_from >= 0:
            z = z + cells.maps[layer.skip_from]
        if index - 1 not in function.sources:
            del cells.maps[index - 1]
        cells.maps[index] = z
    return terms


def _cut_by_units(
    cells: Cells, index: int, z: FloatArray, terms: FloatArray
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    # Cut by the units of a layer; return the active units, and each cell's parent before the layer.
    n_units, n_before = z.shape[2], len(cells.polygons)
    done: list[tuple[Polygons, NDArray[np.bool_], NDArray[np.int64]]] = []
    n_done = 0
    for first in range(0, n_before, BLOCK):
        block = np.arange(first, min(first + BLOCK, n_before))
        polygons, ancestors = cells.polygons.take(block), block - first
        on = np.zeros((len(block), n_units), dtype=bool)
        values, sizes = (
            np.ascontiguousarray(part[block].transpose(2, 0, 1)) for part in (z, terms)
        )
        for unit in range(n_units):
            polygons, positive, parents = cut(
                polygons, values[unit, ancestors], sizes[unit, ancestors]
            )
            ancestors, on = ancestors[parents], on[parents]
            on[:, unit] = positive
            n_cells = n_done + len(ancestors) + n_before - block[-1] - 1
            if cells.max_cells is not None and n_cells > cells.max_cells:
                raise ValueError(
                    f"{n_cells} cells after unit {unit} of layer {index}, more than "
                    f"{cells.max_cells}"
                )
            if 3 * n_cells * n_units > MAX_NUMBERS:
                raise ValueError(
                    f"more than {n_cells} cells in layer {index}, whose maps are "
                    f"{3 * n_cells * n_units} numbers, more than {MAX_NUMBERS}; take a smaller "
                    "window, or count the patterns of sampled points with sampled_patterns"
                )
        done.append((polygons, on, ancestors + first))
        n_done += len(polygons)
    cells.polygons = Polygons.joined([polygons for polygons, _, _ in done])
    return np.concatenate([on for _, on, _ in done]), np.concatenate([at for _, _, at in done])


def _merged(polygons: Polygons, maps: FloatArray, terms: FloatArray) -> NDArray[np.int64]:
    """Return the linear region of each cell: cells connected by edges with equal maps."""
    row, column = np.nonzero(polygons.used())
    a = polygons.vertices[row, column]
    b = polygons.vertices[row, polygons.following()[row, column]]
    # The neighbour's copy of a shared edge has the opposite direction.
    edges, reversed_edges = np.hstack([a, b]), np.hstack([b, a])
    distance, partner = cKDTree(edges).query(reversed_edges)
    shared = distance < SAME_EDGE * np.linalg.norm(b - a, axis=1)
    one, other = row[shared], row[partner[shared]]
    gradients, sizes = maps[:, :2], terms[:, :2]
    same = (
        np.abs(gradients[one] - gradients[other])
        <= SAME_GRADIENT * np.maximum(sizes[one], sizes[other]).max(axis=1, keepdims=True)
    ).all(axis=(1, 2))
    links = coo_array(
        (np.ones(int(same.sum())), (one[same], other[same])), shape=(len(maps), len(maps))
    )
    labels: NDArray[np.int64] = connected_components(links, directed=False)[1]
    return labels
