"""Cutting many polygons at once, against one polygon at a time in exact fractions."""

from fractions import Fraction

import numpy as np
import pytest

from deepgen.expressivity.polygons import Polygons, cut


def cut_exactly(polygon, line):
    """Sutherland and Hodgman (1974) in fractions: the positive and the negative part."""
    p, q, r = map(Fraction, line)
    heights = [p * x + q * y + r for x, y in polygon]
    parts = []
    for sign in (1, -1):
        part = []
        for i, (x, y) in enumerate(polygon):
            h, (u, v), g = heights[i], polygon[i - 1], heights[i - 1]
            if h * g < 0:
                share = g / (g - h)
                part.append((u + share * (x - u), v + share * (y - v)))
            if sign * h >= 0:
                part.append((x, y))
        parts.append(part)
    if min(heights) >= 0 or max(heights) <= 0:
        return [polygon]
    return parts


def area(polygon):
    turns = [
        x * v - u * y for (x, y), (u, v) in zip(polygon, [*polygon[1:], polygon[0]], strict=True)
    ]
    return sum(turns) / 2


def whole_cut(polygons, line):
    n = len(polygons)
    values = np.tile(np.asarray(line, dtype=float), (n, 1))
    return cut(polygons, values, np.abs(values))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("reach", [1.0, 1e6])
def test_cells_are_those_of_exact_arithmetic(seed, reach):
    state = np.random.RandomState(seed)
    polygons = Polygons.rectangle((-reach, reach), (-reach, reach))
    side = Fraction(reach)
    exact = [[(-side, -side), (side, -side), (side, side), (-side, side)]]
    for line in state.randint(-8, 9, (12, 3)):
        if not line[:2].any():
            continue
        polygons, _, _ = whole_cut(polygons, line)
        exact = [part for polygon in exact for part in cut_exactly(polygon, map(int, line))]
    assert len(polygons) == len(exact)
    expected = np.sort([float(area(polygon)) for polygon in exact])
    np.testing.assert_allclose(np.sort(polygons.areas()), expected, rtol=1e-9)


def test_lines_through_a_vertex_and_along_an_edge_make_no_slivers():
    square = Polygons.rectangle((0.0, 3.0), (0.0, 3.0))
    halves, positive, parents = whole_cut(square, (0.1, -0.1, 0.0))
    assert (positive.tolist(), parents.tolist()) == ([True, False], [0, 0])
    assert sorted(len(polygon) for polygon in halves.lists()) == [3, 3]
    # The same line in other numbers, one along an edge, and one through the corner.
    for line in ((0.3, -0.3, 0.0), (0.7, 0.0, -2.1), (1 / 3, 1 / 3, 0.0)):
        assert len(whole_cut(halves, line)[0]) == 2


def test_sides_are_told_without_a_cut():
    square = Polygons.rectangle((0.0, 1.0), (0.0, 1.0))
    for line, expected in (((1, 0, 1), True), ((1, 0, -2), False), ((0, 0, 0), False)):
        same, positive, parents = whole_cut(square, line)
        assert (len(same), positive.tolist(), parents.tolist()) == (1, [expected], [0])


def test_vertices_stay_exact_in_a_large_window():
    polygons = Polygons.rectangle((-1e9, 1e9), (-1e9, 1e9))
    for line in ((1, 2, -5), (3, -1, -1), (1, 1, -3.5)):
        polygons, _, _ = whole_cut(polygons, line)
    corners = np.concatenate(polygons.lists())
    near = corners[np.abs(corners).max(axis=1) < 100]
    for expected in ((1.0, 2.0), (2.0, 1.5), (1.125, 2.375)):
        assert np.abs(near - expected).max(axis=1).min() < 1e-14


def test_polygons_stay_counter_clockwise_with_edges_on_their_lines():
    state = np.random.RandomState(3)
    polygons = Polygons.rectangle((-2.0, 2.0), (-1.0, 1.0))
    for line in state.randn(15, 3):
        polygons, _, _ = whole_cut(polygons, line)
    assert (polygons.areas() > 0).all()
    rows, columns = np.nonzero(polygons.used())
    line = polygons.lines[rows, columns]
    for end in (columns, polygons.following()[rows, columns]):
        x, y = polygons.vertices[rows, end].T
        assert np.abs(line[:, 0] * x + line[:, 1] * y + line[:, 2]).max() < 1e-12
