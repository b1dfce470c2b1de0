"""How long does a training step take? deepgen, its NumPy twin and PyTorch in one group.

A round is an epoch, its shuffle and the gathering of its rows included; `extra_info` holds the
number of its steps. `targets.py` prints the same as a table of microseconds a step.
"""

import functools

import pytest
from workloads import EngineTraining, TorchTraining, TwinTraining

from deepgen import _core


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


def test_step_of_torch(benchmark, workload):
    pytest.importorskip("torch")
    training = TorchTraining(workload)
    # Another shuffle, so only the size of the loss can be compared.
    assert training.epoch() == pytest.approx(first_loss(workload), rel=0.2)
    assert benchmark(training.epoch) < first_loss(workload)
