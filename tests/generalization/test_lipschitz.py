"""Lipschitz constants, against closed forms, published values, polygons and the chain."""

import importlib
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from expressivity.networks import he_network
from scipy.io import loadmat
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from deepgen import MLPRegressor, Probe
from deepgen.estimators.from_weights import regressor_from_layers
from deepgen.expressivity import breakpoints, linear_regions, tri
from deepgen.generalization import lipschitz
from deepgen.generalization.lipschitz_constants.slope_ranges import (
    SLOPE_RANGES,
    slope,
    slope_range,
    value,
)
from deepgen.generalization.lipschitz_constants.spectral_norm import spectral_norm
from deepgen.probe.folded_layers import FoldedLayer
from generalization.random_networks import ACTIVATIONS, all_kinds, random_network

QUICK = {"n_points": 600, "max_patterns": 2**10, "max_programs": 50, "sdp": False}


def published(folder, name):
    """A network without intercepts from the weights of the LipSDP repository."""
    file = loadmat(folder / "lipsdp" / name)
    weights = [np.asarray(W, dtype=float).T for W in file["weights"].ravel()]
    return regressor_from_layers(weights, [np.zeros(W.shape[1]) for W in weights])


def activation(name, slopes=None):
    width = 1 if slopes is None else len(slopes)
    return FoldedLayer(np.eye(width), np.zeros(width), name, slopes, None, None, 0.0, None, -1, 1.0)


@pytest.mark.parametrize("k", [1, 2, 5, 9])
def test_a_composed_triangle_has_the_constant_two_to_the_k(k):
    result = lipschitz(tri(k), **QUICK)
    assert result.exact == 2.0**k
    assert result.product == pytest.approx(np.sqrt(40.0) ** k, rel=1e-9)
    assert result.upper <= result.product


def test_published_weights_where_all_units_are_active_at_the_maximum(shared_data):
    result = lipschitz(published(shared_data, "random_weights.mat"), n_points=300, sdp=False)
    assert result.exact == pytest.approx(36.48223, abs=1e-5)
    assert result.product == pytest.approx(43.30557, abs=1e-5)
    assert result.lower >= 0.9 * result.exact
    assert "58 units" in repr(result) or "60 units" in repr(result)


def test_published_weights_of_a_digit_net(shared_data):
    model = published(shared_data, "mnist_weights.mat")
    result = lipschitz(model, n_points=60)
    assert "100 unknowns" in result.missing["lipsdp"]
    assert result.product == pytest.approx(31.50351, abs=1e-5)
    assert result.exact is None and result.pattern_maximum is None
    W1, W2 = model.coefs_
    assert np.linalg.norm(W1 @ W2, 2) == pytest.approx(24.02646, abs=1e-5)


@pytest.mark.parametrize(
    ("seed", "constant"), list(enumerate([3.2169, 4.7111, 4.0882, 2.0323, 3.0847]))
)
def test_known_constants_of_random_networks(seed, constant):
    result = lipschitz(he_network(seed), box=[(-5, 5)] * 2, **QUICK)
    assert result.exact == pytest.approx(constant, abs=1e-4)


@pytest.mark.parametrize("n", [26, pytest.param(200, marks=pytest.mark.slow)])
def test_the_chain_holds_for_networks_of_all_activations_and_norms(n):
    n_exact = n_patterns = 0
    for model in all_kinds(n):
        result = lipschitz(model, **QUICK)
        chain = [result.lower, result.exact, result.pattern_maximum, result.product]
        known = [bound for bound in chain if bound is not None]
        assert known == sorted(known), (model, result)
        assert 0 < result.lower and result.upper <= result.product
        n_exact += result.exact is not None
        n_patterns += result.pattern_maximum is not None
    assert n_exact >= n / 10
    assert n_patterns >= n / 2


