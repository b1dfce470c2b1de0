"""Malformed calls straight at the engine; run as a script in a process of its own."""

import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from deepgen import _core
from robustness.nonsense import Tally, arrays, calls, changed, nonsense, numbers, words

N = 12
tally = Tally(sys.argv[2])


def layer(width, **settings):
    return _core.LayerSpec(width=width, **settings)


def network(dtype, loss, last, **hidden):
    layers = [layer(5, **hidden), layer(5, **hidden), layer(last, activation="identity")]
    spec = _core.NetworkSpec(n_inputs=4, layers=layers, loss=_core.Component(loss))
    return _core.Network(spec, dtype)


BATCH = _core.Component("batch")
NETWORKS = {
    "numbers": network("float32", "squared_error", 3),
    "classes": network("float64", "log_loss", 3, activation="gelu"),
    "batch": network("float32", "poisson", 3, normalization=BATCH, dropout=0.5),
    "stored": network(
        "float32", "squared_error", 3, reparametrization=_core.Component("weight_norm")
    ),
}
MEASURED = {
    "plain": network("float64", "huber", 3, activation="tanh"),
    "layer": network("float64", "log_loss", 3, normalization=_core.Component("layer")),
    "batch": network("float64", "poisson", 3, normalization=BATCH),
}
CHAINED = {
    name: network("float64", "squared_error", 3, reparametrization=_core.Component(name))
    for name in ("none", "weight_norm", "scaled_weight_standardization")
}
OPTIMIZER = _core.Component("adam")
AUGMENTATIONS = [_core.Component(name) for name in _core.catalog()["augmentations"]]


def sparse_parts(dtype):
    return {
        "data": np.ones(N, dtype),
        "indices": np.arange(N, dtype=np.int32) % 4,
        "indptr": np.arange(N + 1, dtype=np.int64),
        "n_columns": 4,
    }


def sound(net):
    """Arguments that go together."""
    rng = np.random.default_rng(0)
    classes = net.takes_classes
    return {
        "parameters": rng.normal(size=net.n_parameters).astype(net.dtype) ** 2,
        "X": rng.normal(size=(N, 4)).astype(net.dtype),
        "y": np.arange(N, dtype=np.int32) % 3 if classes else np.ones((N, 3), net.dtype),
        "weights": np.ones(N, net.dtype),
        "rows": np.arange(N, dtype=np.int64),
    }


def several_rows(data):
    """Rows, of which one is out of range."""
    wrong = data.draw(st.sampled_from([-1, N, 2**31, 2**62, -(2**63)]))
    return np.array([0, 3, wrong], dtype=np.int64)


nets = st.sampled_from(sorted(NETWORKS))
threads = st.one_of(st.sampled_from([0, -1, -(2**63)]), nonsense)
# More than any machine has: such a call is sound and gets fewer.
many_threads = st.sampled_from([2**20, 2**31, 2**40, 2**62])
MEASURES = ["forward", "predict", "activations", "moments", "loss", "loss_and_gradient"]
MEASURES += ["predict_in_units", "prepare"]


def measuring(data):
    net = NETWORKS[data.draw(nets)]
    method = data.draw(st.sampled_from(MEASURES))
    given = sound(net) | {"n_threads": 1}
    units = np.ones((2, 1 if net.takes_classes else net.n_outputs))
    if method.startswith("loss"):
        given |= {"alpha": 0.0}
        if method == "loss_and_gradient":
            given["training"] = data.draw(st.booleans())
    else:
        del given["y"], given["weights"]
        if method in ("activations", "moments"):
            given["layer"] = 1
        if method == "predict_in_units":
            given |= {"mean": units[0], "scale": units[1]}
    kind = data.draw(st.integers(0, 9))
    if kind == 0:
        given["rows"] = several_rows(data)
    elif kind == 1 and method != "prepare":
        given["n_threads"] = data.draw(many_threads)
        tally.must(method, getattr(net, method), **given)
        return
    elif kind == 2 and method != "prepare":
        given["n_threads"] = data.draw(threads)
    elif kind == 5 and "layer" in given:
        given["layer"] = data.draw(numbers)
    elif kind == 3 and "y" in given and net.takes_classes:
        given["y"] = given["y"] + data.draw(st.sampled_from([1, 3, 2**30, -1]))
        given["y"] = given["y"].astype(np.int32)
    elif kind == 4:
        dtype = data.draw(st.sampled_from(["float32", "float64"]))
        parts = changed(data.draw, sparse_parts(dtype))
        rows = tally.make("SparseRows", _core.SparseRows, **parts)
        given["X"] = data.draw(nonsense) if rows is None else rows
    else:
        given = changed(data.draw, given)
    if method != "prepare":
        tally.make(method, getattr(net, method), **given)
        return
    own = {name: given.pop(name) for name in ("parameters",) if name in given}
    prepared = tally.make(method, net.prepare, **own)
    if prepared is not None:
        method = data.draw(st.sampled_from(["forward", "predict", "predict_in_units"]))
        if method == "predict_in_units":
            given |= changed(data.draw, {"mean": units[0], "scale": units[1]})
        tally.make(method, getattr(prepared, method), **given)


