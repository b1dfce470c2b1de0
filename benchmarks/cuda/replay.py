"""Replay recorded cases on a plugin and compare bits: a line of JSON for each case.

python benchmarks/cuda/replay.py PLUGIN [CASE ...]
"""

import math
import sys
import time
from pathlib import Path

import abi
import arrays
import numpy as np
from lines import write_line

FIXTURES = Path(__file__).with_name("fixtures.npz")
NAMES = {abi.WEIGHTS: "weights", abi.MEAN: "running means", abi.VARIANCE: "running variances"}


def array_name(array):
    """What an array of the ABI is called here."""
    whole = array - array % abi.MEAN or array
    return NAMES.get(whole, f"state {array - abi.STATE}")


class Epoch:
    """The sums of an epoch so far, added up as the engine's trainer does."""

    def __init__(self):
        self.loss = self.gradient_norm = 0.0
        self.n_steps = 0
        self.finite = True

    def add(self, steps, reports):
        """The sums after some steps: loss, norm of the gradient, steps made, all finite."""
        for step, report in zip(steps, reports, strict=True):
            self.finite = bool(report["finite"])
            if not self.finite:
                break
            loss = report["loss"] + 0.5 * step["penalty"] * report["weight_squares"]
            self.loss += loss * float(step["end"] - step["begin"])
            self.gradient_norm += math.sqrt(report["gradient_squares"])
            self.n_steps += 1
        finite = self.finite and math.isfinite(self.gradient_norm)
        return np.array([self.loss, self.gradient_norm, self.n_steps, finite], np.float64)


def replay(plugin, case):
    """Train the networks of a case, the same slice of all side by side.

    Returns
    -------
    differing : dict
        How many numbers have other bits than the recorded ones, by what they are; empty where
        none has.
    """
    data, recorded = case["data"], list(case["runs"].values())
    given = [data.get(name) for name in ("X", "values", "classes", "weights")]
    runs = [abi.Run(plugin, arrays.net_of(one["net"])) for one in recorded]
    epochs = {}
    differing = {}

    def compare(name, actual, expected):
        whole = f"u{expected.itemsize}"
        n = int(np.sum(actual.view(whole) != expected.view(whole)))
        if n:
            differing[name] = differing.get(name, 0) + n

    for run, one in zip(runs, recorded, strict=True):
        run.set_data(*given, int(data["largest_batch"]))
        for array, numbers in one["start"].items():
            run.write(int(array), numbers)
    for number in recorded[0]["slices"]:
        pieces = [one["slices"][number] for one in recorded]
        slices = [arrays.slice_of(piece) for piece in pieces]
        for run, piece in zip(runs, pieces, strict=True):
            if "order" in piece:
                run.set_order(piece["order"])
                epochs[run] = Epoch()
        plugin.run(runs, slices)
        for run, piece, done in zip(runs, pieces, slices, strict=True):
            sums = epochs[run].add(piece["steps"], done.reported)
            compare("reports", sums, piece["progress"])
    for run, one in zip(runs, recorded, strict=True):
        for array, numbers in one["expected"].items():
            place = int(array)
            compare(array_name(place), run.read(place, len(numbers)), numbers)
        if "outputs" in one:
            n_rows, n_outputs = one["outputs"].shape
            compare("outputs", run.outputs(data["X"][:n_rows], n_outputs), one["outputs"])
        run.close()
    return differing


def main(path, *names):
    plugin = abi.Plugin(path)
    cases = arrays.load(FIXTURES)["cases"]
    for name in names or cases:
        began = time.perf_counter()
        try:
            found = {"differing": replay(plugin, cases[name])}
        except abi.PluginError as error:
            found = {"error": str(error)}
        write_line("bits", case=name, **found, seconds=time.perf_counter() - began)


if __name__ == "__main__":
    main(*sys.argv[1:])
