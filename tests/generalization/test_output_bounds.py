"""Certified ranges, against ascent, corners, random inputs, exact cells and exact arithmetic."""

import importlib
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from expressivity.networks import he_network

from deepgen import MLPClassifier, MLPRegressor
from deepgen.estimators.from_weights import regressor_from_layers
from deepgen.expressivity import linear_regions, tri
from deepgen.generalization import output_bounds
from deepgen.generalization.certified_ranges.linear_bounds import linear_bounds
from deepgen.generalization.lipschitz_constants.input_slopes import input_slopes
from deepgen.generalization.lipschitz_constants.predicting_layers import predicting_layers
from deepgen.generalization.lipschitz_constants.slope_ranges import value
from deepgen.probe.folded_layers import FoldedLayer
from generalization.random_networks import ACTIVATIONS, all_kinds, random_network


def predictions(model, X):
    found = model.decision_function(X) if hasattr(model, "classes_") else model.predict(X)
    return found.reshape(len(X), -1)


def random_box(seed, d):
    rng = np.random.default_rng(seed)
    centre, half = rng.standard_normal(d), rng.uniform(0.05, 1.5, d)
    return np.stack([centre - half, centre + half], axis=1)


def ascent(model, box, sign, n_starts, n_steps=40):
    """The highest sign f of each output that signed ascent from many starts finds."""
    layers, _, _ = predicting_layers(model, what="a range", links=("exp",))
    rng = np.random.default_rng(0)
    low, width = box[:, 0], box[:, 1] - box[:, 0]
    X = low + width * rng.random((n_starts, len(box)))
    best = np.full(layers[-1].width, -np.inf)
    for step in np.geomspace(0.5, 1e-3, n_steps):
        best = np.maximum(best, (sign * predictions(model, X)).max(axis=0))
        output = np.arange(n_starts) % layers[-1].width
        slopes = input_slopes(layers, X).jacobians[np.arange(n_starts), output]
        X = np.clip(X + sign * step * width * np.sign(slopes), low, low + width)
    return best


def check_holds(model, box, X, error=0.0):
    bounds = output_bounds(model, box)
    found = predictions(model, X)
    for ranges in (bounds.interval, bounds.crown, bounds.exact):
        if ranges is not None:
            assert (found >= ranges[:, 0] - error).all()
            assert (found <= ranges[:, 1] + error).all()
    assert (bounds.lower >= bounds.crown[:, 0]).all()
    assert (bounds.upper <= bounds.interval[:, 1]).all()
    assert (bounds.lower <= bounds.upper).all()
    return bounds


@pytest.mark.parametrize("n", [26, pytest.param(130, marks=pytest.mark.slow)])
def test_random_points_and_corners_stay_inside_with_all_activations_norms_and_skips(n):
    for seed, model in enumerate(all_kinds(n, n_outputs=2)):
        box = random_box(seed, 2)
        inside = np.random.default_rng(seed).uniform(box[:, 0], box[:, 1], (2000, 2))
        X = np.vstack([inside, list(product(*box))])
        # What a float32 network rounds is not certified.
        error = 1e-5 * np.abs(predictions(model, X)).max() if model.dtype == "float32" else 0.0
        check_holds(model, box, X, error)


@pytest.mark.parametrize("d", [2, 5, 12])
@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu"])
def test_ascent_from_a_thousand_starts_and_all_corners_stay_inside(d, activation):
    model = random_network(d, n_inputs=d, widths=(12, 8), n_outputs=2, activation=activation)
    box = random_box(d, d)
    bounds = check_holds(model, box, np.array(list(product(*box))))
    highest, lowest = ascent(model, box, 1, 1000), -ascent(model, box, -1, 1000)
    assert (highest <= bounds.upper).all() and (lowest >= bounds.lower).all()
    # So that these are no bounds that nothing could break.
    assert (bounds.upper - bounds.lower <= 20 * (highest - lowest)).all()


