"""The flat vector: names, order, offsets and shapes of its blocks."""

import pytest
from hypothesis import given
from small_networks import BATCH, LAYER
from small_networks import network_of as spec_of

import reference
from engine.building import network_of
from engine.strategies import every_dtype, networks, property_test
from reference import Component, LayerSpec


def described(blocks):
    return [
        (block.name, block.offset, block.rows, block.columns, block.size, block.trainable)
        for block in blocks
    ]


@property_test(100)
@given(spec=networks())
def test_layout_equals_the_twins(spec):
    network = network_of(spec)
    assert described(network.layout) == described(reference.layout(spec))
    assert network.n_parameters == reference.n_parameters(spec)
    assert network.n_trainable == reference.n_trainable(spec)
    assert network.n_outputs == spec.layers[-1].width
    assert network.takes_classes == reference.LOSSES[spec.loss.name].takes_classes


@every_dtype
def test_blocks_stand_in_the_documented_order(dtype):
    spec = spec_of(
        LayerSpec(width=5, normalization=BATCH),
        LayerSpec(width=6, normalization=LAYER),
        n_inputs=4,
        n_outputs=2,
    )
    assert described(network_of(spec, dtype).layout) == [
        ("coefs_0", 0, 4, 5, 20, True),
        ("scale_0", 20, 1, 5, 5, True),
        ("shift_0", 25, 1, 5, 5, True),
        ("coefs_1", 30, 5, 6, 30, True),
        ("intercepts_1", 60, 1, 6, 6, True),
        ("scale_1", 66, 1, 6, 6, True),
        ("shift_1", 72, 1, 6, 6, True),
        ("coefs_2", 78, 6, 2, 12, True),
        ("intercepts_2", 90, 1, 2, 2, True),
        ("mean_0", 92, 1, 5, 5, False),
        ("variance_0", 97, 1, 5, 5, False),
    ]


@every_dtype
def test_what_a_skip_brings_stands_behind_the_intercepts_and_the_norm(dtype):
    spec = spec_of(
        LayerSpec(width=5),
        LayerSpec(width=5, normalization=LAYER, skip_from=0, skip=Component("highway")),
        LayerSpec(width=5, skip_from=1, reparametrization=Component("gain")),
        n_inputs=4,
        n_outputs=2,
    )
    names = [block.name for block in network_of(spec, dtype).layout]
    assert names == [
        *("coefs_0", "intercepts_0"),
        *("coefs_1", "intercepts_1", "gate_coefs_1", "gate_intercepts_1", "scale_1", "shift_1"),
        *("coefs_2", "intercepts_2", "gain_2"),
        *("coefs_3", "intercepts_3"),
    ]
    assert described(network_of(spec, dtype).layout) == described(reference.layout(spec))


@pytest.mark.parametrize("bias", [False, True])
def test_without_bias_there_are_no_intercepts(bias):
    names = [block.name for block in network_of(spec_of(LayerSpec(width=3), bias=bias)).layout]
    assert any(name.startswith("intercepts") for name in names) == bias
