"""Pieces along a segment, against closed forms, dense sampling and invariances."""

import numpy as np
import pytest

from deepgen import MLPClassifier, MLPRegressor
from deepgen.estimators.from_weights import regressor_from_layers
from deepgen.expressivity import breakpoints, piecewise_linear, rect, region_bounds, square, tri
from expressivity.networks import PIECEWISE_LINEAR, he_network, trained

A, B = np.array([-2.0, -1.0]), np.array([1.5, 2.0])


def along(model, result, n_points=20_001):
    t = np.linspace(0, 1, n_points)
    X = result.a + t[:, None] * (result.b - result.a)
    outputs = model.decision_function(X) if hasattr(model, "classes_") else model.predict(X)
    return t, outputs.reshape(n_points, -1)


def interpolated(t, result):
    return np.stack([np.interp(t, result.t, column) for column in result.values.T], axis=1)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 6, 8, 12, 16])
def test_tri_has_two_to_the_k_pieces(k):
    result = breakpoints(tri(k), 0, 1)
    assert result.n_pieces == 2**k
    assert np.array_equal(result.points, np.arange(1, 2**k) / 2**k)
    assert np.array_equal(np.abs(result.slopes), np.full((2**k, 1), 2.0**k))
    assert np.array_equal(result.values.ravel(), np.arange(2**k + 1) % 2)
    assert breakpoints(tri(k), -1, 2).n_pieces == 2**k + 2
    assert breakpoints(tri(k), -1.1, 2.3).n_pieces == 2**k + 2
    assert region_bounds((1, *[2, 1] * k)).serra_upper <= 6**k


def test_tri_doubles_beyond_what_sampling_could_see():
    assert breakpoints(tri(40), 0.0, 2.0**-24).n_pieces == 2**16


@pytest.mark.parametrize("n", [1, 2, 16, 300])
def test_interpolants_bend_at_their_knots(n):
    knots = np.arange(n + 1) / n
    result = breakpoints(piecewise_linear(knots, knots**2), 0.0, 1.0)
    assert result.n_pieces == n
    np.testing.assert_allclose(result.points, knots[1:-1], atol=1e-14)


def test_square_of_m_terms_has_as_many_pieces_as_its_interpolation():
    for m in range(1, 9):
        assert breakpoints(square(m), 0.0, 1.0).n_pieces == 2**m


def test_steep_ramps_are_found_at_their_places():
    result = breakpoints(rect(0.0, 1.0, 1.3), -3.0, 3.0)
    np.testing.assert_allclose(result.points, [0.0, 1e-7, 1.0, 1.0 + 1e-7], atol=1e-14)
    assert result.n_pieces == 5


def test_linear_pieces_and_activation_pieces_are_told_apart():
    # x = relu(x) - relu(-x) bends nowhere; the third unit reaches no output.
    model = regressor_from_layers(
        [[[1.0, -1.0, 1.0]], [[1.0], [-1.0], [0.0]]], [[0.0, 0.0, -0.5], [0.0]]
    )
    result = breakpoints(model, -1.0, 1.0)
    assert (result.n_pieces, result.n_activation_pieces) == (1, 3)
    assert result.points.tolist() == []
    assert result.activation_points.tolist() == [0.0, 0.5]
    assert repr(result) == "Breakpoints(1 linear pieces, 3 activation pieces from [-1.] to [1.])"


@pytest.mark.parametrize("name", PIECEWISE_LINEAR)
def test_pieces_reproduce_the_network(name):
    parameters = {"dtype": "float64", **PIECEWISE_LINEAR[name]}
    model = trained(**parameters)
    result = breakpoints(model, A, B)
    t, outputs = along(model, result)
    tolerance = 1e-4 if parameters["dtype"] == "float32" else 1e-10
    np.testing.assert_allclose(interpolated(t, result), outputs, atol=tolerance)
    assert result.n_pieces > 5


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("widths", [(2, 10, 10, 1), (2, 6, 6, 6, 2), (2, 40, 1)])
def test_count_equals_that_of_dense_slope_changes(seed, widths):
    model = he_network(seed, widths)
    result = breakpoints(model, A, B)
    n_intervals = 2_000_000
    # All pieces must be resolved by the samples, or the second route would miss some.
    assert np.diff(result.t).min() > 3 / n_intervals
    t, outputs = along(model, result, n_intervals + 1)
    bends = (np.abs(np.diff(outputs, 2, axis=0)) > 1e-12).any(axis=1)
    # A bend shows in one interval or in two neighbours.
    runs = bends & ~np.concatenate([[False], bends[:-1]])
    assert runs.sum() == result.n_pieces - 1


def test_units_change_sign_exactly_at_the_points():
    model = he_network(3)
    result = breakpoints(model, A, B)
    weights, intercepts = model.coefs_, model.intercepts_
    first = np.maximum(result.activation_points @ weights[0] + intercepts[0], 0)
    arguments = np.hstack(
        [result.activation_points @ weights[0] + intercepts[0], first @ weights[1] + intercepts[1]]
    )
    assert np.abs(arguments).min(axis=1).max() < 1e-12


