"""What the experiments on expressivity must find, and the numbers behind their set-ups."""

import itertools

import numpy as np
import pytest

from deepgen.experiments.claims import (
    bounded_sigma,
    bumps,
    rect,
    regions,
    shallow_deep,
    square,
    tri,
)


@pytest.mark.parametrize("module", [bounded_sigma, bumps, rect, square, tri])
def test_what_is_proved_is_found(module):
    assert module.run(quick=True).verdict == "supported"


def test_tri_doubles_teeth_and_pieces():
    rows = tri.run(quick=True).table
    assert [row["teeth"] for row in rows] == [2 ** (row["k"] - 1) for row in rows]
    assert [row["steepest slope"] for row in rows] == [2 ** row["k"] for row in rows]


def test_the_shallow_networks_have_the_sizes_that_they_are_named_after():
    for name, (deep, shallow) in shallow_deep.PAIRS.items():
        sizes = [shallow_deep._n_parameters(shape) for shape in (deep, shallow)]
        products = [
            sum(a * b for a, b in itertools.pairwise((2, *shape, 1))) for shape in (deep, shallow)
        ]
        if name == "equal units":
            assert sum(deep) == sum(shallow) and sizes == [151, 81]
        elif name == "equal FLOPs":
            assert products == [130, 132]
        else:
            budget = int(name.split()[0])
            assert sizes[0] <= sizes[1] <= sizes[0] + 4 and abs(sizes[0] / budget - 1) < 0.03


def test_one_box_on_the_decks_grid_in_both_precisions():
    """The slide's own formula; ours sums the same four terms in the network's order."""

    def box(x, h, eps):
        zero = x.dtype.type(0)
        ramps = [np.maximum(x - corner, zero) for corner in (zero, zero + eps, zero + 1, 1 + eps)]
        return h / eps * (ramps[0] - ramps[1] - ramps[2] + ramps[3])

    expected = {np.float64: (6.8e-10, 2.9e-9), np.float32: (0.25, 1.55)}
    for kind, (inside_error, outside_error) in expected.items():
        x = np.linspace(-3, 3, 1000).astype(kind)
        y = box(x, kind(1.3), kind(1e-7))
        inside, outside = (x >= 1e-7) & (x <= 1), (x <= 0) | (x >= 1 + 1e-7)
        assert np.abs(y[inside] - 1.3).max() == pytest.approx(inside_error, rel=0.02)
        assert np.abs(y[outside]).max() == pytest.approx(outside_error, rel=0.02)
    rows = {row["network"]: row["largest error"] for row in rect.run(quick=True).table}
    assert rows["one box"] < 1e-8
    assert rows["one box in float32"] > 0.25


@pytest.mark.claims
def test_regions_are_within_their_bounds_and_training_keeps_their_order():
    for row in regions.run(quick=True, seeds=2).table:
        assert 1 < row["linear regions"] <= row["no weights exceed"]
