"""Polygons: many convex polygons in padded arrays, each cut by its own line, all at once.

Each vertex is the intersection of the lines of its two edges, and an edge keeps its line through
all cuts; so a vertex between two short edges is as exact as these lines, however large the original
window was. The side of a vertex is decided by comparing the cut's value there with the rounding
error of this value, never by areas: small cells are not lost, and a line that passes through a
vertex up to rounding passes through it.

Takes O(polygons x vertices) time and memory per cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import FloatArray

__all__ = ["Polygons", "cut"]


EPS = float(np.finfo(np.float64).eps)
# Rounding error of a sum of some hundred products, in units of its terms' size.
ROUNDING = 32 * EPS
# Below this sine of their angle, the intersection of two lines is less exact than interpolation.
NEARLY_PARALLEL = 1e-7


@dataclass
class Polygons:
    """Convex polygons, counter-clockwise, padded to the same number of vertices.

    Parameters
    ----------
    n_vertices : ndarray of shape (n,)
        Number of vertices of each polygon; further columns are unused.
    vertices : ndarray of shape (n, k, 2)
        Coordinates.
    blur : ndarray of shape (n, k)
        Bound of the rounding error of each vertex, in units of the coordinates.
    lines : ndarray of shape (n, k, 3)
        (p, q, r) of the edge from each vertex to the next: p x + q y + r = 0, p^2 + q^2 = 1.
    terms : ndarray of shape (n, k, 3)
        Size of the numbers that p, q, r were computed from.

    Examples
    --------
    >>> from deepgen.expressivity.polygons import Polygons
    >>> Polygons.rectangle((0.0, 1.0), (0.0, 2.0)).areas().tolist()
    [2.0]
    """

    n_vertices: NDArray[np.int64]
    vertices: FloatArray
    blur: FloatArray
    lines: FloatArray
    terms: FloatArray

    @classmethod
    def rectangle(cls, x: tuple[float, float], y: tuple[float, float]) -> Polygons:
        """Return one rectangle.

        Parameters
        ----------
        x, y : tuple of float
            Lower and upper bound on each axis.

        Returns
        -------
        polygons : Polygons
            A collection of length 1.
        """
        corners = [(x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1])]
        lines = [(0.0, 1.0, -y[0]), (1.0, 0.0, -x[1]), (0.0, 1.0, -y[1]), (1.0, 0.0, -x[0])]
        return cls(
            np.array([4]),
            np.array([corners], dtype=np.float64),
            np.zeros((1, 4)),
            np.array([lines], dtype=np.float64),
            np.zeros((1, 4, 3)),
        )

    def __len__(self) -> int:
        return len(self.n_vertices)

    @classmethod
    def joined(cls, parts: Sequence[Polygons]) -> Polygons:
        """Return the polygons of several collections as one.

        Parameters
        ----------
        parts : sequence of Polygons
            At least one.

        Returns
        -------
        polygons : Polygons
            The polygons in their order, with as many columns as the longest one needs.
        """
        n_vertices = np.concatenate([part.n_vertices for part in parts])
        k = int(n_vertices.max())
        arrays = []
        for name in ("vertices", "blur", "lines", "terms"):
            columns_of_parts = [getattr(part, name)[:, :k] for part in parts]
            array = np.zeros((len(n_vertices), k, *columns_of_parts[0].shape[2:]))
            ends = np.cumsum([len(part) for part in parts])
            for columns, end in zip(columns_of_parts, ends, strict=True):
                array[end - len(columns) : end, : columns.shape[1]] = columns
            arrays.append(array)
        return cls(n_vertices, *arrays)

    def take(self, rows: NDArray[np.int64] | slice) -> Polygons:
        """Return some of the polygons.

        Parameters
        ----------
        rows : ndarray of int or slice
            Indices of the polygons.

        Returns
        -------
        polygons : Polygons
            Copies, views for a slice.
        """
        return Polygons(*(getattr(self, field.name)[rows] for field in fields(self)))

    def used(self) -> NDArray[np.bool_]:
        """Return a mask of the used columns.

        Returns
        -------
        used : ndarray of shape (n, k)
            True in the first ``n_vertices`` columns.
        """
        return np.arange(self.vertices.shape[1]) < self.n_vertices[:, None]

    def following(self) -> NDArray[np.int64]:
        """Return the column of the next vertex.

        Returns
        -------
        following : ndarray of shape (n, k)
            The last vertex is followed by the first.
        """
        next_column = np.arange(1, self.vertices.shape[1] + 1)
        return np.where(next_column < self.n_vertices[:, None], next_column, 0)

    def areas(self) -> FloatArray:
        """Return the areas.

        Returns
        -------
        areas : ndarray of shape (n,)
            In squared units of the coordinates, >= 0 up to rounding.
        """
        # From the first vertex on, so that far-off small polygons keep their digits.
        arms = self.vertices - self.vertices[:, :1]
        next_arms = np.take_along_axis(arms, self.following()[..., None], axis=1)
        turns = arms[..., 0] * next_arms[..., 1] - arms[..., 1] * next_arms[..., 0]
        areas: FloatArray = np.where(self.used(), turns, 0.0).sum(axis=1) / 2
        return areas

    def lists(self) -> list[FloatArray]:
        """Return each polygon's vertices.

        Returns
        -------
        polygons : list of ndarray of shape (n_vertices, 2)
            Counter-clockwise.
        """
        return [
            corners[:n].copy() for corners, n in zip(self.vertices, self.n_vertices, strict=True)
        ]


def cut(
    polygons: Polygons, values: FloatArray, terms: FloatArray
) -> tuple[Polygons, NDArray[np.bool_], NDArray[np.int64]]:
    """Cut each polygon along the zero line of its own affine function.

    Parameters
    ----------
    polygons : Polygons
        Polygons to be cut.
    values : ndarray of shape (n, 3)
        The functions' coefficients (p, q, r): p x + q y + r.
    terms : ndarray of shape (n, 3)
        Size of the numbers from which they were computed.

    Returns
    -------
    parts : Polygons
        First one part per polygon: the whole, or the part with positive values; then the negative
        parts of the polygons that were cut.
    positive : ndarray of shape (n_parts,)
        Whether the function is positive on the part; False if it is 0 on the whole polygon.
    parents : ndarray of shape (n_parts,)
        Index of the original polygon of each part.
    """
    x, y = polygons.vertices[..., 0], polygons.vertices[..., 1]
    height = values[:, :1] * x + values[:, 1:2] * y + values[:, 2:]
    steep = np.hypot(values[:, 0], values[:, 1])
    error = (
        ROUNDING * (terms[:, :1] * np.abs(x) + terms[:, 1:2] * np.abs(y) + terms[:, 2:])
        + steep[:, None] * polygons.blur
    )
    side = np.where(np.abs(height) <= error, 0, np.sign(height)).astype(np.int8)
    side[~polygons.used()] = 0
    positive: NDArray[np.bool_] = np.any(side > 0, axis=1)
    crossed = np.flatnonzero(positive & (side < 0).any(axis=1))
    parents: NDArray[np.int64] = np.arange(len(polygons), dtype=np.int64)
    if not len(crossed):
        return polygons, positive, parents
    scale = steep[crossed, None]
    line, size = values[crossed] / scale, terms[crossed] / scale
    whole = polygons.take(crossed)
    above = _part(whole, side[crossed], height[crossed], line, size)
    below = _part(whole, -side[crossed], -height[crossed], line, size)
    parts = _replaced(polygons, crossed, above, below)
    return (
        parts,
        np.concatenate([positive, np.zeros(len(crossed), dtype=bool)]),
        np.concatenate([parents, crossed]),
    )


def _part(
    whole: Polygons, side: NDArray[np.int8], height: FloatArray, line: FloatArray, size: FloatArray
) -> Polygons:
    """Return the part of each polygon on which its line is positive."""
    n, k = side.shape
    used, following = whole.used(), whole.following()
    next_side = np.take_along_axis(side, following, axis=1)
    crossing = used & (side * next_side < 0)
    row, column = np.nonzero(crossing)
    point, point_blur = _meetings(whole, height, line, size, row, column, following)

    # A vertex, then the point where its edge is crossed: twice the columns, some unused.
    vertices = np.repeat(whole.vertices, 2, axis=1)
    blur = np.repeat(whole.blur, 2, axis=1)
    vertices[row, 2 * column + 1], blur[row, 2 * column + 1] = point, point_blur
    kept = np.stack([used & (side >= 0), crossing], axis=2).reshape(n, 2 * k)
    # The cut replaces an edge that leads to the negative side.
    leaves = np.stack([(side == 0) & (next_side < 0), next_side < 0], axis=2).reshape(n, 2 * k)
    lines = np.where(leaves[..., None], line[:, None], np.repeat(whole.lines, 2, axis=1))
    terms = np.where(leaves[..., None], size[:, None], np.repeat(whole.terms, 2, axis=1))

    n_vertices = kept.sum(axis=1)
    order = np.argsort(~kept, axis=1, kind="stable")[:, : n_vertices.max()]

    def packed(columns: FloatArray) -> FloatArray:
        index = order if columns.ndim == 2 else order[..., None]
        taken: FloatArray = np.take_along_axis(columns, index, axis=1)
        return taken

    return Polygons(n_vertices, packed(vertices), packed(blur), packed(lines), packed(terms))


def _meetings(
    whole: Polygons,
    height: FloatArray,
    line: FloatArray,
    size: FloatArray,
    row: NDArray[np.int64],
    column: NDArray[np.int64],
    following: NDArray[np.int64],
) -> tuple[FloatArray, FloatArray]:
    """Return the intersections of edges and cuts, with bounds of their rounding errors."""
    end = following[row, column]
    a, b = whole.vertices[row, column], whole.vertices[row, end]
    edge, cutting = whole.lines[row, column], line[row]
    determinant = edge[:, 0] * cutting[:, 1] - edge[:, 1] * cutting[:, 0]
    sine = np.maximum(np.abs(determinant), EPS)
    meeting = (
        np.stack(
            [
                edge[:, 1] * cutting[:, 2] - edge[:, 2] * cutting[:, 1],
                edge[:, 2] * cutting[:, 0] - edge[:, 0] * cutting[:, 2],
            ],
            axis=1,
        )
        / np.where(determinant == 0, 1.0, determinant)[:, None]
    )
    share = height[row, column] / (height[row, column] - height[row, end])
    between = a + share[:, None] * (b - a)
    # Both formulas give the same point; the angle decides which one is more exact.
    point = np.where((sine > NEARLY_PARALLEL)[:, None], meeting, between)
    point = np.clip(point, np.minimum(a, b), np.maximum(a, b))
    reach = np.abs(np.concatenate([point, np.ones((len(row), 1))], axis=1))
    doubt = ROUNDING * (reach * (whole.terms[row, column] + size[row])).sum(axis=1)
    doubt += EPS * reach[:, :2].max(axis=1)
    return point, np.minimum(doubt / sine, np.linalg.norm(b - a, axis=1))


def _replaced(
    polygons: Polygons, crossed: NDArray[np.int64], above: Polygons, below: Polygons
) -> Polygons:
    """Replace the cut polygons by their upper parts and append the lower parts."""
    joined = Polygons.joined([polygons, below, above])
    n = len(polygons) + len(below)
    for field in fields(joined):
        columns = getattr(joined, field.name)
        columns[crossed] = columns[n:]
    return joined.take(slice(n))
