"""Bounds on the number of regions: known values, brute force, order."""

from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepgen.expressivity import region_bounds

KNOWN = {
    (2, 20): (211, 211),
    (2, 10, 10): (1400, 3136),
    (1, 2, 2): (6, 9),
    (1, 3, 3): (12, 16),
    (1, 4, 4, 4): (80, 125),
    (2, 4, 4): (44, 121),
    (2, 8, 8, 8): (9472, 50653),
    (3, 5, 5): (26, 576),
}


def serra_by_enumeration(widths):
    """The sum of Serra et al. (2018), theorem 1, over all index tuples."""
    n_inputs, *hidden = widths
    total = 0
    for j in product(*(range(width + 1) for width in hidden)):
        caps = [n_inputs]
        term = 1
        for chosen, width in zip(j, hidden, strict=True):
            if chosen > min([*caps, width]):
                break
            caps.append(width - chosen)
            term *= comb(width, chosen)
        else:
            total += term
    return total


@pytest.mark.parametrize("widths", KNOWN)
def test_known_values(widths):
    bounds = region_bounds(widths)
    assert (bounds.montufar_lower, bounds.serra_upper) == KNOWN[widths]
    assert bounds.naive_upper == 2 ** sum(widths[1:])


@pytest.mark.parametrize(
    ("widths", "lower"),
    [
        # All patterns of the units, with as many inputs as units.
        ((5, 4), 16),
        ((3, 2), 4),
        ((7, 1), 2),
        # Two inputs that a layer of four folds, as in (2, 4, 4).
        ((5, 4, 4), 44),
        # The first two layers alone, as in (2, 10, 10).
        ((2, 10, 10, 1), 1400),
        # One input through the narrow layer, as in (1, 10, 1, 10).
        ((2, 10, 1, 10), 110),
    ],
)
def test_the_lower_bound_of_narrow_layers_is_that_of_the_best_sub_network(widths, lower):
    assert region_bounds(widths).montufar_lower == lower


def test_general_position_reaches_the_lower_bound_of_a_narrow_layer():
    rng = np.random.default_rng(0)
    patterns = rng.normal(size=(20_000, 5)) @ rng.normal(size=(5, 4)) > 0
    assert len(np.unique(patterns, axis=0)) == region_bounds((5, 4)).montufar_lower


@given(st.integers(1, 8), st.lists(st.integers(1, 12), min_size=1, max_size=4))
def test_a_narrow_layer_more_does_not_lower_the_bound(n_inputs, hidden):
    bound = region_bounds((n_inputs, *hidden)).montufar_lower
    if bound > 1 and min(hidden) < n_inputs:
        assert region_bounds((n_inputs, *hidden, 1)).montufar_lower >= bound


def test_a_case_that_tells_the_upper_bounds_apart():
    assert region_bounds((3, 5, 5)).montufar_upper == 676


@given(st.lists(st.integers(1, 5), min_size=2, max_size=4))
def test_serra_equals_the_sum_over_all_indices(widths):
    assert region_bounds(widths).serra_upper == serra_by_enumeration(widths)


@given(st.lists(st.integers(1, 40), min_size=2, max_size=6))
def test_bounds_are_in_order(widths):
    bounds = region_bounds(widths)
    assert 1 <= bounds.montufar_lower <= bounds.serra_upper <= bounds.montufar_upper
    assert bounds.montufar_upper <= bounds.naive_upper


def test_one_input_multiplies_the_pieces_of_the_layers():
    assert region_bounds((1, 7, 5, 2)).serra_upper == 8 * 6 * 3


def test_integers_stay_exact():
    assert region_bounds((10, *[1000] * 20)).naive_upper == 2**20_000


@pytest.mark.parametrize("widths", [(2,), (), (2, 0), (2, 1.5), (True, 3)])
def test_widths_that_are_none_are_refused(widths):
    with pytest.raises(ValueError, match="widths must be"):
        region_bounds(widths)
