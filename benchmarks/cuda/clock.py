"""How a step is timed, by all contestants alike."""

import statistics
import time

SLICE_SECONDS = 0.2
WARM_SECONDS = 0.5  # in which an idle device comes to its clock
REPEATS = 11


def quick(option=""):
    """Whether the script itself is tried: little work, no figures to keep."""
    return option == "--quick"


def seconds_of(work):
    """How long a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def slice_steps(shape, seconds_per_step, few):
    """How many steps a slice has: a fifth of a second's, never more than an epoch's."""
    wanted = 8 if few else int(SLICE_SECONDS / seconds_per_step)
    return min(max(wanted, 1), shape.steps_per_epoch)


def step_times(work, n_steps, few, prepare=lambda: None):
    """Median, least and most time of a step in us, over calls that make ``n_steps`` steps each."""
    began = time.perf_counter()
    while not few and time.perf_counter() - began < WARM_SECONDS:
        prepare()
        work()
    times = []
    for _ in range(2 if few else REPEATS):
        prepare()
        times.append(seconds_of(work) / n_steps * 1e6)
    return {
        "us": statistics.median(times),
        "least_us": min(times),
        "most_us": max(times),
        "steps": n_steps,
    }
