"""Regions of a plane, against closed forms, exact arithmetic, sampling and invariances."""

import sys

import numpy as np
import pytest

from deepgen import MLPRegressor
from deepgen.estimators.from_weights import regressor_from_layers
from deepgen.expressivity import (
    breakpoints,
    bump,
    count_regions,
    linear_regions,
    region_bounds,
    sampled_patterns,
)
from deepgen.expressivity.piecewise import piecewise_linear_of
from expressivity.networks import PIECEWISE_LINEAR, he_network, lines, trained

WINDOW = ((-5.0, 5.0), (-5.0, 5.0))
ACTIVATION_CELLS = {0: 203, 1: 225, 2: 181, 3: 204, 4: 192}
FOUND_BY_SAMPLING = {0: 181, 1: 189, 2: 168, 3: 190, 4: 180}
LIPSCHITZ = {0: 3.2169, 1: 4.7111, 2: 4.0882, 3: 2.0323, 4: 3.0847}


def square_window(reach):
    return ((-reach, reach), (-reach, reach))


def cells_of_lines(model, reach):
    """1 + lines + crossings inside the window, for lines in general position (Euler)."""
    (p, q), r = model.coefs_[0], model.intercepts_[0]
    hits = np.abs(r) < reach * (np.abs(p) + np.abs(q))
    i, j = np.triu_indices(len(r), 1)
    determinant = p[i] * q[j] - p[j] * q[i]
    x = (q[i] * r[j] - q[j] * r[i]) / determinant
    y = (r[i] * p[j] - r[j] * p[i]) / determinant
    return 1 + hits.sum() + ((np.abs(x) < reach) & (np.abs(y) < reach)).sum()


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("reach", [1.0, 1e3, 1e5, 1e8])
def test_twenty_lines_in_general_position(seed, reach):
    model = lines(seed)
    expected = cells_of_lines(model, reach)
    if reach >= 1e5:
        assert expected == 211 == region_bounds((2, 20)).serra_upper
    result = linear_regions(model, square_window(reach))
    assert result.n_activation_regions == result.n_linear_regions == expected
    assert result.areas.min() > 0


@pytest.mark.parametrize("seed", ACTIVATION_CELLS)
def test_random_networks_have_the_known_numbers_of_cells(seed):
    model = he_network(seed)
    result = linear_regions(model, WINDOW)
    assert result.n_activation_regions == ACTIVATION_CELLS[seed]
    assert len(np.unique(result.patterns, axis=0)) == ACTIVATION_CELLS[seed]
    assert result.n_activation_regions <= region_bounds((2, 10, 10)).serra_upper
    steepest = np.linalg.norm(result.maps[:, 0, :2], axis=1).max()
    assert steepest == pytest.approx(LIPSCHITZ[seed], abs=1e-4)


@pytest.mark.parametrize("seed", FOUND_BY_SAMPLING)
def test_sampling_finds_fewer(seed):
    n_samples = 200_000
    found = sampled_patterns(he_network(seed), WINDOW, n_samples=n_samples, random_state=0)
    # A cell is hit with the probability that its area says.
    hit = 1 - (1 - linear_regions(he_network(seed), WINDOW).areas / 100) ** n_samples
    deviation = np.sqrt((hit * (1 - hit)).sum())
    for n_patterns in (found.n_patterns, FOUND_BY_SAMPLING[seed]):
        assert abs(n_patterns - hit.sum()) < 4 * deviation
        assert n_patterns < ACTIVATION_CELLS[seed]


def test_products_of_norms_are_far_above_the_steepest_piece():
    products = {0: 12.27, 1: 15.88, 2: 13.85, 3: 9.09, 4: 10.29}
    for seed, product in products.items():
        norms = [np.linalg.norm(weights, 2) for weights in he_network(seed).coefs_]
        assert np.prod(norms) == pytest.approx(product, abs=5e-3)


@pytest.mark.parametrize("name", PIECEWISE_LINEAR)
def test_sampled_points_follow_the_map_of_their_cell(name):
    model = trained(**{"dtype": "float64", **PIECEWISE_LINEAR[name]})
    result = linear_regions(model, WINDOW)
    function = piecewise_linear_of(model)
    X = np.random.default_rng(1).uniform(-5, 5, (5000, 2))
    cells = {pattern.tobytes(): cell for cell, pattern in enumerate(result.patterns)}
    found = [cells.get(pattern.tobytes(), -1) for pattern in function.patterns(X)]
    assert min(found) >= 0
    here = result.maps[found, 0]
    mapped = here[:, 0] * X[:, 0] + here[:, 1] * X[:, 1] + here[:, 2]
    tolerance = 1e-10 if model.dtype == "float64" else 2e-4
    np.testing.assert_allclose(mapped, model.predict(X), atol=tolerance)
    for point, cell in zip(X[:200], found[:200], strict=True):
        corners = result.polygons[cell]
        edges = np.roll(corners, -1, axis=0) - corners
        arms = point - corners
        assert (edges[:, 0] * arms[:, 1] - edges[:, 1] * arms[:, 0]).min() > -1e-9


