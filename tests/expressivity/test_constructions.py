"""Networks built by hand: exact values, closed-form errors, use as fitted estimators."""

import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from deepgen import load
from deepgen.estimators.from_weights import regressor_from_layers
from deepgen.expressivity import (
    bump,
    conditioning,
    memorize,
    piecewise_linear,
    product,
    rect,
    square,
    staircase,
    tri,
)

# Every dyadic point of [0, 1] with 16 bits.
DYADIC = np.arange(2**16 + 1) / 2**16

# Large terms of h / eps times |x| cancel; three of them on the deck's grid.
RECT_ROUNDING = 1e-8


def values(model, x):
    return model.predict(np.asarray(x, dtype=float).reshape(len(x), -1))


def all_constructions():
    return {
        "rect": rect(0.0, 1.0, 1.3),
        "staircase": staircase(np.sin, 5),
        "constant staircase": staircase(np.sin, 1),
        "piecewise_linear": piecewise_linear([0.0, 1.0, 3.0], [1.0, -1.0, 0.5]),
        "tri": tri(3),
        "square": square(3),
        "product": product(2),
        "bump": bump([0.0, 0.0], [1.0, 1.0]),
        "memorize": memorize([[0.0], [1.0]], [3.0, 4.0]),
    }


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # any fit will do
@pytest.mark.parametrize("name", all_constructions())
def test_constructions_are_fitted_estimators(name, tmp_path):
    model = all_constructions()[name]
    X = np.random.default_rng(0).uniform(-1, 2, (20, model.n_features_in_))
    before = model.predict(X)
    assert before.dtype == np.float64
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict(X), before)
    model.save(tmp_path / "model.dgn")
    assert np.array_equal(load(tmp_path / "model.dgn").predict(X), before)
    assert model.score(X, before) == 1.0
    assert model.target_scaling is None
    with pytest.raises(NotFittedError):
        clone(model).predict(X)
    again = clone(model).set_params(tol=1e9, n_iter_no_change=1, max_iter=5).fit(X, before)
    shapes = [weights.shape for weights in again.coefs_]
    assert shapes == [weights.shape for weights in model.coefs_]


def test_a_construction_can_be_trained_on():
    model = piecewise_linear([0.0, 0.5, 1.0], [0.0, 1.0, 0.0])
    X = np.linspace(0, 1, 50).reshape(-1, 1)
    before = model.score(X, X[:, 0])
    for _ in range(20):
        model.partial_fit(X, X[:, 0])
    assert model.score(X, X[:, 0]) > before
    assert len(model.history_["loss"]) == 20


def test_layers_that_do_not_follow_each_other_are_refused():
    with pytest.raises(ValueError, match=r"coefs_init\[1\] has shape \(2, 1\).*expects \(3, 1\)"):
        regressor_from_layers([np.ones((1, 3)), np.ones((2, 1))], [np.zeros(3), np.zeros(1)])
    with pytest.raises(ValueError, match=r"coefs\[0\] must have two axes"):
        regressor_from_layers([np.ones(3)], [np.zeros(1)])


def test_rect_is_its_height_inside_and_zero_outside_on_the_decks_grid():
    x = np.linspace(-3, 3, 1000)
    y = values(rect(0.0, 1.0, 1.3), x)
    inside = (x >= 1e-7) & (x <= 1)
    outside = (x <= 0) | (x >= 1 + 1e-7)
    assert (inside | outside).all()
    assert np.abs(y[inside] - 1.3).max() < RECT_ROUNDING
    assert np.abs(y[outside]).max() < RECT_ROUNDING


def test_rect_has_linear_ramps_of_width_eps():
    y = values(rect(-1.0, 1.0, 2.0, eps=0.5), [-1.0, -0.75, -0.5, 1.0, 1.25, 1.5, 9.0])
    assert y.tolist() == [0.0, 1.0, 2.0, 2.0, 1.0, 0.0, 0.0]


def test_three_rects_are_the_sum_of_each():
    parts = [(-1.0, 0.0, 0.4), (0.0, 1.0, 1.3), (1.0, 2.0, 0.8)]
    x = np.linspace(-3, 3, 1000)
    together = rect(*zip(*parts, strict=True))
    assert together.coefs_[0].shape == (1, 12)
    assert np.abs(values(together, x) - sum(values(rect(*p), x) for p in parts)).max() < 1e-7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1.0, 0.0, 1.0), "a \\+ eps <= b"),
        ((0.0, 1.0, np.nan), "finite"),
        ((0.0, 1.0, 1.0, 0.0), "eps must be > 0"),
        ((0.0, 1.0, 1.0, 2.0), "a \\+ eps <= b"),
        ((1e10, 2e10, 1.0, 1e-7), "lost in rounding"),
    ],
)
def test_rect_refuses_boxes_that_are_none(arguments, message):
    with pytest.raises(ValueError, match=message):
        rect(*arguments)


