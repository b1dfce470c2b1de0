"""The engine's gradient against central differences of its own loss, and against the twin.

Every activation, loss, normalization and skip, on every SIMD path, in float64.
"""

import numpy as np
import pytest
from small_networks import (
    BATCH,
    LAYER,
    LOSS_COMPONENTS,
    NONE,
    SKIP_COMPONENTS,
    describe,
    problem,
    residual,
    scaled_problem,
    skipping,
    two_hidden,
)

import reference
from engine.building import network_of
from engine.strategies import every_path
from reference import ACTIVATIONS, LOSSES, Component

# Central differences of steps h and 2 h, joined, err by h^4 times the fifth derivative plus
# rounding / h: about 1e-10 relative with h = 2e-5 on losses of order one.
DIFFERENCE_STEP = 2e-5
DIFFERENCE_RTOL = 1e-6
DIFFERENCE_ATOL = 1e-8

# Float64 on both sides, a dozen rows and units; the polynomials of exp and erf err by some units
# in the last place.
TWIN_RTOL = 1e-11
TWIN_ATOL = 1e-13

ALPHA = 0.3


def assert_gradient_is_derivative(spec, simd, *, training=False):
    parameters, X, y, weights = problem(spec)
    network = network_of(spec, "float64", simd)
    keywords = {"alpha": ALPHA, "training": training}
    loss, gradient = network.loss_and_gradient(parameters, X, y, weights, **keywords)

    expected_loss, expected = reference.loss_and_gradient(
        spec, parameters, X, y, weights, **keywords
    )
    assert loss == pytest.approx(expected_loss, rel=TWIN_RTOL)
    largest = max(1.0, np.abs(expected).max())  # standardized weights make gradients of hundreds
    np.testing.assert_allclose(gradient, expected, rtol=TWIN_RTOL, atol=TWIN_ATOL * largest)

    differences = np.zeros_like(parameters)
    for i in range(network.n_trainable):
        for steps, share in ((1, 8.0), (-1, -8.0), (2, -1.0), (-2, 1.0)):
            moved = parameters.copy()
            moved[i] += steps * DIFFERENCE_STEP
            differences[i] += share * network.loss_and_gradient(moved, X, y, weights, **keywords)[0]
    differences /= 12.0 * DIFFERENCE_STEP
    np.testing.assert_allclose(gradient, differences, rtol=DIFFERENCE_RTOL, atol=DIFFERENCE_ATOL)


@every_path
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_gradient_is_the_derivative_for_every_activation(simd, activation):
    assert_gradient_is_derivative(two_hidden(activation), simd)


@every_path
@pytest.mark.parametrize("loss", LOSS_COMPONENTS, ids=describe)
def test_gradient_is_the_derivative_for_every_loss(simd, loss):
    assert_gradient_is_derivative(two_hidden(loss=loss), simd)


@every_path
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
@pytest.mark.parametrize("build", [two_hidden, residual])
def test_gradient_is_the_derivative_for_every_normalization_and_skip(
    simd, build, normalization, bias, training
):
    spec = build(normalization=normalization, bias=bias)
    assert_gradient_is_derivative(spec, simd, training=training)


@every_path
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
@pytest.mark.parametrize("skip", SKIP_COMPONENTS, ids=describe)
def test_gradient_is_the_derivative_for_every_way_to_skip(
    simd, skip, normalization, bias, training
):
    spec = skipping(skip, normalization, bias)
    assert_gradient_is_derivative(spec, simd, training=training)


@every_path
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
@pytest.mark.parametrize("skip", SKIP_COMPONENTS, ids=describe)
def test_relu_beside_every_norm_and_skip_equals_the_twin(simd, skip, normalization, training):
    spec = skipping(skip, normalization, activation="relu")
    parameters, X, y, weights = scaled_problem(spec, 40, 0)
    network = network_of(spec, "float64", simd)
    loss, gradient = network.loss_and_gradient(parameters, X, y, weights, training=training)
    expected_loss, expected = reference.loss_and_gradient(
        spec, parameters, X, y, weights, training=training
    )
    assert loss == pytest.approx(expected_loss, rel=1e-12)
    np.testing.assert_allclose(gradient, expected, rtol=1e-9, atol=1e-12)


