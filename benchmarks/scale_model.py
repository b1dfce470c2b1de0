"""What a round on a Dask cluster costs by a model, and what that means for 512 cores.

python benchmarks/scale_model.py [--gbits 25] [--quick]

The seconds of a round of H steps on K shards and P processes with C cores:

    fixed + K task + M message + H K / min(P, C) step

Each of the first three is seconds, and seconds per MB of the state: the weights and Adam's two
moments. M counts the states that go from process to process: P - 1 to those that lack the common
one, and K - K / P to the one that averages. Tasks, messages and the client are taken one after the
other; more processes than cores take turns. All constants come from rounds on 1 and 2 processes
(least squares of the relative errors, no constant below 0). Then 4 processes are measured beside
the prediction; its third length of rounds is in no constant.

The table on paper is for 10^9 rows, 16 machines of 32 cores, a shard with 32 threads and batches of
4096 per machine. The cores are this one. 80 % for 32 threads and the network's rate are assumed.
Other programs make all figures upper bounds: look at the load.
"""

import argparse
import os
import warnings
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from contestants import EngineTraining
from many_machines import N_SHARDS, WIDE, processes, seconds_of_rounds
from measuring import interleaved, machine
from scipy.optimize import nnls
from sklearn.exceptions import ConvergenceWarning
from workloads import Workload

SMALL, WIDER = (32, 64, 64, 1), (128, 512, 512, 512, 1)
# The prediction is to be this near.
WANTED = 0.2
# On paper: rows, machines, cores of one, rows of its step, and what a core keeps beside others.
N_ROWS, N_MACHINES, N_CORES, BATCH, KEPT = 10**9, 16, 32, 4096, 0.8


def megabytes(widths):
    """Return the size of the state of a network in float32."""
    return 3 * 4 * sum((before + 1) * after for before, after in pairwise(widths)) / 1e6


def name_of(widths):
    """Return a network as tables show it."""
    return "-".join(map(str, widths))


@dataclass(frozen=True)
class Round:
    """A round: what the model knows of it.

    Parameters
    ----------
    widths : tuple of int
        Inputs, hidden units of each layer, outputs.
    n_shards, n_processes, n_steps : int
        Their numbers.
    """

    widths: tuple[int, ...]
    n_shards: int
    n_processes: int
    n_steps: int

    @property
    def n_messages(self):
        """States that go from one process to another."""
        return self.n_processes - 1 + self.n_shards - self.n_shards / self.n_processes

    @property
    def overheads(self):
        """How often each of the six costs beside the steps occurs."""
        counts = np.array([1, self.n_shards, self.n_messages])
        return np.concatenate([counts, counts * megabytes(self.widths)])

    def step(self, n_cores):
        """Return the kind of a step, by network and busy cores, and how many a core takes."""
        busy = min(self.n_processes, self.n_shards, n_cores)
        return (self.widths, min(busy, 2)), self.n_steps * self.n_shards / busy


@dataclass(frozen=True)
class Model:
    """The constants.

    Parameters
    ----------
    overheads : ndarray of shape (6,)
        Seconds of the fixed part, of a task and of a message, then the same per MB.
    steps : dict of tuple to float
        Seconds of a step by network and busy cores.
    n_cores : int
        Cores of the machine.
    """

    overheads: np.ndarray
    steps: dict
    n_cores: int

    @classmethod
    def fitted(cls, seconds, n_cores):
        """Return the model that is nearest to measured rounds."""
        kinds = sorted({each.step(n_cores)[0] for each in seconds})
        rows = []
        for each, taken in seconds.items():
            kind, n_steps = each.step(n_cores)
            steps = [n_steps * (kind == other) for other in kinds]
            rows.append(np.concatenate([each.overheads, steps]) / taken)
        found, _ = nnls(np.array(rows), np.ones(len(rows)))
        return cls(found[:6], dict(zip(kinds, found[6:], strict=True)), n_cores)

    def seconds(self, each):
        """Return the seconds of a round."""
        kind, n_steps = each.step(self.n_cores)
        return each.overheads @ self.overheads + n_steps * self.steps[kind]