@pytest.mark.parametrize("n", [5, pytest.param(50, marks=pytest.mark.slow)])
def test_two_inputs_against_polygons_and_the_search_comes_close(n):
    for seed in range(n):
        model = random_network(seed, widths=(5, 4), n_outputs=1 + seed % 2)
        window = ((-1e3, 1e3), (-1e3, 1e3))
        maps = linear_regions(model, window).maps[:, :, :2]
        expected = np.linalg.norm(maps, 2, axis=(1, 2)).max()
        everywhere = lipschitz(model, max_patterns=1, sdp=False)
        inside = lipschitz(model, box=window, n_points=60, max_patterns=1, sdp=False)
        assert inside.exact == pytest.approx(expected, rel=1e-12)
        assert everywhere.exact >= inside.exact * (1 - 1e-12)
        assert everywhere.lower >= 0.9 * everywhere.exact


def test_cells_far_away_count_without_a_box():
    # A crease at 10,000, steeper than everything near 0, where the other kinks are.
    model = regressor_from_layers(
        [[[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]], [[1.0], [1.0], [3.0]]],
        [[0.0, 0.1, -1e4], [0.0]],
    )
    result = lipschitz(model)
    assert result.exact == pytest.approx(np.hypot(2, 4), rel=1e-12)
    assert lipschitz(model, box=[(-1, 1)] * 2).exact == pytest.approx(np.sqrt(5), rel=1e-12)


def test_one_input_against_breakpoints():
    for seed in range(10):
        model = random_network(seed, n_inputs=1, widths=(6, 5))
        steepest = np.abs(breakpoints(model, -1e4, 1e4).slopes).max()
        assert lipschitz(model, **QUICK).exact == pytest.approx(steepest, rel=1e-9)


def test_three_inputs_by_cells():
    model = random_network(3, n_inputs=3, widths=(4,))
    result = lipschitz(model)
    assert result.lower <= result.exact <= result.pattern_maximum
    assert result.exact == pytest.approx(result.lower, rel=1e-9)


def test_the_constant_is_of_predictions_in_units_of_y():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 2))
    y = 100 + 50 * X[:, 0]
    model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0, tol=1e-10).fit(X, y)
    result = lipschitz(model)
    assert result.lower == pytest.approx(50, rel=1e-3)
    assert result.lower <= result.exact <= result.upper


def test_the_jacobians_are_those_of_the_probe():
    for model in all_kinds(40, n_outputs=2):
        X = np.random.default_rng(1).standard_normal((6, 2))
        probe = Probe(model, X, np.zeros((6, 2)))
        expected = probe.jacobian(X) * model.target_scale_[:, None]
        result = lipschitz(probe, n_points=3, max_patterns=1, max_cells=1, sdp=False)
        norms = np.linalg.norm(expected, 2, axis=(1, 2))
        assert result.lower >= norms.max() * (1 - 1e-6)


@pytest.mark.parametrize("shape", [(3, 3), (40, 7), (7, 40), (1, 9)])
def test_spectral_norms_against_singular_values_and_the_power_method(shape):
    A = np.random.default_rng(0).standard_normal(shape)
    v = np.ones(shape[1], dtype=np.longdouble)
    long = A.astype(np.longdouble)
    for _ in range(20_000):
        v = long.T @ (long @ v)
        v /= np.sqrt(v @ v)
    # The method's value is below the norm, in 64 bits of mantissa by less than one of 53.
    true = float(np.sqrt((long @ v) @ (long @ v)))
    assert true <= spectral_norm(A) <= true * (1 + 1e-12)
    assert spectral_norm(A) == pytest.approx(np.linalg.svd(A)[1][0], rel=1e-8)


@pytest.mark.parametrize("name", sorted(SLOPE_RANGES))
def test_slope_ranges_contain_every_slope_and_hardly_more(name):
    z = np.concatenate([np.linspace(-30, 30, 600_001), [-1e3, -500.0, 500.0, 1e3]])
    slopes = slope(activation(name), z)
    least, greatest = SLOPE_RANGES[name]
    assert least <= slopes.min() < least + 1e-7 or name == "identity"
    assert greatest - 1e-7 < slopes.max() <= greatest
    f = value(activation(name), z)
    middle = (slopes[1:] + slopes[:-1]) / 2
    assert np.allclose(np.diff(f)[:600_000] / np.diff(z)[:600_000], middle[:600_000], atol=0.7)


