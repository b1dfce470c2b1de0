"""The engine's parts of the Gauss-Newton matrix against the twin's whole matrix."""

import numpy as np
import pytest
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
from engine.measuring import CHUNK
from reference import LayerSpec


def measured(spec, arrays, n_threads=1, cuts=()):
    parameters, *data = arrays
    probe = _core.Probe(core_of(spec), *data)
    point, n = probe.point(parameters), len(data[0])
    diagonal = np.zeros(reference.n_trainable(spec))
    flat = np.zeros(sum(a * a + g * g for a, g in probe.factor_sizes))
    edges = [0, *cuts, n]
    for begin, end in zip(edges[:-1], edges[1:], strict=True):
        probe.add_gauss_newton_diagonal(point, diagonal, begin, end, n_threads=n_threads)
        probe.add_kronecker_factors(point, flat, begin, end, n_threads=n_threads)
    curvature = np.zeros(
        (n, reference.forward(spec, parameters, data[0])[-1].outputs.shape[1] ** 2)
    )
    probe.output_curvature(point, curvature, 0, n, n_threads=n_threads)
    return diagonal, flat, curvature


def assert_equals_twin(spec, arrays):
    diagonal, flat, curvature = measured(spec, arrays)
    parameters, X, y, weights = arrays
    twin, data = reference.probe, (spec, parameters, X, y, weights)
    expected = twin.gauss_newton_diagonal(*data)
    np.testing.assert_allclose(diagonal, expected, rtol=1e-9, atol=1e-11 * np.abs(expected).max())
    factors = twin.kronecker_factors(*data)
    expected = np.concatenate([matrix.ravel() for pair in factors for matrix in pair])
    np.testing.assert_allclose(flat, expected, rtol=1e-9, atol=1e-11 * np.abs(expected).max())
    z = reference.forward(spec, parameters, X)[-1].outputs
    shares = weights / weights.sum()
    H = twin.output_hessians(spec, z, y, weights) / shares[:, None, None]
    np.testing.assert_allclose(curvature, H.reshape(len(X), -1), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("loss", LOSS_COMPONENTS, ids=describe)
def test_parts_of_every_loss_equal_the_twin(loss):
    spec = network_of(
        LayerSpec(width=5, activation="tanh"),
        LayerSpec(width=17, activation="relu", normalization=LAYER),
        loss=loss,
    )
    assert_equals_twin(spec, problem(spec))


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
def test_parts_of_residual_blocks_equal_the_twin(normalization, bias):
    spec = residual(normalization, bias)
    assert_equals_twin(spec, problem(spec))


def test_parts_of_no_hidden_layer_and_of_trained_slopes_equal_the_twin():
    spec = network_of(n_inputs=3)
    assert_equals_twin(spec, problem(spec))
    spec = network_of(LayerSpec(width=7, activation="parametric_relu"), n_inputs=3)
    assert_equals_twin(spec, problem(spec))


def test_bits_depend_neither_on_threads_nor_on_cuts():
    spec = two_hidden("silu", LAYER)
    arrays = scaled_problem(spec, 2 * CHUNK + 37, 0)
    expected = measured(spec, arrays)
    for how in ({"n_threads": 2}, {"n_threads": 3}, {"cuts": [CHUNK]}):
        for actual, wanted in zip(measured(spec, arrays, **how), expected, strict=True):
            np.testing.assert_array_equal(actual, wanted)
