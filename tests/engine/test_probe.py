"""The engine's probe against its twin: curvature, single samples, Jacobians."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from small_networks import (
    BATCH,
    LAYER,
    LOSS_COMPONENTS,
    NONE,
    describe,
    network_of,
    problem,
    residual,
    scaled_problem,
    two_hidden,
)

import reference
from deepgen import _core
from engine.building import network_of as core_of
from engine.building import rows_of_csr
from engine.measuring import CHUNK, TOLERANCE, Measured, hvp_of
from engine.strategies import (
    PATHS,
    assert_close,
    every_path,
    networks,
    property_test,
    towers,
)
from reference import ACTIVATIONS, Component, LayerSpec, NetworkSpec


@every_path
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_every_activation_and_normalization_equals_the_twin(simd, activation, normalization):
    spec = two_hidden(activation, normalization)
    Measured(spec, problem(spec), simd=simd).assert_equals_twin()


@every_path
@pytest.mark.parametrize("loss", LOSS_COMPONENTS, ids=describe)
def test_every_loss_equals_the_twin(simd, loss):
    spec = two_hidden(loss=loss)
    Measured(spec, problem(spec), simd=simd).assert_equals_twin()


@every_path
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
def test_every_normalization_and_skip_equals_the_twin(simd, normalization, bias):
    spec = residual(normalization, bias)
    Measured(spec, problem(spec), simd=simd).assert_equals_twin()


@pytest.mark.parametrize("loss", LOSS_COMPONENTS, ids=describe)
def test_a_linear_network_equals_the_twin(loss):
    spec = network_of(loss=loss)
    Measured(spec, problem(spec)).assert_equals_twin()


@pytest.mark.slow
@property_test(max_examples=60)
@given(networks(smooth=True), st.integers(1, 20), st.sampled_from(PATHS))
def test_awkward_widths_equal_the_twin(spec, n, simd):
    Measured(spec, scaled_problem(spec, n, 0), simd=simd).assert_equals_twin()


@pytest.mark.slow
@property_test(max_examples=40)
@given(towers(), st.sampled_from(PATHS))
def test_skips_over_any_distance_equal_the_twin(spec, simd):
    Measured(spec, problem(spec), simd=simd).assert_equals_twin()


@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
def test_narrow_hidden_layers_equal_the_twin(normalization):
    """Layers of up to four units are stored by rows, with another product for their tangents."""
    hidden = [LayerSpec(width=w, activation="relu", normalization=normalization) for w in (9, 3, 2)]
    spec = network_of(*hidden, n_outputs=2)
    Measured(spec, scaled_problem(spec, 50, 0)).assert_equals_twin()


@every_path
@pytest.mark.parametrize("density", [0.0, 0.05, 0.5])
def test_sparse_rows_equal_the_twin(simd, density):
    spec = network_of(LayerSpec(width=70, activation="gelu"), LayerSpec(width=7), n_inputs=90)
    parameters, X, y, weights = scaled_problem(spec, 40, 0)
    X = sparse.random(40, 90, density=density, random_state=0, format="csr")
    dense = (parameters, X.toarray(), y, weights)
    Measured(spec, dense, simd=simd, X=rows_of_csr(X, "float64")).assert_equals_twin()


def test_more_rows_than_a_chunk_equal_the_twin():
    spec = two_hidden("silu", LAYER)
    measured = Measured(spec, scaled_problem(spec, 2 * CHUNK + 37, 0))
    data = (measured.X, measured.y, measured.weights)
    expected = reference.probe.hvp(spec, measured.parameters, measured.v, *data)
    assert_close(measured.sum("add_hvp", measured.v), expected, TOLERANCE)


def scalar_network(activation, loss=LOSS_COMPONENTS[0]):
    """Output = activation(w x) with w the first parameter, and the second one 1."""
    layers = [LayerSpec(width=1, activation=activation), LayerSpec(width=1, activation="identity")]
    return NetworkSpec(n_inputs=1, layers=layers, loss=loss, bias=False)


@every_path
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_second_derivatives_equal_the_twin_over_the_whole_line(simd, activation):
    """With x = 1 and an error of 1, d2L/dw2 = f'(w)^2 + f''(w)."""
    value, derivative, second = ACTIVATIONS[activation]
    network = core_of(scalar_network(activation), simd=simd)
    magnitudes = np.concatenate([np.geomspace(1e-3, 80, 40), [1e4, 1e200]])
    for w in np.concatenate([-magnitudes, [0.0], magnitudes]):
        if abs(w) > 1e100 and activation in ("gelu", "silu", "mish"):
            continue  # the twin's formula overflows
        y = np.full((1, 1), value(w) - 1.0)
        error = value(w) - y[0, 0]  # 1, but for the rounding of large values
        probe = _core.Probe(network, np.ones((1, 1)), y)
        product = hvp_of(probe, np.array([w, 1.0]), np.array([1.0, 0.0]))
        expected = derivative(w) ** 2 + second(w) * error
        assert product[0] == pytest.approx(expected, rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("activation", ["gelu", "silu", "mish", "tanh", "logistic"])
def test_second_derivatives_vanish_far_out(activation):
    network = core_of(scalar_network(activation))
    for w in (-1e200, 1e200):
        probe = _core.Probe(network, np.ones((1, 1)), np.zeros((1, 1)))
        product = hvp_of(probe, np.array([w, 1e-200]), np.array([1.0, 0.0]))
        assert product[0] == pytest.approx(0.0, abs=1e-100)


CURVES = {
    "log_loss": ([[80.0, -80.0, 0.0], [-80.0, 80.0, 0.0], [0.3, 0.1, -2.0]], [0, 0, 2]),
    "focal": ([[30.0, -30.0, 0.0], [-80.0, 80.0, 0.0], [0.3, 0.1, -2.0]], [0, 0, 2]),
    "binary_log_loss": ([[80.0, -80.0, 0.2]], [[1.0, 1.0, 0.0]]),
    "binary_focal": ([[80.0, -80.0, 0.2]], [[1.0, 1.0, 0.0]]),
    "poisson": ([[80.0, -80.0, 0.2]], [[0.0, 3.0, 1.0]]),
    "gamma": ([[80.0, -80.0, 0.2]], [[0.5, 3.0, 1.0]]),
    "huber": ([[1e20, -1e20, 0.2]], [[0.0, 0.0, 0.0]]),
}


@pytest.mark.parametrize("name", sorted(CURVES))
def test_losses_keep_their_curvature_at_extreme_outputs(name):
    """With X the outputs and W = 1, the product with vec(V) is x (H V^T x)^T."""
    outputs, targets = (np.array(values) for values in CURVES[name])
    if reference.LOSSES[name].takes_classes:
        targets = targets.astype(np.int32)
    layers = [LayerSpec(width=3, activation="identity")]
    spec = NetworkSpec(n_inputs=3, layers=layers, loss=Component(name), bias=False)
    network, V = core_of(spec), np.diag([1.0, -0.5, 2.0])
    defaults = reference.LOSSES[name].defaults
    for x, y in zip(outputs, targets, strict=True):
        probe = _core.Probe(network, x[None], np.array(y)[None])
        product = hvp_of(probe, np.eye(3).ravel(), V.ravel())
        H = reference.LOSSES[name].hessian(x[None], np.array(y)[None], **defaults)[0]
        expected = np.outer(x, H @ (x @ V))
        np.testing.assert_allclose(product.reshape(3, 3), expected, rtol=1e-9, atol=1e-20)


@pytest.mark.parametrize("settings", [{}, {"gamma": 0.5}], ids=str)
def test_a_class_that_is_certain_has_no_curvature(settings):
    """The others' probabilities have all underflowed; powers of them must not become NaN."""
    loss = Component("focal" if settings else "log_loss", settings)
    spec = NetworkSpec(2, [LayerSpec(width=2, activation="identity")], loss, bias=False)
    probe = _core.Probe(core_of(spec), np.array([[900.0, -900.0]]), np.zeros(1, np.int32))
    product = hvp_of(probe, np.eye(2).ravel(), np.ones(4))
    np.testing.assert_array_equal(product, 0.0)


def test_a_row_of_weight_zero_adds_no_curvature_even_where_it_overflows():
    spec = scalar_network("identity", Component("poisson"))
    X, y = np.array([[0.5], [800.0]]), np.ones((2, 1))
    weighted = _core.Probe(core_of(spec), X, y, np.array([1.0, 0.0]))
    alone = _core.Probe(core_of(spec), X[:1].copy(), y[:1].copy())
    for method in ("add_hvp", "add_gauss_newton"):
        actual, expected, ones = np.zeros((1, 2)), np.zeros((1, 2)), np.ones((1, 2))
        getattr(weighted, method)(weighted.point(np.ones(2)), ones, actual, 0, 2)
        getattr(alone, method)(alone.point(np.ones(2)), ones, expected, 0, 1)
        np.testing.assert_array_equal(actual, expected)
