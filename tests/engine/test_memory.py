"""Who holds which array: data is referenced, not copied, and lives as long as it is needed."""

import gc

import numpy as np
import pytest
from scipy import sparse
from small_networks import BATCH, NONE, describe, scaled_problem, two_hidden
from small_networks import network_of as spec_of

from engine.building import cast, network_of, parameters_after, rows_of_csr, trainer_of
from engine.strategies import every_dtype
from reference import Component, LayerSpec

pytestmark = pytest.mark.slow

ADAM = Component("adam")


def epoch_of(trainer, epoch, n_threads=1):
    trainer.begin_epoch(epoch)
    return trainer.run(np.full(trainer.steps_per_epoch, 0.01), n_threads)


def churn():
    """Frees what nobody holds and writes over it."""
    gc.collect()
    return [np.full(n, np.nan) for n in range(1, 400) for _ in range(8)]


@every_dtype
@pytest.mark.parametrize("csr", [False, True])
def test_a_trainer_keeps_its_data_and_its_network_alive(dtype, csr):
    spec = two_hidden()
    arrays = scaled_problem(spec, 60, 0)

    def trained(keep):
        parameters, X, y, weights = (array.astype(dtype) for array in arrays)
        inputs = rows_of_csr(sparse.csr_matrix(X), dtype) if csr else X
        rows = np.arange(0, 60, 2, dtype=np.int64)
        trainer = trainer_of(spec, ADAM, dtype=dtype, batch_size=7)
        trainer.set_data(inputs, y, weights, rows)
        trainer.load(parameters)
        kept = (inputs, X, y, weights, rows, parameters) if keep else None
        like = np.empty_like(parameters)
        del inputs, X, y, weights, rows, parameters
        waste = churn()
        epoch_of(trainer, 0)
        result = parameters_after(trainer, like)
        del kept, waste
        return result

    np.testing.assert_array_equal(trained(keep=False), trained(keep=True))


@every_dtype
def test_data_is_referenced_so_that_a_later_epoch_sees_a_change(dtype):
    spec = two_hidden()
    parameters, X, y, _ = (cast(array, dtype) for array in scaled_problem(spec, 20, 0))
    trainer = trainer_of(spec, ADAM, dtype=dtype, batch_size=20)
    trainer.set_data(X, y)
    trainer.load(parameters)
    X[:] = 0.0
    epoch_of(trainer, 0)
    changed = parameters_after(trainer, parameters)

    trainer = trainer_of(spec, ADAM, dtype=dtype, batch_size=20)
    trainer.set_data(np.zeros_like(X), y)
    trainer.load(parameters)
    epoch_of(trainer, 0)
    np.testing.assert_array_equal(changed, parameters_after(trainer, parameters))


def test_load_copies_and_store_fills_what_it_is_given():
    spec = two_hidden()
    parameters, X, y, _ = scaled_problem(spec, 20, 0)
    trainer = trainer_of(spec, ADAM)
    trainer.set_data(X, y)
    trainer.load(parameters)
    kept = parameters.copy()
    parameters[:] = np.nan
    np.testing.assert_array_equal(parameters_after(trainer, parameters), kept)
    stored = parameters_after(trainer, parameters)
    epoch_of(trainer, 0)
    np.testing.assert_array_equal(stored, kept)


@pytest.mark.parametrize("normalization", [NONE, BATCH], ids=describe)
@pytest.mark.parametrize("n_threads", [1, 3])
def test_a_trainer_given_other_data_goes_on_as_a_fresh_one_would(normalization, n_threads):
    """Workspaces of the first data, larger or smaller, leave no trace in the second's steps."""
    spec = spec_of(
        LayerSpec(width=130, activation="gelu", normalization=normalization, dropout=0.2),
        LayerSpec(width=70, activation="relu"),
        n_inputs=33,
    )
    parameters, X, y, weights = scaled_problem(spec, 2000, 0)
    data = {
        "many": (X, y, weights),
        "few": (X[:90].copy(), y[:90].copy(), None),
        "sparse": (rows_of_csr(sparse.csr_matrix(np.where(X > 1, X, 0)), "float64"), y, weights),
    }
    used = trainer_of(spec, ADAM, batch_size=80, seed=1)
    used.load(parameters)
    for epoch, name in enumerate(["few", "many", "sparse", "few", "sparse", "many"]):
        before = parameters_after(used, parameters)
        fresh = trainer_of(spec, ADAM, batch_size=80, seed=1)
        fresh.set_state(used.state())
        fresh.load(before)
        for trainer in (used, fresh):
            trainer.set_data(*data[name])
            epoch_of(trainer, epoch, n_threads)
        after = parameters_after(used, parameters)
        assert (after != before).any()
        np.testing.assert_array_equal(after, parameters_after(fresh, parameters))


def test_a_slice_of_no_steps_does_nothing():
    spec = two_hidden()
    parameters, X, y, _ = scaled_problem(spec, 20, 0)
    trainer = trainer_of(spec, ADAM, batch_size=5)
    trainer.set_data(X, y)
    trainer.load(parameters)
    trainer.begin_epoch(0)
    progress = trainer.run(np.zeros(0))
    assert (progress.n_steps, progress.n_rows, progress.epoch_done) == (0, 0, False)
    assert trainer.position == 0
    np.testing.assert_array_equal(parameters_after(trainer, parameters), parameters)


@every_dtype
def test_networks_of_one_spec_share_nothing_that_matters(dtype):
    """Calls on one network, with other rows and parameters between, give the same bits again."""
    spec = two_hidden(normalization=BATCH)
    parameters, X, y, weights = (cast(array, dtype) for array in scaled_problem(spec, 90, 0))
    network = network_of(spec, dtype)
    first = network.loss_and_gradient(parameters, X, y, weights, training=True)
    network.forward(2 * parameters, X[:7].copy())
    network.loss_and_gradient(-parameters, X[:50].copy(), y[:50].copy(), n_threads=2)
    again = network.loss_and_gradient(parameters, X, y, weights, training=True)
    assert first[0] == again[0]
    np.testing.assert_array_equal(first[1], again[1])
