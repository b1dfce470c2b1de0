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
from replay import FIXTURES
from shapes import QUICK_SHAPES, SHAPES
from work import data_of, order_of, require_learning


class Training:
    """Networks of a shape on a plugin, with data and weights.

    Parameters
    ----------
    plugin : abi.Plugin
        Whose device trains.
    shape : Shape
        What is trained.
    form : dict of arrays
        The shape's net, as recorded.
    """

    def __init__(self, plugin, shape, form):
        self.plugin, self.shape, self.form = plugin, shape, form
        self.n_done = 0
        data = data_of(shape)
        n_weights = int(form["net"]["facts"]["n_weights"][0])
        lengths = np.diff(form["scales"]["ends"], prepend=0)
        scales = np.repeat(form["scales"]["values"], lengths)
        n_states = int(form["net"]["facts"]["n_state_arrays"][0])
        self.runs = []
        for net in range(shape.n_nets):
            run = abi.Run(plugin, arrays.net_of(form["net"]))
            run.set_data(*data, None, None, shape.batch_size)
            random = np.random.RandomState(net).random_sample(n_weights) * 2 - 1
            run.write(abi.WEIGHTS, (scales * random).astype(np.float32))
            for state in range(n_states):
                run.write(abi.STATE + state, np.zeros(n_weights, np.float32))
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
        n_recorded = len(self.form["constants"])
        # Later steps have the constants of the last one that is recorded.
        which = np.minimum(self.n_done + np.arange(len(self.steps)), n_recorded - 1)
        pieces = {
            "keys": np.zeros(2, np.uint64),
            "steps": self.steps,
            "constants": self.form["constants"][which],
            "decays": self.form["decays"][which],
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


def time_shape(plugin, shape, form, few):
    training = Training(plugin, shape, form)
    training.plan(min(4, shape.steps_per_epoch))
    for _ in range(2):  # the first launch prepares the device
        training.prepare()
        seconds = seconds_of(training.run_slice)
    training.plan(slice_steps(shape, seconds / len(training.steps), few))
    training.prepare()
    training.run_slice()
    first = training.losses()
    found = step_times(training.run_slice, len(training.steps), few, training.prepare)
    require_learning(first, training.losses())
    training.close()
    return found


def main(path, *options):
    few = quick(*options)
    plugin = abi.Plugin(path)
    forms = arrays.load(FIXTURES)["forms"]
    for shape in QUICK_SHAPES if few else SHAPES:
        try:
            found = time_shape(plugin, shape, forms[shape.form], few)
        except (abi.PluginError, AssertionError) as error:
            found = {"error": str(error)}
        write_line("time", contestant="deepgen", shape=shape.name, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
