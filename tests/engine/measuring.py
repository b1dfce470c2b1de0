"""Everything that the engine's probe measures of a problem, and the same by the twin."""

from itertools import pairwise

import numpy as np

import reference
from deepgen import _core
from engine.building import network_of
from engine.strategies import assert_close

# Float64 on both sides; some hundred products of order one, in another order.
TOLERANCE = 1e-11

CHUNK = _core.measured_rows


def hvp_of(probe, parameters, v):
    """A core probe's Hessian product over all rows."""
    out = np.zeros((1, len(v)))
    probe.add_hvp(probe.point(parameters), v[None], out, 0, probe.n_rows)
    return out[0]


class Measured:
    """A probe of a problem, with a direction v and weights u, and all that it measures."""

    def __init__(self, spec, arrays, *, simd="", X=None):
        self.spec = spec
        self.parameters, self.X, self.y, self.weights = arrays
        self.n, self.P = len(self.X), reference.n_trainable(spec)
        rng = np.random.default_rng(1)
        self.v, self.w = rng.normal(size=(2, self.P))
        self.u = rng.normal(size=self.n)
        self.n_outputs = spec.layers[-1].width
        self.chosen = np.array([self.n - 1, 0, self.n // 2])
        self.outputs = rng.normal(size=self.n * self.n_outputs)
        self.inputs = self.X if X is None else X
        network = network_of(spec, simd=simd)
        self.core = _core.Probe(network, self.inputs, self.y, self.weights)
        self.point = self.core.point(self.parameters)

    def rows(self, shape, method, *arguments, cuts=(), n_threads=1):
        out = np.full(shape, np.nan)
        self.run((out,), method, arguments, cuts, n_threads)
        return out

    def sum(self, method, v, cuts=(), n_threads=1):
        out = np.zeros((1, self.P))
        self.run((out,), method, (v[None],), cuts, n_threads)
        return out[0]

    def run(self, outs, method, arguments, cuts, n_threads):
        for begin, end in pairwise([0, *cuts, self.n]):
            call = getattr(self.core, method)
            call(self.point, *arguments, *outs, begin, end, n_threads=n_threads)

    def signals(self, cuts=(), n_threads=1):
        widths = [layer.width for layer in self.spec.layers]
        norms = np.full((self.n, len(widths)), np.nan)
        alive = np.zeros(sum(widths), dtype=bool)
        self.run((norms, alive), "signals", (), cuts, n_threads)
        return norms, alive.astype(float)

    def everything(self, **how):
        return {
            "hvp": self.sum("add_hvp", self.v, **how),
            "gauss_newton": self.sum("add_gauss_newton", self.v, **how),
            "weighted": self.sum("add_gradients", self.u, **how),
            "directional": self.rows((1, self.n), "directional", self.v[None], **how)[0],
            "weighted_outputs": self.sum("add_output_gradients", self.outputs, **how),
            "output_tangents": self.rows(
                (1, self.n * self.n_outputs), "output_tangents", self.v[None], **how
            )[0],
            "output_gradients": self.output_gradients(n_threads=how.get("n_threads", 1)),
            "norms": self.rows(self.n, "norms", **how),
            "gradients": self.rows((self.n, self.P), "gradients", **how),
            "signals": self.signals(**how)[0],
            "alive": self.signals(**how)[1],
            "jacobian": self.core.jacobian(
                self.point, self.inputs, n_threads=how.get("n_threads", 1)
            ),
        }

    def output_gradients(self, n_threads=1):
        J = np.empty((len(self.chosen) * self.n_outputs, self.P))
        self.core.output_gradients(self.point, self.chosen, J, n_threads=n_threads)
        return J

    def expected(self):
        twin, data = reference.probe, (self.spec, self.parameters)
        G = twin.per_sample_gradients(*data, self.X, self.y)
        weighted, tangents = twin.output_products(*data, self.v, self.outputs, self.X)
        J = twin.parameter_jacobian(*data, self.X[self.chosen]).reshape(-1, self.P)
        labelled = (self.X, self.y, self.weights)
        norms, alive = twin.signals(*data, self.X, self.y)
        return {
            "signals": norms,
            "alive": np.concatenate(alive).astype(float),
            "hvp": twin.hvp(*data, self.v, *labelled),
            "gauss_newton": twin.gauss_newton_product(*data, self.v, *labelled),
            "weighted": G.T @ self.u,
            "directional": G @ self.v,
            "weighted_outputs": weighted,
            "output_tangents": tangents.ravel(),
            "output_gradients": J,
            "norms": np.linalg.norm(G, axis=1),
            "gradients": G,
            "jacobian": twin.input_jacobian(*data, self.X),
        }

    def assert_equals_twin(self):
        actual, expected = self.everything(), self.expected()
        for name, values in expected.items():
            assert_close(actual[name], values, TOLERANCE)
        self.assert_several_vectors_give_the_same_bits(actual)

    def assert_several_vectors_give_the_same_bits(self, alone):
        directions = np.array([self.w, self.v, self.w])
        for method, vectors, name, width in (
            ("add_hvp", directions, "hvp", self.P),
            ("add_gauss_newton", directions, "gauss_newton", self.P),
            ("add_gradients", np.array([0.3 * self.u, self.u]), "weighted", self.P),
            (
                "add_output_gradients",
                np.array([-self.outputs, self.outputs]),
                "weighted_outputs",
                self.P,
            ),
            ("directional", directions, "directional", self.n),
            ("output_tangents", directions, "output_tangents", self.n * self.n_outputs),
        ):
            out = np.zeros((len(vectors), width))
            self.run((out,), method, (vectors,), (), 1)
            np.testing.assert_array_equal(out[1], alone[name])
