"""Time the Hessian's spectrum of a network on MNIST beside curvlinops and PyHessian.

python benchmarks/spectrum_costs.py [--rows N] [--threads K] [--peer-products M] [--data DIR]

784-256-256-10 (ReLU, log loss), all rows of MNIST: 50 Lanczos steps from one start, and the trace
by ten products, by `deepgen.optimization.hessian_spectrum`. Of the two libraries, if they are
installed, M products with the Hessian are timed at the same weights, in float64 as ours, and
multiplied to 60; what else they would do is not counted. PyHessian keeps the graph of all rows
between products. Eigenvalues and products are compared before times are.
"""

import argparse
import sys
import time
import warnings
from pathlib import Path

import numpy as np

from deepgen import MLPClassifier, Probe
from deepgen.optimization import hessian_spectrum

N_PRODUCTS = 60
DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "mnist.npz"


def torch_network(model, threads):
    """Return PyTorch's network with the model's weights, in float64."""
    import torch

    torch.set_num_threads(threads)
    layers = []
    for coefs, intercepts in zip(model.coefs_, model.intercepts_, strict=True):
        layer = torch.nn.Linear(*coefs.shape).double()
        layer.weight.data = torch.tensor(coefs.T.astype(np.float64).copy())
        layer.bias.data = torch.tensor(intercepts.astype(np.float64))
        layers += [layer, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def curvlinops_product(network, X, y):
    """Return curvlinops' product with the Hessian."""
    import torch
    from curvlinops import HessianLinearOperator

    operator = HessianLinearOperator(
        network,
        torch.nn.CrossEntropyLoss(),
        list(network.parameters()),
        [(torch.tensor(X), torch.tensor(y.astype(np.int64)))],
        check_deterministic=False,
    )
    return lambda v: (operator @ torch.tensor(v)).numpy()


def pyhessian_product(network, X, y):
    """Return PyHessian's product with the Hessian."""
    import torch
    from pyhessian import hessian
    from pyhessian.utils import hessian_vector_product

    whole = hessian(
        network,
        torch.nn.CrossEntropyLoss(),
        data=(torch.tensor(X), torch.tensor(y.astype(np.int64))),
        cuda=False,
    )
    sizes = [p.numel() for p in whole.params]

    def product(v):
        parts = torch.tensor(v).split(sizes)
        parts = [part.view_as(p) for part, p in zip(parts, whole.params, strict=True)]
        made = hessian_vector_product(whole.gradsH, whole.params, parts)
        return torch.cat([part.reshape(-1) for part in made]).detach().numpy()

    return product


def in_torch_order(model, v):
    """Return a vector of parameters in PyTorch's order: transposed weights."""
    parts, position = [], 0
    for coefs in model.coefs_:
        rows, columns = coefs.shape
        weights = v[position : position + rows * columns].reshape(rows, columns)
        position += rows * columns
        parts += [weights.T.ravel(), v[position : position + columns]]
        position += columns
    return np.concatenate(parts)


def timed(call, *arguments):
    """Return the answer, wall-clock seconds and processor seconds of a call."""
    wall, processor = time.perf_counter(), time.process_time()
    answer = call(*arguments)
    return answer, time.perf_counter() - wall, time.process_time() - processor


def main():
    """Print one line per library."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peer-products", type=int, default=5)
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args()
    if not options.data.exists():
        sys.exit(f"{options.data} is missing: --data names MNIST as an .npz file")
    with np.load(options.data) as file:
        X = file["X_train"][: options.rows].reshape(-1, 784) / 255.0
        y = file["y_train"][: options.rows]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MLPClassifier((256, 256), max_iter=2, random_state=0, n_jobs=options.threads)
        model.fit(X.astype(np.float32), y)
    probe = Probe(model, X, y)
    spectrum, wall, processor = timed(lambda: hessian_spectrum(probe, random_state=0))
    print(spectrum)
    print(f"{'deepgen':12s} {wall:8.1f} s wall-clock {processor:8.1f} s of processor time")
    v = np.random.default_rng(0).normal(size=probe.n_parameters)
    expected = in_torch_order(model, probe.hvp(v))
    network = torch_network(model, options.threads)
    for name, make in (("curvlinops", curvlinops_product), ("PyHessian", pyhessian_product)):
        try:
            product = make(network, X, y)
        except ImportError as error:
            print(f"{name:12s} {error}")
            continue
        moved = in_torch_order(model, v)
        answer = product(moved)
        np.testing.assert_allclose(answer, expected, rtol=1e-6, atol=1e-8 * np.abs(expected).max())
        times = np.array([timed(product, moved)[1:] for _ in range(options.peer_products)])
        peer_wall, peer_processor = N_PRODUCTS * np.median(times, axis=0)
        print(
            f"{name:12s} {peer_wall:8.1f} s wall-clock {peer_processor:8.1f} s of processor time "
            f"({peer_wall / wall:.1f} and {peer_processor / processor:.1f} times ours)"
        )


if __name__ == "__main__":
    main()
