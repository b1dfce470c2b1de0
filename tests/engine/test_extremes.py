"""Sizes that no machine has, and objects that hold nothing: refused before they do harm."""

import numpy as np
import pytest
from small_networks import network_of as dense
from small_networks import problem, two_hidden

from deepgen import _core
from engine.building import component_of, network_of, spec_of
from reference import Component, LayerSpec

N_ROWS = 12

SGD = Component("sgd")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (dense(n_inputs=2**60), "n_inputs must be at least 1 and at most 281474976710656"),
        (dense(LayerSpec(width=2**50)), "layer 0: width 1125899906842624 over 4 inputs makes more"),
        (dense(LayerSpec(width=2**40), LayerSpec(width=2**40)), "layer 1: width 1099511627776"),
        (dense(*[LayerSpec(width=2**24)] * 3), "layer 1: width 16777216 over 16777216 inputs"),
    ],
)
def test_networks_that_no_memory_holds_are_refused(spec, message):
    with pytest.raises(ValueError, match=message):
        spec_of(spec)


@pytest.mark.parametrize("method", ["forward", "moments", "loss"])
def test_more_threads_than_a_system_can_start_are_not_started(method):
    spec = two_hidden()
    parameters, X, y, _ = problem(spec, N_ROWS)
    network = network_of(spec)
    more = {"forward": (), "moments": (1,), "loss": (y,)}[method]
    few, many = (getattr(network, method)(parameters, X, *more, n_threads=n) for n in (1, 2**62))
    np.testing.assert_array_equal(few, many)


EMPTY = [_core.Component, _core.LayerSpec, _core.NetworkSpec, _core.Network, _core.Trainer]
EMPTY += [_core.SparseRows, _core.Block, _core.Progress, _core.Probe]


@pytest.mark.parametrize("cls", EMPTY, ids=lambda cls: cls.__name__)
def test_objects_that_no_constructor_filled_are_refused(cls):
    names = [name for name in dir(cls) if isinstance(getattr(cls, name), property)]
    assert names
    for name in names:
        with pytest.raises(TypeError, match="incompatible function arguments"):
            getattr(cls.__new__(cls), name)


def test_a_point_that_no_constructor_filled_is_refused():
    spec = two_hidden()
    _, X, y, weights = problem(spec, N_ROWS)
    probe = _core.Probe(network_of(spec), X, y, weights)
    empty = _core.Point.__new__(_core.Point)
    with pytest.raises(TypeError, match="incompatible function arguments"):
        probe.norms(empty, np.zeros(N_ROWS), 0, N_ROWS)


@pytest.mark.parametrize("method", ["forward", "predict"])
def test_prepared_networks_that_no_constructor_filled_are_refused(method):
    empty = _core.Prepared.__new__(_core.Prepared)
    with pytest.raises(TypeError, match="incompatible function arguments"):
        getattr(empty, method)(np.zeros((1, 1), np.float32))


def test_an_object_whose_state_was_refused_stays_unusable():
    network = _core.Network.__new__(_core.Network)
    spec = spec_of(two_hidden())
    with pytest.raises(ValueError, match="unknown dtype"):
        network.__setstate__((spec, "float16", ""))
    with pytest.raises(TypeError, match="incompatible function arguments"):
        _ = network.n_parameters
    with pytest.raises(TypeError, match="incompatible constructor arguments"):
        _core.Trainer(network, optimizer=component_of(SGD), batch_size=1, seed=0)