@pytest.mark.parametrize(
    ("name", "least", "greatest"),
    [
        # Where f'' = 0, with 40 digits; of selu the product of its two constants.
        ("gelu", "-0.1289041451851547863", "1.1289041451851547863407444422619733123"),
        ("silu", "-0.0998393201288669170", "1.0998393201288669169581849243205709721"),
        ("mish", "-0.1125261223894625564", "1.0884981612517278612282936273921257872"),
        ("selu", "0", "1.75809934084737685994021752081231934206"),
    ],
)
def test_extreme_slopes_are_rounded_outwards(name, least, greatest):
    ends = [Decimal(end) for end in SLOPE_RANGES[name]]
    assert Decimal(0) <= Decimal(least) - ends[0] < Decimal("1e-15")
    assert Decimal(0) < ends[1] - Decimal(greatest) < Decimal("1e-15")


@pytest.mark.parametrize("kind", ACTIVATIONS, ids=str)
def test_slopes_over_an_interval_contain_every_difference_quotient(kind):
    rng = np.random.default_rng(0)
    name = kind if isinstance(kind, str) else kind.activation
    slopes = None if isinstance(kind, str) else rng.normal(0.5, 2.0, 50)
    layer = activation(name, slopes)
    for scale in (0.1, 1.0, 5.0, 40.0):
        ends = np.sort(scale * rng.standard_normal((2, layer.width)), axis=0)
        least, greatest = slope_range(layer, *ends)
        z = ends[0] + (ends[1] - ends[0]) * rng.random((2, 2000, layer.width))
        quotients = np.diff(value(layer, z), axis=0)[0]
        low, high = np.minimum(z[0], z[1]), np.maximum(z[0], z[1])
        quotients *= np.where(z[1] > z[0], 1.0, -1.0)
        error = 1e-12 * (1 + np.abs(z).max())
        assert (quotients >= least * (high - low) - error).all()
        assert (quotients <= greatest * (high - low) + error).all()


def test_on_a_box_the_upper_bounds_use_the_slopes_that_occur_there():
    n_closer = 0
    for seed, model in enumerate(all_kinds(26)):
        box = np.array([[0.1, 0.4], [-0.3, 0.2]]) + seed / 10
        inside, everywhere = lipschitz(model, box=box, **QUICK), lipschitz(model, **QUICK)
        assert inside.lower <= (inside.exact or inside.upper) <= inside.upper
        assert inside.upper <= everywhere.upper * (1 + 1e-12)
        n_closer += inside.upper < 0.9 * everywhere.upper
        # Both ends of a secant lie in the box.
        draw = np.random.default_rng(seed).uniform(*box.T, (2, 300, 2))
        rise = np.abs(model.predict(draw[0]) - model.predict(draw[1])) - 1e-5
        assert (rise <= inside.upper * np.linalg.norm(draw[0] - draw[1], axis=1)).all()
    assert n_closer >= 10


def test_probabilities_of_a_regressor_pass_through_the_logistic_function():
    X = np.random.default_rng(0).random((40, 2))
    model = MLPRegressor(hidden_layer_sizes=(3,), loss="binary_cross_entropy", dtype="float64")
    model.partial_fit(X, X[:, 0])
    result = lipschitz(model, **QUICK)
    assert result.exact is None and "logistic" in result.missing["exact"]
    step = 1e-6
    rise = np.abs(model.predict(X + [step, 0]) - model.predict(X)).max() / step
    assert rise <= result.upper <= result.product
    assert result.product == pytest.approx(np.prod(result.norms) / 4, rel=1e-9)


def test_behind_a_pipeline_the_constant_is_of_the_network():
    X = np.random.default_rng(0).random((40, 3)) * [1, 10, 100]
    net = MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", tol=1.0, random_state=0)
    model = make_pipeline(StandardScaler(), net).fit(X, X[:, 0])
    result = lipschitz(model, X, **QUICK)
    alone = lipschitz(model[-1], StandardScaler().fit_transform(X), **QUICK)
    assert (result.exact, result.lower) == (alone.exact, alone.lower)
    with pytest.raises(TypeError, match="fitted MLPRegressor or MLPClassifier is needed"):
        lipschitz(model)


