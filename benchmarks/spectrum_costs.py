"""Time the Hessian's spectrum of a network on MNIST beside curvlinops and PyHessian.

python benchmarks/spectrum_costs.py [--rows N] [--threads K] [--rounds M] [--data FILE]

784-256-256-10 (ReLU, log loss), all rows of MNIST: 50 Lanczos steps from one start, and the trace
by ten products, by `deepgen.optimization.hessian_spectrum`. Then single products with the Hessian
at the same weights in float64, of deepgen and of the two libraries, if they are installed, one
after the other in M rounds; ratios are medians over rounds. The first product of each is compared
with ours and not timed: there PyHessian builds the graph of all rows, which it keeps, and deepgen
what it keeps. The libraries' 60 products are 60 times the median; what else they would do for a
spectrum is not counted.
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
    parser.add_argument("--rounds", type=int, default=5)
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
    print(f"deepgen, the whole: {wall:.1f} s wall-clock, {processor:.1f} s of processor time")
    v = np.random.default_rng(0).normal(size=probe.n_parameters)
    products, expected = {"deepgen": (probe.hvp, v)}, in_torch_order(model, probe.hvp(v))
    for name, make in (("curvlinops", curvlinops_product), ("PyHessian", pyhessian_product)):
        try:
            product = make(torch_network(model, options.threads), X, y)
        except ImportError as error:
            print(f"{name}: {error}")
            continue
        moved = in_torch_order(model, v)
        tolerance = 1e-8 * np.abs(expected).max()
        np.testing.assert_allclose(product(moved), expected, rtol=1e-6, atol=tolerance)
        products[name] = (product, moved)
    seconds = {name: [] for name in products}
    for _ in range(options.rounds):
        for name, call in products.items():
            seconds[name].append(timed(*call)[1:])
    ours = np.array(seconds["deepgen"])
    for name, times in seconds.items():
        wall, processor = np.median(times, axis=0)
        ratios = np.median(np.array(times) / ours, axis=0)
        print(
            f"{name:12s} a product: {wall:6.2f} s wall-clock {processor:6.2f} s of processor time "
            f"({ratios[0]:.2f} and {ratios[1]:.2f} times ours), 60: {N_PRODUCTS * wall:6.1f} and "
            f"{N_PRODUCTS * processor:6.1f} s"
        )


if __name__ == "__main__":
    main()
