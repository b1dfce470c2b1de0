"""What the experiments on expressivity must find, and the numbers behind their set-ups."""

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
    rows = {row["network"]: row for row in shallow_deep.run(quick=True, seeds=1).table}
    parameters = {name: row["parameters"] for name, row in rows.items()}
    assert parameters["20: equal units"] == 81
    assert parameters["10 + 10"] == 151
    assert parameters["38: equal parameters"] == 153
    assert rows["20: equal units"]["units"] == rows["10 + 10"]["units"]
    assert (
        rows["44: equal FLOPs"]["FLOPs a point"] == 264 >= rows["10 + 10"]["FLOPs a point"] == 260
    )


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
