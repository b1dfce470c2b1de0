"""The ABI of cpp/engine/devices/abi.h as ctypes: a plugin is opened, asked and told by it.

Needs NumPy alone. A test compares all sizes, offsets and numbers with the header.
"""

import ctypes
import os
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    byref,
    c_char,
    c_char_p,
    c_double,
    c_float,
    c_int32,
    c_int64,
    c_uint64,
    c_void_p,
)

import numpy as np

ABI = 1

REASONS = ("done", "no driver", "old driver", "no device", "old device", "no memory", "failed")

WEIGHTS = 0
STATE = 1  # and the arrays after it
MEAN = 1000  # + layer
VARIANCE = 2000
N_CONSTANTS = 8


class Status(Structure):
    """Why something could not be done."""

    _fields_ = [("reason", c_int32), ("detail", c_char * 256)]


class DeviceInfo(Structure):
    """A device as the plugin sees it."""

    _fields_ = [
        ("name", c_char * 256),
        *((name, c_int32) for name in ("major", "minor", "n_multiprocessors")),
        *((name, c_int32) for name in ("driver", "runtime")),
        *((name, c_int64) for name in ("memory", "free_memory")),
    ]


class Layer(Structure):
    """A layer, as the engine plans and packs it."""

    _fields_ = [
        *((name, c_int64) for name in ("n_inputs", "width")),
        *((name, c_int64) for name in ("coefs", "intercepts", "scale", "shift", "slope")),
        *((name, c_int64) for name in ("transposed", "n_vectors")),
        *((name, c_int32) for name in ("narrow", "has_bias", "has_slope", "transposes")),
        *((name, c_int32) for name in ("activation", "from_output", "relu_in_product")),
        *((name, c_int32) for name in ("relu_in_normalization", "masked", "keeps_value")),
        *((name, c_int32) for name in ("identity", "normalization")),
        *((name, c_double) for name in ("momentum", "epsilon")),
        *((name, c_int32) for name in ("skip", "skip_from", "is_added")),
        *((name, c_double) for name in ("skip_alpha", "dropout", "branch_drop")),
    ]


class Task(Structure):
    """Weights whose gradient is one chunk."""

    _fields_ = [
        *((name, c_int32) for name in ("kind", "layer")),
        *((name, c_int64) for name in ("row", "n_rows", "column", "columns", "offset", "n")),
    ]


class Stretch(Structure):
    """Weights whose rate has one factor."""

    _fields_ = [("end", c_int64), ("factor", c_int32)]


class Wrapper(Structure):
    """What is wrapped around the rule."""

    _fields_ = [("kind", c_int32), ("settings", c_double * 4)]


class Net(Structure):
    """A network, its loss and its optimizer."""

    _fields_ = [
        *((name, c_int64) for name in ("n_inputs", "n_layers")),
        ("layers", POINTER(Layer)),
        *((name, c_int64) for name in ("n_weights", "n_transposed", "n_tasks", "n_stretches")),
        ("tasks", POINTER(Task)),
        ("stretches", POINTER(Stretch)),
        *((name, c_int32) for name in ("loss", "takes_classes")),
        *((name, c_int64) for name in ("n_targets", "n_loss_constants")),
        ("loss_constants", POINTER(c_double)),
        *((name, c_int32) for name in ("rule", "n_factors")),
        *((name, c_int64) for name in ("n_state_arrays", "n_wrappers")),
        ("wrappers", POINTER(Wrapper)),
    ]


# Each array of a net, and the field that counts it.
NET_ARRAYS = {
    "layers": "n_layers",
    "tasks": "n_tasks",
    "stretches": "n_stretches",
    "loss_constants": "n_loss_constants",
    "wrappers": "n_wrappers",
}


class Data(Structure):
    """X, y and weights of the rows."""

    _fields_ = [
        *((name, c_int64) for name in ("n_rows", "n_columns")),
        ("X", POINTER(c_float)),
        ("values", POINTER(c_float)),
        ("classes", POINTER(c_int32)),
        ("weights", POINTER(c_float)),
        ("largest_batch", c_int64),
    ]


class Step(Structure):
    """Rows and numbers of one step."""

    _fields_ = [
        *((name, c_int64) for name in ("begin", "end")),
        *((name, c_double) for name in ("weight_sum", "penalty", "dropout")),
        *((name, POINTER(c_double)) for name in ("constants", "decays")),
    ]


class Report(Structure):
    """What a step did."""

    _fields_ = [
        ("finite", c_int32),
        *((name, c_double) for name in ("loss", "gradient_squares", "weight_squares")),
    ]


class Slice(Structure):
    """Steps in one call."""

    _fields_ = [
        *((name, c_uint64) for name in ("dropout_key", "branch_key")),
        ("n_steps", c_int64),
        ("steps", POINTER(Step)),
        ("reports", POINTER(Report)),
    ]


