"""Print what a probe's measurements cost, in gradients, and whether the bounds are met.

python benchmarks/probe_costs.py [--samples N] [--activation NAME] [--normalization NAME] [--eight]

With --eight: what eight vectors at once cost beside eight single products, where nothing is kept
between calls and where everything is.

Processor time of one thread, so that other programs on the cores do not count; a ratio is the
median over samples that alternate the two. Writing is numpy.empty and fill of an array of the same
size, new pages included.
"""

import argparse
import sys
import time

import numpy as np

from deepgen import _core

# Inputs, hidden units, outputs; and samples.
NETWORKS = (
    ((16, 64, 64, 1), 4_000),
    ((64, 256, 256, 256, 1), 2_000),
    ((784, 128, 10), 2_000),
    ((30, 500, 2), 4_000),
    ((2, 64, 64, 64, 64, 64, 1), 4_000),
)
BOUNDS = {
    "hvp": 4.0,
    "gauss_newton": 4.0,
    "G.T @ u": 3.0,
    "G @ v": 3.0,
    "norms": 3.0,
    "G / writing": 1.5,
}
EIGHT = (((784, 256, 256, 10), 1_024), ((16, 64, 64, 1), 2_000))
MAX_ARRAY = 4e8  # bytes
MIN_ARRAY = 1e8  # a smaller one stays in the cache, and in pages that are there already


class Costs:
    """One network in float64 with data, and its measurements as calls without arguments.

    Parameters
    ----------
    widths : tuple of int
        Inputs, hidden units, outputs.
    n : int
        Samples.
    activation, normalization : str
        Of the hidden layers.
    """

    def __init__(self, widths, n, activation="relu", normalization="none"):
        norm = _core.Component(normalization)
        *hidden, outputs = widths[1:]
        layers = [
            _core.LayerSpec(width=width, activation=activation, normalization=norm)
            for width in hidden
        ]
        layers.append(_core.LayerSpec(width=outputs, activation="identity"))
        loss = _core.Component("squared_error")
        spec = _core.NetworkSpec(n_inputs=widths[0], layers=layers, loss=loss)
        self.network = _core.Network(spec, "float64")
        rng = np.random.default_rng(0)
        self.X, self.y = rng.normal(size=(n, widths[0])), rng.normal(size=(n, outputs))
        self.parameters = self._parameters(rng)
        self.P, self.n = self.network.n_trainable, n
        self.v, self.u = rng.normal(size=self.P), rng.normal(size=n)
        self.keep(0)

    def keep(self, n_bytes):
        """Measure by a new probe that keeps at most so much between calls."""
        self.probe = _core.Probe(self.network, self.X, self.y, kept_bytes=n_bytes)
        self.point = self.probe.point(self.parameters)

    def _parameters(self, rng):
        parameters = np.zeros(self.network.n_parameters)
        for block in self.network.layout:
            view = parameters[block.offset : block.offset + block.size]
            if block.kind in ("coefs", "gate_coefs"):
                view[:] = np.sqrt(2 / block.rows) * rng.normal(size=block.size)
            elif block.kind in ("scale", "variance"):
                view[:] = 1.0
        return parameters

    def sum(self, method, v):
        """Return a sum over the samples that has the parameters' shape."""
        V = np.atleast_2d(v)
        out = np.zeros((len(V), self.P))
        getattr(self.probe, method)(self.point, V, out, 0, self.n)
        return out[0] if v.ndim == 1 else out

    def gradient(self):
        """Return the gradient, by the cheaper of the engine's two ways."""
        return self.sum("add_gradients", np.full(self.n, 1.0 / self.n))

    def calls(self):
        """Return what is compared with a gradient."""
        return {
            "hvp": lambda: self.sum("add_hvp", self.v),
            "gauss_newton": lambda: self.sum("add_gauss_newton", self.v),
            "G.T @ u": lambda: self.sum("add_gradients", self.u),
            "G @ v": lambda: self.slopes(self.v),
            "norms": self.norms,
        }

    def slopes(self, v):
        """Return the derivative of each sample's loss along v, or along each of several."""
        V = np.atleast_2d(v)
        out = np.empty((len(V), self.n))
        self.probe.directional(self.point, V, out, 0, self.n)
        return out[0] if v.ndim == 1 else out

    def eight(self):
        """Return pairs of calls: eight vectors at once, and the same one after the other."""
        rng = np.random.default_rng(1)
        directions, weights = rng.normal(size=(8, self.P)), rng.normal(size=(8, self.n))
        products = {
            "hvp": (lambda v: self.sum("add_hvp", v), directions),
            "gauss_newton": (lambda v: self.sum("add_gauss_newton", v), directions),
            "G.T @ u": (lambda u: self.sum("add_gradients", u), weights),
            "G @ v": (self.slopes, directions),
        }
        return {
            name: (lambda f=f, V=V: f(V), lambda f=f, V=V: np.array([f(v) for v in V]))
            for name, (f, V) in products.items()
        }

    def norms(self):
        """Return the norm of each sample's gradient."""
        out = np.empty(self.n)
        self.probe.norms(self.point, out, 0, self.n)
        return out

    def matrix(self):
        """Return calls that fill an array (m, P): with G, and with ones; enough rows to count."""
        m = int(np.clip(self.n, MIN_ARRAY / (8 * self.P), MAX_ARRAY / (8 * self.P)))
        rows = np.resize(np.arange(self.n), m)
        probe = _core.Probe(self.network, self.X[rows], self.y[rows])

        def gradients():
            G = np.empty((m, self.P))
            probe.gradients(probe.point(self.parameters), G, 0, m)
            return G

        def writing():
            G = np.empty((m, self.P))
            G.fill(1.0)
            return G

        return gradients, writing

    def ratios(self, n_samples):
        """Return every cost as (name, ratio)."""
        for name, call in self.calls().items():
            yield name, ratio(call, self.gradient, n_samples)
        yield "G / writing", ratio(*self.matrix(), n_samples)


