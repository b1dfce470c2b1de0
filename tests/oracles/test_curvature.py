"""Hessian, per-sample gradients and Jacobians of twin and engine against PyTorch in float64.

Every combination of activation, normalization, skip and loss, on networks of up to 300 parameters.
"""

import numpy as np
import pytest
from engine.building import network_of as core_of
from small_networks import (
    BATCH,
    LAYER,
    LOSS_COMPONENTS,
    NONE,
    SKIP_COMPONENTS,
    describe,
    network_of,
    problem,
    residual,
    skipping,
)

import reference
from deepgen import _core
from reference import ACTIVATIONS, LayerSpec, layout, n_trainable

torch = pytest.importorskip("torch", reason="the oracle is PyTorch: install the oracles extra")
from oracles.torch_network import ACTIVATIONS as TORCH_ACTIVATIONS  # noqa: E402
from oracles.torch_network import LOSSES as TORCH_LOSSES  # noqa: E402
from oracles.torch_network import TorchNetwork  # noqa: E402

# Float64 on both sides: rounding of some hundred products, magnified by a norm of five units.
TOLERANCE = 1e-8


def of_vector(spec, parameters, measure):
    """What is measured of PyTorch's network, as a function of the trainable numbers."""
    network = TorchNetwork(spec, parameters)

    def function(vector):
        for block in layout(spec):
            if block.trainable:
                values = vector[block.offset : block.offset + block.size]
                matrix = "coefs" in block.name
                network.tensors[block.name] = (
                    values.reshape(block.rows, block.columns) if matrix else values
                )
        return measure(network)

    return function


def torch_output_gradients(spec, parameters, X):
    outputs = of_vector(spec, parameters, lambda network: network.forward(torch.tensor(X)))
    vector = torch.tensor(parameters[: n_trainable(spec)])
    return torch.autograd.functional.jacobian(outputs, vector, vectorize=True).numpy()


def torch_hessian(spec, parameters, data):
    loss = of_vector(spec, parameters, lambda network: network.loss(*data))
    vector = torch.tensor(parameters[: n_trainable(spec)])
    return torch.autograd.functional.hessian(loss, vector, vectorize=True).numpy()


def engine_hessian(spec, parameters, data):
    """Its columns are products with unit vectors."""
    probe, P = _core.Probe(core_of(spec), *data), n_trainable(spec)
    columns = np.zeros((P, P))
    probe.add_hvp(probe.point(parameters), np.eye(P), columns, 0, len(data[0]))
    return columns.T


def network(activation, normalization, skip, loss):
    hidden = [
        LayerSpec(width=5, activation=activation, normalization=normalization),
        LayerSpec(width=4, activation=activation, normalization=normalization),
        LayerSpec(
            width=5,
            activation=activation,
            normalization=normalization,
            skip_from=0 if skip else -1,
        ),
    ]
    return network_of(*hidden, loss=loss, n_inputs=3)


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_the_hessian_of_every_combination_equals_torch(activation, normalization, skip):
    for loss in LOSS_COMPONENTS:
        spec = network(activation, normalization, skip, loss)
        parameters, *data = problem(spec)
        expected = torch_hessian(spec, parameters, data)
        actual = engine_hessian(spec, parameters, data)
        scale = max(np.abs(expected).max(), 1e-3)
        assert np.abs(actual - expected).max() <= TOLERANCE * scale, describe(loss)
        assert np.abs(actual - actual.T).max() <= TOLERANCE * scale, describe(loss)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
def test_the_hessian_of_residual_blocks_equals_torch(normalization, bias):
    spec = residual(normalization, bias)
    assert n_trainable(spec) <= 300
    parameters, *data = problem(spec)
    expected = torch_hessian(spec, parameters, data)
    np.testing.assert_allclose(engine_hessian(spec, parameters, data), expected, atol=1e-10)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
@pytest.mark.parametrize("skip", SKIP_COMPONENTS, ids=describe)
def test_the_hessian_of_every_way_to_skip_equals_torch(skip, normalization, activation):
    spec = skipping(skip, normalization, activation=activation)
    parameters, *data = problem(spec)
    expected = torch_hessian(spec, parameters, data)
    actual = engine_hessian(spec, parameters, data)
    assert np.abs(actual - expected).max() <= TOLERANCE * max(np.abs(expected).max(), 1e-3)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
