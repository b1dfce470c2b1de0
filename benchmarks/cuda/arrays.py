"""Between the structs of the ABI and NumPy's arrays, which are kept in files.

A struct becomes a record with the struct's own fields; what it points to stands beside it.
"""

import ctypes
from ctypes import POINTER, cast

import abi
import numpy as np


def is_pointer(kind):
    return hasattr(kind, "contents")


def record_type(struct):
    """NumPy's type of a struct, without its pointers."""
    return np.dtype([(name, kind) for name, kind in struct._fields_ if not is_pointer(kind)])


def layout_type(struct):
    """NumPy's type of a struct as it lies in memory; pointers are addresses."""
    return np.dtype(
        {
            "names": [name for name, _ in struct._fields_],
            "formats": [np.uintp if is_pointer(kind) else kind for _, kind in struct._fields_],
            "offsets": [getattr(struct, name).offset for name, _ in struct._fields_],
            "itemsize": ctypes.sizeof(struct),
        }
    )


def record_of(struct):
    """A struct's fields that are no pointers, as an array of one record."""
    kind = record_type(type(struct))
    return np.array([tuple(getattr(struct, name) for name in kind.names)], kind)


def copied(pointer, shape):
    """What a pointer points to, as an array of its own."""
    kind = pointer._type_
    n = int(np.prod(shape))
    memory = ctypes.string_at(pointer, n * ctypes.sizeof(kind)) if n else b""
    return np.frombuffer(memory, kind).reshape(shape)


def arrays_of_net(net):
    """A net as arrays: its facts, layers, tasks, stretches, wrappers and loss constants."""
    arrays = {
        name: copied(getattr(net, name), getattr(net, count))
        for name, count in abi.NET_ARRAYS.items()
    }
    return {"facts": record_of(net), **arrays}


def net_of(arrays):
    """The net of its arrays, which it keeps alive."""
    facts = arrays["facts"][0]
    net = abi.Net(**{name: facts[name].item() for name in facts.dtype.names})
    net.kept = [np.ascontiguousarray(arrays[name]) for name in abi.NET_ARRAYS]
    for name, array in zip(abi.NET_ARRAYS, net.kept, strict=True):
        kind = dict(abi.Net._fields_)[name]
        require_type(name, array, kind._type_)
        setattr(net, name, array.ctypes.data_as(kind))
    return net


def require_type(name, array, struct):
    """Refuse an array that another ABI wrote."""
    if array.dtype != np.dtype(struct):
        raise ValueError(f"{name} have the fields of another ABI: record the fixtures again")


def arrays_of_slice(given, n_factors):
    """A slice as arrays: keys, the steps' records, their constants and decays."""
    steps = [given.steps[i] for i in range(given.n_steps)]
    shape = (n_factors, abi.N_CONSTANTS)
    return {
        "keys": np.array([given.dropout_key, given.branch_key], np.uint64),
        "steps": np.concatenate([record_of(step) for step in steps]),
        "constants": np.stack([copied(step.constants, shape) for step in steps]),
        "decays": np.stack([copied(step.decays, n_factors) for step in steps]),
    }


def slice_of(arrays):
    """The slice of its arrays, which it keeps alive with the array of its reports."""
    records, n = arrays["steps"], len(arrays["steps"])
    constants = np.ascontiguousarray(arrays["constants"], np.float64)
    decays = np.ascontiguousarray(arrays["decays"], np.float64)
    steps = np.zeros(n, layout_type(abi.Step))
    for name in records.dtype.names:
        steps[name] = records[name]
    for name, numbers in (("constants", constants), ("decays", decays)):
        steps[name] = numbers.ctypes.data + np.arange(n) * numbers.strides[0]
    reports = np.zeros(n, np.dtype(abi.Report))
    dropout_key, branch_key = (int(key) for key in arrays["keys"])
    result = abi.Slice(dropout_key=dropout_key, branch_key=branch_key, n_steps=n)
    result.steps = cast(steps.ctypes.data, POINTER(abi.Step))
    result.reports = cast(reports.ctypes.data, POINTER(abi.Report))
    result.kept = steps, constants, decays
    result.reported = reports
    return result


def flattened(tree, prefix=""):
    """Arrays in dictionaries of dictionaries, by names with slashes."""
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from flattened(value, f"{prefix}{name}/")
        else:
            yield prefix + name, value


def unflattened(flat):
    """The dictionaries that ``flattened`` had."""
    tree = {}
    for path, value in flat.items():
        *above, name = path.split("/")
        branch = tree
        for part in above:
            branch = branch.setdefault(part, {})
        branch[name] = value
    return tree


def save(path, tree):
    """Write arrays in dictionaries of dictionaries to one file."""
    np.savez_compressed(path, **dict(flattened(tree)))


def load(path):
    """Read what ``save`` wrote."""
    with np.load(path, allow_pickle=False) as file:
        return unflattened({name: file[name] for name in file.files})
