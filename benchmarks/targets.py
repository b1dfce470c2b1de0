"""Print how near to the machine's peak a training step comes, and whether the targets are met.

python benchmarks/targets.py [--samples N]
"""

import argparse
import os
import platform
import time
from dataclasses import dataclass

import numpy as np
from workloads import WORKLOADS, EngineTraining

from deepgen import _core, cli

SECONDS_A_SAMPLE = 0.1
# Shares of the samples' median that tell a machine too busy to judge.
PEAK_SPREAD = 0.10
CPU_SHARE = 0.95


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
    """

    microseconds: np.ndarray
    peaks: np.ndarray
    cpu_shares: np.ndarray

    @property
    def noisy(self):
        """Whether other work disturbed too much to judge."""
        low, middle, high = np.quantile(self.peaks, [0.25, 0.5, 0.75])
        return (high - low) / middle > PEAK_SPREAD or np.median(self.cpu_shares) < CPU_SHARE

    def fractions(self, flops):
        """Achieved share of the peak of the same moment, one entry a sample."""
        return flops / (self.microseconds * 1e3) / self.peaks


def measure(workload, n_threads, n_samples):
    """Time training epochs, the peak measured before and after each sample."""
    training = EngineTraining(workload, n_threads)
    start = time.perf_counter()
    first_loss = training.epoch()
    n_epochs = max(1, round(SECONDS_A_SAMPLE / (time.perf_counter() - start)))
    rows = []
    for _ in range(n_samples):
        before = _core.fma_peak("float32")
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(n_epochs):
            loss = training.epoch()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        after = _core.fma_peak("float32")
        microseconds = wall / (n_epochs * workload.steps_per_epoch) * 1e6
        rows.append((microseconds, n_threads * (before + after) / 2, cpu / wall / n_threads))
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
    header = ("network, Adam, float32", "threads", "us a step", "best", "peak", "of peak", "busy")
    print("{:<32} {:>7} {:>10} {:>9} {:>7} {:>8} {:>6}  verdict".format(*header))
    for workload in WORKLOADS:
        for n_threads in (1, 2):
            found = measure(workload, n_threads, options.samples)
            print(
                f"{workload.name:<32} {n_threads:7d} {np.median(found.microseconds):10.1f} "
                f"{found.microseconds.min():9.1f} {np.median(found.peaks):7.1f} "
                f"{np.median(found.fractions(workload.flops)):8.2f} "
                f"{np.median(found.cpu_shares):6.2f}  {verdict(workload, n_threads, found)}",
                flush=True,
            )
    print(
        "\nus a step: median wall-clock time, shuffling and gathering included; peak: FMA peak of "
        "all\nthreads in GFLOP/s, measured around each sample; of peak: median of flops / time / "
        "peak;\nbusy: processor time over wall-clock time and threads. One thread below 0.95 was "
        "disturbed;\ntwo threads at 0.50: the engine took one, as the step is too small for two."
    )


if __name__ == "__main__":
    main()
