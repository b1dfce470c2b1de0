"""Starting weights: closed-form variances, orthogonality, standardised pre-activations."""

import numpy as np
import pytest
from scipy import stats

from deepgen import _core
from deepgen._engine.random_streams import INIT, generator, stream
from deepgen._network.data_dependent import standardize_layers
from deepgen._network.initializers import INITIALIZERS, initialize, rule_of
from deepgen._network.network import Network
from deepgen.estimators.network_spec import network_spec
from deepgen.normalizations import BatchNorm
from reference import random as reference_random

FAN_IN, FAN_OUT = 400, 300


def drawn(name, activation="relu", fan_in=FAN_IN, fan_out=FAN_OUT):
    return rule_of(name, activation)(np.random.default_rng(0), fan_in, fan_out)


def make_network(hidden=(30, 20), dtype="float64", bias=True, normalization=None):
    spec = network_spec(
        n_inputs=12,
        widths=list(hidden),
        n_outputs=2,
        activations=["relu"] * len(hidden),
        normalization=normalization,
        skip=None,
        dropout=0.0,
        bias=bias,
        loss=_core.Component("squared_error"),
    )
    return Network(_core.Network(spec, dtype=dtype))


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("glorot_uniform", 2 / (FAN_IN + FAN_OUT)),
        ("he_normal", 2 / FAN_IN),
        ("he_uniform", 2 / FAN_IN),
        ("lecun_normal", 1 / FAN_IN),
        ("data_dependent", 1.0),
    ],
)
def test_variance_is_that_of_the_rule(name, variance):
    coefs, _ = drawn(name)
    # Six standard errors of a variance over 120,000 draws.
    assert coefs.var() == pytest.approx(variance, rel=6 * np.sqrt(2 / coefs.size))
    assert abs(coefs.mean()) < 6 * np.sqrt(variance / coefs.size)


@pytest.mark.parametrize("name", ["he_normal", "lecun_normal", "data_dependent"])
def test_normal_rules_are_normal(name):
    coefs, _ = drawn(name)
    assert stats.kstest(coefs.ravel() / coefs.std(), "norm").pvalue > 1e-3


@pytest.mark.parametrize("name", ["glorot_uniform", "he_uniform"])
def test_uniform_rules_fill_their_bounds(name):
    coefs, _ = drawn(name)
    bound = coefs.std() * np.sqrt(3)
    assert stats.kstest(coefs.ravel() / bound, stats.uniform(-1, 2).cdf).pvalue > 1e-3


@pytest.mark.parametrize(("activation", "factor"), [("relu", 6), ("tanh", 6), ("logistic", 2)])
def test_glorot_is_scikit_learns_rule(activation, factor):
    bound = np.sqrt(factor / (FAN_IN + FAN_OUT))
    coefs, intercepts = drawn("glorot_uniform", activation)
    rng = np.random.default_rng(0)
    assert np.array_equal(coefs, rng.uniform(-bound, bound, (FAN_IN, FAN_OUT)))
    assert np.array_equal(intercepts, rng.uniform(-bound, bound, FAN_OUT))


@pytest.mark.parametrize("name", sorted(set(INITIALIZERS) - {"glorot_uniform"}))
def test_other_rules_start_with_zero_intercepts(name):
    assert not drawn(name)[1].any()


@pytest.mark.parametrize("shape", [(7, 7), (40, 7), (7, 40), (1, 5), (5, 1)])
def test_orthogonal_weights_are_orthonormal(shape):
    coefs, _ = drawn("orthogonal", "relu", *shape)
    assert coefs.shape == shape
    gram = coefs.T @ coefs if shape[0] >= shape[1] else coefs @ coefs.T
    np.testing.assert_allclose(gram, np.eye(min(shape)), atol=1e-12)


