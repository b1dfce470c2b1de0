"""Ranges of single layers, against exact fractions, dense points and closed forms."""

from fractions import Fraction

import numpy as np
import pytest

from deepgen.estimators.from_weights import regressor_from_layers
from deepgen.generalization import output_bounds
from deepgen.generalization.certified_ranges.backward_bounds import BackwardBounds
from deepgen.generalization.certified_ranges.intervals import (
    Interval,
    activated,
    affine,
    normalized,
)
from deepgen.generalization.lipschitz_constants.lipschitz_product import layer_bounds
from deepgen.generalization.lipschitz_constants.slope_ranges import slope, slope_range, value
from deepgen.probe.folded_layers import FoldedLayer, folded_layers
from generalization.random_networks import ACTIVATIONS, random_network


def layer_of(kind="identity", width=1, weights=None, intercepts=None, **norm):
    name, slopes = kind, None
    if not isinstance(kind, str):
        name, slopes = kind.activation, np.random.default_rng(0).normal(0.5, 1.5, width)
    return FoldedLayer(
        np.eye(width) if weights is None else weights,
        np.zeros(width) if intercepts is None else intercepts,
        name,
        slopes,
        norm.get("scale"),
        norm.get("shift"),
        norm.get("epsilon", 0.0),
        None,
        -1,
        1.0,
    )


def exact_sums(weights, intercepts, x):
    fractions = [Fraction(float(v)) for v in x]
    return [
        sum(Fraction(float(w)) * v for w, v in zip(column, fractions, strict=True))
        + Fraction(float(b))
        for column, b in zip(weights.T, intercepts, strict=True)
    ]


def test_an_affine_map_of_points_contains_the_exact_sums():
    rng = np.random.default_rng(0)
    n_missed = 0
    for _ in range(50):
        weights = rng.standard_normal((40, 3)) * 10.0 ** rng.integers(0, 9, (40, 1))
        weights[20:] = -weights[:20]
        x, b = np.tile(rng.random(20), 2), rng.standard_normal(3)
        ends = affine(layer_of(width=3, weights=weights, intercepts=b), Interval(x, x))
        computed = x @ weights + b
        for true, low, high, found in zip(
            exact_sums(weights, b, x), ends.lower, ends.upper, computed, strict=True
        ):
            assert Fraction(float(low)) <= true <= Fraction(float(high))
            n_missed += Fraction(float(found)) != true
    # The sums as computed are wrong, or nothing was at stake.
    assert n_missed > 20


@pytest.mark.parametrize("kind", ACTIVATIONS, ids=str)
def test_activations_and_slopes_of_an_interval_are_in_their_ranges(kind):
    rng = np.random.default_rng(0)
    layer = layer_of(kind, width=400)
    centre, half = 2 * rng.standard_normal(400), 10.0 ** rng.uniform(-3, 1, 400)
    lower, upper = centre - half, centre + half
    z = np.clip(lower + (upper - lower) * np.linspace(0, 1, 2001)[:, None], lower, upper)
    values = activated(layer, Interval(lower, upper))
    found = value(layer, z)
    assert (values.lower <= found).all() and (found <= values.upper).all()
    if layer.slopes is None:
        gap = np.maximum(found.min(axis=0) - values.lower, values.upper - found.max(axis=0))
        assert (gap <= 1e-4 * np.maximum(1, half**2)).all()
    least, greatest = slope_range(layer, lower, upper)
    slopes = slope(layer, z)
    assert (least <= slopes).all() and (slopes <= greatest).all()


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_layer_norm_of_a_box_is_in_its_range(n):
    rng = np.random.default_rng(n)
    for spread in (0.01, 0.3, 3.0):
        layer = layer_of(
            width=n, scale=rng.standard_normal(n), shift=rng.standard_normal(n), epsilon=1e-3
        )
        centre = 2 * rng.standard_normal(n)
        lower, upper = centre - spread, centre + spread
        z = np.where(rng.random((4000, n)) < 0.5, lower, upper)
        z[2000:] = rng.uniform(lower, upper, (2000, n))
        standard = (z - z.mean(axis=1, keepdims=True)) / np.sqrt(z.var(axis=1) + 1e-3)[:, None]
        found = standard * layer.scale + layer.shift
        ends = normalized(layer, Interval(lower, upper))
        assert (ends.lower <= found).all() and (found <= ends.upper).all()
        reach = np.abs(layer.scale) * np.sqrt(max(1, n - 1)) + 1e-9
        assert (np.abs(ends.upper - layer.shift) <= reach).all()


def test_the_stated_error_covers_what_a_forward_pass_rounds():
    rng = np.random.default_rng(0)
    for _ in range(10):
        first = rng.standard_normal((20, 6)) * 10.0 ** rng.integers(0, 7, (20, 1))
        first[10:] = -first[:10] * (1 + 1e-9)
        last, b = rng.standard_normal((6, 2)), rng.standard_normal(6)
        model = regressor_from_layers([first, last], [b, np.zeros(2)])
        x = np.tile(rng.random(10), 2)
        bounds = BackwardBounds(folded_layers(model), Interval(x, x))
        hidden = [max(Fraction(0), total) for total in exact_sums(first, b, x)]
        computed = model.predict(x[None])[0]
        for column in range(2):
            true = sum(Fraction(float(w)) * h for w, h in zip(last[:, column], hidden, strict=True))
            assert abs(Fraction(float(computed[column])) - true) <= Fraction(
                float(bounds.error[column])
            )
            assert bounds.error[column] < 1e-3


def test_the_product_of_a_residual_block_is_one_more():
    model = random_network(0, skip="residual", activation="tanh")
    a, b, c, d = (np.linalg.norm(layer.weights, 2) for layer in folded_layers(model))
    assert layer_bounds(folded_layers(model))[0][-1] == pytest.approx(a * (1 + b * c) * d)


def test_the_product_of_deepnorm_adds_alpha_and_multiplies_by_the_norm():
    model = random_network(0, skip="deepnorm", activation="relu")
    layers = folded_layers(model)
    a, b, c, d = (np.linalg.norm(layer.weights, 2) for layer in layers)
    factor = np.abs(layers[2].scale).max() / np.sqrt(layers[2].epsilon)
    expected = a * (b * c + layers[2].alpha) * factor * d
    assert layer_bounds(layers)[0][-1] == pytest.approx(expected)


def test_a_wide_box_of_a_deep_network_stays_ordered():
    bounds = output_bounds(random_network(1, widths=(8,) * 8, activation="selu"), [(-50, 50)] * 2)
    assert (bounds.lower < bounds.upper).all() and np.isfinite(bounds.upper).all()