def measure(n_processes, shards, lengths, quick):
    """Return the median seconds of rounds on a cluster, of both networks; if quick, of one."""
    found, n_rounds = {}, 1 if quick else 8
    with processes(n_processes) as client:
        for each in product((SMALL,) if quick else (SMALL, WIDE), shards, lengths):
            found[Round(each[0], each[1], n_processes, each[2])] = seconds_of_rounds(
                client, *each, n_rounds
            )
    return found


def print_against(model, seconds):
    """Print the model's seconds beside the measured ones, and the largest error."""
    worst = 0.0
    for each, taken in seconds.items():
        error = model.seconds(each) / taken - 1
        worst = max(worst, abs(error))
        print(
            f"{each.n_processes} processes  {each.n_shards} shards  {name_of(each.widths):16} "
            f"rounds of {each.n_steps:4} steps  measured {1e3 * taken:7.1f} ms, by the model "
            f"{1e3 * model.seconds(each):7.1f} ms  {100 * error:+5.0f} %"
        )
    print(f"largest error {100 * worst:.0f} %, load {os.getloadavg()[0]:.1f}", flush=True)
    return worst


def seconds_of_row(widths, n_samples):
    """Return the seconds of one core for a row, in batches of its part of a machine's."""
    workload = Workload(widths, BATCH // N_CORES, 2 * BATCH)
    call = EngineTraining(workload, 1).epoch
    return interleaved({"row": call}, n_samples)["row"].median / workload.n_samples


def print_on_paper(model, widths, gbits, n_samples):
    """Print the column of a network."""
    row = seconds_of_row(widths, n_samples)
    step = BATCH * row / (N_CORES * KEPT)
    each = Round(widths, N_MACHINES, N_MACHINES, 0)
    wire = each.n_messages * megabytes(widths) * 8e-3 / gbits
    overhead = float(each.overheads @ model.overheads) + wire
    alone = N_ROWS * row
    together = alone / (N_MACHINES * N_CORES * KEPT)
    print(f"\n{name_of(widths)}, a state of {megabytes(widths):.1f} MB")
    print(f"one core, an epoch: {alone / 3600:.1f} h")
    print(f"512 cores at 80 %, an epoch: {together:.0f} s")
    print(f"step of 4096 rows on a machine: {1e3 * step:.2f} ms")
    print(f"Dask, a round beside its steps: {1e3 * overhead:.0f} ms, {1e3 * wire:.0f} on the wire")
    for n_steps in (16, 128, 512):
        share = n_steps * step / (n_steps * step + overhead)
        print(f"efficiency, rounds of {n_steps:3} steps: {share:.2f}")


def main():
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="only see that it runs")
    parser.add_argument("--gbits", type=float, default=25.0, help="of a machine's network")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    quick, n_cores = options.quick, len(os.sched_getaffinity(0))
    shards = (N_SHARDS,) if quick else (N_SHARDS, 2 * N_SHARDS)
    short, middle, long = (1, 4, 16) if quick else (1, 256, 1024)
    print(f"{machine()}; {n_cores} for the processes")
    constants = {}
    for n_processes in (1, 2):
        constants |= measure(n_processes, shards, (short, long), quick)
    model = Model.fitted(constants, n_cores)
    for name, seconds, per_mb in zip(
        ("fixed", "task", "message"), model.overheads[:3], model.overheads[3:], strict=True
    ):
        print(f"{name:8} {1e3 * seconds:6.2f} ms and {1e3 * per_mb:6.2f} ms per MB")
    for (widths, busy), seconds in model.steps.items():
        print(f"step of {name_of(widths)} on {busy} busy cores: {1e6 * seconds:.1f} us")
    print_against(model, constants)
    print(f"\n4 processes on {n_cores} cores: predicted by the constants of 1 and 2")
    worst = print_against(model, measure(4, (N_SHARDS,), (short, middle, long), quick))
    print("within 20 %" if worst <= WANTED else "NOT within 20 %")
    print(f"\nOn paper: 10^9 rows, 16 machines of 32 cores, {options.gbits:g} Gbit/s")
    for widths in (WIDE, WIDER):
        print_on_paper(model, widths, options.gbits, 1 if quick else 11)


if __name__ == "__main__":
    main()
