"""Wrappers: optimizers that own another one and hand it another gradient.

What is handed on is a function: the gradient of the batch at given weights, L2 included.

    clip_norm    g <- g min(1, limit / (|g| + 1e-6))        over all trainable numbers jointly

    sam          g(w) <- g(w + e),  e = rho g / (|g| + 1e-12)
    asam         g(w) <- g(w + e),  e = rho T^2 g / (|T g| + 1e-16)
                 T = |w| + eta for weight matrices, 1 for vectors
    gsam         g(w) <- g_p - alpha (g - (g . g_p) / |g_p|^2 g_p),  g_p as in sam

Sources: R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural
networks", ICML 2013, algorithm 1, with PyTorch's 1e-6; P. Foret et al., "Sharpness-aware
minimization", ICLR 2021, algorithm 1; J. Kwon et al., "ASAM", ICML 2021, T as its authors' code;
J. Zhuang et al., "Surrogate gap minimization", ICLR 2022, algorithm 1 with a constant rho.
"""

import numpy as np


class Innermost:
    """A rule, which wants the gradient where it stands."""

    def __init__(self, rule):
        self.rule = rule

    def step(self, w, gradient_at, rate, is_weight):
        return self.rule.step(w, gradient_at(w), rate, is_weight)


class ClipNorm:
    defaults = {"limit": 1.0}

    def __init__(self, base, **settings):
        self.settings = {**self.defaults, **settings}
        self.base = base

    def step(self, w, gradient_at, rate, is_weight):
        def clipped(at):
            g = gradient_at(at)
            return g * min(1.0, self.settings["limit"] / (np.linalg.norm(g) + 1e-6))

        return self.base.step(w, clipped, rate, is_weight)


class SAM:
    defaults = {"rho": 0.05}

    def __init__(self, base, **settings):
        self.settings = {**self.defaults, **settings}
        self.base = base

    def displacement(self, w, g, is_weight):
        return self.settings["rho"] * g / (np.linalg.norm(g) + 1e-12)

    def seen(self, g, g_p):
        return g_p

    def step(self, w, gradient_at, rate, is_weight):
        def elsewhere(at):
            g = gradient_at(at)
            return self.seen(g, gradient_at(at + self.displacement(at, g, is_weight)))

        return self.base.step(w, elsewhere, rate, is_weight)


class ASAM(SAM):
    defaults = {"rho": 0.5, "eta": 0.01}

    def displacement(self, w, g, is_weight):
        T = np.where(is_weight, np.abs(w) + self.settings["eta"], 1.0)
        return self.settings["rho"] * T**2 * g / (np.linalg.norm(T * g) + 1e-16)


class GSAM(SAM):
    defaults = {"rho": 0.05, "alpha": 0.4}

    def seen(self, g, g_p):
        across = g - (g @ g_p) / (g_p @ g_p) * g_p
        return g_p - self.settings["alpha"] * across


WRAPPERS = {"asam": ASAM, "clip_norm": ClipNorm, "gsam": GSAM, "sam": SAM}
