"""Print microseconds of a training step of every library, its share of the peak, and verdicts.

python benchmarks/steps.py [--threads N] [--samples N] [--without PEER ...]

The process keeps itself to as many processors as it uses threads, which is how JAX is limited.
"""

import argparse
import os
from dataclasses import replace

import numpy as np
from contestants import PEERS, EngineTraining
from measuring import interleaved, verdict
from workloads import LARGE, MIDDLE, WORKLOADS

# Share of the plain network's speed that each variant keeps, at least.
VARIANTS = (
    ({"normalization": "batch"}, 0.85),
    ({"normalization": "layer"}, 0.85),
    ({"reparametrization": "weight_norm"}, 0.85),
    ({"reparametrization": "scaled_weight_standardization"}, 0.85),
    ({"dropout": 0.1}, 0.92),
    ({"augmentation": "jitter"}, 0.80),
    ({"augmentation": "mask"}, 0.80),
    ({"augmentation": "swap"}, 0.80),
    ({"mixup": 0.2}, 0.85),
)
FLOAT64_PEAK = 0.80
BFLOAT16_SPEEDUP = 1.4


def trained(training, n_epochs=2):
    """Check that a contestant learns; return its epoch."""
    first = training.epoch()
    assert np.isfinite(first)
    for _ in range(n_epochs):
        last = training.epoch()
    assert last < first, (training, first, last)
    return training.epoch


def contestants(workload, n_threads, without):
    """Return the epoch of every library that is installed."""
    calls = {"deepgen": trained(EngineTraining(workload, n_threads))}
    for name, peer in PEERS.items():
        if name not in without:
            try:
                calls[name] = trained(peer(workload, n_threads))
            except ModuleNotFoundError as error:
                print(f"{name} is left out: {error}")
    return calls


def print_against_peers(workload, n_threads, options):
    """Print a workload's row for each library."""
    found = interleaved(contestants(workload, n_threads, options.without), options.samples)
    own = found["deepgen"]
    target = workload.targets.get(n_threads)
    for name, measurement in found.items():
        us, cpu = (
            seconds / workload.steps_per_epoch * 1e6
            for seconds in (measurement.median, measurement.processor_median)
        )
        share = measurement.of_peak(workload.flops * workload.steps_per_epoch, n_threads)
        ratio = measurement.median / own.median
        words = ""
        if name == "deepgen" and target:
            words = verdict(share >= target.peak, f">= {target.peak:.2f} of peak", own)
        elif target and name in target.times_faster:
            wanted = target.times_faster[name]
            words = verdict(ratio >= wanted, f">= {wanted:g}x", own)
        print(
            f"{workload.name:<31} {n_threads:2d} {name:<13} {us:9.1f} {cpu:9.1f} {share:8.2f} "
            f"{ratio:7.2f}x  {words}",
            flush=True,
        )


def print_variants(workload, n_samples):
    """Print what norms, dropout and the like cost a workload."""
    variants = {"plain": workload}
    for changes, _ in VARIANTS:
        variant = replace(workload, **changes)
        variants[variant.variant] = variant
    calls = {name: trained(EngineTraining(variant, 1)) for name, variant in variants.items()}
    found = interleaved(calls, n_samples)
    for (name, measurement), (_, wanted) in zip(list(found.items())[1:], VARIANTS, strict=True):
        us = measurement.median / workload.steps_per_epoch * 1e6
        kept = found["plain"].median / measurement.median
        words = verdict(kept >= wanted, f">= {wanted:.2f} of the speed without", measurement)
        what = f"{workload.name:<31}  1 {name:<13}"
        print(f"{what} {us:9.1f} {kept:18.2f} kept      {words}", flush=True)


def print_types(n_samples):
    """Print float64's share of its peak, and bfloat16 against float32."""
    double = replace(MIDDLE, dtype="float64")
    own = interleaved({"": trained(EngineTraining(double, 1))}, n_samples, "float64")[""]
    share = own.of_peak(double.flops * double.steps_per_epoch)
    words = verdict(share >= FLOAT64_PEAK, f">= {FLOAT64_PEAK:.2f} of float64's peak", own)
    us = own.median / double.steps_per_epoch * 1e6
    print(
        f"{double.name:<31}  1 float64       {us:9.1f} {share:18.2f} of peak   {words}", flush=True
    )
    try:
        half = trained(EngineTraining(replace(LARGE, dtype="bfloat16"), 1))
    except ValueError as error:
        print(f"bfloat16 is left out: {error}")
        return
    found = interleaved({"half": half, "single": trained(EngineTraining(LARGE, 1))}, n_samples)
    ratio = found["single"].median / found["half"].median
    us = found["half"].median / LARGE.steps_per_epoch * 1e6
    words = verdict(ratio >= BFLOAT16_SPEEDUP, f">= {BFLOAT16_SPEEDUP}x float32", found["half"])
    print(f"{LARGE.name:<31}  1 bfloat16      {us:9.1f} {ratio:18.2f}x         {words}", flush=True)


def main():
    """Measure every workload with the given number of threads."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--samples", type=int, default=15, help="samples a contestant (default 15)")
    parser.add_argument("--without", nargs="*", default=[], choices=PEERS, metavar="PEER")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.threads])
    for workload in WORKLOADS:
        print_against_peers(workload, options.threads, options)
    if options.threads == 1:
        for workload in WORKLOADS:
            print_variants(workload, options.samples)
        print_types(options.samples)


if __name__ == "__main__":
    main()
