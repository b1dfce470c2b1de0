"""K-FAC: the gradient between roots of two factors a layer, then SGD.

    A = E[a a^T], a the inputs and a 1 for the bias;  G = E[s s^T], s = dl / dz
    running means: F <- e F + (1 - e) F_batch, e = min(1 - 1/k, factor_decay), k-th renewal
    v = (A + pi r I)^-1 dW (G + r / pi I)^-1, r = sqrt(damping)                     (eigen = 0)
    pi^2 = (tr A / dim A) / (tr G / dim G)
    v = Q_A ((Q_A^T dW Q_G) / (d_A d_G^T + damping)) Q_G^T                          (eigen = 1)
    v <- v min(1, sqrt(kl_clip / (rate^2 sum v dW)))

Renewed every ``interval`` steps from the first on. s comes from targets drawn from the model's
predictions (empirical = 0) or from those at hand. Blocks of at most ``largest_factor``, nearly
equal, where a factor is larger. Scales and shifts take the gradient.

Sources: J. Martens, R. Grosse, ICML 2015, sections 2, 3, 5, 6.3; R. Grosse, J. Martens, ICML 2016,
appendix (eigenbasis); J. Ba, R. Grosse, J. Martens, ICLR 2017, section 5.1 (the clip).
"""

import numpy as np

from . import network
from .fisher import sampled_gradients
from .optimizers import SGD
from .random import child, stream


def blocks_of(size, limit):
    """Slices of nearly equal length, none above the limit."""
    length = -(-size // -(-size // int(limit)))
    return [slice(start, min(start + length, size)) for start in range(0, size, length)]


class Factor:
    """One side of a layer: blocks of a running mean, and their roots."""

    def __init__(self, size, limit):
        self.size = size
        self.blocks = blocks_of(size, limit)
        lengths = [block.stop - block.start for block in self.blocks]
        self.statistics = [np.zeros((n, n)) for n in lengths]
        self.inverses = [np.eye(n) for n in lengths]
        self.bases = [(np.ones(n), np.eye(n)) for n in lengths]

    def update(self, rows, keep):
        """``rows`` (n, size), such that the batch's factor is rows^T rows."""
        for i, block in enumerate(self.blocks):
            self.statistics[i] = keep * self.statistics[i] + (1.0 - keep) * (
                rows[:, block].T @ rows[:, block]
            )

    def mean_eigenvalue(self):
        return sum(np.trace(statistic) for statistic in self.statistics) / self.size


class KFAC:
    defaults = {
        "empirical": 0.0,
        "eigen": 0.0,
        "damping": 0.01,
        "factor_decay": 0.95,
        "interval": 20.0,
        "kl_clip": 1e-3,
        "largest_factor": 4096.0,
        "momentum": 0.9,
        "weight_decay": 0.0,
    }

    def __init__(self, n, **settings):
        self.settings = {**self.defaults, **settings}
        own = {key: self.settings[key] for key in ("momentum", "weight_decay")}
        self.base = SGD(n, nesterov=0.0, **own)
        self.t = 0
        self.sides = None

    def look(self, spec, parameters, trace, weights, gradients, seed):
        """Renew the factors where they are due; ``gradients`` of the outputs hold rows' weights."""
        self.spec = spec
        self.t += 1
        if self.sides is None:
            limit = self.settings["largest_factor"]
            self.sides = [
                (Factor(self.n_inputs(l), limit), Factor(layer.width, limit))
                for l, layer in enumerate(spec.layers)
            ]
        if (self.t - 1) % self.settings["interval"]:
            return
        number = (self.t - 1) // self.settings["interval"] + 1
        keep = min(1.0 - 1.0 / number, self.settings["factor_decay"])
        root = np.sqrt(weights / weights.sum())[:, None]
        if self.settings["empirical"]:
            s = gradients / weights.sum()
        else:
            key = child(stream(seed, "fisher"), self.t)
            z, settings = trace[-1].outputs, network.loss_settings(spec)
            s = root * sampled_gradients(spec.loss.name, z, settings, key)
        dz = {}
        network.gradient_in_effective(spec, parameters, trace, s, dz)
        for l, (of_inputs, of_gradients) in enumerate(self.sides):
            a = trace[l].inputs
            if self.n_inputs(l) > a.shape[1]:
                a = np.column_stack([a, np.ones(len(a))])
            of_inputs.update(root * a, keep)
            if self.settings["empirical"]:
                # gradients at hand carry the row's share, of which the root is wanted
                dz[l] = np.where(root > 0.0, dz[l] / np.where(root > 0.0, root, 1.0), 0.0)
            of_gradients.update(dz[l], keep)
            self.find_roots(of_inputs, of_gradients)

    def n_inputs(self, l):
        width = ([self.spec.n_inputs] + [layer.width for layer in self.spec.layers])[l]
        names = [block.name for block in network.layout(self.spec)]
        return width + (f"intercepts_{l}" in names)

    def find_roots(self, of_inputs, of_gradients):
        means = of_inputs.mean_eigenvalue(), of_gradients.mean_eigenvalue()
        pi = np.sqrt(means[0] / means[1]) if min(means) > 0.0 else 1.0
        r = np.sqrt(self.settings["damping"])
        for side, ridge in ((of_inputs, pi * r), (of_gradients, r / pi)):
            for i, statistic in enumerate(side.statistics):
                if self.settings["eigen"]:
                    values, vectors = np.linalg.eigh(statistic)
                    side.bases[i] = np.maximum(values, 0.0), vectors
                else:
                    side.inverses[i] = np.linalg.inv(statistic + ridge * np.eye(len(statistic)))

    def turned(self, l, dW):
        """The direction of a layer's matrix."""
        of_inputs, of_gradients = self.sides[l]
        v = np.empty_like(dW)
        for i, rows in enumerate(of_inputs.blocks):
            for j, columns in enumerate(of_gradients.blocks):
                block = dW[rows, columns]
                if self.settings["eigen"]:
                    (d_A, Q_A), (d_G, Q_G) = of_inputs.bases[i], of_gradients.bases[j]
                    curvature = np.outer(d_A, d_G) + self.settings["damping"]
                    v[rows, columns] = Q_A @ ((Q_A.T @ block @ Q_G) / curvature) @ Q_G.T
                else:
                    v[rows, columns] = of_inputs.inverses[i] @ block @ of_gradients.inverses[j]
        return v

    def step(self, w, g, rate, is_weight):
        direction, product = g.copy(), 0.0
        from_, to = network.split(self.spec, g), network.split(self.spec, direction)
        with_factors = []
        for l in range(len(self.spec.layers)):
            names = [name for name in (f"coefs_{l}", f"intercepts_{l}") if name in from_]
            dW = np.vstack([from_[name] for name in names])
            v = self.turned(l, dW)
            product += (v * dW).sum()
            to[names[0]][...] = v[: len(from_[names[0]])]
            if len(names) == 2:
                to[names[1]][...] = v[-1]
            with_factors += [to[name] for name in names]
        change = rate**2 * product
        if change > self.settings["kl_clip"]:
            for view in with_factors:
                view *= np.sqrt(self.settings["kl_clip"] / change)
        return self.base.step(w, direction, rate, is_weight)
