"""Record the fixtures: what a plugin is told, and the bits that the CPU makes of it.

    python benchmarks/cuda/record.py

Each network is trained twice. One trainer works on the CPU's AVX-512 path. The other speaks to a
plugin of functions in Python, which write down what comes; it is given the CPU's results at the
end, so that the expected numbers are packed by the engine too. Needs deepgen, a C compiler, and
a processor with AVX-512.
"""

import ctypes
import subprocess
import sys
import tempfile
from pathlib import Path

import abi
import arrays
import numpy as np
from cases import CLASS_LOSSES, cases
from shapes import QUICK_SHAPES, SHAPES

from deepgen import _core

HERE = Path(__file__).resolve().parent
FIXTURES = HERE / "fixtures.npz"
N_CONSTANTS_RECORDED = 64  # steps of Adam


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


def data_of(case, random_state):
    """X, y and weights of a case."""
    X = random_state.random_sample((case.n_rows, case.n_inputs)) - 0.5
    n_outputs = case.layers[-1].width
    if case.loss.name in CLASS_LOSSES:
        y = random_state.randint(0, n_outputs, case.n_rows).astype(np.int32)
    else:
        y = random_state.random_sample((case.n_rows, n_outputs)).astype(np.float32)
        if case.loss.name.startswith("binary"):
            y = np.round(y)
    weights = random_state.random_sample(case.n_rows).astype(np.float32)
    weights[3] = 0.0
    return X.astype(np.float32), y, weights if case.weighted else None


def start_of(network, random_state):
    """Weights from which training begins; scales and variances stay away from 0."""
    flat = (random_state.random_sample(network.n_parameters) - 0.5).astype(np.float32)
    for block in network.layout:
        if block.name.startswith(("scale", "variance")):
            flat[block.offset : block.offset + block.rows * block.columns] += 1
    return flat


def record_net(recorder, case, data, number):
    """A network of a case as the plugin got it, and the data that came with it."""
    spec = _core.NetworkSpec(n_inputs=case.n_inputs, layers=case.layers, loss=case.loss)
    network = _core.Network(spec, "float32", "avx512")
    settings = {
        "optimizer": case.optimizer,
        "wrappers": case.wrappers,
        "alpha": 0.01,
        "batch_size": case.batch_size,
        "seed": 7 + number,
        "rate_factors": case.factors,
    }
    on_cpu = _core.Trainer(network, **settings)
    recorded = _core.Trainer(network, device=recorder.plugin, **settings)
    run = recorder.runs[-1]
    rows = np.random.RandomState(number).permutation(case.n_rows)[: case.n_training]
    start = start_of(network, np.random.RandomState(100 + number))
    for trainer in (on_cpu, recorded):
        trainer.set_data(*data, rows.astype(np.int64))
        trainer.load(start)
    kept = {"net": run["net"], "start": dict(run["arrays"]), "slices": {}}
    for epoch in range(case.n_epochs):
        # The first epoch comes in two slices.
        pieces = [on_cpu.steps_per_epoch // 2, None] if epoch == 0 else [None]
        for piece in pieces:
            kept["slices"][str(len(kept["slices"]))] = record_slice(
                case, on_cpu, recorded, run, epoch, piece
            )
    flat = np.empty_like(start)
    on_cpu.store(flat)
    recorded.load(flat)
    recorded.set_state(on_cpu.state())
    return kept | {"expected": dict(run["arrays"])}, run["data"]


def record_slice(case, on_cpu, recorded, run, epoch, n_steps):
    """The next slice of an epoch: what is sent, and what the CPU's epoch has added up after it."""
    begins = n_steps is not None or epoch > 0
    if begins:
        on_cpu.begin_epoch(epoch)
        recorded.begin_epoch(epoch)
    n_steps = recorded.steps_per_epoch if n_steps is None else n_steps
    rates = case.rate / (1 + np.arange(n_steps))
    moving = {}
    if case.dropouts and len(case.dropouts) == n_steps:
        moving["dropout"] = np.array(case.dropouts)
    progress = on_cpu.run(rates, **moving)
    recorded.run(rates, **moving)
    sums = [progress.loss, progress.gradient_norm, progress.n_steps, progress.finite]
    kept = {"progress": np.array(sums, np.float64), **run.pop("slice")}
    return kept | ({"order": run["order"]} if begins else {})


def record_case(recorder, case):
    """A case: data and runs."""
    data = data_of(case, np.random.RandomState(1))
    runs = {}
    for number in range(case.n_nets):
        runs[str(number)], kept = record_net(recorder, case, data, number)
    return {"data": kept, "runs": runs}


def record_form(recorder, shape):
    """The net of a shape, how large its weights are at the start, and what Adam's steps need."""
    *hidden, n_outputs = shape.widths[1:]
    layers = [_core.LayerSpec(width=width, activation="relu") for width in hidden]
    layers.append(_core.LayerSpec(width=n_outputs, activation="identity"))
    spec = _core.NetworkSpec(
        n_inputs=shape.widths[0], layers=layers, loss=_core.Component("squared_error")
    )
    network = _core.Network(spec, "float32")
    trainer = _core.Trainer(
        network,
        optimizer=_core.Component("adam"),
        batch_size=1,
        seed=0,
        device=recorder.plugin,
    )
    scales = np.zeros(network.n_parameters, np.float32)
    for block in network.layout:
        if block.name.startswith("coefs"):
            scales[block.offset : block.offset + block.rows * block.columns] = np.sqrt(
                6 / block.rows
            )
    X = np.zeros((N_CONSTANTS_RECORDED, shape.widths[0]), np.float32)
    trainer.set_data(X, np.zeros((N_CONSTANTS_RECORDED, n_outputs), np.float32))
    trainer.load(scales)
    trainer.begin_epoch(0)
    trainer.run(np.full(N_CONSTANTS_RECORDED, 1e-3))
    run = recorder.runs[-1]
    packed = run["arrays"][str(abi.WEIGHTS)]
    ends = np.append(np.flatnonzero(np.diff(packed)) + 1, packed.size)
    return {
        "net": run["net"],
        "scales": {"ends": ends, "values": packed[ends - 1]},
        "constants": run["slice"]["constants"],
        "decays": run["slice"]["decays"],
    }


def record():
    """All fixtures, as arrays in dictionaries."""
    if "avx512" not in _core.simd_paths():
        raise SystemExit("fixtures have the bits of AVX-512, which this processor lacks")
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(folder)
        return {
            "cases": {case.name: record_case(recorder, case) for case in cases()},
            "forms": {s.form: record_form(recorder, s) for s in (*SHAPES, *QUICK_SHAPES)},
        }


if __name__ == "__main__":
    arrays.save(FIXTURES, record())
    print(f"{FIXTURES}: {FIXTURES.stat().st_size} bytes", file=sys.stderr)