def seconds(call):
    """Return the thread's processor time for a call."""
    began = time.thread_time()
    call()
    return time.thread_time() - began


def ratio(call, unit, n_samples):
    """Return the median cost of a call in units, each pair measured side by side."""
    repeats = max(1, round(0.01 / max(min(seconds(unit) for _ in range(3)), 1e-6)))
    pairs = [
        [sum(seconds(what) for _ in range(repeats)) for what in (call, unit)]
        for _ in range(n_samples)
    ]
    return float(np.median([first / second for first, second in pairs]))


def print_eight(n_samples, how):
    """Print the cost of eight vectors at once, in those of eight single products."""
    print(f"eight vectors at once, in eight single products; {how[0]}, normalization {how[1]}")
    print(f"{'':35} nothing kept   all kept")
    for widths, n in EIGHT:
        costs = Costs(widths, n, *how)
        for name, pair in costs.eight().items():
            ratios = []
            for limit in (0, 2**30):
                costs.keep(limit)
                ratios.append(ratio(*pair, n_samples))
            print(
                f"{'-'.join(map(str, widths)):20} {name:14}" + "".join(f"{r:13.2f}" for r in ratios)
            )


def main(arguments=None):
    """Print a table; return 1 where a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--samples", type=int, default=7)
    parser.add_argument(
        "--activation", default="relu", choices=sorted(_core.catalog()["activations"])
    )
    parser.add_argument(
        "--normalization", default="none", choices=sorted(_core.catalog()["normalizations"])
    )
    parser.add_argument("--eight", action="store_true", help="eight vectors at once instead")
    options = parser.parse_args(arguments)
    how = (options.activation, options.normalization)
    if options.eight:
        print_eight(options.samples, how)
        return 0
    print(f"{how[0]}, normalization {how[1]}; in gradients, the last in writings of the array")
    print(f"{'network':28}" + "".join(f"{name:>14}" for name in BOUNDS))
    print(f"{'bound':28}" + "".join(f"{bound:14.1f}" for bound in BOUNDS.values()))
    met = True
    for widths, n in NETWORKS:
        ratios = dict(Costs(widths, n, *how).ratios(options.samples))
        met = met and all(ratios[name] <= bound for name, bound in BOUNDS.items())
        print(f"{'-'.join(map(str, widths)):28}" + "".join(f"{r:14.2f}" for r in ratios.values()))
    print("all bounds are met" if met else "a bound is broken")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
