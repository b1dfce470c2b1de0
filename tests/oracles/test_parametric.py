"""Activations with trained slopes of twin and engine against PyTorch in float64."""

import numpy as np
import pytest
from engine.building import network_of as core_of
from engine.test_parametric import NAMES, parametric
from small_networks import BATCH, LAYER, NONE, describe, problem, residual, two_hidden

import reference
from reference import LayerSpec, NetworkSpec

torch = pytest.importorskip("torch", reason="the oracle is PyTorch: install the oracles extra")
from oracles.test_curvature import engine_hessian, torch_hessian  # noqa: E402
from oracles.test_networks import assert_equals_torch, implementation  # noqa: E402, F401

TOLERANCE = 1e-8


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
def test_loss_and_gradient_equal_torch(implementation, normalization, name):  # noqa: F811
    assert_equals_torch(implementation, two_hidden(name, normalization), training=True)


@pytest.mark.parametrize("name", NAMES)
def test_the_hessian_equals_that_of_torch(name):
    spec = two_hidden(name)
    parameters, *data = problem(spec)
    expected = torch_hessian(spec, parameters, data)
    np.testing.assert_allclose(
        engine_hessian(spec, parameters, data), expected, rtol=TOLERANCE, atol=TOLERANCE
    )
    assert np.abs(expected).max() > 0.1


@pytest.mark.parametrize("normalization", [NONE, LAYER], ids=describe)
def test_the_hessian_beside_skips_equals_that_of_torch(normalization):
    spec = parametric(residual(normalization))
    parameters, *data = problem(spec)
    expected = torch_hessian(spec, parameters, data)
    hessian = engine_hessian(spec, parameters, data)
    np.testing.assert_allclose(hessian, expected, rtol=TOLERANCE, atol=TOLERANCE)


def test_relu_is_prelu():
    """torch.nn.PReLU with the slope 1 - a of the negative side, gradient included."""
    layers = [LayerSpec(width=5, activation="parametric_relu"), LayerSpec(1, "identity")]
    spec = NetworkSpec(n_inputs=4, layers=layers)
    parameters, X, y, _ = problem(spec)
    blocks = reference.split(spec, parameters)
    prelu = torch.nn.PReLU(5, dtype=torch.float64)
    with torch.no_grad():
        prelu.weight.copy_(torch.tensor(1 - blocks["slope_0"]))
    z = torch.tensor(X @ blocks["coefs_0"] + blocks["intercepts_0"])
    outputs = prelu(z) @ torch.tensor(blocks["coefs_1"]) + torch.tensor(blocks["intercepts_1"])
    network = core_of(spec)
    np.testing.assert_allclose(network.forward(parameters, X), outputs.detach().numpy(), rtol=1e-12)
    (0.5 * ((outputs - torch.tensor(y)) ** 2).sum(dim=1).mean()).backward()
    _, gradient = network.loss_and_gradient(parameters, X, y)
    own = reference.split(spec, gradient)["slope_0"]
    np.testing.assert_allclose(own, -prelu.weight.grad.numpy(), rtol=1e-11)