def scalar_network(activation="identity", loss=LOSS_COMPONENTS[0], n_outputs=1):
    """Output = activation(x), one row a number: two layers with weights one."""
    spec = reference.NetworkSpec(
        n_inputs=1,
        layers=[
            reference.LayerSpec(width=1, activation=activation),
            reference.LayerSpec(width=n_outputs, activation="identity"),
        ],
        loss=loss,
        bias=False,
    )
    return spec, np.ones(reference.n_parameters(spec))


# Some ten units in the last place for float32's polynomials; in float64 a rounded argument of exp
# alone changes e^-600 by 600 units.
FUNCTION_RTOL = {"float32": 2e-6, "float64": 2e-13}


@every_path
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_activation_values_equal_the_twin_over_the_whole_line(simd, dtype, activation):
    """To some units in the last place, in the tails and near 0 too; float32 ends at 1e-37."""
    spec, parameters = scalar_network(activation)
    magnitudes = np.concatenate([[0.0], np.geomspace(1e-6, 1e4, 400), [1e30]])
    z = np.concatenate([-magnitudes, magnitudes]).astype(dtype)
    network = network_of(spec, dtype, simd)
    actual = network.forward(parameters.astype(dtype), z[:, None])[:, 0]
    expected = ACTIVATIONS[activation][0](z.astype(np.float64))
    smallest = {"float32": 1e-35, "float64": 1e-300}[dtype]
    np.testing.assert_allclose(actual, expected, rtol=FUNCTION_RTOL[dtype], atol=smallest)


@every_path
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_activation_slopes_equal_the_twin_over_the_whole_line(simd, dtype, activation):
    """Input 1, weights z and 1: the gradient in z is the slope times the output's error."""
    value, derivative, _ = ACTIVATIONS[activation]
    spec, _ = scalar_network(activation)
    network = network_of(spec, dtype, simd)
    X = np.ones((1, 1), dtype)
    magnitudes = np.geomspace(1e-3, 80, 40)
    for z in np.concatenate([-magnitudes, [0.0], magnitudes]).astype(dtype):
        parameters = np.array([z, 1.0], dtype)
        y = np.full((1, 1), value(np.float64(z)) - 1.0, dtype)
        _, gradient = network.loss_and_gradient(parameters, X, y)
        error = network.forward(parameters, X)[0, 0] - y[0, 0]
        expected = derivative(np.float64(z)) * error
        assert gradient[0] == pytest.approx(
            expected, rel=FUNCTION_RTOL[dtype], abs=FUNCTION_RTOL[dtype]
        )


@every_path
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_nan_passes_every_activation_and_normalization(simd, dtype, activation, normalization):
    """A diverged network must not hide behind zeros; and other rows stay as they are."""
    spec = two_hidden(activation, normalization)
    parameters, X, y, _ = (array.astype(dtype) for array in problem(spec))
    network = network_of(spec, dtype, simd)
    expected = network.predict(parameters, X)
    X[5, 2] = np.nan
    actual = network.predict(parameters, X)
    assert np.isnan(actual[5]).all()
    others = np.arange(len(X)) != 5
    np.testing.assert_array_equal(actual[others], expected[others])
    assert np.isnan(network.loss(parameters, X, y))


@every_path
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["absolute_error", "huber", "quantile"])
def test_losses_with_a_kink_have_slope_zero_at_the_target(simd, dtype, name):
    spec, parameters = scalar_network(loss=Component(name))
    network = network_of(spec, dtype, simd)
    X = np.full((3, 1), 2.0, dtype)
    loss, gradient = network.loss_and_gradient(parameters.astype(dtype), X, X)
    assert loss == 0.0
    np.testing.assert_array_equal(gradient, 0.0)


