"""Shampoo: a matrix's gradient between fourth roots, then SGD's momentum as a mean.

    L <- L + G G^T, R <- R + G^T G                                       (beta_2 = 1)
    L <- beta_2 L + (1 - beta_2) G G^T, R alike, / (1 - beta_2^t)        (beta_2 < 1)
    v = (L + epsilon I)^(-1/4) G (R + epsilon I)^(-1/4)                  in blocks of weights
    d = v |u| / |v|                                                      over a layer's weights
    m <- momentum m + (1 - momentum) d, w <- w - rate m

u is the step of the grafted rule: 0 none (v keeps its length), 1 sgd (G), 2 adagrad
(G / (sqrt s + 1e-8), s the sum of squares), 3 adam (s their mean of decay 0.999, corrected). Bias,
scale and shift take u itself, adagrad's where there is none. Roots are renewed at steps 1,
1 + interval, ... and before the first interval is over at powers of two. An eigenvalue counts for
at least n machine epsilons of the largest.

Sources: V. Gupta, T. Koren, Y. Singer, ICML 2018, algorithm 1; R. Anil et al., "Scalable second
order optimization for deep learning", 2020.
"""

import numpy as np

from . import network
from .kfac import blocks_of
from .optimizers import SGD

NONE, ADAM, ADAGRAD, SGD_STEP = 0, 3, 2, 1


def power(S, exponent, epsilon):
    values, vectors = np.linalg.eigh(S)
    noise = len(S) * np.finfo(float).eps * max(values[-1], 0.0)
    return (vectors * (np.maximum(values, noise) + epsilon) ** exponent) @ vectors.T


class Shampoo:
    defaults = {
        "beta_2": 1.0,
        "epsilon": 1e-12,
        "block_size": 128.0,
        "interval": 20.0,
        "grafting": 3.0,
        "momentum": 0.9,
        "weight_decay": 0.0,
    }

    def __init__(self, n, **settings):
        self.settings = {**self.defaults, **settings}
        own = {key: self.settings[key] for key in ("momentum", "weight_decay")}
        self.base = SGD(n, nesterov=0.0, **own)
        self.t = 0
        self.squares = np.zeros(n)
        self.statistics = {}
        self.roots = {}

    def look(self, spec, *seen):
        """The layout; nothing else of the batch is asked for."""
        self.spec = spec

    def due(self):
        interval = self.settings["interval"]
        early = self.t < interval and self.t & (self.t - 1) == 0
        return (self.t - 1) % interval == 0 or early

    def grafted(self, g):
        grafting = self.settings["grafting"]
        if grafting == SGD_STEP:
            return g
        if grafting == ADAM:
            self.squares = 0.999 * self.squares + 0.001 * g**2
            return g / (np.sqrt(self.squares / (1.0 - 0.999**self.t)) + 1e-8)
        self.squares = self.squares + g**2
        return g / (np.sqrt(self.squares) + 1e-8)

    def side(self, key, product):
        """The root of a block's rows or columns, which ``product`` is added to."""
        beta_2 = self.settings["beta_2"]
        fresh = 1.0 - beta_2 if beta_2 < 1.0 else 1.0
        self.statistics[key] = beta_2 * self.statistics.get(key, 0.0) + fresh * product
        if self.due():
            scale = 1.0 - beta_2**self.t if beta_2 < 1.0 else 1.0
            S = self.statistics[key] / scale
            self.roots[key] = power(S, -0.25, self.settings["epsilon"])
        return self.roots[key]

    def turned(self, name, G):
        v = np.empty_like(G)
        limit = self.settings["block_size"]
        for rows in blocks_of(G.shape[0], limit):
            for columns in blocks_of(G.shape[1], limit):
                block, key = G[rows, columns], (name, rows.start, columns.start)
                left = self.side((*key, "left"), block @ block.T)
                right = self.side((*key, "right"), block.T @ block)
                v[rows, columns] = left @ block @ right
        return v

    def step(self, w, g, rate, is_weight):
        self.t += 1
        direction = self.grafted(g)
        to, from_ = network.split(self.spec, direction.copy()), network.split(self.spec, g)
        turned = direction.copy()
        into = network.split(self.spec, turned)
        for name in from_:
            if name.startswith("coefs"):
                v = self.turned(name, from_[name])
                length = np.linalg.norm(v)
                grafts = self.settings["grafting"] != NONE and length > 0.0
                into[name][...] = v * (np.linalg.norm(to[name]) / length if grafts else 1.0)
        kept = 1.0 - self.settings["momentum"]
        return self.base.step(w, kept * turned, rate, is_weight)
