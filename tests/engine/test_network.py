"""Forward pass, means, loss and gradient against the twin, over random networks."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from small_networks import BATCH, LAYER, NONE, residual, scaled_problem, two_hidden

import reference
from deepgen import _core
from engine.building import cast, network_of
from engine.strategies import (
    AWKWARD,
    TOLERANCE,
    assert_close,
    every_dtype,
    every_path,
    networks,
    property_test,
    towers,
)
from reference import Component
from reference.losses import LOSSES
from reference.network import loss_settings

# A sum over rows in another order: rounding of some hundred additions.
SUM_RTOL = {"float32": 1e-5, "float64": 1e-13}


def check_forward(spec, n, seed, dtype, simd, n_threads):
    parameters, X, _, _ = scaled_problem(spec, n, seed)
    network = network_of(spec, dtype, simd)
    flat, rows = cast(parameters, dtype), cast(X, dtype)
    outputs = network.forward(flat, rows, n_threads=n_threads)
    means = network.predict(flat, rows, n_threads=n_threads)
    assert outputs.dtype == means.dtype == dtype
    assert_close(outputs, reference.outputs(spec, parameters, X), TOLERANCE[dtype])
    assert_close(means, reference.predict(spec, parameters, X), TOLERANCE[dtype])


def check_gradient(spec, n, seed, dtype, simd, n_threads, training, weighted, alpha):
    parameters, X, y, weights = scaled_problem(spec, n, seed)
    weights = weights if weighted else None
    network = network_of(spec, dtype, simd)
    arrays = [cast(array, dtype) for array in (parameters, X, y, weights)]
    keywords = {"alpha": alpha, "training": training}
    loss, gradient = network.loss_and_gradient(*arrays, **keywords, n_threads=n_threads)
    expected_loss, expected = reference.loss_and_gradient(
        spec, parameters, X, y, weights, **keywords
    )
    assert gradient.dtype == dtype
    assert loss == pytest.approx(expected_loss, rel=TOLERANCE[dtype], abs=TOLERANCE[dtype])
    assert_close(gradient, expected, TOLERANCE[dtype])
    if not training:
        alone = network.loss(*arrays, alpha=alpha, n_threads=n_threads)
        assert alone == pytest.approx(loss, rel=SUM_RTOL[dtype])


@every_path
@every_dtype
@property_test(40)
@given(
    spec=networks(),
    n=st.sampled_from([0, *AWKWARD]),
    seed=st.integers(0, 1000),
    n_threads=st.integers(1, 3),
)
def test_forward_equals_the_twin(dtype, simd, spec, n, seed, n_threads):
    check_forward(spec, n, seed, dtype, simd, n_threads)


@every_path
@property_test(60)
@given(
    spec=networks(),
    n=st.sampled_from([2, *AWKWARD[1:]]),
    seed=st.integers(0, 1000),
    n_threads=st.integers(1, 3),
    training=st.booleans(),
    weighted=st.booleans(),
    alpha=st.sampled_from([0.0, 0.7]),
)
def test_loss_and_gradient_equal_the_twin(
    simd, spec, n, seed, n_threads, training, weighted, alpha
):
    check_gradient(spec, n, seed, "float64", simd, n_threads, training, weighted, alpha)


@every_path
@property_test(40)
@given(spec=towers(), n=st.sampled_from([2, 17, 65]), training=st.booleans())
def test_loss_and_gradient_of_towers_with_skips_equal_the_twin(simd, spec, n, training):
    check_gradient(spec, n, 0, "float64", simd, 2, training, weighted=True, alpha=0.1)


@every_path
@property_test(60)
@given(
    spec=networks(smooth=True),
    n=st.sampled_from([16, 17, 63, 64, 65, 300]),
    seed=st.integers(0, 1000),
    n_threads=st.integers(1, 3),
    training=st.booleans(),
    weighted=st.booleans(),
    alpha=st.sampled_from([0.0, 0.7]),
)
def test_loss_and_gradient_in_float32_are_close_to_the_twin(
    simd, spec, n, seed, n_threads, training, weighted, alpha
):
    check_gradient(spec, n, seed, "float32", simd, n_threads, training, weighted, alpha)


@every_dtype
@pytest.mark.parametrize("build", [two_hidden, residual])
@pytest.mark.parametrize("normalization", [BATCH, LAYER])
def test_activations_of_every_layer_equal_the_twin(dtype, build, normalization):
    spec = build(normalization=normalization)
    parameters, X, _, _ = scaled_problem(spec, 33, 0)
    network = network_of(spec, dtype)
    trace = reference.forward(spec, parameters, X)
    for l in range(len(spec.layers)):
        actual = network.activations(cast(parameters, dtype), cast(X, dtype), l)
        assert_close(actual, trace[l].outputs, TOLERANCE[dtype])


@every_dtype
@pytest.mark.parametrize("build", [two_hidden, residual])
@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_moments_are_those_of_the_pre_activations(dtype, build, n_threads):
    spec = build(normalization=BATCH)
    parameters, X, _, _ = scaled_problem(spec, 150, 0)
    network = network_of(spec, dtype)
    trace = reference.forward(spec, parameters, X)
    for l in range(len(spec.layers) - 1):
        mean, variance = network.moments(
            cast(parameters, dtype), cast(X, dtype), l, n_threads=n_threads
        )
        assert mean.dtype == variance.dtype == np.float64
        assert_close(mean, trace[l].z.mean(axis=0), TOLERANCE[dtype])
        assert_close(variance, trace[l].z.var(axis=0), TOLERANCE[dtype])


@every_dtype
def test_rows_choose_samples_in_their_order_with_repetition(dtype):
    spec = residual(LAYER)
    parameters, X, y, weights = (cast(array, dtype) for array in scaled_problem(spec, 40, 0))
    network = network_of(spec, dtype)
    rows = np.array([3, 39, 3, 0, 17], dtype=np.int64)
    for method in (network.forward, network.predict):
        np.testing.assert_array_equal(
            method(parameters, X, rows=rows), method(parameters, X[rows].copy())
        )
    np.testing.assert_array_equal(
        network.activations(parameters, X, 2, rows=rows),
        network.activations(parameters, X[rows].copy(), 2),
    )
    chosen = [array[rows].copy() for array in (X, y, weights)]
    assert network.loss(parameters, X, y, weights, rows=rows, alpha=0.1) == network.loss(
        parameters, *chosen, alpha=0.1
    )
    loss, gradient = network.loss_and_gradient(parameters, X, y, weights, rows=rows)
    expected_loss, expected = network.loss_and_gradient(parameters, *chosen)
    assert loss == expected_loss
    np.testing.assert_array_equal(gradient, expected)
    for actual, wanted in zip(
        network.moments(parameters, X, 1, rows=rows),
        network.moments(parameters, chosen[0], 1),
        strict=True,
    ):
        np.testing.assert_array_equal(actual, wanted)


LINKS = {
    "squared_error": (Component("squared_error"), 3),
    "poisson": (Component("poisson"), 3),
    "quantile": (Component("quantile", {"quantile": [0.1, 0.5, 0.9]}), 1),
}


@every_dtype
@pytest.mark.parametrize("link", LINKS)
def test_predictions_in_units_are_means_scaled_in_double(dtype, link):
    loss, n_targets = LINKS[link]
    spec = two_hidden(loss=loss, normalization=LAYER)
    parameters, X, _, _ = scaled_problem(spec, 517, 0)
    network = network_of(spec, dtype)
    parameters, X = cast(parameters, dtype), cast(X, dtype)
    mean, scale = np.array([1e9, -1.0, 0.0])[:n_targets], np.array([3.0, 0.1, 1.0])[:n_targets]
    outputs = network.forward(parameters, X).astype(np.float64)
    means = LOSSES[link].means(outputs, **loss_settings(spec))
    predicted, n_wrong = network.predict_in_units(parameters, X, mean, scale)
    assert predicted.dtype == np.float64 and n_wrong == 0
    np.testing.assert_allclose(predicted, means * scale + mean, rtol=1e-14, atol=1e-14)
    rows = np.array([3, 516, 3, 0], dtype=np.int64)
    for n_threads in (1, 2, 3):
        again, _ = network.predict_in_units(parameters, X, mean, scale, n_threads=n_threads)
        np.testing.assert_array_equal(again, predicted)
    some, _ = network.predict_in_units(parameters, X, mean, scale, rows=rows)
    np.testing.assert_array_equal(some, predicted[rows])


WRONG_UNITS = [
    ({"mean": np.zeros(1)}, ValueError, "mean has 1 entries, 3 are wanted"),
    ({"scale": np.ones(4)}, ValueError, "scale has 4 entries, 3 are wanted"),
    ({"scale": np.ones(3, np.float32)}, TypeError, "scale must be float64, got float32"),
    ({"mean": [0.0, 0.0, 0.0]}, TypeError, "mean must be a NumPy array, got list"),
    ({"mean": np.array([0, np.nan, 0])}, ValueError, "mean must be finite, entry 1 is nan"),
    ({"scale": np.array([0, 0, np.inf])}, ValueError, "scale must be finite, entry 2 is inf"),
    ({"loss": LINKS["quantile"][0]}, ValueError, "mean has 3 entries, 1 are wanted"),
]


@pytest.mark.parametrize(("changes", "error", "message"), WRONG_UNITS)
def test_wrong_units_are_refused(changes, error, message):
    given = {"loss": LINKS["squared_error"][0], "mean": np.zeros(3), "scale": np.ones(3)} | changes
    spec = two_hidden(loss=given["loss"])
    parameters, X, _, _ = scaled_problem(spec, 5, 0)
    with pytest.raises(error, match=message):
        network_of(spec).predict_in_units(parameters, X, given["mean"], given["scale"])


@pytest.mark.parametrize("n_threads", [1, 2])
def test_rows_that_are_not_finite_are_counted(n_threads):
    spec = residual(NONE)
    parameters, X, _, _ = scaled_problem(spec, 517, 0)
    wrong = [0, 3, 239, 240, 516]
    X[wrong] = np.array([[np.nan], [np.inf], [-np.inf], [np.nan], [np.nan]])
    units = np.zeros(3), np.ones(3)
    network = network_of(spec)
    predicted, n_wrong = network.predict_in_units(parameters, X, *units, n_threads=n_threads)
    assert n_wrong == len(wrong)
    assert np.flatnonzero(~np.isfinite(predicted).all(axis=1)).tolist() == wrong
    nothing, n_wrong = network.predict_in_units(parameters, X[:0], *units, n_threads=n_threads)
    assert nothing.shape == (0, 3) and n_wrong == 0


@every_dtype
@pytest.mark.parametrize("build", [two_hidden, residual])
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER])
@pytest.mark.parametrize("reparametrization", [NONE, Component("weight_norm")])
def test_a_prepared_network_gives_the_same_bits(dtype, build, normalization, reparametrization):
    spec = build(normalization=normalization, reparametrization=reparametrization)
    parameters, X, _, _ = (cast(array, dtype) for array in scaled_problem(spec, 517, 0))
    network = network_of(spec, dtype)
    rows = np.array([3, 39, 3, 0], dtype=np.int64)
    outputs, means = network.forward(parameters, X), network.predict(parameters, X)
    units = np.linspace(-3, 1e6, network.n_outputs), np.linspace(0.3, 7, network.n_outputs)
    in_units, _ = network.predict_in_units(parameters, X, *units)
    prepared = network.prepare(parameters)
    parameters[:] = 0
    np.testing.assert_array_equal(prepared.predict_in_units(X, *units)[0], in_units)
    some, n_wrong = prepared.predict_in_units(X, *units, rows=rows)
    np.testing.assert_array_equal(some, in_units[rows])
    assert n_wrong == 0
    for n_threads in (1, 2):
        np.testing.assert_array_equal(prepared.forward(X, n_threads=n_threads), outputs)
        np.testing.assert_array_equal(prepared.predict(X, n_threads=n_threads), means)
    np.testing.assert_array_equal(prepared.forward(X, rows=rows), outputs[rows])
    for one in range(3):
        np.testing.assert_array_equal(prepared.predict(X[one : one + 1]), means[one : one + 1])
    few = sparse.csr_matrix(np.where(X > 0.5, X, 0))
    csr = _core.SparseRows(few.data, few.indices, few.indptr.astype(np.int64), X.shape[1])
    np.testing.assert_array_equal(prepared.forward(csr), prepared.forward(few.toarray()))


def test_a_prepared_network_serves_several_python_threads():
    spec = residual(BATCH)
    parameters, X, _, _ = scaled_problem(spec, 300, 0)
    network = network_of(spec)
    prepared, expected = network.prepare(parameters), network.predict(parameters, X)

    def predictions(_):
        return [prepared.predict(X) for _ in range(50)]

    with ThreadPoolExecutor(4) as pool:
        for answers in pool.map(predictions, range(4)):
            for answer in answers:
                np.testing.assert_array_equal(answer, expected)


def test_a_prepared_network_refuses_what_the_network_refuses():
    spec = residual(LAYER)
    parameters, X, _, _ = scaled_problem(spec, 5, 0)
    network = network_of(spec)
    with pytest.raises(ValueError, match="parameters has"):
        network.prepare(parameters[:-1])
    prepared = network.prepare(parameters)
    with pytest.raises(ValueError, match="columns, the network expects"):
        prepared.forward(X[:, :-1].copy())
    with pytest.raises(TypeError, match="X must be float64, got float32"):
        prepared.predict(X.astype(np.float32))


@every_dtype
@pytest.mark.parametrize("offset", [1, 3, 5])
def test_arrays_may_begin_anywhere_in_memory(dtype, offset):
    """Contiguous, but not on a cache line."""
    spec = residual(LAYER)
    parameters, X, y, weights = (cast(array, dtype) for array in scaled_problem(spec, 40, 0))
    moved = np.empty(parameters.size + offset, dtype)[offset:]
    moved[:] = parameters
    network = network_of(spec, dtype)
    loss, gradient = network.loss_and_gradient(moved, X[offset:], y[offset:], weights[offset:])
    expected_loss, expected = network.loss_and_gradient(
        parameters, X[offset:].copy(), y[offset:].copy(), weights[offset:].copy()
    )
    assert loss == expected_loss
    np.testing.assert_array_equal(gradient, expected)


@every_dtype
def test_measuring_gives_the_same_bits_on_any_number_of_threads(dtype):
    spec = residual(BATCH)
    parameters, X, y, weights = (cast(array, dtype) for array in scaled_problem(spec, 517, 0))
    network = network_of(spec, dtype)

    def measured(n_threads):
        loss, gradient = network.loss_and_gradient(
            parameters, X, y, weights, training=True, n_threads=n_threads
        )
        return [
            network.forward(parameters, X, n_threads=n_threads),
            network.loss(parameters, X, y, weights, n_threads=n_threads),
            *network.moments(parameters, X, 1, n_threads=n_threads),
            loss,
            gradient,
        ]

    for n_threads in (2, 3):
        for actual, expected in zip(measured(n_threads), measured(1), strict=True):
            np.testing.assert_array_equal(actual, expected)


def test_inputs_are_only_read():
    spec = two_hidden(normalization=BATCH)
    arrays = scaled_problem(spec, 20, 0)
    kept = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    network = network_of(spec)
    network.loss_and_gradient(*arrays, training=True)
    network.predict(*arrays[:2])
    for array, copy in zip(arrays, kept, strict=True):
        np.testing.assert_array_equal(array, copy)
