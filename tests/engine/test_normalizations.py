"""Statistics of the normalizations: exact ones, large means, constant columns, single units."""

import numpy as np
import pytest
from small_networks import LAYER, scaled_problem
from small_networks import network_of as spec_of

import reference
from engine.building import cast, network_of, parameters_after, trainer_of
from engine.strategies import AWKWARD, every_dtype, every_path
from reference import Component, LayerSpec

STILL = Component("sgd", {"momentum": 0.0, "nesterov": 0.0})

# Means and variances of some hundred numbers that the engine holds exactly: rounding of their sums.
STATISTICS_RTOL = {"float32": 1e-5, "float64": 1e-12}


def batch_statistics(X, *, momentum, dtype, simd, n_threads):
    """Running mean and variance after one step at rate 0 on columns taken as they are."""
    width = X.shape[1]
    batch = Component("batch", {"momentum": momentum})
    spec = spec_of(LayerSpec(width=width, normalization=batch), n_inputs=width)
    parameters = np.zeros(reference.n_parameters(spec), dtype)
    blocks = reference.split(spec, parameters)
    blocks["coefs_0"][...] = np.eye(width)
    blocks["scale_0"][...] = blocks["variance_0"][...] = 1.0
    trainer = trainer_of(spec, STILL, dtype=dtype, simd=simd, batch_size=len(X))
    trainer.set_data(cast(X, dtype), np.zeros((len(X), 3), dtype))
    trainer.load(parameters)
    trainer.begin_epoch(0)
    trainer.run(np.zeros(1), n_threads)
    blocks = reference.split(spec, parameters_after(trainer, parameters))
    return blocks["mean_0"], blocks["variance_0"]


def columns_with_large_means(n, width, dtype):
    """Standard deviation 1 around means of up to 1000, rounded to the dtype."""
    random_state = np.random.default_rng(0)
    X = random_state.normal(size=(n, width)) + np.linspace(-1000.0, 1000.0, width)
    return X.astype(dtype).astype(np.float64)


@every_path
@every_dtype
@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("n", [2, 17, 65, 300])
def test_running_statistics_survive_large_means(dtype, simd, n, n_threads):
    """E[x^2] - E[x]^2 in float32 would be wrong in the first digit here."""
    X = columns_with_large_means(n, 17, dtype)
    settings = {"dtype": dtype, "simd": simd, "n_threads": n_threads}
    mean, variance = batch_statistics(X, momentum=1.0, **settings)
    rtol = STATISTICS_RTOL[dtype]
    np.testing.assert_allclose(mean, X.mean(axis=0), rtol=rtol, atol=rtol)
    np.testing.assert_allclose(variance, X.var(axis=0, ddof=1), rtol=rtol)
    mean, variance = batch_statistics(X, momentum=0.25, **settings)
    np.testing.assert_allclose(mean, 0.25 * X.mean(axis=0), rtol=rtol, atol=rtol)
    np.testing.assert_allclose(variance, 0.75 + 0.25 * X.var(axis=0, ddof=1), rtol=rtol)


@every_path
@every_dtype
@pytest.mark.parametrize("n", AWKWARD)
def test_moments_survive_large_means(dtype, simd, n):
    X = columns_with_large_means(n, 17, dtype)
    spec = spec_of(LayerSpec(width=17, normalization=Component("batch")), n_inputs=17)
    parameters = np.zeros(reference.n_parameters(spec), dtype)
    reference.split(spec, parameters)["coefs_0"][...] = np.eye(17)
    network = network_of(spec, dtype, simd)
    mean, variance = network.moments(parameters, cast(X, dtype), 0)
    rtol = STATISTICS_RTOL[dtype]
    np.testing.assert_allclose(mean, X.mean(axis=0), rtol=rtol, atol=rtol)
    np.testing.assert_allclose(variance, X.var(axis=0), rtol=rtol, atol=1e-30)