def test_ranges_are_exact_in_the_plane():
    for seed in range(5):
        model = he_network(seed)
        box = random_box(seed, 2) * 3
        regions = linear_regions(model, tuple(map(tuple, box)))
        corners = [
            (np.hstack([polygon, np.ones((len(polygon), 1))]) @ affine.T).ravel()
            for polygon, affine in zip(regions.polygons, regions.maps, strict=True)
        ]
        bounds = output_bounds(model, box)
        assert bounds.lower == pytest.approx(min(map(min, corners)), abs=1e-10)
        assert bounds.upper == pytest.approx(max(map(max, corners)), abs=1e-10)
        reached = ascent(model, box, 1, 1000), -ascent(model, box, -1, 1000)
        width = bounds.upper - bounds.lower
        assert (bounds.upper - reached[0] < 0.02 * width).all()
        assert (reached[1] - bounds.lower < 0.02 * width).all()


def test_one_input():
    bounds = output_bounds(tri(5), [(0, 1)])
    assert bounds.lower == pytest.approx(0, abs=1e-9)
    assert bounds.upper == pytest.approx(1, abs=1e-9)
    assert bounds.lower <= 0 and bounds.upper >= 1
    assert bounds.interval[0, 1] > 10


def test_a_linear_network_has_its_corners_values():
    model = regressor_from_layers([[[1.0, -2.0], [3.0, 0.5], [-1.0, 0.0]]], [[0.1, 0.2]])
    box = np.array([[-1.0, 2.0], [0.0, 1.0], [-3.0, 3.0]])
    values = predictions(model, np.array(list(product(*box))))
    bounds = output_bounds(model, box)
    assert np.allclose(bounds.crown, np.stack([values.min(axis=0), values.max(axis=0)], axis=1))
    assert bounds.exact is None and "3 inputs" in repr(bounds)


def test_no_rounding_leaves_the_range_in_exact_arithmetic():
    # Terms that cancel: the computed ranges are narrower than the terms' rounding errors.
    rng = np.random.default_rng(0)
    for _ in range(20):
        w = rng.standard_normal(30) * 10.0 ** rng.integers(0, 9, 30)
        box = np.tile([0.1, 0.1 + 1e-15], (60, 1))
        model = regressor_from_layers([np.concatenate([w, -w])[:, None]], [[1.0]])
        bounds = output_bounds(model, box)
        weights = [Fraction(float(v)) for v in model.coefs_[0].ravel()]
        for column in (0, 1):
            true = sum(v * Fraction(float(x)) for v, x in zip(weights, box[:, column], strict=True))
            true += Fraction(float(model.intercepts_[0][0]))
            assert Fraction(float(bounds.lower[0])) <= true <= Fraction(float(bounds.upper[0]))
        highest = sum(
            max(v * Fraction(float(e)) for e in end) for v, end in zip(weights, box, strict=True)
        )
        assert highest + 1 <= Fraction(float(bounds.upper[0]))


@pytest.mark.parametrize("kind", ACTIVATIONS, ids=str)
def test_lines_are_above_and_below_everywhere(kind):
    rng = np.random.default_rng(0)
    name = kind if isinstance(kind, str) else kind.activation
    width = 300
    slopes = None if isinstance(kind, str) else rng.normal(0.5, 1.5, width)
    layer = FoldedLayer(
        np.eye(width), np.zeros(width), name, slopes, None, None, 0.0, None, -1, 1.0
    )
    centre = 3 * rng.standard_normal(width)
    half = 10.0 ** rng.uniform(-9, 1.5, width)
    lower, upper = centre - half, centre + half
    lines, *parallel = linear_bounds(layer, lower, upper)
    shares = np.concatenate([np.linspace(0, 1, 4001), rng.random(1000)])[:, None]
    z = np.clip(lower + shares * (upper - lower), lower, upper)
    f = value(layer, z)
    for each in (lines, *parallel):
        assert (each.lower_slope * z + each.lower_offset <= f).all()
        assert (each.upper_slope * z + each.upper_offset >= f).all()
    # And they touch: nowhere do both leave a gap.
    scale = np.maximum(1, np.abs(z).max(axis=0)) * (1 if slopes is None else 1 + np.abs(slopes))
    gap = (lines.upper_slope * z + lines.upper_offset - f).min(axis=0)
    assert (gap <= 2e-4 * scale * np.minimum(1, half**2) + 1e-12 * scale).all()