def test_areas_add_up_to_the_window():
    result = linear_regions(trained(), ((-1.0, 3.0), (-2.0, 0.5)))
    assert result.areas.sum() == pytest.approx(10.0, rel=1e-12)


def test_split_windows_count_each_cell_once_on_each_side():
    model = he_network(0)
    cut_at = 0.3
    whole = linear_regions(model, WINDOW)
    left = linear_regions(model, ((-5.0, cut_at), (-5.0, 5.0)))
    right = linear_regions(model, ((cut_at, 5.0), (-5.0, 5.0)))
    crossed = breakpoints(model, [cut_at, -5.0], [cut_at, 5.0]).n_activation_pieces
    total = left.n_activation_regions + right.n_activation_regions
    assert total == whole.n_activation_regions + crossed


def test_counts_stay_when_units_are_scaled_and_permuted(rng):
    model = he_network(1)
    scales, order = rng.uniform(0.01, 100, 10), rng.permutation(10)
    coefs, intercepts = [w.copy() for w in model.coefs_], [b.copy() for b in model.intercepts_]
    coefs[0], intercepts[0] = (coefs[0] * scales)[:, order], (intercepts[0] * scales)[order]
    coefs[1] = (coefs[1] / scales[:, None])[order]
    other = linear_regions(regressor_from_layers(coefs, intercepts), WINDOW)
    here = linear_regions(model, WINDOW)
    assert other.n_activation_regions == here.n_activation_regions
    np.testing.assert_allclose(np.sort(other.areas), np.sort(here.areas), atol=1e-10)


def test_cells_with_the_same_map_are_one_linear_region():
    # One unit reaches no output, two cancel each other, one is seen.
    coefs = [
        np.array([[1.0, 1.0, -1.0, 0.0], [0.0, 1.0, -1.0, 1.0]]),
        np.array([[0.0], [1.0], [-1.0], [2.0]]),
    ]
    model = regressor_from_layers(coefs, [np.array([0.2, 0.1, -0.1, -0.3]), np.zeros(1)])
    result = linear_regions(model, ((-1.0, 1.0), (-1.0, 1.0)))
    assert (result.n_activation_regions, result.n_linear_regions) == (7, 2)
    gradients = {tuple(gradient) for gradient in result.maps[:, 0, :2]}
    assert gradients == {(1.0, 1.0), (1.0, 3.0)}


def test_regions_with_equal_maps_that_do_not_touch_are_counted_apart():
    model = bump([0.0, 0.0], [1.0, 1.0], eps=0.5)
    result = linear_regions(model, ((-1.0, 2.0), (-1.0, 2.0)))
    # The plateau, the surroundings, four slopes, four corners' facets.
    flat = np.abs(result.maps[:, 0, :2]).max(axis=1) == 0
    assert len(np.unique(result.regions[flat])) == 2
    assert result.n_linear_regions == 10


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_merging_does_not_depend_on_units(scale):
    model = bump(np.zeros(2), np.full(2, scale), eps=scale / 2)
    result = linear_regions(model, ((-scale, 2 * scale), (-scale, 2 * scale)))
    assert result.n_linear_regions == 10


@pytest.mark.parametrize("seed", range(3))
def test_polygons_and_linear_programs_count_the_same(seed):
    model = he_network(seed, (2, 5, 5, 1))
    assert (
        linear_regions(model, WINDOW).n_activation_regions
        == count_regions(model, WINDOW).n_activation_regions
    )


def test_a_plane_through_more_inputs_is_cut_as_its_points_say(rng):
    model = he_network(0, (5, 12, 8, 2))
    origin, u, v = rng.normal(size=(3, 5))
    result = linear_regions(model, WINDOW, plane=(origin, u, v))
    points = np.stack([polygon.mean(axis=0) for polygon in result.polygons])
    X = origin + points[:, :1] * u + points[:, 1:] * v
    assert np.array_equal(piecewise_linear_of(model).patterns(X), result.patterns)
    mapped = np.einsum("cok,ck->co", result.maps, np.hstack([points, np.ones((len(points), 1))]))
    np.testing.assert_allclose(mapped, model.predict(X), atol=1e-10)
    edge = breakpoints(model, origin - 5 * u + 0.1 * v, origin + 5 * u + 0.1 * v)
    rows = [
        polygon for polygon in result.polygons
        if polygon[:, 1].min() < 0.1 < polygon[:, 1].max()
    ]  # fmt: skip
    assert len(rows) == edge.n_activation_pieces


