"""What it costs to set up a deep network: no step asks the engine for all layers once per layer."""

import numpy as np
import pytest

from deepgen import _core
from deepgen._network.data_dependent import keep_lengths, standardize_layers
from deepgen._network.initializers import he_normal, initialize
from deepgen._network.network import Network


class Counting:
    """An engine's network that counts how often its layers are asked for."""

    def __init__(self, core):
        self.core, self.n_asked = core, 0

    def __getattr__(self, name):
        self.n_asked += name in ("spec", "layout")
        return getattr(self.core, name)


def start(network):
    activations = ["relu"] * network.n_layers
    initialize(network, "he_normal", np.random.default_rng(0), activations)


def start_with_a_rule(network):
    activations = ["relu"] * network.n_layers
    initialize(network, "he_normal", np.random.default_rng(0), activations, hidden=he_normal)


def standardize(network):
    standardize_layers(network, np.eye(3), np.arange(3))


STEPS = [
    start,
    start_with_a_rule,
    standardize,
    keep_lengths,
    Network.blocks,
    Network.views,
    Network.fold,
    Network.effective,
]


def asked(step, depth):
    hidden = _core.LayerSpec(
        width=2,
        normalization=_core.Component("batch", {"epsilon": 1e-5}),
        reparametrization=_core.Component("weight_norm"),
    )
    spec = _core.NetworkSpec(
        n_inputs=3,
        layers=[*[hidden] * depth, _core.LayerSpec(width=1, activation="identity")],
        loss=_core.Component("squared_error"),
    )
    core = Counting(_core.Network(spec, "float64"))
    step(Network(core, np.ones(core.n_parameters)))
    return core.n_asked


@pytest.mark.parametrize("step", STEPS)
def test_layers_are_asked_for_as_often_at_any_depth(step):
    assert asked(step, 40) == asked(step, 4)