def test_probabilities_counts_and_classes():
    X = np.random.default_rng(0).random((40, 2))
    box = [(0, 1), (0, 1)]
    for loss, y in (("binary_cross_entropy", X[:, 0]), ("poisson", np.floor(5 * X[:, 1]))):
        model = MLPRegressor(hidden_layer_sizes=(4,), loss=loss, dtype="float64").partial_fit(X, y)
        check_holds(model, box, X)
    for n in (2, 3):
        check_holds(random_network(n, classes=True, n_outputs=n), box, X)


def test_what_has_no_range_is_refused_by_name():
    with pytest.raises(ValueError, match="highway"):
        output_bounds(random_network(0, skip="highway"), [(0, 1)] * 2)
    with pytest.raises(ValueError, match="no volume"):
        output_bounds(random_network(0), [(0, 1), (1, 0)])
    with pytest.raises(ValueError, match="each of 2 inputs"):
        output_bounds(random_network(0), [(0, 1)])


def test_work_beyond_the_limit_is_refused(monkeypatch):
    module = importlib.import_module("deepgen.generalization.certified_ranges.output_bounds")
    monkeypatch.setattr(module, "MAX_WORK", 10.0)
    with pytest.raises(ValueError, match=r"need 1.1e\+02 multiply-adds, and at most 1e\+01"):
        output_bounds(random_network(0), [(0, 1)] * 2)


def test_too_many_cells_leave_the_other_methods():
    bounds = output_bounds(he_network(0), [(-5, 5)] * 2, max_cells=10)
    assert bounds.exact is None and "more than 10" in repr(bounds)
    assert bounds.lower == max(bounds.interval[0, 0], bounds.crown[0, 0])


def test_plot():
    ax = output_bounds(he_network(0), [(-1, 1)] * 2).plot()
    assert ax.get_xlabel() == "output"


def test_clipped_predictions_stay_in_their_range():
    X = np.random.default_rng(0).random((40, 2))
    model = MLPRegressor(
        hidden_layer_sizes=(4,), clip_predictions=True, random_state=0, dtype="float64"
    )
    model.partial_fit(X, X[:, 0])
    model.coefs_[-1][...] = 5.0
    box = np.array([(1e3, 2e3)] * 2)
    bounds = output_bounds(model, box)
    found = model.predict(box.T)
    assert (bounds.lower <= found).all() and (found <= bounds.upper).all()


def test_a_single_class_has_the_sign_of_its_decisions():
    X = np.random.default_rng(0).random((40, 2))
    model = MLPClassifier(hidden_layer_sizes=(4,), random_state=0, dtype="float64", max_iter=2)
    with pytest.warns(UserWarning):
        model.fit(X, np.zeros(40))
    check_holds(model, np.array([(-3.0, 2.0)] * 2), X)


def test_means_that_round_to_zero():
    X, y = np.random.default_rng(0).random((20, 2)), np.arange(20.0)
    model = MLPRegressor(hidden_layer_sizes=(), loss="poisson", dtype="float64").partial_fit(X, y)
    model.coefs_[0][...] = -1.0
    bounds = output_bounds(model, [(700.0, 800.0)] * 2)
    assert bounds.lower == 0.0 == model.predict([[750.0, 750.0]])
    assert 0 < bounds.upper < 1e-300


def test_a_box_on_which_ranges_overflow_is_refused():
    for reach in (1e308, 1.7e308):
        with pytest.raises(
            ValueError, match=rf"reach {reach:.3g}: give a smaller box".replace("+", r"\+")
        ):
            output_bounds(random_network(0), [(-reach, reach)] * 2)
    far = output_bounds(random_network(0), [(-1e200, 1e200)] * 2)
    assert np.isfinite([far.lower, far.upper]).all()
