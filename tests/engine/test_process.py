"""What the engine does to the process around it: threads, forks, the GIL, denormal numbers."""

import multiprocessing
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
import threadpoolctl
from small_networks import LAYER, scaled_problem
from small_networks import network_of as spec_of

from deepgen import _core
from engine.building import network_of, parameters_after, trainer_of
from reference import Component, LayerSpec

pytestmark = pytest.mark.slow

# A child that hangs in a dead thread team never comes back; a healthy one needs milliseconds.
CHILD_SECONDS = 60

N_SLICES = 21

SPEC = spec_of(LayerSpec(width=128, normalization=LAYER), LayerSpec(width=128), n_inputs=64)


def trained(n_threads):
    parameters, X, y, _ = scaled_problem(SPEC, 1024, 0)
    trainer = trainer_of(SPEC, Component("adam"), batch_size=256, seed=1)
    trainer.set_data(X, y)
    trainer.load(parameters)
    for epoch in range(3):
        trainer.begin_epoch(epoch)
        trainer.run(np.full(trainer.steps_per_epoch, 0.01), n_threads)
    return parameters_after(trainer, parameters)


def report(pipe):
    pipe.send((_core.max_threads(), trained(2)))
    pipe.close()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork"
)
def test_a_forked_child_trains_to_the_same_bits_on_one_thread():
    """libgomp's threads do not survive a fork; a region in the child would wait for them."""
    expected = trained(2)  # the parent has had a parallel region
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=report, args=(sender,))
    child.start()
    try:
        assert receiver.poll(CHILD_SECONDS), "the child hangs"
        n_threads, actual = receiver.recv()
    finally:
        child.kill()
        child.join()
        child.close()
    assert n_threads == 1
    np.testing.assert_array_equal(actual, expected)


def test_other_threads_run_python_while_a_slice_is_trained():
    # Slices that outlast the turns which the system gives to other programs.
    parameters, X, y, _ = scaled_problem(SPEC, 4_000, 0)
    trainer = trainer_of(SPEC, Component("adam"), batch_size=8)
    trainer.set_data(X, y)
    trainer.load(parameters)
    turns, gains = 0, []

    def train():
        for epoch in range(N_SLICES):
            trainer.begin_epoch(epoch)
            before = turns
            trainer.run(np.full(trainer.steps_per_epoch, 0.001))
            gains.append(turns - before)

    worker = threading.Thread(target=train)
    worker.start()
    while worker.is_alive():
        turns += 1
    assert len(gains) == N_SLICES
    # With the GIL held for a slice, no turn falls into it but by a switch at its very edge.
    assert np.median(gains) > 10


