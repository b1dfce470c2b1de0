"""Time a plugin's steps: a line of JSON for each shape.

    python benchmarks/cuda/plugin_times.py PLUGIN [--quick]

A slice of steps is one call, as in training: the constants of steps go to the device, and their
reports come back. X, y and the epoch's order are there.
"""

import sys

import abi
import arrays
import numpy as np
from clock import quick, seconds_of, slice_steps, step_times
from lines import write_line
from replay import FIXTURES, Epoch, array_name
from shapes import QUICK_SHAPES, SHAPES
from work import RECORDED_STEPS, data_of, digest, order_of, require_learning, start_of


class Training:
    """Networks of a shape on a plugin, with data and weights.

    Parameters
    ----------
    plugin : abi.Plugin
        Whose device trains.
    shape : Shape
        What is trained.
    fixtures : dict of arrays
        With the shape's form and the constants of Adam's steps.
    """

    def __init__(self, plugin, shape, fixtures):
        self.plugin, self.shape = plugin, shape
        self.form, self.adam = fixtures["forms"][shape.form], fixtures["adam"]
        self.n_done = 0
        data = data_of(shape)
        self.runs = []
        for net in range(shape.n_nets):
            run = abi.Run(plugin, arrays.net_of(self.form["net"]))
            run.set_data(*data, None, None, shape.batch_size)
            weights = start_of(self.form["scales"], net)
            run.write(abi.WEIGHTS, weights)
            for state in range(self.form["net"]["facts"]["n_state_arrays"][0]):
                run.write(abi.STATE + state, np.zeros_like(weights))
            self.runs.append(run)

    def plan(self, n_steps):
        """Set the order of an epoch's first steps, and plan them."""
        size = self.shape.batch_size
        for net, run in enumerate(self.runs):
            run.set_order(order_of(self.shape, n_steps, net).ravel())
        self.steps = np.zeros(n_steps, arrays.record_type(abi.Step))
        self.steps["begin"] = np.arange(n_steps) * size
        self.steps["end"] = self.steps["begin"] + size
        self.steps["weight_sum"] = size
        self.steps["dropout"] = -1.0

    def prepare(self):
        """Make the next slice of each net."""
        n_recorded = len(self.adam["constants"])
        # Later steps have the constants of the last one that is recorded.
        which = np.minimum(self.n_done + np.arange(len(self.steps)), n_recorded - 1)
        pieces = {
            "keys": np.zeros(2, np.uint64),
            "steps": self.steps,
            "constants": self.adam["constants"][which],
            "decays": self.adam["decays"][which],
        }
        self.slices = [arrays.slice_of(pieces) for _ in self.runs]
        self.n_done += len(self.steps)

    def run_slice(self):
        self.plugin.run(self.runs, self.slices)

    def losses(self):
        """Of the last slice, (n_nets, n_steps)."""
        return np.stack([done.reported["loss"] for done in self.slices])

    def close(self):
        for run in self.runs:
            run.close()


def first_steps(training):
    """Make the steps whose bits are recorded of the first network; return what differs."""
    training.plan(RECORDED_STEPS)
    training.prepare()
    training.run_slice()
    form, run = training.form, training.runs[0]
    sums = Epoch().add(training.steps, training.slices[0].reported)
    differing = [] if np.array_equal(sums, form["progress"]) else ["reports"]
    n_weights = int(form["net"]["facts"]["n_weights"][0])
    for array, kept in form["digests"].items():
        if not np.array_equal(digest(run.read(int(array), n_weights)), kept):
            differing.append(array_name(int(array)))
    return differing


def time_shape(plugin, shape, fixtures, few):
    training = Training(plugin, shape, fixtures)
    differing = first_steps(training)
    training.prepare()  # once more: the first launch prepared the device
    seconds = seconds_of(training.run_slice)
    training.plan(slice_steps(shape, seconds / RECORDED_STEPS, few))
    training.prepare()
    training.run_slice()
    first = training.losses()
    found = step_times(training.run_slice, len(training.steps), few, training.prepare)
    require_learning(first, training.losses())
    training.close()
    return found | {"differing": differing}


def main(path, *options):
    few = quick(*options)
    plugin = abi.Plugin(path)
    fixtures = arrays.load(FIXTURES)
    for shape in QUICK_SHAPES if few else SHAPES:
        try:
            found = time_shape(plugin, shape, fixtures, few)
        except (abi.PluginError, AssertionError) as error:
            found = {"error": str(error)}
        write_line("time", contestant="deepgen", shape=shape.name, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