def test_count_stays_when_units_are_scaled_and_permuted(rng):
    model = he_network(1)
    scales, order = rng.uniform(0.01, 100, 10), rng.permutation(10)
    coefs, intercepts = [w.copy() for w in model.coefs_], [b.copy() for b in model.intercepts_]
    coefs[0], intercepts[0] = (coefs[0] * scales)[:, order], (intercepts[0] * scales)[order]
    coefs[1] = (coefs[1] / scales[:, None])[order]
    other = breakpoints(regressor_from_layers(coefs, intercepts), A, B)
    here = breakpoints(model, A, B)
    assert other.n_pieces == here.n_pieces
    np.testing.assert_allclose(other.points, here.points, atol=1e-12)


def test_points_of_a_split_segment_are_those_of_the_whole():
    model = he_network(2)
    middle = A + 0.37 * (B - A)
    whole = breakpoints(model, A, B)
    halves = [breakpoints(model, A, middle), breakpoints(model, middle, B)]
    together = np.concatenate([half.points for half in halves])
    np.testing.assert_allclose(together, whole.points, atol=1e-12)
    assert np.allclose(breakpoints(model, B, A).points[::-1], whole.points, atol=1e-12)


def test_duplicate_units_make_no_slivers():
    state = np.random.RandomState(0)
    w, b = state.randn(1, 30), state.randn(30)
    scales = state.uniform(0.1, 10, 30)
    model = regressor_from_layers(
        [np.hstack([w, w * scales]), state.randn(60, 1)], [np.append(b, b * scales), [0.0]]
    )
    wide = np.abs(b / w).max() + 1
    assert breakpoints(model, -wide, wide).n_activation_pieces == 31


@pytest.mark.claims
def test_random_units_break_as_often_as_cauchy_says():
    reach, n_units = 3.0, 4_000
    state = np.random.RandomState(0)
    model = regressor_from_layers(
        [2.0 * state.randn(1, n_units), state.randn(n_units, 1)],
        [1.5 * state.randn(n_units), [0.0]],
    )
    probability = 2 / np.pi * np.arctan(reach * 2.0 / 1.5)
    found = breakpoints(model, -reach, reach).n_activation_pieces - 1
    deviation = np.sqrt(n_units * probability * (1 - probability))
    assert abs(found - n_units * probability) < 4 * deviation


def test_classifiers_and_links_are_measured_before_the_link(rng):
    X = rng.normal(size=(60, 2))
    classifier = MLPClassifier((8,), dtype="float64", random_state=0)
    classifier.partial_fit(X, np.arange(60) % 3, classes=[0, 1, 2])
    result = breakpoints(classifier, A, B)
    t, logits = along(classifier, result)
    np.testing.assert_allclose(interpolated(t, result), logits, atol=1e-12)
    poisson = MLPRegressor("poisson", (8,), dtype="float64", random_state=0)
    poisson.partial_fit(X, np.arange(60.0))
    result = breakpoints(poisson, A, B)
    t, means = along(poisson, result)
    logs = np.log(means) - np.log(poisson.target_scale_)
    np.testing.assert_allclose(interpolated(t, result), logs, atol=1e-12)


def test_a_linear_model_has_one_piece():
    model = regressor_from_layers([[[1.0], [2.0]]], [[3.0]])
    result = breakpoints(model, A, B)
    assert (result.n_pieces, result.n_activation_pieces) == (1, 1)
    assert result.slopes[0, 0] == pytest.approx((B - A) @ [1.0, 2.0] / np.linalg.norm(B - A))


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([0.0, 0.0], [0.0, 0.0], "a and b are equal"),
        ([0.0], [1.0], "a has shape \\(1,\\), the model has 2 inputs"),
        (0.0, 1.0, "a has shape \\(1,\\)"),
        ([0.0, np.nan], [1.0, 1.0], "a contains NaN"),
        ([0.0, 0.0], [1.0, np.inf], "b contains NaN or infinity"),
    ],
)
def test_segments_that_are_none_are_refused(a, b, message):
    with pytest.raises(ValueError, match=message):
        breakpoints(he_network(0), a, b)


def test_too_many_pieces_are_refused_with_a_way_out(monkeypatch):
    monkeypatch.setattr("deepgen.expressivity.segment.MAX_NUMBERS", 1000)
    with pytest.raises(ValueError, match=r"layer \d+ has \d+ pieces.*more than 1000.*sampled_pat"):
        breakpoints(tri(12), 0.0, 1.0)


def test_plot_draws_the_function():
    pytest.importorskip("matplotlib").use("Agg")
    axes = breakpoints(tri(2), 0.0, 1.0).plot()
    assert axes.lines[0].get_xydata().tolist() == [
        [0, 0], [0.25, 1], [0.5, 0], [0.75, 1], [1, 0],
    ]  # fmt: skip
    assert axes.get_xlabel() == "input"
