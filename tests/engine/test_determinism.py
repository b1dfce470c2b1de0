"""Same seed, same bits: whatever the threads, however an epoch is cut, wherever it is resumed."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_networks import (
    BATCH,
    LAYER,
    NONE,
    SKIP_COMPONENTS,
    describe,
    network_of,
    scaled_problem,
)

from engine.building import cast, parameters_after, trainer_of
from engine.strategies import awkward, every_dtype, every_path, property_test
from reference import Component, LayerSpec

OPTIMIZERS = [Component("sgd"), Component("adam", {"weight_decay": 0.01})]

# An epoch of the network below is worth three threads to the trainer, which uses fewer where
# meeting costs more than sharing saves; a test at the end watches that it is.
N_ROWS, BATCH_SIZE = 1003, 37


def deep(normalization, *, width=70, dropout=0.3):
    """Wide enough for several tiles and row blocks, with a skip and dropout."""
    hidden = [
        LayerSpec(width=130, activation="gelu", normalization=normalization, dropout=dropout),
        LayerSpec(width=width, activation="relu", normalization=normalization, dropout=dropout),
        LayerSpec(width=130, activation="identity", normalization=normalization, skip_from=0),
    ]
    return network_of(*hidden, n_inputs=17)


def bridged(skip):
    """Layers wide enough for several panels, all but the first with a skip and dropped branches."""
    common = {"width": 70, "normalization": LAYER}
    hidden = [
        LayerSpec(**common),
        LayerSpec(**common, skip_from=0, skip=skip, dropout=0.2, branch_drop=0.3),
        LayerSpec(**common, activation="identity", skip_from=1, skip=skip, branch_drop=0.5),
    ]
    return network_of(*hidden, n_inputs=17)


class Run:
    """A trainer with its data, and its progress in each epoch."""

    def __init__(
        self,
        spec,
        optimizer,
        *,
        wrappers=(),
        dtype="float32",
        simd="",
        batch_size=BATCH_SIZE,
        n=N_ROWS,
    ):
        parameters, X, y, weights = scaled_problem(spec, n, 0)
        self.start = cast(parameters, dtype)
        self.trainer = trainer_of(
            spec,
            optimizer,
            wrappers=wrappers,
            dtype=dtype,
            simd=simd,
            alpha=0.1,
            batch_size=batch_size,
            seed=11,
        )
        self.trainer.set_data(*(cast(array, dtype) for array in (X, y, weights)))
        self.trainer.load(self.start)
        self.progress = []

    def epoch(self, epoch, *, n_threads=1, slices=None):
        """Trains an epoch in slices of the given numbers of steps, repeated in turn."""
        self.trainer.begin_epoch(epoch)
        n_steps = self.trainer.steps_per_epoch
        rates = 0.01 / (1.0 + np.arange(n_steps))
        slices = [n_steps] if slices is None else slices
        done, turn = 0, 0
        while done < n_steps:
            stop = min(done + slices[turn % len(slices)], n_steps)
            progress = self.trainer.run(rates[done:stop].copy(), n_threads)
            assert progress.n_steps == stop
            assert progress.epoch_done == (stop == n_steps)
            done, turn = stop, turn + 1
        self.progress.append(progress)
        return self

    def parameters(self):
        return parameters_after(self.trainer, self.start)


def assert_same_bits(run, other):
    np.testing.assert_array_equal(run.parameters(), other.parameters())
    state, expected = run.trainer.state(), other.trainer.state()
    assert state.keys() == expected.keys()
    for name in state:
        np.testing.assert_array_equal(state[name], expected[name])


@pytest.mark.slow
@every_path
@every_dtype
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=describe)
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
@pytest.mark.parametrize("batch_size", [BATCH_SIZE, 166])
def test_bits_do_not_depend_on_threads(dtype, simd, optimizer, normalization, batch_size):
    one, two, three = (
        Run(deep(normalization), optimizer, dtype=dtype, simd=simd, batch_size=batch_size)
        .epoch(0, n_threads=n_threads)
        .epoch(1, n_threads=n_threads)
        for n_threads in (1, 2, 3)
    )
    assert np.abs(one.parameters() - one.start).max() > 0.001
    for other in (two, three):
        assert_same_bits(one, other)
        for progress, expected in zip(other.progress, one.progress, strict=True):
            assert progress.loss == expected.loss
            assert progress.gradient_norm == expected.gradient_norm


@every_path
def test_bits_of_a_single_output_do_not_depend_on_threads(simd):
    """Its weights are several items, of several panels each."""
    spec = network_of(LayerSpec(width=1100), n_inputs=17, n_outputs=1)
    one, *others = (
        Run(spec, OPTIMIZERS[1], simd=simd, n=200).epoch(0, n_threads=n) for n in (1, 2, 3)
    )
    for other in others:
        assert_same_bits(one, other)


@pytest.mark.slow
@every_path
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
@pytest.mark.parametrize("slices", [[1], [2, 1], [4], [100]], ids=str)
def test_bits_do_not_depend_on_slices(simd, normalization, slices):
    whole = Run(deep(normalization), OPTIMIZERS[1], simd=simd)
    whole.epoch(0, n_threads=3).epoch(1, n_threads=3)
    cut = Run(deep(normalization), OPTIMIZERS[1], simd=simd)
    cut.epoch(0, n_threads=2, slices=slices).epoch(1, n_threads=3, slices=slices)
    assert_same_bits(cut, whole)
    for progress, expected in zip(cut.progress, whole.progress, strict=True):
        for quantity in ("loss", "gradient_norm", "n_rows", "n_steps"):
            assert getattr(progress, quantity) == getattr(expected, quantity)


@every_path
@every_dtype
@pytest.mark.parametrize("skip", SKIP_COMPONENTS, ids=describe)
def test_bits_of_every_skip_depend_neither_on_threads_nor_on_slices(dtype, simd, skip):
    whole, cut, resumed = (
        Run(bridged(skip), OPTIMIZERS[1], dtype=dtype, simd=simd) for _ in range(3)
    )
    whole.epoch(0)
    resumed.trainer.set_state(whole.trainer.state())
    resumed.trainer.load(whole.parameters())
    whole.epoch(1)
    assert_same_bits(resumed.epoch(1), whole)
    assert_same_bits(cut.epoch(0, n_threads=3, slices=[2, 1]).epoch(1, n_threads=2), whole)


@pytest.mark.slow
@property_test(40)
@given(
    normalization=st.sampled_from([NONE, BATCH, LAYER]),
    dtype=st.sampled_from(["float32", "float64"]),
    width=awkward,
    dropout=st.sampled_from([0.0, 0.5]),
    batch_size=st.sampled_from([15, 16, 64, 100, 251]),
    slices=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    n_threads=st.integers(1, 3),
)
def test_bits_depend_neither_on_threads_nor_on_slices_for_awkward_shapes(
    normalization, dtype, width, dropout, batch_size, slices, n_threads
):
    spec = deep(normalization, width=width, dropout=dropout)
    settings = {"dtype": dtype, "batch_size": batch_size, "n": 501}
    whole = Run(spec, OPTIMIZERS[1], **settings).epoch(0, n_threads=3)
    cut = Run(spec, OPTIMIZERS[1], **settings).epoch(0, n_threads=n_threads, slices=slices)
    assert_same_bits(cut, whole)


@every_dtype
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=describe)
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
def test_a_trainer_restored_from_its_state_continues_to_the_bit(dtype, optimizer, normalization):
    spec = deep(normalization)
    through = Run(spec, optimizer, dtype=dtype).epoch(0).epoch(1)
    kept = {name: np.array(values) for name, values in through.trainer.state().items()}
    parameters = through.parameters()
    through.epoch(2)

    resumed = Run(spec, optimizer, dtype=dtype)
    resumed.trainer.set_state(kept)
    resumed.trainer.load(parameters)
    resumed.epoch(2)
    assert_same_bits(resumed, through)

    forgetful = Run(spec, optimizer, dtype=dtype)
    forgetful.trainer.load(parameters)
    forgetful.epoch(2)
    assert (forgetful.parameters() != through.parameters()).any()


@every_dtype
def test_state_is_a_copy_that_later_steps_leave_alone(dtype):
    run = Run(deep(NONE), OPTIMIZERS[1], dtype=dtype).epoch(0)
    state = run.trainer.state()
    kept = {name: np.array(values) for name, values in state.items()}
    run.epoch(1)
    for name in state:
        np.testing.assert_array_equal(state[name], kept[name])


@every_path
@every_dtype
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
def test_load_then_store_gives_the_same_vector(dtype, simd, normalization):
    run = Run(deep(normalization), OPTIMIZERS[1], dtype=dtype, simd=simd)
    np.testing.assert_array_equal(run.parameters(), run.start)
    other = cast(np.random.default_rng(1).normal(size=run.start.size), dtype)
    run.trainer.load(other)
    np.testing.assert_array_equal(run.parameters(), other)


def test_position_counts_the_rows_of_the_epoch():
    run = Run(deep(NONE), OPTIMIZERS[0])
    run.trainer.begin_epoch(0)
    assert run.trainer.position == 0
    run.trainer.run(np.full(2, 0.01))
    assert run.trainer.position == 2 * BATCH_SIZE
    run.trainer.run(np.full(run.trainer.steps_per_epoch - 2, 0.01))
    assert run.trainer.position == N_ROWS


def test_run_never_passes_the_end_of_the_epoch():
    run = Run(deep(NONE), OPTIMIZERS[0])
    run.trainer.begin_epoch(0)
    progress = run.trainer.run(np.full(100, 0.01))
    assert progress.n_steps == run.trainer.steps_per_epoch == 28
    assert progress.n_rows == N_ROWS
    assert progress.epoch_done


def threads_that_came(n_threads):
    """How many threads a fresh process has more after an epoch of training."""
    code = f"""
import os
from engine.test_determinism import NONE, OPTIMIZERS, Run, deep
run = Run(deep(NONE), OPTIMIZERS[0])
before = len(os.listdir("/proc/self/task"))
run.epoch(0, n_threads={n_threads})
print(len(os.listdir("/proc/self/task")) - before)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return int(run.stdout)


@pytest.mark.slow
@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="threads are counted in /proc")
def test_these_tests_really_train_on_as_many_threads_as_they_say():
    assert [1 + threads_that_came(n_threads) for n_threads in (1, 3)] == [1, 3]
