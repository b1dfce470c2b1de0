"""Reparametrizations of twin, engine and probe against PyTorch in float64."""

import numpy as np
import pytest
from engine.building import network_of as core_of
from small_networks import (
    BATCH,
    LAYER,
    NONE,
    REPARAMETRIZATIONS,
    describe,
    problem,
    residual,
    two_hidden,
)

import reference
from deepgen._network.network import Network
from deepgen.probe.reparametrized import ReparametrizedProbe
from reference import Component, LayerSpec, n_trainable

torch = pytest.importorskip("torch", reason="the oracle is PyTorch: install the oracles extra")
from oracles.test_curvature import torch_hessian  # noqa: E402
from oracles.test_networks import assert_equals_torch, implementation  # noqa: E402, F401

# Float64 on both sides: rounding of some hundred products, as for plain networks.
TOLERANCE = 1e-8

every_member = pytest.mark.parametrize("member", REPARAMETRIZATIONS, ids=describe)


@every_member
@pytest.mark.parametrize("normalization", [NONE, LAYER, BATCH], ids=describe)
@pytest.mark.parametrize("network", [two_hidden, residual])
def test_loss_and_gradient_equal_torch(implementation, network, normalization, member):  # noqa: F811
    spec = network(normalization=normalization, reparametrization=member)
    assert_equals_torch(implementation, spec, training=True)


@pytest.mark.parametrize("kind", ["functional", "module"])
def test_weight_norm_is_that_of_torch_itself(kind):
    """torch._weight_norm and torch.nn.utils.parametrizations, value and gradient."""
    layer = LayerSpec(width=5, activation="identity", reparametrization=Component("weight_norm"))
    spec = reference.NetworkSpec(n_inputs=4, layers=[layer])
    parameters, X, y, _ = problem(spec)
    network = core_of(spec)
    blocks = reference.split(spec, parameters)
    v, g, b = (torch.tensor(blocks[f"{name}_0"]) for name in ("coefs", "gain", "intercepts"))
    linear = torch.nn.Linear(4, 5, dtype=torch.float64)
    torch.nn.utils.parametrizations.weight_norm(linear)
    leaves = [
        linear.parametrizations.weight.original1,
        linear.parametrizations.weight.original0,
        linear.bias,
    ]
    with torch.no_grad():
        for leaf, value in zip(leaves, (v.T, g[:, None], b), strict=True):
            leaf.copy_(value)
    if kind == "functional":
        weight = torch._weight_norm(leaves[0], leaves[1], 0)
        outputs = torch.nn.functional.linear(torch.tensor(X), weight, leaves[2])
    else:
        outputs = linear(torch.tensor(X))
    np.testing.assert_allclose(
        network.forward(parameters, X), outputs.detach().numpy(), rtol=1e-12, atol=1e-14
    )
    (0.5 * ((outputs - torch.tensor(y)) ** 2).sum(dim=1).mean()).backward()
    _, gradient = network.loss_and_gradient(parameters, X, y)
    slopes = reference.split(spec, gradient)
    for name, leaf in zip(("coefs_0", "gain_0", "intercepts_0"), leaves, strict=True):
        expected = leaf.grad.numpy().reshape(slopes[name].T.shape).T
        np.testing.assert_allclose(slopes[name], expected, rtol=1e-11, atol=1e-14)


def probe_hessian(spec, parameters, data):
    probe, P = ReparametrizedProbe(Network(core_of(spec), parameters), *data), n_trainable(spec)
    columns = np.zeros((P, P))
    probe.add_hvp(probe.point(parameters), np.eye(P), columns, 0, len(data[0]))
    return columns.T


@every_member
@pytest.mark.parametrize("activation", ["identity", "relu", "tanh", "gelu"])
@pytest.mark.parametrize("normalization", [NONE, LAYER, BATCH], ids=describe)
def test_the_hessian_in_the_trained_numbers_equals_torch(activation, normalization, member):
    spec = two_hidden(activation, normalization, reparametrization=member)
    parameters, *data = problem(spec)
    expected = torch_hessian(spec, parameters, data)
    actual = probe_hessian(spec, parameters, data)
    scale = max(np.abs(expected).max(), 1e-3)
    assert np.abs(actual - expected).max() <= TOLERANCE * scale
    assert np.abs(actual - actual.T).max() <= TOLERANCE * scale


@every_member
def test_the_hessian_of_residual_blocks_equals_torch(member):
    spec = residual(LAYER, reparametrization=member)
    parameters, *data = problem(spec)
    expected = torch_hessian(spec, parameters, data)
    actual = probe_hessian(spec, parameters, data)
    assert np.abs(actual - expected).max() <= TOLERANCE * np.abs(expected).max()


@every_member
def test_the_twins_curvature_equals_torch(member):
    spec = two_hidden(reparametrization=member)
    parameters, *data = problem(spec)
    v = np.random.default_rng(1).normal(size=n_trainable(spec))
    expected = torch_hessian(spec, parameters, data) @ v
    product = reference.probe.hvp(spec, parameters, v, *data)
    np.testing.assert_allclose(product, expected, atol=1e-10 * np.abs(expected).max())


@every_member
def test_all_that_a_probe_measures_equals_the_twin(member):
    spec = residual(LAYER, reparametrization=member)
    parameters, X, y, weights = problem(spec, n=20)
    probe = ReparametrizedProbe(Network(core_of(spec), parameters), X, y, weights)
    P = n_trainable(spec)
    rng = np.random.default_rng(1)
    v, u = rng.normal(size=P), rng.normal(size=20)
    twin, data = reference.probe, (spec, parameters)
    G = twin.per_sample_gradients(*data, X, y)
    expected = {
        "add_hvp": ((v[None],), twin.hvp(*data, v, X, y, weights)[None]),
        "add_gauss_newton": (
            (v[None],),
            twin.gauss_newton_product(*data, v, X, y, weights)[None],
        ),
        "add_gradients": ((u[None],), (G.T @ u)[None]),
        "directional": ((v[None],), (G @ v)[None]),
        "norms": ((), np.linalg.norm(G, axis=1)),
        "gradients": ((), G),
    }
    point = probe.point(parameters)
    for method, (arguments, wanted) in expected.items():
        out = np.zeros_like(wanted)
        for begin, end in ((0, 7), (7, 20)):
            getattr(probe, method)(point, *arguments, out, begin, end)
        np.testing.assert_allclose(out, wanted, atol=1e-11 * np.abs(wanted).max(), err_msg=method)
    np.testing.assert_allclose(
        probe.jacobian(point, X), twin.input_jacobian(*data, X), rtol=1e-10, atol=1e-11
    )
