"""What the engine's objects and what holds them do under pickle and copy: a copy, or an error."""

import copy
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from device.fakes import fake_plugin
from scipy.sparse import csr_array
from small_networks import BATCH, embedded, problem, residual

from deepgen import MLPClassifier, MLPRegressor, Probe, _core
from engine.building import network_of, rows_of_csr, trainer_of
from reference import Component

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
CLASSES = [
    cls for cls in vars(_core).values() if isinstance(cls, type) and not issubclass(cls, Exception)
]
PICKLED = {
    "Component",
    "EmbeddingSpec",
    "LayerSpec",
    "NetworkSpec",
    "Network",
    "Prepared",
    "SparseRows",
}

SPEC = residual(BATCH)


def objects():
    """Return one object of every class of the engine by the class's name."""
    network = network_of(SPEC)
    parameters, X, y, _ = problem(SPEC, 12)
    trainer = trainer_of(SPEC, Component("sgd"), batch_size=4, seed=1)
    trainer.set_data(X, y)
    trainer.load(parameters)
    trainer.begin_epoch(0)
    with tempfile.TemporaryDirectory() as folder:
        plugin = _core.Plugin(str(fake_plugin(Path(folder))))
    made = [
        network.spec.loss,
        network.spec.layers[0],
        network_of(embedded("pbld", True)).spec.embeddings[0],
        network.spec,
        network,
        network.prepare(parameters),
        network.layout[0],
        rows_of_csr(csr_array(X), np.float64),
        trainer,
        trainer.run(np.array([0.1]), 1),
        _core.Chain(network, parameters),
        _core.Probe(network, X, y),
        _core.Probe(network, X, y).point(parameters),
        next(iter(_core.catalog()["optimizers"]["adam"].values())),
        plugin,
        plugin.describe(0),
    ]
    return {type(one).__name__: one for one in made}


def test_every_class_of_the_engine_has_an_example_here():
    assert objects().keys() == {cls.__name__ for cls in CLASSES}


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_class_says_itself_how_it_is_pickled(cls):
    """pybind11's base class has no answer to protocols 0 and 1 but to end the process."""
    assert "__reduce__" in vars(cls)
    assert ("__setstate__" in vars(cls)) == (cls.__name__ in PICKLED)


# A process of its own: what is tested for once ended it.
EVERY_WAY = """
import copy, pickle
from engine.test_pickles import PICKLED, PROTOCOLS, objects
for name, one in objects().items():
    empty = type(one).__new__(type(one))
    ways = [lambda it, p=protocol: pickle.loads(pickle.dumps(it, p)) for protocol in PROTOCOLS]
    ways += [copy.copy, copy.deepcopy, lambda it: it.__reduce__(), lambda it: it.__reduce_ex__(0)]
    ways += [lambda it: object.__reduce_ex__(it, 0), lambda it: pickle.dumps(it.__reduce__, 1)]
    for way in ways:
        for it in (one, empty):
            try:
                way(it)
            except TypeError as error:
                assert it is empty or name not in PICKLED, name
                assert it is empty or f"cannot pickle 'deepgen._core.{name}' object" in str(error)
            else:
                assert it is one and name in PICKLED, name
print("alive")
"""


def test_every_object_pickles_with_every_protocol_or_raises():
    run = subprocess.run(
        [sys.executable, "-c", EVERY_WAY],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert run.stdout == "alive\n", run.stderr


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_prepared_network_keeps_its_bits(protocol, dtype):
    network = network_of(SPEC, dtype)
    parameters, X, _, _ = (array.astype(network.dtype) for array in problem(SPEC, 12))
    prepared = network.prepare(parameters)
    expected = prepared.forward(X)
    parameters[:] = 0.0
    again = pickle.loads(pickle.dumps(prepared, protocol))
    np.testing.assert_array_equal(again.forward(X), expected)
    np.testing.assert_array_equal(copy.deepcopy(prepared).forward(X), expected)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_estimators_pickle_with_every_protocol(protocol):
    X = np.linspace(-1.0, 1.0, 30).reshape(10, 3)
    for model, y in ((MLPRegressor(), X[:, 0]), (MLPClassifier(), X[:, 0] > 0)):
        model.set_params(hidden_layer_sizes=(4,), max_iter=2, random_state=0, warm_start=True)
        again = pickle.loads(pickle.dumps(model.fit(X, y), protocol))
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
        np.testing.assert_array_equal(again.fit(X, y).coefs_[0], model.fit(X, y).coefs_[0])


@pytest.mark.parametrize("make", [np.asarray, csr_array])
@pytest.mark.parametrize("normalization", [None, "weight"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_probe_measures_the_same_after_a_pickle(make, normalization, protocol):
    X = np.linspace(-1.0, 1.0, 30).reshape(10, 3)
    model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=2, random_state=0)
    model.set_params(normalization=normalization)
    probe = Probe(model.fit(X, X[:, 0]), make(X), X[:, 0], np.arange(10.0))
    probe = probe.at(probe.parameters * 1.5)
    for again in (
        pickle.loads(pickle.dumps(probe, protocol)),
        copy.deepcopy(probe),
        copy.copy(probe),
    ):
        v = np.arange(float(probe.n_parameters))
        np.testing.assert_array_equal(again.hvp(v), probe.hvp(v))
        np.testing.assert_array_equal(again.gradient(), probe.gradient())
        assert again.loss() == probe.loss() and repr(again) == repr(probe)
        with pytest.raises(ValueError, match="read-only"):
            again.parameters[0] = 1.0