def test_what_has_no_constant_is_refused_by_name():
    with pytest.raises(ValueError, match="highway"):
        lipschitz(random_network(0, skip="highway"))
    X, y = np.random.default_rng(0).random((20, 2)), np.arange(20.0)
    counts = MLPRegressor(hidden_layer_sizes=(3,), loss="poisson").partial_fit(X, y)
    with pytest.raises(ValueError, match="link 'exp'"):
        lipschitz(counts)
    with pytest.raises(ValueError, match="20 of 20 rows of X are outside"):
        lipschitz(random_network(0), X, box=[(2, 3)] * 2)
    with pytest.raises(ValueError, match="no volume"):
        lipschitz(random_network(0), box=[(1, 1), (0, 1)])
    with pytest.raises(ValueError, match="rows of 2 features"):
        lipschitz(random_network(0), [[1.0, 2.0, 3.0]])
    with pytest.raises(TypeError, match="fitted"):
        lipschitz("model")


def test_what_is_beyond_a_limit_is_none_with_its_reason():
    result = lipschitz(random_network(0), n_points=60, max_cells=3, max_patterns=8, sdp=False)
    assert result.exact is None and result.pattern_maximum is None
    assert "more than 3" in result.missing["exact"]
    assert "2**8 patterns" in repr(result)


def test_plot():
    ax = lipschitz(random_network(0), **QUICK).plot()
    assert ax.get_xlabel() == "Lipschitz constant"


@pytest.mark.parametrize("size", [1e-200, 1e-160, 1e-90, 1e90, 1e150])
def test_weights_of_any_size(size):
    for n_hidden in (0, 1):
        kinds = [{}, {"activation": "silu"}] if n_hidden else [{}]
        for kind in kinds:
            model = random_network(1, widths=(3,) * n_hidden, **kind)
            plain = lipschitz(model, **QUICK)
            for view in model.network_.blocks_of("coefs").values():
                view *= size
            for view in model.network_.blocks_of("intercepts").values():
                view[...] = 0.0
            result = lipschitz(model, **QUICK)
            assert 0 <= result.lower <= result.pattern_maximum <= result.product
            assert 0 < result.product
            if not n_hidden:
                expected = size * plain.lower
                assert result.lower == pytest.approx(expected, rel=1e-9, abs=0.0)
                assert result.upper == pytest.approx(expected, rel=1e-9, abs=0.0)


def test_weights_whose_product_overflows_are_refused():
    model = random_network(0)
    for view in model.network_.blocks_of("coefs").values():
        view *= 1e150
    with pytest.raises(ValueError, match="product of the layers' norms overflows"):
        lipschitz(model, **QUICK)


def test_upper_bounds_hold_where_terms_cancel():
    rng = np.random.default_rng(0)
    for _ in range(50):
        a, b, c = rng.random(3)
        weights = [np.array([[a, b]]), np.array([[c], [-a * c / b]])]
        model = regressor_from_layers(weights, [np.ones(2), np.zeros(1)])
        (a, b), (c, d) = (map(Fraction, W.ravel()) for W in weights)
        result = lipschitz(model, box=[(0, 1)], **QUICK)
        assert Fraction(result.pattern_maximum) >= abs(a * c + b * d)


def test_columns_in_another_order_are_refused():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(np.random.default_rng(0).random((20, 2)), columns=["u", "v"])
    model = MLPRegressor(hidden_layer_sizes=(3,), random_state=0).partial_fit(table, table["u"])
    assert lipschitz(model, table, **QUICK).lower > 0
    with pytest.raises(ValueError, match="feature names"):
        lipschitz(model, table[["v", "u"]], **QUICK)


def test_another_choice_of_the_program_is_refused():
    with pytest.raises(ValueError, match="sdp must be True, False or None, got 0"):
        lipschitz(random_network(0), sdp=0)


def test_an_enumeration_that_rounds_is_no_steeper_than_the_bounds(monkeypatch):
    module = importlib.import_module("deepgen.generalization.lipschitz_constants.lipschitz")
    wrong = np.full((1, 2, 1), 1e9)
    monkeypatch.setattr(module, "cell_gradients", lambda *_, **__: iter([wrong]))
    result = lipschitz(random_network(0), **QUICK)
    assert result.lower <= result.exact == result.upper
