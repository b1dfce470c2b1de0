"""The three matrix products, to the bit.

Small whole numbers are exact in both types as long as no sum passes 2^24, whatever the order of the
sum and with or without fused multiply-add. So a layer forward (X W), its dX (dZ W^T) and its dW
(X^T dZ) must equal the twin's exactly, on every SIMD path, over every awkward shape.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference
from engine.building import network_of, parameters_after, trainer_of
from engine.strategies import awkward, every_dtype, every_path, property_test
from reference import Component, LayerSpec, NetworkSpec

PLAIN_SGD = Component("sgd", {"momentum": 0.0, "nesterov": 0.0})

# The loss sums squares, which pass 2^24: it is compared to float32's rounding only.
LOSS_RTOL = 1e-5


def whole_numbers(n, n_inputs, width, n_outputs, seed, dtype):
    """A ReLU network, data and weights that sum to a power of two, all in whole numbers."""
    spec = NetworkSpec(
        n_inputs=n_inputs,
        layers=[LayerSpec(width=width), LayerSpec(width=n_outputs, activation="identity")],
    )
    random_state = np.random.default_rng(seed)
    parameters = random_state.integers(-1, 2, size=reference.n_parameters(spec)).astype(dtype)
    X = random_state.integers(-1, 2, size=(n, n_inputs)).astype(dtype)
    y = random_state.integers(-3, 4, size=(n, n_outputs)).astype(dtype)
    weights = np.ones(n, dtype=dtype)
    if n:
        weights[: 2 ** int(np.ceil(np.log2(n))) - n] = 2.0
    return spec, parameters, X, y, weights


def in_float64(*arrays):
    return [array.astype(np.float64) for array in arrays]


def assert_products_are_exact(n, n_inputs, width, n_outputs, seed, dtype, simd, n_threads):
    spec, *arrays = whole_numbers(n, n_inputs, width, n_outputs, seed, dtype)
    parameters, X, y, weights = arrays
    network = network_of(spec, dtype, simd)
    outputs = network.forward(parameters, X, n_threads=n_threads)
    assert outputs.dtype == dtype
    np.testing.assert_array_equal(outputs, reference.outputs(spec, *in_float64(parameters, X)))
    if n == 0:
        return
    loss, gradient = network.loss_and_gradient(parameters, X, y, weights, n_threads=n_threads)
    expected_loss, expected = reference.loss_and_gradient(spec, *in_float64(*arrays))
    assert loss == pytest.approx(expected_loss, rel=LOSS_RTOL)
    np.testing.assert_array_equal(gradient, expected)


@pytest.mark.slow
@every_path
@every_dtype
@property_test(50)
@given(
    n=st.sampled_from([0, 1, 15, 16, 17, 63, 64, 65, 300]),
    n_inputs=awkward,
    width=awkward,
    n_outputs=awkward,
    seed=st.integers(0, 1000),
    n_threads=st.integers(1, 3),
)
def test_forward_and_gradient_are_exact_in_whole_numbers(
    dtype, simd, n, n_inputs, width, n_outputs, seed, n_threads
):
    assert_products_are_exact(n, n_inputs, width, n_outputs, seed, dtype, simd, n_threads)


@every_path
@every_dtype
@pytest.mark.parametrize(
    ("n", "n_inputs", "width", "n_outputs"),
    [
        (1100, 530, 610, 260),
        (40, 2500, 33, 5),
        (3, 7, 2100, 2),
        (7, 2, 3, 1030),
        (5000, 3, 2, 1),
        (40, 3, 1100, 1),
    ],
)
def test_forward_and_gradient_are_exact_beyond_every_cache_block(
    dtype, simd, n, n_inputs, width, n_outputs
):
    assert_products_are_exact(n, n_inputs, width, n_outputs, 0, dtype, simd, n_threads=2)


@every_path
@every_dtype
@property_test(50)
@given(
    n=awkward,
    n_inputs=awkward,
    width=awkward,
    n_outputs=awkward,
    seed=st.integers(0, 1000),
    n_threads=st.integers(1, 3),
    shuffle=st.booleans(),
)
def test_a_training_step_is_exact_in_whole_numbers(
    dtype, simd, n, n_inputs, width, n_outputs, seed, n_threads, shuffle
):
    """Plain SGD at rate 1 subtracts the gradient, a multiple of 2^-9, from whole numbers."""
    spec, *arrays = whole_numbers(n, n_inputs, width, n_outputs, seed, dtype)
    parameters, X, y, weights = arrays
    trainer = trainer_of(
        spec, PLAIN_SGD, dtype=dtype, simd=simd, batch_size=n, shuffle=shuffle, seed=seed
    )
    trainer.set_data(X, y, weights)
    trainer.load(parameters)
    trainer.begin_epoch(0)
    progress = trainer.run(np.ones(1), n_threads)
    assert progress.n_steps == 1 and progress.n_rows == n and progress.epoch_done
    _, gradient = reference.loss_and_gradient(spec, *in_float64(*arrays))
    np.testing.assert_array_equal(parameters_after(trainer, parameters), parameters - gradient)
