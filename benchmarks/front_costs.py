"""Print what a step costs with something trained before the first layer, one thread.

python benchmarks/front_costs.py [--samples N]

Whole epochs, taken in turn; a ratio of processor times is the median over pairs of samples that
stood side by side, so that other programs disturb it little. An embedding of all features makes the
first layer wider, so it is compared with the network on the same features and with one on as many
features as that layer has inputs.
"""

import argparse
from dataclasses import replace

import numpy as np
from contestants import EngineTraining
from measuring import interleaved, machine, verdict
from workloads import MIDDLE

# Times the network on as many features.
FRONT_TIMES = 1.35
FRONTS = (
    {"embedding": "pbld"},
    {"embedding": "pbld", "input_scale": True},
    {"embedding": "pwl"},
    {"input_scale": True},
)


def ratio(own, other):
    """Median ratio of two contestants' processor times."""
    times, beside = (one.seconds * one.cpu_shares for one in (own, other))
    return float(np.median(times / beside))


def main():
    """Print a row for each front."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=11)
    arguments = parser.parse_args()
    print(machine())
    for front in FRONTS:
        workload = replace(MIDDLE, **front)
        wide = replace(MIDDLE, widths=(workload.n_first_inputs, *MIDDLE.widths[1:]))
        trainings = {
            name: EngineTraining(one, 1)
            for name, one in (("plain", MIDDLE), ("wide", wide), ("front", workload))
        }
        found = interleaved({who: trainings[who].epoch for who in trainings}, arguments.samples)
        beside = ratio(found["front"], found["wide"])
        words = verdict(beside <= FRONT_TIMES, f"<= {FRONT_TIMES}x", found["front"])
        us = found["front"].median / workload.steps_per_epoch * 1e6
        what = f"{workload.name}, {workload.variant}"
        print(
            f"{what:<50} {us:9.1f} us {ratio(found['front'], found['plain']):6.2f}x the step "
            f"without, {beside:5.2f}x one on {workload.n_first_inputs} features: {words}",
            flush=True,
        )


if __name__ == "__main__":
    main()
