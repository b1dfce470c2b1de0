"""Wrappers: optimizers that own another one and hand it another gradient.

    clip_norm    g <- g min(1, limit / (|g| + 1e-6))        over all trainable numbers jointly
    ema          a <- w after the first step, then a <- decay a + (1 - decay) w; w as without

Sources: R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural
networks", ICML 2013, algorithm 1, with PyTorch's 1e-6; B. Polyak, A. Juditsky, "Acceleration of
stochastic approximation by averaging", 1992, begun as PyTorch's swa_utils.
"""

import numpy as np


class ClipNorm:
    defaults = {"limit": 1.0}

    def __init__(self, base, **settings):
        self.settings = {**self.defaults, **settings}
        self.base = base

    def step(self, w, g, rate, is_weight):
        factor = min(1.0, self.settings["limit"] / (np.linalg.norm(g) + 1e-6))
        return self.base.step(w, factor * g, rate, is_weight)


class EMA:
    defaults = {"decay": 0.99}

    def __init__(self, base, **settings):
        self.settings = {**self.defaults, **settings}
        self.base = base
        self.average = None

    def step(self, w, g, rate, is_weight):
        decay = self.settings["decay"]
        w = self.base.step(w, g, rate, is_weight)
        self.average = w if self.average is None else decay * self.average + (1.0 - decay) * w
        return w


WRAPPERS = {"clip_norm": ClipNorm, "ema": EMA}