VECTORS = ["add_hvp", "add_gauss_newton", "add_gradients", "add_output_gradients"]
VECTORS += ["directional", "output_tangents"]
PROBED = [*VECTORS, "norms", "gradients", "jacobian", "output_gradients", "output_curvature"]
PROBED += ["add_gauss_newton_diagonal", "add_kronecker_factors"]


def sound_measurement(method, net, arguments, probe):
    """Arguments of a probe's method that go together."""
    P = net.n_trainable
    given = {"point": probe.point(arguments["parameters"]), "n_threads": 1}
    if method == "jacobian":
        return given | {"X": arguments["X"]}
    if method == "output_gradients":
        return given | {"rows": arguments["rows"], "out": np.zeros((3 * N, P))}
    if method in VECTORS:
        n = {"add_gradients": N, "add_output_gradients": 3 * N}.get(method, P)
        given["v"] = np.ones((2, n))
    n_factors = sum(a * a + g * g for a, g in probe.factor_sizes)
    shapes = {"directional": (2, N), "output_tangents": (2, 3 * N), "output_curvature": (N, 9)}
    shapes |= {"norms": N, "gradients": (N, P)}
    shapes |= {"add_gauss_newton_diagonal": P, "add_kronecker_factors": n_factors}
    return given | {"out": np.zeros(shapes.get(method, (2, P))), "begin": 0, "end": N}


def probes(data):
    """A probe that is made of sound data or not, and what it is asked to measure."""
    net = MEASURED[data.draw(st.sampled_from(sorted(MEASURED)))]
    arguments = sound(net)
    if data.draw(st.integers(0, 3)) == 0:
        made = {"network": net, **{name: arguments[name] for name in ("X", "y", "weights")}}
        tally.make("Probe", _core.Probe, **changed(data.draw, made))
        return
    probe = _core.Probe(net, arguments["X"], arguments["y"], arguments["weights"])
    method = data.draw(st.sampled_from(PROBED))
    given = sound_measurement(method, net, arguments, probe)
    kind = data.draw(st.integers(0, 9))
    if kind == 0:
        given["n_threads"] = data.draw(threads)
    elif kind == 1:
        given["n_threads"] = data.draw(many_threads)
        tally.must(method, getattr(probe, method), **given)
        return
    elif kind == 2 and "v" in given:
        place = data.draw(st.integers(0, 1)), data.draw(st.integers(0, N - 1))
        given["v"][place] = data.draw(st.sampled_from([np.nan, np.inf]))
    elif kind == 3 and method == "output_gradients":
        given["rows"] = several_rows(data)
    elif kind <= 4 and "begin" in given:
        given[data.draw(st.sampled_from(["begin", "end"]))] = data.draw(numbers)
    else:
        given = changed(data.draw, given)
    tally.make(method, getattr(probe, method), **given)


def chains(data):
    """The chain rule of a network that is reparametrized or not, along nonsense."""
    net = CHAINED[data.draw(st.sampled_from(sorted(CHAINED)))]
    parameters = sound(net)["parameters"]
    if data.draw(st.integers(0, 3)) == 0:
        made = changed(data.draw, {"network": net, "parameters": parameters})
        tally.make("Chain", _core.Chain, **made)
        return
    chain, P = _core.Chain(net, parameters), net.n_trainable
    method = data.draw(st.sampled_from(["push_forward", "pull_back", "pull_back_tangent"]))
    given = {
        "push_forward": {"direction": np.ones(P)},
        "pull_back": {"gradients": np.ones((2, P))},
        "pull_back_tangent": {
            "direction": np.ones(P),
            "gradient": np.ones(P),
            "tangent": np.ones(P),
        },
    }[method]
    tally.make(method, getattr(chain, method), **changed(data.draw, given))


