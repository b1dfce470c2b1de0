"""How long does a training step take? deepgen, its NumPy twin and other libraries in one group.

A round is an epoch, its shuffle and the gathering of its rows included; `extra_info` holds the
number of its steps. `targets.py` prints the same as a table of microseconds a step.
"""

import functools

import numpy as np
import pytest
from contestants import PEERS, EngineTraining, NumPyTraining, TwinTraining
from workloads import LEARNING_RATE

from deepgen import _core
from deepgen.optimizers import SOLVERS


@pytest.fixture(autouse=True)
def group(benchmark, workload):
    benchmark.group = f"epoch of {workload.name}"
    benchmark.extra_info["n_steps"] = workload.steps_per_epoch
    benchmark.extra_info["flops"] = workload.flops * workload.steps_per_epoch
    benchmark.extra_info["peak_gflops"] = _core.fma_peak("float32")


@functools.cache
def first_loss(workload):
    """Mean loss of the first epoch, by the reference implementation."""
    return TwinTraining(workload).epoch()


@pytest.mark.parametrize("n_threads", [1, 2])
def test_step_of_deepgen(benchmark, workload, n_threads):
    training = EngineTraining(workload, n_threads)
    # The same steps in float32 and float64: rounding grows along the epoch.
    assert training.epoch() == pytest.approx(first_loss(workload), rel=1e-2)
    assert benchmark(training.epoch) < first_loss(workload)


def test_step_of_numpy_twin(benchmark, workload):
    training = TwinTraining(workload)
    assert training.epoch() == first_loss(workload)
    assert benchmark.pedantic(training.epoch, rounds=3) < first_loss(workload)


def test_step_of_plain_numpy(benchmark, workload):
    n_steps = 20
    ours, plain = EngineTraining(workload, 1, shuffle=False), NumPyTraining(workload, 1)
    start = plain.parameters.copy()
    ours.trainer.begin_epoch(0)
    ours.trainer.run(ours.rates[:n_steps], 1)
    rows = np.arange(n_steps * workload.batch_size).reshape(n_steps, -1)
    for batch in rows:
        plain.step(batch)
    names = [block.name for block in ours.network.layout if block.trainable]
    n_layers = len(plain.layers)
    assert names == [f"{kind}_{k}" for k in range(n_layers) for kind in ("coefs", "intercepts")]
    weights = np.empty_like(start)
    ours.trainer.store(weights)
    moved = np.linalg.norm(weights - start)
    # Adam takes whole steps along the signs of small slopes, so that rounding shows.
    assert np.linalg.norm(weights - plain.parameters) < 1e-3 * moved
    assert benchmark(plain.epoch) < first_loss(workload)


@pytest.mark.parametrize("solver", [name for name in SOLVERS if name != "lbfgs"])
def test_step_of_solver(benchmark, workload, solver):
    optimizer = SOLVERS[solver]()
    training = EngineTraining(workload, 1, optimizer.to_core())
    training.rates[...] = optimizer.rate(LEARNING_RATE)
    loss = training.epoch()
    assert benchmark(training.epoch) < loss


@pytest.mark.parametrize("name", [name for name in PEERS if name != "NumPy"])
def test_step_of_peer(benchmark, workload, name):
    try:
        training = PEERS[name](workload, 1)
    except ModuleNotFoundError as error:
        pytest.skip(str(error))
    # Another shuffle, scikit-learn's own starting weights and its mean over outputs: only the size
    # of the loss can be compared.
    loss = training.epoch() * (workload.widths[-1] if name == "scikit-learn" else 1)
    assert 1 / 10 < loss / first_loss(workload) < 3
    assert benchmark(training.epoch) < first_loss(workload)
