"""Print what a step of members that share matrices costs, in steps of independent ones, one thread.

python benchmarks/packed_costs.py [--samples N] [--members 16]

Whole epochs of all members, taken in turn; a ratio of processor times is the median over pairs of
samples that stood side by side. Both kinds make the same products; members that share matrices also
write each member's weights, pull its gradient back, and move fewer numbers.
"""

import argparse

import numpy as np
from contestants import EngineTraining
from front_costs import ratio
from measuring import interleaved, machine, verdict
from workloads import MIDDLE, SMALL

from deepgen import _core

# Times the independent members, where a batch has rows enough to pay for it.
PACKED_TIMES = 1.2


def assert_loss_is_the_mean(packed, workload, n_members):
    """At rate 0 the loss of an epoch is the mean of those of the members' networks."""
    X, y = (array.astype(packed.network.dtype) for array in workload.data())
    packed.rates = np.zeros(workload.steps_per_epoch)
    found = packed.epoch()
    members = packed.trainer.recall("batch_ensemble_members").reshape(n_members, -1)
    expected = np.mean([packed.network.loss(member, X, y) for member in members])
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def print_workload(workload, n_members, n_samples):
    """Print a row for a network and its batches."""
    wrapper = _core.Component("batch_ensemble", {"n_members": float(n_members)})
    packed = EngineTraining(workload, 1, wrappers=[wrapper])
    independent = [EngineTraining(workload, 1) for _ in range(n_members)]
    calls = {
        "packed": packed.epoch,
        "independent": lambda: [training.epoch() for training in independent],
    }
    found = interleaved(calls, n_samples)
    times = ratio(found["packed"], found["independent"])
    words = "reported"
    if workload is MIDDLE:
        words = verdict(times <= PACKED_TIMES, f"<= {PACKED_TIMES}x", found["packed"])
    us = found["packed"].processor_median / workload.steps_per_epoch * 1e6
    print(f"{workload.name:<40} {us:10.1f} us {times:6.3f}x  {words}", flush=True)
    assert_loss_is_the_mean(packed, workload, n_members)


def main():
    """Print all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=7)
    parser.add_argument("--members", type=int, default=16)
    arguments = parser.parse_args()
    print(machine())
    for workload in (SMALL, MIDDLE):
        print_workload(workload, arguments.members, arguments.samples)


if __name__ == "__main__":
    main()