def rows_of_csr(data):
    """Starts and columns that are integers of the right type, but lead out of the matrix."""
    parts = sparse_parts("float32")
    small = st.sampled_from([-1, 0, 1, 3, 4, N - 1, N, N + 1, 2**30, -(2**31)])
    wide = st.one_of(small, st.sampled_from([2**62, -(2**63), 2**63 - 1]))
    which = data.draw(st.sampled_from(["indices", "indptr"]))
    at = data.draw(st.integers(0, N - 1))
    parts[which][at] = data.draw(small if which == "indices" else wide)
    if data.draw(st.booleans()):
        parts["n_columns"] = data.draw(st.sampled_from([0, -1, 1, 3, 4, 2**31, 2**62]))
    rows = tally.make("SparseRows", _core.SparseRows, **parts)
    if rows is not None:
        net = NETWORKS["numbers"]
        tally.make("forward", net.forward, sound(net)["parameters"], rows)


def specs(data):
    sizes = st.one_of(st.sampled_from([0, -1, 2**31, 2**40, 2**62, 2**63 - 1, 3]), numbers)
    hidden = {
        "width": 5,
        "activation": "relu",
        "normalization": _core.Component("none"),
        "skip_from": -1,
        "dropout": 0.0,
        "reparametrization": _core.Component("none"),
        "skip": _core.Component("residual"),
        "branch_drop": 0.0,
    }
    layers = [layer(5), layer(3, activation="identity")]
    if data.draw(st.booleans()):
        hidden = changed(data.draw, hidden, st.one_of(sizes, nonsense))
        made = tally.make("LayerSpec", _core.LayerSpec, **hidden)
        layers = [made or layer(5), *layers]
    whole = {"n_inputs": 4, "layers": layers, "loss": _core.Component("squared_error")}
    if data.draw(st.booleans()):
        whole = changed(data.draw, whole, st.one_of(sizes, nonsense))
    spec = tally.make("NetworkSpec", _core.NetworkSpec, **whole)
    given = {"spec": spec, "dtype": "float32", "simd": ""}
    if spec is None or data.draw(st.booleans()):
        given = changed(data.draw, given, st.one_of(words, nonsense))
    tally.make("Network", _core.Network, **given)


def components(data):
    families = _core.catalog()
    family = data.draw(st.sampled_from(["augmentations", "losses", "normalizations", "optimizers"]))
    name = data.draw(st.sampled_from([*sorted(families[family]), "nonsense", ""]))
    known = sorted(families[family].get(name, {}))
    settings = data.draw(
        st.dictionaries(
            st.one_of(st.sampled_from([*known, "nonsense"]), words),
            st.one_of(numbers, nonsense, st.lists(numbers, max_size=4)),
            max_size=3,
        )
    )
    made = tally.make("Component", _core.Component, name, settings)
    if made is None:
        return
    if family == "optimizers":
        make = {"optimizer": made, "batch_size": 4, "seed": 0}
        tally.make("Trainer", _core.Trainer, NETWORKS["numbers"], **make)
        return
    if family == "augmentations":
        make = {"optimizer": OPTIMIZER, "batch_size": 4, "seed": 0, "augmentation": made}
        tally.make("Trainer", _core.Trainer, NETWORKS["numbers"], **make)
        return
    norm = made if family == "normalizations" else _core.Component("none")
    loss = made if family == "losses" else _core.Component("squared_error")
    hidden = layer(5, normalization=norm)
    layers = [hidden, layer(3, activation="identity")]
    spec = tally.make("NetworkSpec", _core.NetworkSpec, n_inputs=4, layers=layers, loss=loss)
    if spec is not None:
        tally.make("Network", _core.Network, spec)


