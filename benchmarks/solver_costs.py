"""Print what a step of each solver costs, in steps of Adam or of what it wraps, one thread.

python benchmarks/solver_costs.py [--samples N]

Whole epochs, taken in turn; a ratio of processor times is the median over pairs of samples that
stood side by side, so that other programs disturb it little.
"""

import argparse

import numpy as np
from contestants import EngineTraining
from measuring import interleaved, machine, verdict
from workloads import MIDDLE, SMALL, THIN

from deepgen import _core
from deepgen._engine.blas import one_blas_thread
from deepgen.optimizers import KFAC, LBFGS, SAM, SGD, SOLVERS, WRAPPERS, RMSProp

# Times of Adam that an elementwise rule may take, times of what it wraps that SAM may.
RULE_TIMES = 1.05
SAM_TIMES = 2.05
# What whole layers may cost, renewed every 20 steps, where layers are wide enough to pay for it.
LAYER_TIMES = {"kfac": 2.2, "kfac, eigenbasis": 3.0, "shampoo": 3.0}


def contestants():
    """Return solver -> (rule, wrappers, rule that it is compared with, most times or None)."""
    adam, found = _core.Component("adam"), {}
    for name, kind in SOLVERS.items():
        if kind is not LBFGS and name != "adam":
            core = kind().to_core()
            elementwise = "weight_decay" in core.settings
            most = RULE_TIMES if elementwise else None
            found[name] = (core, (), adam, LAYER_TIMES.get(name, most))
    found["rmsprop, centred"] = (RMSProp(centered=True).to_core(), (), adam, RULE_TIMES)
    kfac = "kfac, eigenbasis"
    found[kfac] = (KFAC(form="eigen").to_core(), (), adam, LAYER_TIMES[kfac])
    for kind in WRAPPERS:
        most = SAM_TIMES if kind is SAM else None
        found[f"adam in {kind.name}"] = (adam, kind().wrappers(), adam, most)
    sgd = SGD().to_core()
    found["sgd in sam"] = (sgd, SAM().wrappers(), sgd, SAM_TIMES)
    for name, setting in (("clip_norm", "limit"), ("adaptive_clip", "ratio")):
        found[f"adam, {name}"] = (adam, [_core.Component(name, {setting: 0.01})], adam, None)
    return found


def print_workload(workload, n_samples):
    """Print a row for each solver."""
    for name, (core, wrappers, base, most) in contestants().items():
        trainings = {
            "base": EngineTraining(workload, 1, base),
            name: EngineTraining(workload, 1, core, wrappers),
        }
        most = None if name in LAYER_TIMES and workload is not MIDDLE else most
        with one_blas_thread():
            found = interleaved({who: trainings[who].epoch for who in trainings}, n_samples)
        own, other = (one.seconds * one.cpu_shares for one in (found[name], found["base"]))
        ratio = float(np.median(own / other))
        words = "reported" if most is None else verdict(ratio <= most, f"<= {most}x", found[name])
        what = f"{workload.name}, {name}, against {base.name}"
        print(f"{what:<66} {ratio:>8.3f}x  {words}", flush=True)


def main():
    """Print all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=11)
    arguments = parser.parse_args()
    print(machine())
    for workload in (SMALL, MIDDLE, THIN):
        print_workload(workload, arguments.samples)


if __name__ == "__main__":
    main()