@pytest.mark.parametrize("n", [1, 2, 7, 50])
def test_staircase_errs_by_half_a_cell_of_the_slope(n):
    lipschitz = 3.0
    x = np.linspace(0, 1, 5001)
    off_ramps = (x * n) % 1 > 1e-4
    error = np.abs(values(staircase(lambda t: np.sin(lipschitz * t), n), x) - np.sin(lipschitz * x))
    assert error[off_ramps].max() <= lipschitz / (2 * n) + RECT_ROUNDING


def test_staircase_takes_the_values_at_the_middles():
    middles = -1 + (np.arange(8) + 0.5) / 2
    y = values(staircase(np.exp, 8, low=-1.0, high=3.0), middles)
    assert np.abs(y - np.exp(middles)).max() < 1e-6


@given(
    st.lists(st.integers(-1000, 1000), min_size=2, max_size=30, unique=True),
    st.randoms(use_true_random=False),
)
def test_piecewise_linear_equals_numpy_between_the_knots(knots, random):
    knots = sorted(knots)
    heights = [random.uniform(-1, 1) for _ in knots]
    model = piecewise_linear(knots, heights)
    x = np.linspace(knots[0], knots[-1], 101)
    assert model.coefs_[0].shape == (1, len(knots) - 1)
    np.testing.assert_allclose(values(model, x), np.interp(x, knots, heights), atol=1e-9)
    assert values(model, [knots[0] - 1.0])[0] == heights[0]


def test_interpolation_weights_are_second_differences():
    n = 16
    knots = np.arange(n + 1) / n
    model = piecewise_linear(knots, knots**2)
    slopes = np.diff(knots**2) * n
    assert np.array_equal(model.coefs_[1].ravel(), np.append(slopes[0], np.diff(slopes)))


@pytest.mark.parametrize("n", [1, 2, 4, 64, 256])
def test_interpolation_of_the_square_errs_by_a_quarter_cell_squared(n):
    knots = np.arange(n + 1) / n
    error = np.abs(values(piecewise_linear(knots, knots**2), DYADIC) - DYADIC**2).max()
    assert error == pytest.approx(1 / (4 * n**2), abs=1e-12)
    shifted = piecewise_linear(knots, knots**2 - 1 / (8 * n**2))
    best = np.abs(values(shifted, DYADIC) - DYADIC**2).max()
    assert best == pytest.approx(1 / (8 * n**2), abs=1e-12)


def test_piecewise_linear_takes_several_outputs():
    heights = np.array([[0.0, 1.0], [2.0, 3.0]])
    assert values(piecewise_linear([0.0, 1.0], heights), [0.5]).tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("knots", "heights", "message"),
    [
        ([0.0], [1.0], "at least 2 knots"),
        ([0.0, 1.0], [1.0], "a value for each"),
        ([1.0, 0.0], [1.0, 2.0], "strictly increasing"),
        ([0.0, 1.0], [np.inf, 2.0], "finite"),
    ],
)
def test_piecewise_linear_refuses_what_is_no_table(knots, heights, message):
    with pytest.raises(ValueError, match=message):
        piecewise_linear(knots, heights)


@pytest.mark.parametrize("k", range(1, 21))
def test_tri_alternates_exactly_at_dyadic_points(k):
    j = np.arange(2**k + 1) if k <= 12 else np.random.RandomState(k).randint(2**k + 1, size=4096)
    assert np.array_equal(values(tri(k), j / 2**k), j % 2)


def test_tri_is_the_composition_and_zero_outside():
    def wave(x, k):
        for _ in range(k):
            x = 2 * x if 0 <= x <= Fraction(1, 2) else max(2 - 2 * x, 0) if x <= 1 and x > 0 else 0
        return float(x)

    x = np.arange(-16, 33) / 16 + 1 / 64
    assert np.array_equal(values(tri(3), x), [wave(Fraction(value), 3) for value in x])


def test_tri_loses_a_bit_a_composition():
    assert values(tri(60), [1 / 3, 0.1]).tolist() == [0.0, 0.0]


def test_tri_refuses_no_composition():
    with pytest.raises(ValueError, match="1 <= k <= 500, got 0"):
        tri(0)


@pytest.mark.parametrize("m", range(1, 9))
def test_square_errs_by_the_closed_form(m):
    error = values(square(m), DYADIC) - DYADIC**2
    assert error.max() == pytest.approx(2.0 ** -(2 * m + 2), abs=1e-12)
    assert error.min() >= 0.0


@pytest.mark.parametrize("m", range(1, 9))
def test_square_interpolates_at_dyadic_points(m):
    knots = np.arange(2**m + 1) / 2**m
    assert np.array_equal(values(square(m), knots), knots**2)
    assert np.array_equal(values(square(m), DYADIC), np.interp(DYADIC, knots, knots**2))


