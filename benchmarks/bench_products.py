"""How long do the products of a layer take, by shape and SIMD path, beside NumPy and PyTorch?

One thread each. deepgen's side is a layer through the public engine: rows are gathered and the
result is written out, which the peers do not need to do.
"""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from deepgen import _core

SHAPES = [(32, 16, 64), (32, 64, 64), (256, 256, 256), (256, 512, 512), (256, 100, 30)]
PATHS = _core.simd_paths()


@pytest.fixture(params=SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def layer(request, benchmark):
    """Rows, weights and slopes of the outputs of a layer of (rows, inputs, outputs)."""
    n, n_inputs, n_outputs = request.param
    kind = "forward" if "forward" in request.node.originalname else "gradient"
    benchmark.group = f"{kind} product, {n} rows, {n_inputs} inputs, {n_outputs} outputs"
    benchmark.extra_info["flops"] = 2 * n * n_inputs * n_outputs
    benchmark.extra_info["peak_gflops"] = _core.fma_peak("float32")
    rng = np.random.default_rng(0)
    shapes = ((n, n_inputs), (n_inputs, n_outputs), (n, n_outputs))
    return [rng.standard_normal(shape, dtype=np.float32) for shape in shapes]


def network_of(weights, path):
    """Return a network of this one layer, without bias, and its parameters."""
    last = _core.LayerSpec(width=weights.shape[1], activation="identity")
    spec = _core.NetworkSpec(
        n_inputs=len(weights), layers=[last], loss=_core.Component("squared_error"), bias=False
    )
    return _core.Network(spec, simd=path), weights.ravel()


def close(product, wanted):
    """Whether a product is right: float32, sums of a few hundred terms."""
    return np.abs(product - wanted).max() < 1e-5 * np.abs(wanted).max()


@pytest.mark.parametrize("path", PATHS)
def test_forward_product_of_deepgen(benchmark, layer, path):
    X, weights, _ = layer
    network, parameters = network_of(weights, path)
    product = benchmark(network.prepare(parameters).forward, X)
    assert close(product, X.astype(np.float64) @ weights)


def test_forward_product_of_numpy(benchmark, layer):
    X, weights, _ = layer
    with threadpool_limits(1):
        product = benchmark(np.matmul, X, weights)
    assert close(product, X.astype(np.float64) @ weights)


def test_forward_product_of_pytorch(benchmark, layer):
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    X, weights, _ = layer
    product = benchmark(torch.matmul, torch.from_numpy(X), torch.from_numpy(weights))
    assert close(product.numpy(), X.astype(np.float64) @ weights)


@pytest.mark.parametrize("path", PATHS)
def test_gradient_product_of_deepgen(benchmark, layer, path):
    """With the forward product, the loss and the packing of the weights before it."""
    X, weights, slopes = layer
    network, parameters = network_of(weights, path)
    targets = X @ weights - slopes  # so that the loss's slopes are these
    _, gradient = benchmark(network.loss_and_gradient, parameters, X, targets)
    assert close(gradient.reshape(weights.shape) * len(X), X.astype(np.float64).T @ slopes)


def test_gradient_product_of_numpy(benchmark, layer):
    X, weights, slopes = layer
    with threadpool_limits(1):
        gradient = benchmark(lambda: (X @ weights, X.T @ slopes)[1])
    assert close(gradient, X.astype(np.float64).T @ slopes)


def test_gradient_product_of_pytorch(benchmark, layer):
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    X, weights, slopes = map(torch.from_numpy, layer)
    gradient = benchmark(lambda: (X @ weights, X.T @ slopes)[1])
    assert close(gradient.numpy(), layer[0].astype(np.float64).T @ layer[2])
