"""Counting by linear programs, against closed forms, all patterns, and sampling."""

from itertools import product
from math import comb

import numpy as np
import pytest
from scipy.optimize import linprog

from deepgen.estimators.from_weights import regressor_from_layers
from deepgen.expressivity import breakpoints, count_regions, region_bounds, sampled_patterns, tri
from deepgen.expressivity.piecewise import piecewise_linear_of
from expressivity.networks import PIECEWISE_LINEAR, he_network, trained


def feasible_patterns(model, box):
    """Each of the 2^units patterns, by one linear program with all its signs."""
    function = piecewise_linear_of(model)
    sides = np.asarray(box, dtype=float)
    found = set()
    for bits in product((False, True), repeat=function.n_units):
        below = np.vstack([np.eye(function.n_inputs), np.zeros(function.n_inputs)])
        rows, at = [], 0
        for layer in function.layers:
            z = below @ layer.weights
            z[-1] += layer.intercepts
            if layer.bends:
                on = np.array(bits[at : at + layer.width])
                at += layer.width
                rows.append(np.where(on, -1.0, 1.0)[:, None] * z.T)
                z = z * np.where(on, 1.0, layer.leak)
            below = z
        rows = np.vstack(rows)
        size = np.linalg.norm(rows[:, :-1], axis=1)
        if (rows[size == 0, -1] > 0).any():
            continue
        answer = linprog(
            [*np.zeros(function.n_inputs), -1.0],
            A_ub=np.hstack([rows[:, :-1], size[:, None]]),
            b_ub=-rows[:, -1],
            bounds=[*sides, (None, 1.0)],
        )
        if answer.status == 0 and answer.x[-1] > 1e-8:
            found.add(bits)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("widths", [(1, 4, 3, 1), (2, 4, 4, 1), (3, 4, 3, 2)])
def test_patterns_are_all_those_that_are_feasible(seed, widths):
    model = he_network(seed, widths)
    box = [(-2.0, 3.0)] * widths[0]
    result = count_regions(model, box)
    assert {tuple(bits.tolist()) for bits in result.patterns} == feasible_patterns(model, box)
    assert result.n_activation_regions == len(result.patterns)
    assert result.n_activation_regions <= region_bounds(widths[:-1]).serra_upper


@pytest.mark.slow
@pytest.mark.parametrize("name", PIECEWISE_LINEAR)
def test_points_lie_in_their_regions(name):
    model = trained(n_inputs=3, hidden_layer_sizes=(4, 4, 4), **PIECEWISE_LINEAR[name])
    box = [(-1.0, 1.0)] * 3
    result = count_regions(model, box)
    seen = piecewise_linear_of(model).patterns(result.points)
    assert np.array_equal(seen, result.patterns)
    assert len(np.unique(result.patterns, axis=0)) == result.n_activation_regions
    sampled = sampled_patterns(model, box, n_samples=50_000, random_state=0)
    assert sampled.n_patterns <= result.n_activation_regions


@pytest.mark.parametrize("d", [1, 2, 3, 4])
def test_hyperplanes_in_general_position(d):
    n_units = 7
    state = np.random.RandomState(d)
    model = regressor_from_layers(
        [state.randn(d, n_units), state.randn(n_units, 1)], [state.randn(n_units), [0.0]]
    )
    count = count_regions(model, [(-1e4, 1e4)] * d).n_activation_regions
    assert count == sum(comb(n_units, j) for j in range(d + 1))


def test_one_input_agrees_with_breakpoints():
    model = he_network(4, (1, 8, 8, 1))
    result = breakpoints(model, -3.0, 3.0)
    assert count_regions(model, [(-3.0, 3.0)]).n_activation_regions == result.n_activation_pieces
    assert count_regions(tri(4), [(-1.0, 2.0)]).n_activation_regions == 18


def test_maps_are_told_apart():
    model = regressor_from_layers(
        [[[1.0, -1.0, 1.0]], [[1.0], [-1.0], [0.0]]], [[0.0, 0.0, -0.5], [0.0]]
    )
    result = count_regions(model, [(-1.0, 1.0)])
    assert (result.n_activation_regions, result.n_maps) == (3, 1)
    assert repr(result).startswith("RegionCount(3 activation regions, 1 affine maps, ")


def test_too_much_work_is_refused_at_once_with_a_way_out():
    model = he_network(0, (10, 100, 100, 1))
    message = r"max_programs=100000 linear programs.* after 0,.* patterns of 200 units.*sampled_pat"
    with pytest.raises(ValueError, match=message):
        count_regions(model, [(-1.0, 1.0)] * 10)


def test_the_limit_on_programs_holds():
    with pytest.raises(ValueError, match=r"\d+ regions counted after 190,"):
        count_regions(he_network(0, (2, 5, 5, 1)), [(-5.0, 5.0)] * 2, max_programs=190)


@pytest.mark.parametrize("measure", [count_regions, sampled_patterns])
@pytest.mark.parametrize(
    ("box", "message"),
    [
        ([(0.0, 1.0)], "for each of 2 inputs"),
        ([(0.0, 1.0), (1.0, 1.0)], "box has no volume"),
        ([(0.0, 1.0), (1.0, np.nan)], "NaN"),
    ],
)
def test_boxes_that_are_none_are_refused(measure, box, message):
    with pytest.raises(ValueError, match=message):
        measure(he_network(0), box)


def test_sampling_says_what_it_saw():
    result = sampled_patterns(tri(2), [(0.0, 1.0)], n_samples=1000, random_state=0)
    assert (result.n_patterns, result.n_once, result.n_samples) == (4, 0, 1000)
    assert result == sampled_patterns(tri(2), [(0.0, 1.0)], n_samples=1000, random_state=0)
    alone = sampled_patterns(tri(2), [(0.0, 1.0)], n_samples=1, random_state=0)
    assert (alone.n_patterns, alone.n_once) == (1, 1)
    with pytest.raises(ValueError, match="n_samples must be >= 1, got 0"):
        sampled_patterns(tri(2), [(0.0, 1.0)], n_samples=0)
