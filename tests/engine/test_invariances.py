"""What must not matter does not."""

import numpy as np
import pytest
from small_networks import BATCH, LAYER, NONE, describe, residual, scaled_problem, two_hidden
from small_networks import network_of as spec_of

import reference
from engine.building import cast, network_of
from engine.strategies import every_dtype, every_path
from reference import LayerSpec

# The same float64 sums in another order.
REORDERED_RTOL = 1e-12
REORDERED_ATOL = 1e-14


def assert_reordered_equal(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=REORDERED_RTOL, atol=REORDERED_ATOL)


@every_path
def test_scaling_a_relu_unit_in_and_its_weights_out_changes_nothing(simd):
    """relu(c z) = c relu(z) for c > 0; powers of two leave even the bits alone."""
    spec = two_hidden("relu")
    parameters, X, _, _ = scaled_problem(spec, 40, 0)
    network = network_of(spec, "float64", simd)
    expected = network.forward(parameters, X)
    scales = 2.0 ** np.arange(-3, 3)
    blocks = reference.split(spec, parameters)
    blocks["coefs_0"] *= scales
    blocks["intercepts_0"] *= scales
    blocks["coefs_1"] /= scales[:, None]
    np.testing.assert_array_equal(network.forward(parameters, X), expected)


@every_path
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
def test_permuting_hidden_units_permutes_the_gradient(simd, normalization):
    spec = spec_of(LayerSpec(width=65, activation="gelu", normalization=normalization))
    parameters, X, y, weights = scaled_problem(spec, 40, 0)
    network = network_of(spec, "float64", simd)
    order = np.random.default_rng(1).permutation(65)

    def permuted(vector):
        vector = vector.copy()
        for name, block in reference.split(spec, vector).items():
            if name == "coefs_1":
                block[...] = block[order]
            elif name.endswith("_0"):
                block[...] = block[..., order]
        return vector

    assert_reordered_equal(network.forward(permuted(parameters), X), network.forward(parameters, X))
    loss, gradient = network.loss_and_gradient(parameters, X, y, weights, training=True)
    moved_loss, moved = network.loss_and_gradient(
        permuted(parameters), X, y, weights, training=True
    )
    assert moved_loss == pytest.approx(loss, rel=REORDERED_RTOL)
    assert_reordered_equal(moved, permuted(gradient))


@every_path
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
def test_the_order_of_rows_does_not_matter_to_the_full_gradient(simd, normalization):
    spec = residual(normalization)
    parameters, X, y, weights = scaled_problem(spec, 150, 0)
    order = np.random.default_rng(1).permutation(150).astype(np.int64)
    network = network_of(spec, "float64", simd)
    loss, gradient = network.loss_and_gradient(parameters, X, y, weights, training=True)
    other_loss, other = network.loss_and_gradient(
        parameters, X, y, weights, rows=order, training=True
    )
    assert other_loss == pytest.approx(loss, rel=REORDERED_RTOL)
    assert_reordered_equal(other, gradient)


@every_path
def test_a_weight_of_two_is_a_row_twice(simd):
    spec = residual(LAYER)
    parameters, X, y, _ = scaled_problem(spec, 70, 0)
    weights = np.random.default_rng(1).integers(0, 4, size=70).astype(float)
    rows = np.repeat(np.arange(70), weights.astype(int)).astype(np.int64)
    network = network_of(spec, "float64", simd)
    loss, gradient = network.loss_and_gradient(parameters, X, y, weights, alpha=0.2)
    other_loss, other = network.loss_and_gradient(parameters, X, y, rows=rows, alpha=0.2)
    assert other_loss == pytest.approx(loss, rel=REORDERED_RTOL)
    assert_reordered_equal(other, gradient)


@every_path
def test_scaling_the_weights_under_batch_norm_changes_nothing(simd):
    """The batch's statistics take any factor out again, up to epsilon."""
    spec = spec_of(LayerSpec(width=17, activation="tanh", normalization=BATCH), n_inputs=15)
    parameters, X, y, _ = scaled_problem(spec, 60, 0)
    network = network_of(spec, "float64", simd)
    loss, gradient = network.loss_and_gradient(parameters, X, y, training=True)
    blocks = reference.split(spec, parameters)
    # So <W_column, dL/dW_column> is 0 for every unit, up to epsilon / variance = 1e-5.
    inner = (blocks["coefs_0"] * reference.split(spec, gradient)["coefs_0"]).sum(axis=0)
    assert np.abs(inner).max() < 1e-4 * np.abs(gradient).max()
    blocks["coefs_0"] *= 8.0
    scaled_loss, _ = network.loss_and_gradient(parameters, X, y, training=True)
    assert scaled_loss == pytest.approx(loss, rel=1e-4)


@every_path
@every_dtype
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
def test_a_rows_prediction_does_not_depend_on_the_other_rows(dtype, simd, normalization):
    """To the bit: alone, in any company, at any place, on any number of threads."""
    spec = spec_of(
        LayerSpec(width=65, activation="gelu", normalization=normalization),
        LayerSpec(width=300, activation="mish", normalization=normalization),
        n_inputs=63,
        n_outputs=17,
    )
    parameters, X, _, _ = (cast(array, dtype) for array in scaled_problem(spec, 301, 0))
    network = network_of(spec, dtype, simd)
    for method in (network.forward, network.predict):
        together = method(parameters, X)
        for n in (1, 2, 5, 6, 7, 16, 63, 64, 65):
            start = (37 * n) % (301 - n)
            part = method(parameters, X[start : start + n].copy())
            np.testing.assert_array_equal(part, together[start : start + n])
        rows = np.random.default_rng(2).permutation(301).astype(np.int64)
        shuffled = method(parameters, X, rows=rows, n_threads=3)
        np.testing.assert_array_equal(shuffled, together[rows])


@every_path
def test_folding_batch_norm_into_the_weights_keeps_the_predictions(simd):
    spec = spec_of(LayerSpec(width=16, activation="silu", normalization=BATCH))
    parameters, X, _, _ = scaled_problem(spec, 30, 0)
    expected = network_of(spec, "float64", simd).forward(parameters, X)
    blocks = reference.split(spec, parameters)
    factor = blocks["scale_0"] / np.sqrt(blocks["variance_0"] + 1e-5)

    folded_spec = spec_of(LayerSpec(width=16, activation="silu"))
    folded = np.empty(reference.n_parameters(folded_spec))
    into = reference.split(folded_spec, folded)
    into["coefs_0"][...] = blocks["coefs_0"] * factor
    into["intercepts_0"][...] = blocks["shift_0"] - blocks["mean_0"] * factor
    into["coefs_1"][...] = blocks["coefs_1"]
    into["intercepts_1"][...] = blocks["intercepts_1"]
    actual = network_of(folded_spec, "float64", simd).forward(folded, X)
    assert_reordered_equal(actual, expected)


@every_dtype
def test_every_simd_path_gives_nearly_the_same(dtype):
    from engine.strategies import PATHS, TOLERANCE, assert_close

    spec = residual(BATCH)
    arrays = [cast(array, dtype) for array in scaled_problem(spec, 150, 0)]
    gradients = [
        network_of(spec, dtype, simd).loss_and_gradient(*arrays, training=True)[1] for simd in PATHS
    ]
    for gradient in gradients[1:]:
        assert_close(gradient, gradients[0], TOLERANCE[dtype])