@pytest.mark.parametrize("skip", SKIP_COMPONENTS, ids=describe)
def test_what_a_probe_measures_at_every_skip_equals_torch(skip, normalization, bias):
    """Gradients of single samples, their norms and slopes, Gauss-Newton products, Jacobians."""
    spec = skipping(skip, normalization, bias)
    parameters, X, y, weights = problem(spec)
    probe, P = _core.Probe(core_of(spec), X, y, weights), n_trainable(spec)
    v = np.random.default_rng(1).normal(size=P)
    expected = []
    for i in range(len(X)):
        oracle = TorchNetwork(spec, parameters)
        oracle.loss(X[i : i + 1], y[i : i + 1]).backward()
        expected.append(oracle.gradient()[:P])
    G, norms, slopes = np.zeros((len(X), P)), np.zeros(len(X)), np.zeros((1, len(X)))
    point = probe.point(parameters)
    probe.gradients(point, G, 0, len(X))
    probe.norms(point, norms, 0, len(X))
    probe.directional(point, v[None], slopes, 0, len(X))
    np.testing.assert_allclose(G, expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(norms, np.linalg.norm(expected, axis=1), rtol=1e-10)
    np.testing.assert_allclose(slopes[0], np.array(expected) @ v, rtol=1e-9, atol=1e-11)

    J = probe.jacobian(point, X)
    oracle = TorchNetwork(spec, parameters)
    for i in range(len(X)):
        jacobian = torch.autograd.functional.jacobian(
            lambda x: oracle.forward(x[None])[0], torch.tensor(X[i])
        )
        np.testing.assert_allclose(J[i], jacobian.numpy(), rtol=1e-10, atol=1e-12)

    product = np.zeros((1, P))
    probe.add_gauss_newton(point, v[None], product, 0, len(X))
    J = torch_output_gradients(spec, parameters, X)
    rows = np.zeros((3 * len(X), P))
    probe.output_gradients(point, np.arange(len(X)), rows)
    np.testing.assert_allclose(rows.reshape(J.shape), J, rtol=1e-9, atol=1e-11)
    share = (weights / weights.sum())[:, None, None]
    H = np.eye(3) * share  # half the squared error
    expected = np.einsum("ikp,ikl,ilq,q->p", J, H, J, v, optimize=True)
    np.testing.assert_allclose(product[0], expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
@pytest.mark.parametrize("skip", SKIP_COMPONENTS, ids=describe)
def test_the_twins_curvature_equals_torch(skip, normalization):
    spec = skipping(skip, normalization)
    parameters, *data = problem(spec)
    v = np.random.default_rng(1).normal(size=n_trainable(spec))
    H = torch_hessian(spec, parameters, data)
    product = reference.probe.hvp(spec, parameters, v, *data)
    np.testing.assert_allclose(product, H @ v, rtol=1e-9, atol=1e-10)
    product = reference.probe.gauss_newton_product(spec, parameters, v, *data)
    matrix = reference.probe.gauss_newton(spec, parameters, *data)
    np.testing.assert_allclose(product, matrix @ v, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("loss", LOSS_COMPONENTS, ids=describe)
def test_the_twins_hessians_in_the_outputs_equal_torch(loss):
    """A linear layer of the outputs themselves: with the identity as weights, z = X."""
    outputs = LayerSpec(width=3, activation="identity")
    spec = reference.NetworkSpec(n_inputs=3, layers=[outputs], loss=loss, bias=False)
    _, X, y, weights = problem(spec)
    for i in range(len(X)):
        row = torch.tensor(X[i : i + 1])
        target = torch.tensor(y[i : i + 1])
        target = target.long() if target.dtype == torch.int32 else target

        def value(z, target=target):
            return TORCH_LOSSES[loss.name](z[None], target, **loss.settings).sum()

        expected = torch.autograd.functional.hessian(value, row[0]).numpy()
        settings = {**reference.LOSSES[loss.name].defaults, **loss.settings}
        actual = reference.LOSSES[loss.name].hessian(X[i : i + 1], y[i : i + 1], **settings)[0]
        np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_the_twins_second_derivatives_equal_torch(activation):
    z = torch.linspace(-6.0, 6.0, 1000, dtype=torch.float64, requires_grad=True)
    (first,) = torch.autograd.grad(TORCH_ACTIVATIONS[activation](z).sum(), z, create_graph=True)
    expected = np.zeros(1000)
    if first.requires_grad:
        (second,) = torch.autograd.grad(first.sum(), z, allow_unused=True)
        expected = expected if second is None else second.numpy()
    actual = ACTIVATIONS[activation][2](z.detach().numpy())
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
def test_jacobians_and_per_sample_gradients_equal_torch(normalization, n_outputs):
    hidden = [
        LayerSpec(width=6, activation="tanh", normalization=normalization),
        LayerSpec(width=6, activation="silu", skip_from=0),
    ]
    spec = network_of(*hidden, n_outputs=n_outputs)
    parameters, X, y, weights = problem(spec)
    probe = _core.Probe(core_of(spec), X, y, weights)
    G = np.zeros((len(X), n_trainable(spec)))
    point = probe.point(parameters)
    probe.gradients(point, G, 0, len(X))
    J = probe.jacobian(point, X)
    for i in range(len(X)):
        oracle = TorchNetwork(spec, parameters)
        oracle.loss(X[i : i + 1], y[i : i + 1]).backward()
        expected = oracle.gradient()[: n_trainable(spec)]
        np.testing.assert_allclose(G[i], expected, rtol=1e-10, atol=1e-12)
        x = torch.tensor(X[i])
        expected = torch.autograd.functional.jacobian(lambda x, o=oracle: o.forward(x[None])[0], x)
        np.testing.assert_allclose(J[i], expected.numpy(), rtol=1e-10, atol=1e-12)