def test_coordinates_as_a_plane_change_nothing():
    model = he_network(2)
    plane = ([0.0, 0.0], [1.0, 0.0], [0.0, 1.0])
    there = linear_regions(model, WINDOW, plane=plane)
    here = linear_regions(model, WINDOW)
    assert there.n_linear_regions == here.n_linear_regions
    assert np.array_equal(there.maps, here.maps)


def test_a_linear_model_is_one_region():
    result = linear_regions(regressor_from_layers([[[1.0], [2.0]]], [[3.0]]), WINDOW)
    assert (result.n_linear_regions, result.n_activation_regions) == (1, 1)
    assert result.maps.tolist() == [[[1.0, 2.0, 3.0]]]
    assert result.patterns.shape == (1, 0)


def test_dead_layers_are_one_linear_region():
    model = regressor_from_layers(
        [np.eye(2), -np.ones((2, 1)), np.ones((1, 1))], [np.zeros(2), np.zeros(1), np.zeros(1)]
    )
    result = linear_regions(model, WINDOW)
    assert result.n_linear_regions == 1
    assert result.n_activation_regions == 4


@pytest.mark.parametrize(
    ("window", "message"),
    [
        (((0, 0), (0, 1)), "window has no area"),
        (((0, 1), (2, 1)), "window has no area"),
        (((0, np.inf), (0, 1)), "finite numbers"),
        ((0, 1), "window must be"),
    ],
)
def test_windows_without_area_are_refused(window, message):
    with pytest.raises(ValueError, match=message):
        linear_regions(he_network(0), window)


def test_planes_that_are_none_are_refused():
    model = he_network(0, (3, 4, 1))
    with pytest.raises(ValueError, match="the model has 3 inputs, a window has 2; give plane="):
        linear_regions(model, WINDOW)
    with pytest.raises(ValueError, match="three vectors of 3 numbers"):
        linear_regions(model, WINDOW, plane=([0, 0], [1, 0], [0, 1]))
    with pytest.raises(ValueError, match="are parallel"):
        linear_regions(model, WINDOW, plane=([0, 0, 0], [1, 2, 3], [2, 4, 6]))
    with pytest.raises(ValueError, match="plane contains NaN"):
        linear_regions(model, WINDOW, plane=([0, 0, np.nan], [1, 2, 3], [2, 0, 6]))


@pytest.mark.parametrize("activation", ["tanh", "gelu", "elu", "logistic"])
@pytest.mark.parametrize(
    "measure",
    [
        lambda model: breakpoints(model, [0, 0], [1, 1]),
        lambda model: linear_regions(model, WINDOW),
        lambda model: count_regions(model, WINDOW),
        lambda model: sampled_patterns(model, WINDOW),
    ],
)
def test_smooth_activations_are_refused_by_name(activation, measure):
    model = trained(hidden_layer_sizes=(3, 3), activation=["relu", activation])
    with pytest.raises(ValueError, match=f"layer 1 has activation '{activation}'"):
        measure(model)


def test_layer_norm_and_skips_that_bend_are_refused_by_name():
    for skip, reason in (("highway", "multiplies by a gate"), ("deepnorm", "deviation of a sum")):
        with pytest.raises(ValueError, match=f"has skip '{skip}', which .*{reason}"):
            linear_regions(trained(skip=skip), WINDOW)
    with pytest.raises(ValueError, match="layer 0 has normalization 'layer'"):
        linear_regions(trained(normalization="layer"), WINDOW)


def test_unfitted_and_foreign_models_are_refused():
    with pytest.raises(ValueError, match="not fitted"):
        linear_regions(MLPRegressor(), WINDOW)
    with pytest.raises(TypeError, match="a fitted MLPRegressor or MLPClassifier is needed, got in"):
        linear_regions(3, WINDOW)


def test_of_several_members_one_is_taken():
    model = trained(n_members=2)
    with pytest.raises(ValueError, match=r"averages 2: take model.members_\[0\]"):
        linear_regions(model, WINDOW)
    assert linear_regions(model.members_[0], WINDOW).n_linear_regions > 1


def test_too_many_cells_are_refused_with_a_way_out(monkeypatch):
    # The function hides the module of the same name.
    module = sys.modules["deepgen.expressivity.linear_regions"]
    monkeypatch.setattr(module, "MAX_NUMBERS", 3000)
    with pytest.raises(ValueError, match=r"more than \d+ cells in layer 1.*sampled_patterns"):
        linear_regions(he_network(0), WINDOW)


def test_plot_draws_every_cell():
    pytest.importorskip("matplotlib").use("Agg")
    result = linear_regions(he_network(0), WINDOW)
    axes = result.plot()
    assert len(axes.collections[0].get_paths()) == result.n_activation_regions
    assert axes.get_title() == f"{result.n_linear_regions} linear regions"
    assert repr(result) == (
        "LinearRegions(203 linear regions, 203 activation regions in [-5, 5] x [-5, 5])"
    )