_RUN, _STATUS, _FLOATS = c_void_p, POINTER(Status), POINTER(c_float)


class Table(Structure):
    """The functions of a plugin."""

    _fields_ = [
        ("abi", c_int32),
        ("built_for", c_char_p),
        ("n_devices", CFUNCTYPE(c_int32, _STATUS)),
        ("describe", CFUNCTYPE(c_int32, c_int32, POINTER(DeviceInfo), _STATUS)),
        ("create", CFUNCTYPE(_RUN, c_int32, POINTER(Net), _STATUS)),
        ("destroy", CFUNCTYPE(None, _RUN)),
        ("set_data", CFUNCTYPE(c_int32, _RUN, POINTER(Data), _STATUS)),
        ("set_order", CFUNCTYPE(c_int32, _RUN, c_int64, POINTER(c_int64), _STATUS)),
        ("write", CFUNCTYPE(c_int32, _RUN, c_int32, c_int64, _FLOATS, _STATUS)),
        ("read", CFUNCTYPE(c_int32, _RUN, c_int32, c_int64, _FLOATS, _STATUS)),
        ("run", CFUNCTYPE(c_int32, c_int64, POINTER(_RUN), POINTER(Slice), _STATUS)),
        ("outputs", CFUNCTYPE(c_int32, _RUN, c_int64, _FLOATS, _FLOATS, _STATUS)),
    ]


class PluginError(RuntimeError):
    """What a plugin says that it could not do, and why."""


def pointer(array, kind):
    """Pointer to the first number of a C-contiguous array; null for None."""
    return None if array is None else array.ctypes.data_as(POINTER(kind))


class Plugin:
    """A plugin that is opened.

    Parameters
    ----------
    path : str
        The shared library.
    """

    def __init__(self, path):
        self._library = ctypes.CDLL(os.path.abspath(path))
        self._library.deepgen_plugin.restype = POINTER(Table)
        table = self._library.deepgen_plugin(ABI)
        if not table:
            raise PluginError(f"{path} does not speak version {ABI} of the ABI")
        self.table = table.contents
        self.built_for = self.table.built_for.decode()

    def describe(self, device=0):
        """The device as the plugin sees it: a DeviceInfo."""
        status, info = Status(), DeviceInfo()
        if self.table.n_devices(byref(status)) < 1:
            raise _error("n_devices", status)
        self.call("describe", device, byref(info))
        return info

    def call(self, name, *arguments):
        """Call a function that returns 0 on success."""
        status = Status()
        if getattr(self.table, name)(*arguments, byref(status)) != 0:
            raise _error(name, status)

    def run(self, runs, slices):
        """Train a slice of each run, side by side.

        Parameters
        ----------
        runs : sequence of Run
            Whose weights move.
        slices : sequence of Slice
            One for each of them; their reports are filled in.
        """
        handles = (c_void_p * len(runs))(*(run.handle for run in runs))
        self.call("run", len(runs), handles, (Slice * len(runs))(*slices))


def _error(name, status):
    return PluginError(f"{name}: {REASONS[status.reason]}: {status.detail.decode()}")


class Run:
    """A net on a device, which lives until ``close``.

    Parameters
    ----------
    plugin : Plugin
        Whose device it is.
    net : Net
        What is made.
    """

    def __init__(self, plugin, net):
        status = Status()
        self._plugin = plugin
        self._data = ()
        self.handle = plugin.table.create(0, byref(net), byref(status))
        if not self.handle:
            raise _error("create", status)

    def close(self):
        self._plugin.table.destroy(self.handle)

    def set_data(self, X, values, classes, weights, largest_batch):
        """Borrow the data, as abi.h has them; None for what is not there."""
        self._data = X, values, classes, weights
        data = Data(
            n_rows=X.shape[0],
            n_columns=X.shape[1],
            X=pointer(X, c_float),
            values=pointer(values, c_float),
            classes=pointer(classes, c_int32),
            weights=pointer(weights, c_float),
            largest_batch=largest_batch,
        )
        self._plugin.call("set_data", self.handle, byref(data))

    def set_order(self, order):
        self._plugin.call("set_order", self.handle, len(order), pointer(order, c_int64))

    def write(self, array, numbers):
        self._plugin.call("write", self.handle, array, len(numbers), pointer(numbers, c_float))

    def read(self, array, n):
        """The first ``n`` numbers of an array, float32."""
        numbers = np.empty(n, np.float32)
        self._plugin.call("read", self.handle, array, n, pointer(numbers, c_float))
        return numbers

    def outputs(self, X, n_outputs):
        """Outputs of the last layer in inference mode, float32."""
        to = np.empty((len(X), n_outputs), np.float32)
        floats = (pointer(array, c_float) for array in (X, to))
        self._plugin.call("outputs", self.handle, len(X), *floats)
        return to
