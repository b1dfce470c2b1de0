"""Timing on a machine that may have other work: interleaved samples, and whether to trust them."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepgen import _core

LOADAVG = Path("/proc/loadavg")
OWN_THREADS = Path("/proc/self/task")
SECONDS_A_SAMPLE = 0.1
# A machine is too busy to judge when the peak's quartiles lie further apart than this share of it,
# when we get less than this share of the processor, or when more than this many others run.
PEAK_SPREAD = 0.10
CPU_SHARE = 0.95
OTHERS = 0.2
# How long threads of the contestant before may go on spinning before the next one begins anyway.
SECONDS_TO_SETTLE = 0.2


@dataclass(frozen=True)
class Measurement:
    """Samples of one contestant, taken in turn with the others'.

    Parameters
    ----------
    seconds : ndarray of shape (n_samples,)
        Wall-clock time of one call.
    peaks : ndarray of shape (n_samples,)
        FMA peak of one thread in GFLOP/s, measured right around each sample.
    cpu_shares : ndarray of shape (n_samples,)
        Processor time over wall-clock time.
    others : ndarray of shape (n_samples,)
        Threads of other programs that wanted to run when each sample began.
    """

    seconds: np.ndarray
    peaks: np.ndarray
    cpu_shares: np.ndarray
    others: np.ndarray

    @property
    def median(self):
        """Median seconds of a call."""
        return float(np.median(self.seconds))

    @property
    def processor_median(self):
        """Median seconds of processor time of a call, all threads together."""
        return float(np.median(self.seconds * self.cpu_shares))

    @property
    def noisy(self):
        """Whether other work disturbed too much to judge."""
        low, middle, high = np.quantile(self.peaks, [0.25, 0.5, 0.75])
        return (
            (high - low) / middle > PEAK_SPREAD
            or np.median(self.cpu_shares) < CPU_SHARE
            or self.others.mean() > OTHERS
        )

    def of_peak(self, flops, n_threads=1):
        """Median share of the peak of the same moment."""
        return float(np.median(flops / self.seconds / 1e9 / self.peaks / n_threads))


def n_running():
    """Count this process's threads that want to run now; 1 where Linux does not tell."""
    states = []
    for stat in OWN_THREADS.glob("*/stat"):
        try:
            states.append(stat.read_text().rpartition(")")[2].split()[0])
        except OSError:
            continue  # a thread that has ended
    return max(states.count("R"), 1)


def n_others():
    """Count the threads of other programs that want to run now; 0 where Linux does not tell."""
    try:
        return max(int(LOADAVG.read_text().split()[3].partition("/")[0]) - n_running(), 0)
    except OSError:
        return 0


def settle():
    """Wait until the threads of the contestant before have gone to sleep."""
    end = time.perf_counter() + SECONDS_TO_SETTLE
    while n_running() > 1 and time.perf_counter() < end:
        time.sleep(0.002)


def interleaved(calls, n_samples, dtype="float32"):
    """Time several calls in turn, so that what disturbs one disturbs all.

    Parameters
    ----------
    calls : dict of str to callable
        Contestant -> what it does; called once before anything is timed.
    n_samples : int
        Samples of each; a sample repeats short calls for a tenth of a second.
    dtype : str, default='float32'
        Whose FMA peak is measured beside.

    Returns
    -------
    measurements : dict of str to Measurement
        By contestant.
    """
    repeats, rows = {}, {name: [] for name in calls}
    for name, call in calls.items():
        call()
        start = time.perf_counter()
        call()
        repeats[name] = max(1, round(SECONDS_A_SAMPLE / (time.perf_counter() - start)))
    for _ in range(n_samples):
        for name, call in calls.items():
            settle()
            others, before = n_others(), _core.fma_peak(dtype)
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(repeats[name]):
                call()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            peak = (before + _core.fma_peak(dtype)) / 2
            rows[name].append((wall / repeats[name], peak, cpu / wall, others))
    return {name: Measurement(*np.array(samples).T) for name, samples in rows.items()}


def verdict(reached, wanted, measurement):
    """Judge one figure: what was wanted, and whether a miss may be the machine's.

    Parameters
    ----------
    reached : bool
        Whether it is good enough.
    wanted : str
        The target, as the table shows it.
    measurement : Measurement
        What it was computed from.

    Returns
    -------
    verdict : str
        'met', 'missed' or 'too noisy to judge', with the target.
    """
    word = "met" if reached else "too noisy to judge" if measurement.noisy else "missed"
    return f"{word} ({wanted})"


def machine():
    """Return processor, logical cores and load, in one line."""
    model = "unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0].partition(":")[2].strip() if names else model
    return f"{model}, {os.cpu_count()} logical cores, load {os.getloadavg()[0]:.1f}"
