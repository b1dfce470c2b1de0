"""CSR input equals the same rows made dense, in measuring and in training."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from small_networks import BATCH, LAYER, NONE, describe, residual, scaled_problem, two_hidden
from small_networks import network_of as spec_of

import reference
from engine.building import cast, network_of, parameters_after, rows_of_csr, trainer_of
from engine.strategies import (
    AWKWARD,
    TOLERANCE,
    assert_close,
    every_dtype,
    every_path,
    networks,
    property_test,
)
from reference import Component, LayerSpec

ADAM = Component("adam", {"epsilon": 1e-4})

# Some steps of Adam on a smooth network in float64.
TRAINED_TOLERANCE = 1e-9


def sparse_like(X, density, seed):
    """CSR with the pattern of a mask on X; row 0 and the last are empty."""
    kept = np.random.default_rng(seed).uniform(size=X.shape) < density
    kept[:1] = kept[-1:] = False
    return sparse.csr_matrix(np.where(kept, X, 0.0))


@pytest.mark.slow
@every_path
@every_dtype
@property_test(30)
@given(
    spec=networks(smooth=True),
    n=st.sampled_from([0, *AWKWARD]),
    density=st.sampled_from([0.0, 0.05, 0.5, 1.0]),
    seed=st.integers(0, 1000),
    n_threads=st.integers(1, 3),
)
def test_csr_rows_equal_dense_rows(dtype, simd, spec, n, density, seed, n_threads):
    parameters, X, y, weights = scaled_problem(spec, n, seed)
    csr = sparse_like(X, density, seed)
    network = network_of(spec, dtype, simd)
    flat, rows = cast(parameters, dtype), rows_of_csr(csr, dtype)
    outputs = network.forward(flat, rows, n_threads=n_threads)
    assert_close(outputs, reference.outputs(spec, parameters, csr), TOLERANCE[dtype])
    if n > 1 and weights is not None:
        loss, gradient = network.loss_and_gradient(
            flat, rows, cast(y, dtype), cast(weights, dtype), n_threads=n_threads
        )
        expected_loss, expected = reference.loss_and_gradient(spec, parameters, csr, y, weights)
        assert loss == pytest.approx(expected_loss, rel=TOLERANCE[dtype])
        assert_close(gradient, expected, TOLERANCE[dtype])


def trained(
    spec, X, y, weights, parameters, *, rows=None, n_threads=1, n_epochs=3, batch_size=8, **settings
):
    trainer = trainer_of(spec, ADAM, alpha=0.1, batch_size=batch_size, seed=3, **settings)
    trainer.set_data(X, y, weights, rows)
    trainer.load(parameters)
    for epoch in range(n_epochs):
        trainer.begin_epoch(epoch)
        trainer.run(np.full(trainer.steps_per_epoch, 0.01), n_threads)
    return parameters_after(trainer, parameters)


@pytest.mark.parametrize("build", [two_hidden, residual])
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
@pytest.mark.parametrize("chosen", [False, True])
def test_training_on_csr_equals_training_on_dense(build, normalization, chosen):
    spec = build(normalization=normalization)
    parameters, X, y, weights = scaled_problem(spec, 50, 0)
    csr = sparse_like(X, 0.3, 0)
    rows = np.arange(1, 50, 2, dtype=np.int64)[::-1].copy() if chosen else None
    dense = trained(spec, csr.toarray(), y, weights, parameters, rows=rows)
    actual = trained(spec, rows_of_csr(csr, "float64"), y, weights, parameters, rows=rows)
    assert np.abs(dense - parameters).max() > 0.01
    assert_close(actual, dense, TRAINED_TOLERANCE)


@every_path
@every_dtype
def test_training_on_csr_gives_the_same_bits_on_any_number_of_threads(dtype, simd):
    """Large enough that three threads are worth their while."""
    spec = network_of_width(130, n_inputs=500)
    arrays = [cast(array, dtype) for array in scaled_problem(spec, 400, 0)]
    parameters, X, y, weights = arrays
    csr = rows_of_csr(sparse_like(X, 0.1, 0), dtype)
    settings = {"dtype": dtype, "simd": simd, "batch_size": 160}
    one = trained(spec, csr, y, weights, parameters, **settings)
    for n_threads in (2, 3):
        np.testing.assert_array_equal(
            trained(spec, csr, y, weights, parameters, n_threads=n_threads, **settings), one
        )


def network_of_width(width, n_inputs):
    hidden = [
        LayerSpec(width=width, activation="gelu", normalization=BATCH),
        LayerSpec(width=width, activation="tanh", dropout=0.3),
    ]
    return spec_of(*hidden, n_inputs=n_inputs)


@every_path
@property_test(30)
@given(
    spec=networks(),
    density=st.sampled_from([0.0, 0.05, 0.5, 1.0]),
    n=st.sampled_from([16, 17, 65, 130]),
    batch_size=st.sampled_from([15, 16, 64, 300]),
    seed=st.integers(0, 1000),
    n_threads=st.integers(1, 3),
)
def test_awkward_networks_train_on_csr_as_on_dense(
    simd, spec, density, n, batch_size, seed, n_threads
):
    parameters, X, y, weights = scaled_problem(spec, n, seed)
    csr = sparse_like(X, density, seed)
    settings = {"simd": simd, "batch_size": batch_size, "n_epochs": 1}
    dense = trained(spec, csr.toarray(), y, weights, parameters, **settings)
    actual = trained(
        spec, rows_of_csr(csr, "float64"), y, weights, parameters, n_threads=n_threads, **settings
    )
    assert_close(actual, dense, TRAINED_TOLERANCE)


@every_path
@every_dtype
def test_rows_of_csr_are_chosen_in_their_order_with_repetition(dtype, simd):
    spec = two_hidden()
    parameters, X, y, weights = (cast(array, dtype) for array in scaled_problem(spec, 40, 0))
    csr = sparse_like(X, 0.5, 0)
    rows = np.array([3, 39, 3, 0, 17], dtype=np.int64)
    network = network_of(spec, dtype, simd)
    whole, part = rows_of_csr(csr, dtype), rows_of_csr(csr[rows], dtype)
    np.testing.assert_array_equal(
        network.predict(parameters, whole, rows=rows), network.predict(parameters, part)
    )
    loss, gradient = network.loss_and_gradient(parameters, whole, y, weights, rows=rows)
    expected_loss, expected = network.loss_and_gradient(
        parameters, part, cast(y[rows], dtype), cast(weights[rows], dtype)
    )
    assert loss == expected_loss
    np.testing.assert_array_equal(gradient, expected)


def test_a_rows_prediction_does_not_depend_on_the_other_rows_of_csr():
    spec = network_of_width(65, n_inputs=300)
    parameters, X, _, _ = scaled_problem(spec, 101, 0)
    csr = sparse_like(X, 0.1, 0)
    network = network_of(spec)
    together = network.predict(parameters, rows_of_csr(csr, "float64"))
    for n in (1, 5, 16, 65):
        part = network.predict(parameters, rows_of_csr(csr[20 : 20 + n], "float64"))
        np.testing.assert_array_equal(part, together[20 : 20 + n])


def test_batches_without_any_entry_train_the_biases_alone():
    """Without shuffle the first two batches of eight are empty rows."""
    spec = two_hidden()
    parameters, X, y, weights = scaled_problem(spec, 16, 0)
    empty = sparse.csr_matrix(X.shape)
    after = trained(spec, rows_of_csr(empty, "float64"), y, weights, parameters, shuffle=False)
    dense = trained(spec, np.zeros_like(X), y, weights, parameters, shuffle=False)
    assert_close(after, dense, TRAINED_TOLERANCE)
    assert np.abs(after - parameters).max() > 0.01
