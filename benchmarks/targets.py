"""Print how near to the machine's peak a training step comes, and whether the targets are met.

python benchmarks/targets.py [--samples N]
"""

import argparse
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from workloads import WORKLOADS, EngineTraining

from deepgen import _core, cli

LOADAVG = Path("/proc/loadavg")
SECONDS_A_SAMPLE = 0.1
# A machine is too busy to judge when the peak's quartiles lie further apart than this share of it,
# when we get less than this share of the processor, or when more than this many others run.
PEAK_SPREAD = 0.10
CPU_SHARE = 0.95
OTHERS = 0.2


@dataclass(frozen=True)
class Measurement:
    """One workload with one number of threads.

    Parameters
    ----------
    microseconds : ndarray
        Wall-clock time of a step, one entry a sample.
    peaks : ndarray
        FMA peak of all threads in GFLOP/s, measured right around each sample.
    cpu_shares : ndarray
        Processor time over wall-clock time and threads; below 1 where others took the cores.
    others : ndarray
        Threads of other programs that wanted to run when each sample began.
    """

    microseconds: np.ndarray
    peaks: np.ndarray
    cpu_shares: np.ndarray
    others: np.ndarray

    @property
    def noisy(self):
        """Whether other work disturbed too much to judge."""
        low, middle, high = np.quantile(self.peaks, [0.25, 0.5, 0.75])
        return (
            (high - low) / middle > PEAK_SPREAD
            or np.median(self.cpu_shares) < CPU_SHARE
            or self.others.mean() > OTHERS
        )

    def fractions(self, flops):
        """Achieved share of the peak of the same moment, one entry a sample."""
        return flops / (self.microseconds * 1e3) / self.peaks


def n_others():
    """Count the threads of other programs that want to run now; 0 where Linux does not tell."""
    try:
        return int(LOADAVG.read_text().split()[3].partition("/")[0]) - 1
    except OSError:
        return 0


def measure(workload, n_threads, n_samples):
    """Time training epochs, the peak measured before and after each sample."""
    training = EngineTraining(workload, n_threads)
    start = time.perf_counter()
    first_loss = training.epoch()
    n_epochs = max(1, round(SECONDS_A_SAMPLE / (time.perf_counter() - start)))
    rows = []
    for _ in range(n_samples):
        others = n_others()
        before = _core.fma_peak("float32")
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(n_epochs):
            loss = training.epoch()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        after = _core.fma_peak("float32")
        microseconds = wall / (n_epochs * workload.steps_per_epoch) * 1e6
        peak = n_threads * (before + after) / 2
        rows.append((microseconds, peak, cpu / wall / n_threads, others))
    # A step that does not learn is not a step.
    assert loss < first_loss / 2, (first_loss, loss)
    return Measurement(*np.array(rows).T)


def verdict(workload, n_threads, measurement):
    """Judge one row of the table."""
    if n_threads > 1:
        return "no target"
    reached = np.median(measurement.fractions(workload.flops)) >= workload.target
    if reached:
        return f"met (>= {workload.target:.2f})"
    return "too noisy to judge" if measurement.noisy else f"missed (>= {workload.target:.2f})"


def main():
    """Measure every workload with one and two threads and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=25, help="samples a row (default 25)")
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} logical cores, load {os.getloadavg()[0]:.1f}")
    cli.main(["info"])
    print()
    header = (
        "network, Adam, float32",
        "threads",
        "us a step",
        "best",
        "peak",
        "of peak",
        "busy",
        "others",
    )
    print("{:<32} {:>7} {:>10} {:>9} {:>7} {:>8} {:>6} {:>6}  verdict".format(*header))
    for workload in WORKLOADS:
        for n_threads in (1, 2):
            found = measure(workload, n_threads, options.samples)
            print(
                f"{workload.name:<32} {n_threads:7d} {np.median(found.microseconds):10.1f} "
                f"{found.microseconds.min():9.1f} {np.median(found.peaks):7.1f} "
                f"{np.median(found.fractions(workload.flops)):8.2f} "
                f"{np.median(found.cpu_shares):6.2f} {found.others.mean():6.1f}  "
                f"{verdict(workload, n_threads, found)}",
                flush=True,
            )
    print(
        "\nus a step: median wall-clock time, shuffling and gathering included; peak: FMA peak of "
        "all\nthreads in GFLOP/s, measured around each sample; of peak: median of flops / time / "
        "peak;\nbusy: processor time over wall-clock time and threads (two threads at 0.50: the "
        "engine took\none, or another program held a core); others: threads of other programs that "
        "wanted to run."
    )


if __name__ == "__main__":
    main()