def test_orthogonal_draws_have_no_preferred_sign():
    rng = np.random.default_rng(0)
    corners = [INITIALIZERS["orthogonal"](rng, 2, 2)[0][0, 0] for _ in range(400)]
    assert abs(np.mean(corners)) < 0.2


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("normalization", [None, BatchNorm(), "layer"])
@pytest.mark.parametrize("bias", [True, False])
def test_data_dependent_start_standardises_every_layer(dtype, normalization, bias):
    network = make_network(dtype=dtype, bias=bias, normalization=normalization)
    X = (5 + 3 * np.random.default_rng(1).normal(size=(300, 12))).astype(dtype)
    rows = np.arange(0, 300, 2)
    initialize(network, "data_dependent", np.random.default_rng(0), ["relu"] * 3)
    standardize_layers(network, X, rows)
    tolerance = 1e-10 if dtype == "float64" else 1e-4
    for layer in range(3):
        mean, variance = network.moments(X, layer, rows=rows)
        np.testing.assert_allclose(variance, 1, atol=tolerance)
        if f"intercepts_{layer}" in network.blocks():
            np.testing.assert_allclose(mean, 0, atol=tolerance)


def twin_of_hull(X, shapes, rng):
    """Weights and intercepts of the start with drawn zeros, in NumPy; rng is at the first layer."""
    drawn = [rng.normal(size=shape) for shape in shapes]
    for coefs in drawn:
        z = X @ coefs
        deviation = z.std(axis=0)
        rows = rng.integers(0, len(X), (coefs.shape[1], 5))
        shares = rng.exponential(size=rows.shape)
        own = np.stack([z[rows[unit], unit] for unit in range(coefs.shape[1])])
        point = (own * shares).sum(axis=1) / shares.sum(axis=1)
        yield coefs / deviation, -point / deviation
        X = np.maximum((z - point) / deviation, 0)


def test_hull_starts_are_those_of_the_twin():
    network = make_network()
    X = 5 + 3 * np.random.default_rng(1).normal(size=(300, 12))
    rng, rows = np.random.default_rng(0), np.arange(300)
    initialize(network, "data_dependent", rng, ["relu"] * 3)
    standardize_layers(network, X, rows, hull=rng)
    shapes = [coefs.shape for coefs in network.coefs()]
    twin = twin_of_hull(X, shapes, np.random.default_rng(0))
    for own, pair in zip(
        zip(network.coefs(), network.intercepts(), strict=True), twin, strict=True
    ):
        for values, wanted in zip(own, pair, strict=True):
            np.testing.assert_allclose(values, wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("normalization", [None, "layer", "weight_standardization"])
def test_each_unit_is_zero_among_the_rows(normalization):
    network = make_network(normalization=normalization)
    X = 5 + 3 * np.random.default_rng(1).normal(size=(300, 12))
    rng = np.random.default_rng(0)
    initialize(network, "data_dependent", rng, ["relu"] * 3)
    standardize_layers(network, X, np.arange(300), hull=rng)
    for layer in range(3):
        z = network.pre_activations(X, layer)
        assert (z.min(axis=0) < 0).all() and (z.max(axis=0) > 0).all()
        assert np.abs(z.mean(axis=0)).max() > 0.1


def test_a_constant_unit_keeps_its_scale():
    network = make_network(hidden=())
    initialize(network, "data_dependent", np.random.default_rng(0), ["relu"])
    before = network.coefs()[0].copy()
    standardize_layers(network, np.ones((5, 12)), np.arange(5))
    assert np.array_equal(network.coefs()[0], before)
    np.testing.assert_allclose(network.outputs(np.ones((5, 12))), 0, atol=1e-12)


def test_scales_start_at_one_and_shifts_at_zero():
    network = make_network(normalization="batch")
    initialize(network, "he_normal", np.random.default_rng(0), ["relu"] * 3)
    blocks = network.blocks()
    assert {name for name in blocks if name.endswith("_0")} == {
        *("coefs_0", "scale_0", "shift_0", "mean_0", "variance_0")
    }
    for name, value in (("scale_1", 1), ("shift_1", 0), ("mean_0", 0), ("variance_0", 1)):
        assert (blocks[name] == value).all()
    assert not network.intercepts()[0].any()


@pytest.mark.parametrize("seed", [0, 1, 2**63 - 2])
def test_streams_are_those_of_the_twin(seed):
    assert stream(seed, INIT) == reference_random.stream(seed, "init")
    draws = [generator(seed, INIT).integers(2**62) for _ in range(2)]
    assert draws[0] == draws[1]