def test_two_trainers_in_two_threads_do_not_disturb_each_other():
    expected = trained(1)
    results = {}

    def work(name, n_threads):
        results[name] = trained(n_threads)

    workers = [threading.Thread(target=work, args=(i, 1 + i % 2)) for i in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for i in range(4):
        np.testing.assert_array_equal(results[i], expected)


def test_a_trainer_at_work_turns_other_threads_away():
    """Without the GIL a second thread could come in, and the two would write the same weights."""
    parameters, X, y, _ = scaled_problem(SPEC, 8192, 0)
    trainer = trainer_of(SPEC, Component("adam"), batch_size=32)
    trainer.set_data(X, y)
    trainer.load(parameters)
    trainer.begin_epoch(0)
    outcomes = []

    def use(call):
        while not outcomes:
            try:
                call()
            except RuntimeError as error:
                outcomes.append(str(error))

    for call in (lambda: trainer.state(), lambda: trainer.store(parameters)):
        outcomes.clear()
        other = threading.Thread(target=use, args=(call,))
        other.start()
        while other.is_alive():
            trainer.begin_epoch(0)
            try:
                trainer.run(np.full(trainer.steps_per_epoch, 0.001))
            except RuntimeError as error:
                outcomes.append(str(error))
        assert set(outcomes) == {"the trainer is at work in another thread"}
    trainer.begin_epoch(0)
    assert trainer.run(np.full(3, 0.001)).n_steps == 3


def test_one_network_measures_in_several_threads_at_once():
    parameters, X, y, weights = scaled_problem(SPEC, 300, 0)
    network = network_of(SPEC)

    def measured(n_threads):
        loss, gradient = network.loss_and_gradient(
            parameters, X, y, weights, training=True, n_threads=n_threads
        )
        return np.append(gradient, loss)

    expected = measured(1)
    results = {}

    def work(name):
        results[name] = [measured(1 + name % 2) for _ in range(5)]

    workers = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for i in range(4):
        for result in results[i]:
            np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_training_leaves_denormal_numbers_to_others_as_they_were(n_threads):
    trained(n_threads)
    smallest = np.full(64, 5e-324)
    assert (smallest + 0.0 == 5e-324).all() and (smallest * 1.0 != 0.0).all()


@pytest.mark.parametrize("simd", _core.simd_paths())
def test_measuring_in_float64_keeps_denormal_numbers(simd):
    network = network_of(spec_of(n_inputs=1, n_outputs=1, bias=False), "float64", simd)
    outputs = network.forward(np.full(1, 1e-310), np.ones((20, 1)), n_threads=2)
    np.testing.assert_array_equal(outputs, 1e-310)


def test_threadpoolctl_limits_the_team():
    trained(2)  # so that OpenMP's runtime is loaded
    with threadpoolctl.threadpool_limits(1):
        assert _core.max_threads() == 1
    with threadpoolctl.threadpool_limits(3):
        assert _core.max_threads() == 3


def printed(expression, **environment):
    """What a fresh process prints for an expression on _core."""
    code = f"from deepgen import _core; print({expression})"
    command = [sys.executable, "-c", code]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_omp_num_threads_limits_the_team():
    assert printed("_core.max_threads()", OMP_NUM_THREADS="3").stdout.strip() == "3"


SIMD_OF_A_NETWORK = (
    "_core.Network(_core.NetworkSpec(n_inputs=1, layers=[_core.LayerSpec(width=1, "
    "activation='identity')], loss=_core.Component('squared_error'))).simd"
)


@pytest.mark.parametrize("simd", _core.simd_paths())
def test_an_environment_variable_forces_a_simd_path(simd):
    assert printed(SIMD_OF_A_NETWORK, DEEPGEN_SIMD=simd).stdout.strip() == simd


def test_an_environment_variable_that_names_no_path_is_refused_with_the_known_ones():
    run = printed(SIMD_OF_A_NETWORK, DEEPGEN_SIMD="mmx")
    assert run.returncode != 0
    assert "mmx" in run.stderr and "portable" in run.stderr


def test_without_the_variable_the_best_path_runs():
    environment = {"DEEPGEN_SIMD": ""}
    assert printed(SIMD_OF_A_NETWORK, **environment).stdout.strip() == _core.simd_paths()[0]


@pytest.mark.parametrize("simd", _core.simd_paths())
@pytest.mark.parametrize("n_threads", [1, 2])
def test_moments_of_a_dead_unit_fade_to_zero_and_not_to_denormal_numbers(simd, n_threads):
    """Without a gradient 0.9^t is denormal in float32 from t = 830 on, and slow ever after."""
    width, batch_size, n_steps = 100, 32, 900
    spec = spec_of(n_inputs=width, n_outputs=width)
    parameters = np.zeros(width * width + width, np.float32)
    trainer = trainer_of(spec, Component("adam"), dtype="float32", simd=simd, batch_size=batch_size)
    trainer.load(parameters)
    moments = []
    for inputs, n in [(1.0, 1), (0.0, n_steps)]:
        X = np.full((n * batch_size, width), inputs, np.float32)
        trainer.set_data(X, np.ones_like(X))
        trainer.begin_epoch(0)
        trainer.run(np.full(n, 0.01), n_threads)
        moments.append(np.abs(trainer.state()["adam_0"][: width * width]))
    alive, faded = moments
    assert (alive > 0.0).all()
    np.testing.assert_array_equal(faded, 0.0)
