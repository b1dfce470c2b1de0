"""A plugin of functions in Python, which write down what the engine tells a plugin."""

import ctypes
import subprocess
from pathlib import Path

import abi
import arrays
import numpy as np

from deepgen import _core

HERE = Path(__file__).resolve().parent


class Recorder:
    """A plugin that computes nothing: it writes down what it is told.

    Parameters
    ----------
    folder : str
        Where its library may be.

    Attributes
    ----------
    runs : list of dict
        What was made so far: net, data, the arrays as written last, order and slice.
    """

    def __init__(self, folder):
        path = Path(folder) / "librelay.so"
        include = f"-I{HERE.parents[1] / 'cpp'}"
        options = ["-shared", "-fPIC", include]
        subprocess.run(["cc", *options, HERE / "relay.c", "-o", path], check=True)
        kinds = dict(abi.Table._fields_)
        functions = {
            name: kinds[name](getattr(self, f"_{name}"))
            for name in kinds
            if name not in ("abi", "built_for")
        }
        self.runs = []
        self._table = abi.Table(abi=abi.ABI, built_for=b"a recorder", **functions)
        self._library = ctypes.CDLL(str(path))
        self._library.relay_to(ctypes.byref(self._table))
        self.plugin = _core.Plugin(str(path))

    def _n_devices(self, status):
        return 1

    def _describe(self, device, info, status):
        info.contents.name = b"Recorder"
        return 0

    def _create(self, device, net, status):
        self.runs.append({"net": arrays.arrays_of_net(net.contents), "arrays": {}})
        return len(self.runs)

    def _destroy(self, run):
        self.runs[run - 1] = None

    def _set_data(self, run, data, status):
        data, n = data.contents, data.contents.n_rows
        n_targets = self.runs[run - 1]["net"]["facts"]["n_targets"][0]
        shapes = {
            "X": (n, data.n_columns),
            "values": (n, n_targets),
            "classes": n,
            "weights": n,
        }
        given = {name: getattr(data, name) for name in shapes}
        kept = {name: arrays.copied(given[name], shapes[name]) for name in shapes if given[name]}
        kept["largest_batch"] = np.array(data.largest_batch)
        self.runs[run - 1]["data"] = kept
        return 0

    def _set_order(self, run, n, order, status):
        self.runs[run - 1]["order"] = arrays.copied(order, n)
        return 0

    def _write(self, run, array, n, numbers, status):
        self.runs[run - 1]["arrays"][str(array)] = arrays.copied(numbers, n)
        return 0

    def _read(self, run, array, n, to, status):
        ctypes.memmove(to, self.runs[run - 1]["arrays"][str(array)].ctypes.data, 4 * n)
        return 0

    def _run(self, n_runs, runs, slices, status):
        for i in range(n_runs):
            run, given = self.runs[runs[i] - 1], slices[i]
            run["slice"] = arrays.arrays_of_slice(given, run["net"]["facts"]["n_factors"][0])
            for step in range(given.n_steps):
                given.reports[step] = abi.Report(finite=1)
        return 0

    def _outputs(self, run, n_rows, X, to, status):
        return -1