def trainers(data):
    """A trainer that is made, fed and run with something wrong at each turn, in any order."""
    net = NETWORKS[data.draw(nets)]
    given = {"optimizer": OPTIMIZER, "alpha": 0.0, "batch_size": 4, "shuffle": True, "seed": 1}
    given["augmentation"] = data.draw(st.sampled_from(AUGMENTATIONS))
    given["mixup"] = data.draw(st.sampled_from([0.0, 0.4]))
    if data.draw(st.integers(0, 2)) == 0:
        sizes = st.one_of(numbers, nonsense)
        given = changed(data.draw, given, sizes)
    trainer = tally.make("Trainer", _core.Trainer, net, **given)
    if trainer is None:
        return
    for _ in range(data.draw(st.integers(1, 5))):
        arguments = sound(net)
        parameters = arguments.pop("parameters")
        calls = ["set_data", "load", "store", "begin_epoch", "run", "recall", "set_state", "ok"]
        step = data.draw(st.sampled_from(calls))
        if step == "ok":
            tally.make(step, trainer.set_data, **arguments)
            tally.make(step, trainer.load, parameters)
            tally.make(step, trainer.begin_epoch, 0)
        elif step == "set_data":
            arguments = changed(data.draw, arguments)
            if data.draw(st.booleans()):
                arguments["rows"] = several_rows(data)
            tally.make(step, trainer.set_data, **arguments)
        elif step in ("load", "store", "recall"):
            tally.make(step, getattr(trainer, step), data.draw(nonsense))
        elif step == "begin_epoch":
            tally.make(step, trainer.begin_epoch, data.draw(numbers))
        elif step == "run":
            rates = data.draw(st.one_of(arrays(), st.just(np.full(2, np.nan))))
            n_threads = data.draw(st.one_of(st.just(2), threads, many_threads))
            tally.make(step, trainer.run, rates, n_threads)
        else:
            state = trainer.state()
            if data.draw(st.integers(0, 3)):
                state[data.draw(st.sampled_from([*state, "nonsense"]))] = data.draw(nonsense)
            else:
                state = data.draw(nonsense)
            tally.make(step, trainer.set_state, state)


PICKLED = [_core.Component, _core.LayerSpec, _core.NetworkSpec, _core.Network]
PICKLED += [_core.Prepared, _core.SparseRows]


def pickles(data):
    """States that no object gave, and objects without a state."""
    cls = data.draw(st.sampled_from(PICKLED))
    empty = cls.__new__(cls)
    whole = {
        _core.Component: OPTIMIZER,
        _core.LayerSpec: layer(3),
        _core.NetworkSpec: NETWORKS["classes"].spec,
        _core.Network: NETWORKS["classes"],
        _core.Prepared: NETWORKS["classes"].prepare(np.zeros(NETWORKS["classes"].n_parameters)),
        _core.SparseRows: _core.SparseRows(
            np.ones(2), np.zeros(2, np.int32), np.arange(3, dtype=np.int64), 3
        ),
    }[cls]
    state = list(whole.__getstate__())
    for _ in range(data.draw(st.integers(1, 2))):
        state[data.draw(st.integers(0, len(state) - 1))] = data.draw(st.one_of(numbers, nonsense))
    state = tuple(state[: data.draw(st.integers(1, len(state)))])
    if data.draw(st.booleans()):
        tally.make("an empty object", repr, empty)
        name = data.draw(st.sampled_from([name for name in dir(cls) if name[0] != "_"]))
        tally.make("an empty object", lambda: getattr(empty, name))
        other = data.draw(st.sampled_from(["spec", "layers", "network"]))
        if other == "spec":
            tally.make("an empty spec", _core.Network, empty)
        elif other == "layers":
            loss = _core.Component("squared_error")
            layers = [empty]
            tally.make(other, _core.NetworkSpec, n_inputs=3, layers=layers, loss=loss)
        else:
            tally.make(other, _core.Trainer, empty, optimizer=OPTIMIZER, batch_size=1, seed=0)
        return
    tally.make("__setstate__", empty.__setstate__, state)
    if cls is _core.NetworkSpec:
        tally.make("Network", _core.Network, empty)
    elif cls is _core.Network:
        tally.make("n_parameters", lambda: empty.n_parameters)
    elif cls is _core.Prepared:
        tally.make("forward", empty.forward, data.draw(nonsense))
        tally.make("predict", empty.predict, data.draw(nonsense))
    elif cls is _core.SparseRows:
        for net in NETWORKS.values():
            tally.make("forward", net.forward, np.zeros(net.n_parameters), empty)


def functions(data):
    given = {"dtype": "float32", "simd": ""}
    tally.make("fma_peak", _core.fma_peak, **changed(data.draw, given, st.one_of(words, nonsense)))


KINDS = [
    *[measuring] * 5,
    *[probes] * 3,
    chains,
    rows_of_csr,
    specs,
    components,
    *[trainers] * 3,
    pickles,
    functions,
]


@calls(int(sys.argv[1]))
@given(st.data())
def any_call(data):
    data.draw(st.sampled_from(KINDS))(data)


any_call()
tally.report()