@every_path
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_relu_has_slope_zero_at_zero(simd, dtype):
    spec, _ = scalar_network("relu")
    network = network_of(spec, dtype, simd)
    parameters = np.array([0.0, 1.0], dtype)
    ones = np.ones((1, 1), dtype)
    _, gradient = network.loss_and_gradient(parameters, ones, ones)
    np.testing.assert_array_equal(gradient, 0.0)


@every_path
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_row_of_weight_zero_adds_nothing_even_where_its_loss_overflows(simd, dtype):
    spec, parameters = scalar_network(loss=Component("poisson"))
    network = network_of(spec, dtype, simd)
    X, y = np.array([[0.5], [800.0]], dtype), np.ones((2, 1), dtype)
    parameters, weights = parameters.astype(dtype), np.array([1.0, 0.0], dtype)
    assert np.isinf(network.loss(parameters, X, y))
    loss, gradient = network.loss_and_gradient(parameters, X, y, weights)
    expected_loss, expected = network.loss_and_gradient(parameters, X[:1], y[:1])
    assert loss == expected_loss
    np.testing.assert_array_equal(gradient, expected)


@every_path
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("settings", [{}, {"gamma": 0.5}, {"label_smoothing": 0.1}], ids=str)
def test_a_single_class_is_certain_and_costs_nothing(simd, dtype, settings):
    name = "focal" if "gamma" in settings else "log_loss"
    spec, parameters = scalar_network(loss=Component(name, settings))
    network = network_of(spec, dtype, simd)
    parameters, X = parameters.astype(dtype), np.full((3, 1), 2.0, dtype)
    loss, gradient = network.loss_and_gradient(parameters, X, np.zeros(3, np.int32))
    assert loss == 0.0
    np.testing.assert_array_equal(gradient, 0.0)
    np.testing.assert_array_equal(network.predict(parameters, X), 1.0)


EXTREME = {
    "log_loss": ([[80.0, -80.0], [-80.0, 80.0]], [0, 0]),
    "focal": ([[80.0, -80.0], [-80.0, 80.0]], [0, 0]),
    "binary_log_loss": ([[80.0], [-80.0]], [[1.0], [1.0]]),
    "binary_focal": ([[80.0], [-80.0]], [[1.0], [1.0]]),
    "poisson": ([[80.0], [-80.0]], [[0.0], [3.0]]),
    "gamma": ([[80.0], [-80.0]], [[0.5], [3.0]]),
    "huber": ([[1e20], [-1e20]], [[0.0], [0.0]]),
}


@every_path
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", sorted(EXTREME))
def test_losses_stay_finite_and_right_at_extreme_outputs(simd, dtype, name):
    outputs, targets = (np.array(values) for values in EXTREME[name])
    takes_classes = LOSSES[name].takes_classes
    y = targets.astype(np.int32 if takes_classes else dtype)
    n_outputs = outputs.shape[1]
    spec = reference.NetworkSpec(
        n_inputs=n_outputs,
        layers=[reference.LayerSpec(width=n_outputs, activation="identity")],
        loss=Component(name),
        bias=False,
    )
    parameters = np.eye(n_outputs).reshape(-1)
    network = network_of(spec, dtype, simd)
    for row in range(len(outputs)):
        X, t = outputs[row : row + 1], targets[row : row + 1]
        loss, gradient = network.loss_and_gradient(
            parameters.astype(dtype), X.astype(dtype), y[row : row + 1]
        )
        expected_loss, expected = reference.loss_and_gradient(spec, parameters, X, t)
        rtol = FUNCTION_RTOL[dtype]
        assert loss == pytest.approx(expected_loss, rel=rtol, abs=rtol)
        np.testing.assert_allclose(gradient, expected, rtol=10 * rtol, atol=rtol)