@pytest.mark.parametrize("m", [1, 3, 6])
def test_product_errs_within_its_bounds(m):
    grid = np.arange(257) / 256
    X = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    error = product(m).predict(X) - X.prod(axis=1)
    bound = 2.0 ** -(2 * m + 2)
    assert -bound <= error.min() and error.max() <= 2 * bound
    corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    assert product(m).predict(corners).tolist() == [0.0, 0.0, 0.0, 1.0]


@pytest.mark.parametrize("d", [1, 2, 3, 5])
def test_bump_is_its_height_inside_and_zero_outside(d):
    rng = np.random.default_rng(d)
    low, high, eps = rng.uniform(-1, 0, d), rng.uniform(1, 2, d), 1e-3
    X = rng.uniform(-2, 3, (20_000, d))
    # Corners of the box too, which chance does not hit.
    X[:2] = low + eps, high
    inside = ((X >= low + eps) & (X <= high)).all(axis=1)
    outside = ((X <= low) | (X >= high + eps)).any(axis=1)
    y = bump(low, high, 2.5, eps=eps).predict(X)
    assert np.abs(y[inside] - 2.5).max() < 1e-10
    assert np.abs(y[outside]).max() < 1e-10
    assert (y >= 0).all() and (y <= 2.5 + 1e-10).all()


def test_bumps_add_up():
    low, high = np.array([[0.0, 0.0], [2.0, 2.0]]), np.array([[1.0, 1.0], [3.0, 4.0]])
    both = bump(low, high, [1.0, 5.0])
    X = np.random.default_rng(0).uniform(-1, 5, (500, 2))
    single = bump(low[0], high[0], 1.0).predict(X) + bump(low[1], high[1], 5.0).predict(X)
    np.testing.assert_allclose(both.predict(X), single, atol=1e-10)


def test_bump_refuses_boxes_that_are_none():
    with pytest.raises(ValueError, match="equal shape"):
        bump([0.0, 0.0], [1.0])
    with pytest.raises(ValueError, match="lower \\+ eps <= upper"):
        bump([0.0, 1.0], [1.0, 1.0])


def test_memorize_fits_any_targets():
    state = np.random.RandomState(0)
    X, y = state.randn(200, 5), state.randn(200)
    model = memorize(X, y)
    report = conditioning(model, X, y)
    assert np.abs(model.predict(X) - y).max() == report.residual < 1e-6
    weights = sum(part.size for part in (model.coefs_[1], model.intercepts_[0])) + X.shape[1]
    assert weights == 2 * 200 + 5
    assert np.ptp(model.coefs_[0], axis=1).max() == 0.0


def test_memorize_reports_the_conditioning():
    X, y = [[0.0], [1.0], [1.5]], [1.0, 2.0, 0.0]
    model = memorize(X, y)
    report = conditioning(model, X, y)
    z = np.sort(np.abs(model.coefs_[0][0, 0]) * np.array([0.0, 1.0, 1.5]))
    assert report.smallest_diagonal == pytest.approx(np.diff(z).min() / 2)
    assert report.largest_weight == np.abs(model.coefs_[1]).max()
    with pytest.raises(ValueError, match="does not memorize X"):
        conditioning(model, [[0.0], [1.0]], [1.0, 2.0])
    with pytest.raises(ValueError, match="does not memorize X"):
        conditioning(tri(2), X, y)


def test_memorize_takes_equal_rows_with_equal_targets_and_several_outputs():
    X, y = [[0.0], [1.0], [0.0]], [[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]]
    np.testing.assert_allclose(memorize(X, y).predict(X), y, atol=1e-12)
    assert memorize([[2.0]], [7.0]).predict([[2.0]])[0] == pytest.approx(7.0)


def test_memorize_names_rows_that_contradict_each_other():
    with pytest.raises(ValueError, match="rows 0 and 2 of X are equal"):
        memorize([[0.0], [1.0], [0.0]], [1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([0.0, 1.0], [0.0, 1.0], "shape \\(n, d\\)"),
        ([[0.0]], [0.0, 1.0], "n rows"),
        (np.zeros((0, 2)), [], "at least one sample"),
        ([[np.nan]], [0.0], "finite"),
    ],
)
def test_memorize_refuses_what_is_no_sample(X, y, message):
    with pytest.raises(ValueError, match=message):
        memorize(X, y)


def test_memorize_says_when_rounding_wins():
    X = np.concatenate([[0.0, 1e-300], np.linspace(1, 2, 20)]).reshape(-1, 1)
    y = np.resize([1.0, -1.0], len(X))
    with pytest.warns(UserWarning, match="rounding leaves an error"):
        memorize(X, y)
