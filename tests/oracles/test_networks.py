"""Loss, gradient and running statistics of twin and engine against PyTorch in float64."""

import numpy as np
import pytest
from small_networks import (
    BATCH,
    LAYER,
    LOSS_COMPONENTS,
    NONE,
    SKIP_COMPONENTS,
    describe,
    embedded,
    problem,
    residual,
    skipping,
    two_hidden,
)

import reference
from reference import ACTIVATIONS, EMBEDDINGS, Component

pytest.importorskip("torch", reason="the oracle is PyTorch: install the oracles extra")
from oracles.torch_network import TorchNetwork  # noqa: E402

# Both sides are float64 with sums over a dozen rows and ten units; they differ by rounding only.
RTOL = 1e-10
ATOL = 1e-12


def twin(spec, parameters, X, y, weights, **keywords):
    return reference.loss_and_gradient(spec, parameters, X, y, weights, **keywords)


def engine(spec, parameters, X, y, weights, **keywords):
    from engine.building import network_of

    network = network_of(spec, "float64")
    return network.loss_and_gradient(parameters, X, y, weights, **keywords)


@pytest.fixture(params=[twin, engine], ids=["twin", "engine"])
def implementation(request):
    return request.param


def assert_equals_torch(implementation, spec, *, training=False):
    parameters, X, y, weights = problem(spec)
    for w, alpha in [(None, 0.0), (weights, 0.3)]:
        oracle = TorchNetwork(spec, parameters)
        expected = oracle.loss(X, y, w, alpha=alpha, training=training)
        expected.backward()
        loss, gradient = implementation(spec, parameters, X, y, w, alpha=alpha, training=training)
        assert loss == pytest.approx(expected.item(), rel=RTOL)
        np.testing.assert_allclose(gradient, oracle.gradient(), rtol=RTOL, atol=ATOL)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_every_activation_equals_torch(implementation, activation):
    assert_equals_torch(implementation, two_hidden(activation))


@pytest.mark.parametrize("loss", LOSS_COMPONENTS, ids=describe)
def test_every_loss_equals_torch(implementation, loss):
    assert_equals_torch(implementation, two_hidden(loss=loss))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(
    "normalization",
    [
        NONE,
        BATCH,
        LAYER,
        Component("batch", {"epsilon": 0.1}),
        Component("layer", {"epsilon": 0.1}),
    ],
    ids=describe,
)
@pytest.mark.parametrize("network", [two_hidden, residual])
def test_every_normalization_and_skip_equals_torch(
    implementation, network, normalization, bias, training
):
    assert_equals_torch(
        implementation, network(normalization=normalization, bias=bias), training=training
    )


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
@pytest.mark.parametrize("skip", SKIP_COMPONENTS, ids=describe)
def test_every_skip_equals_torch_with_every_normalization(
    implementation, skip, normalization, bias, training
):
    spec = skipping(skip, normalization, bias)
    assert_equals_torch(implementation, spec, training=training)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("skip", SKIP_COMPONENTS, ids=describe)
def test_every_skip_equals_torch_with_every_activation(implementation, skip, activation):
    assert_equals_torch(implementation, skipping(skip, activation=activation))


@pytest.mark.parametrize("scales", [False, True])
@pytest.mark.parametrize("member", ["", *sorted(EMBEDDINGS)])
def test_every_front_equals_torch(implementation, member, scales):
    assert_equals_torch(implementation, embedded(member, scales))
