"""What the exact enumerators cost: calls by the layer and by the unit, and none by the piece."""

import sys

import numpy as np

from deepgen.expressivity import breakpoints, linear_regions
from expressivity.networks import he_network


def calls(measure, *arguments):
    """What a measurement returns, and how many calls it makes, of Python and of C."""
    count = 0

    def tell(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(tell)
    try:
        result = measure(*arguments)
    finally:
        sys.setprofile(before)
    return result, count


def test_a_line_costs_as_many_calls_however_many_pieces_it_has():
    ends = np.full(5, -3.0), np.full(5, 3.0)
    few, calls_of_few = calls(breakpoints, he_network(0, (5, 8, 8, 8, 1), bias=0.1), *ends)
    many, calls_of_many = calls(breakpoints, he_network(0, (5, 256, 256, 256, 1), bias=0.1), *ends)
    assert many.n_pieces > 500 > 10 * few.n_pieces
    assert calls_of_many < 1.1 * calls_of_few


def test_a_window_costs_calls_by_the_unit_and_not_by_the_region():
    """Cells are cut in blocks: ten times as many cost a few times the calls."""
    model = he_network(0, (2, 64, 64, 1), bias=0.3)
    few, calls_of_few = calls(linear_regions, model, ((-0.1, 0.1), (-0.1, 0.1)))
    many, calls_of_many = calls(linear_regions, model, ((-2.0, 2.0), (-2.0, 2.0)))
    assert many.n_linear_regions > 10 * few.n_linear_regions
    assert calls_of_many < 5 * calls_of_few