@every_path
@every_dtype
@pytest.mark.parametrize("width", [17, 83])  # 83 float32(1 / 83) is not 1
def test_a_constant_unit_gives_its_shift_and_a_finite_gradient(dtype, simd, width):
    for normalization in (Component("batch"), LAYER):
        spec = spec_of(LayerSpec(width=width, activation="identity", normalization=normalization))
        parameters, X, y, _ = scaled_problem(spec, 30, 0)
        reference.split(spec, parameters)["coefs_0"][...] = 0.0
        if normalization is LAYER:
            reference.split(spec, parameters)["intercepts_0"][...] = 1000.0
        network = network_of(spec, dtype, simd)
        arrays = [cast(array, dtype) for array in (parameters, X, y)]
        loss, gradient = network.loss_and_gradient(*arrays, training=True)
        expected_loss, expected = reference.loss_and_gradient(spec, parameters, X, y, training=True)
        assert loss == pytest.approx(expected_loss, rel=STATISTICS_RTOL[dtype])
        # The gradient in W is divided by sqrt(epsilon), 300 times the size of the rest.
        np.testing.assert_allclose(
            gradient, expected, rtol=1e-3 if dtype == "float32" else 1e-10, atol=1e-4
        )


@every_path
@every_dtype
def test_layer_norm_of_a_single_unit_gives_its_shift(dtype, simd):
    spec = spec_of(LayerSpec(width=1, activation="tanh", normalization=LAYER), n_outputs=1)
    parameters, X, _, _ = scaled_problem(spec, 20, 0)
    blocks = reference.split(spec, parameters)
    expected = np.tanh(blocks["shift_0"]) * blocks["coefs_1"][0] + blocks["intercepts_1"]
    outputs = network_of(spec, dtype, simd).forward(cast(parameters, dtype), cast(X, dtype))
    np.testing.assert_allclose(outputs[:, 0], np.full(20, expected), rtol=STATISTICS_RTOL[dtype])


@every_path
@every_dtype
@pytest.mark.parametrize("width", [5, 40])
def test_layer_norm_of_rows_whose_squares_overflow_is_that_of_small_ones(dtype, simd, width):
    spec = spec_of(LayerSpec(width=width, activation="tanh", normalization=LAYER))
    parameters, X, y, _ = scaled_problem(spec, 20, 0)
    reference.split(spec, parameters)["intercepts_0"][...] = 0.0
    network, parameters = network_of(spec, dtype, simd), cast(parameters, dtype)
    large = 1e25 if dtype == "float32" else 1e200
    rows = np.arange(20) % 3 == 0  # among rows of usual size
    mixed = cast(np.where(rows[:, np.newaxis], large, 1e3) * X, dtype)
    plain = cast(1e3 * X, dtype)
    rtol = STATISTICS_RTOL[dtype]
    np.testing.assert_allclose(
        network.forward(parameters, mixed), network.forward(parameters, plain), 1e-4, 1e-5
    )
    loss, gradient = network.loss_and_gradient(parameters, mixed, cast(y, dtype), training=True)
    expected, other = network.loss_and_gradient(parameters, plain, cast(y, dtype), training=True)
    assert loss == pytest.approx(expected, rel=10 * rtol)
    blocks, others = reference.split(spec, gradient), reference.split(spec, other)
    for name in blocks.keys() - {"intercepts_0"}:  # whose gradient is over the row's size
        np.testing.assert_allclose(blocks[name], others[name], rtol=2e-3, atol=2e-5)


@every_dtype
def test_epsilon_and_momentum_are_taken_from_the_settings(dtype):
    X = columns_with_large_means(40, 3, dtype)
    for momentum in (0.0, 0.1, 1.0):
        mean, _ = batch_statistics(X, momentum=momentum, dtype=dtype, simd="", n_threads=1)
        np.testing.assert_allclose(
            mean, momentum * X.mean(axis=0), rtol=STATISTICS_RTOL[dtype], atol=1e-4
        )
    outputs = []
    for epsilon in (1e-5, 1.0):
        layer = Component("layer", {"epsilon": epsilon})
        spec = spec_of(LayerSpec(width=16, activation="tanh", normalization=layer))
        parameters, X, _, _ = scaled_problem(spec, 20, 0)
        outputs.append(network_of(spec, dtype).forward(cast(parameters, dtype), cast(X, dtype)))
        np.testing.assert_allclose(
            outputs[-1], reference.outputs(spec, parameters, X), rtol=1e-3, atol=1e-4
        )
    assert np.abs(outputs[0] - outputs[1]).max() > 0.01
