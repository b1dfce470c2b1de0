"""Record the fixtures: what a plugin is told, and the bits that the CPU makes of it.

    python benchmarks/cuda/record.py

Each network is trained twice. One trainer works on the CPU's AVX-512 path. The other speaks to the
recorder; it is given the CPU's results at the end, so that the engine packs the expected numbers
too. Needs deepgen, a C compiler, and a processor with AVX-512.
"""

import sys
import tempfile
from pathlib import Path

import abi
import arrays
import numpy as np
from cases import CLASS_LOSSES, cases, component, layers
from recorder import Recorder
from shapes import QUICK_SHAPES, SHAPES
from work import RATE, RECORDED_STEPS, data_of, digest, order_of, start_of

from deepgen import _core

FIXTURES = Path(__file__).with_name("fixtures.npz")
ADAM_STEPS = 64  # whose constants are kept
OUTPUT_ROWS = 40  # whose outputs are kept


def case_data(case, random_state):
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


def case_start(network, random_state):
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
    start = case_start(network, np.random.RandomState(100 + number))
    for trainer in (on_cpu, recorded):
        trainer.set_data(*data, rows.astype(np.int64))
        trainer.load(start)
    kept = {"net": run["net"], "start": dict(run["arrays"]), "slices": {}}
    for place, (epoch, n_steps) in enumerate(slices_of(case, on_cpu.steps_per_epoch)):
        begins = place == 0 or epoch > 0
        rates = case.rate / (1 + np.arange(n_steps))
        moving = {"dropout": np.array(case.dropouts)} if place == 0 and case.dropouts else {}
        for trainer in (recorded, on_cpu):
            if begins:
                trainer.begin_epoch(epoch)
            progress = trainer.run(rates, **moving)
        sent = {"order": run["order"], **run["slice"]} if begins else run["slice"]
        kept["slices"][str(place)] = {"progress": sums_of(progress), **sent}
    flat = np.empty_like(start)
    on_cpu.store(flat)
    recorded.load(flat)
    recorded.set_state(on_cpu.state())
    outputs = network.forward(flat, data[0][:OUTPUT_ROWS])
    # A device computes outputs of nets without batch norm, which is folded into their weights; and
    # processors write NaN differently.
    folded = any(layer.normalization.name == "batch" for layer in case.layers)
    if not folded and np.isfinite(outputs).all():
        kept["outputs"] = outputs
    return kept | {"expected": dict(run["arrays"])}, run["data"]


def slices_of(case, n_steps):
    """Epoch and number of steps of each slice: the first epoch comes in two."""
    half = n_steps // 2
    later = [(epoch, n_steps) for epoch in range(1, case.n_epochs)]
    return [(0, half), (0, n_steps - half), *later]


def sums_of(progress):
    sums = [progress.loss, progress.gradient_norm, progress.n_steps, progress.finite]
    return np.array(sums, np.float64)


def record_case(recorder, case):
    """A case: data and runs."""
    data = case_data(case, np.random.RandomState(1))
    runs = {}
    for number in range(case.n_nets):
        runs[str(number)], kept = record_net(recorder, case, data, number)
    return {"data": kept, "runs": runs}


def record_form(recorder, shape):
    """The net of a shape, how large its weights are at the start, and the CPU's first steps."""
    *hidden, n_outputs = shape.widths[1:]
    loss = component("squared_error")
    spec = _core.NetworkSpec(n_inputs=shape.widths[0], layers=layers(*hidden, n_outputs), loss=loss)
    network = _core.Network(spec, "float32", "avx512")
    settings = {
        "optimizer": component("adam"),
        "batch_size": shape.batch_size,
        "shuffle": False,
        "seed": 0,
    }
    on_cpu = _core.Trainer(network, **settings)
    recorded = _core.Trainer(network, device=recorder.plugin, **settings)
    run = recorder.runs[-1]
    flat = np.zeros(network.n_parameters, np.float32)
    for block in network.layout:
        if block.name.startswith("coefs"):
            end = block.offset + block.rows * block.columns
            flat[block.offset : end] = np.sqrt(6 / block.rows)
    recorded.load(flat)
    packed = run["arrays"][str(abi.WEIGHTS)]
    ends = np.append(np.flatnonzero(np.diff(packed)) + 1, packed.size)
    scales = {"ends": ends, "values": packed[ends - 1]}

    run["arrays"][str(abi.WEIGHTS)] = start_of(scales, 0)
    recorded.store(flat)
    on_cpu.load(flat)
    on_cpu.set_data(*data_of(shape), rows=order_of(shape, RECORDED_STEPS).ravel())
    on_cpu.begin_epoch(0)
    progress = on_cpu.run(np.full(RECORDED_STEPS, RATE), 2)
    on_cpu.store(flat)
    recorded.load(flat)
    recorded.set_state(on_cpu.state())
    return {
        "net": run["net"],
        "scales": scales,
        "progress": sums_of(progress),
        "digests": {array: digest(numbers) for array, numbers in run["arrays"].items()},
    }


def record_adam(recorder):
    """The constants of Adam's first steps, which all shapes take."""
    spec = _core.NetworkSpec(n_inputs=1, layers=layers(1), loss=component("squared_error"))
    trainer = _core.Trainer(
        _core.Network(spec, "float32"),
        optimizer=component("adam"),
        batch_size=1,
        seed=0,
        device=recorder.plugin,
    )
    column = np.zeros((ADAM_STEPS, 1), np.float32)
    trainer.set_data(column, column)
    trainer.begin_epoch(0)
    trainer.run(np.full(ADAM_STEPS, RATE))
    given = recorder.runs[-1]["slice"]
    return {name: given[name] for name in ("constants", "decays")}


def record(shapes=(*SHAPES, *QUICK_SHAPES)):
    """All cases, and the forms of some shapes, as arrays in dictionaries."""
    if "avx512" not in _core.simd_paths():
        raise SystemExit("fixtures have the bits of AVX-512, which this processor lacks")
    forms = {shape.form: shape for shape in shapes}
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(folder)
        return {
            "cases": {case.name: record_case(recorder, case) for case in cases()},
            "forms": {name: record_form(recorder, shape) for name, shape in forms.items()},
            "adam": record_adam(recorder),
        }


if __name__ == "__main__":
    arrays.save(FIXTURES, record())
    print(f"{FIXTURES}: {FIXTURES.stat().st_size} bytes", file=sys.stderr)
