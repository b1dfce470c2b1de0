"""Wrappers: optimizers that own another one and hand it another gradient.

    clip_norm    g <- g min(1, limit / (|g| + 1e-6))        over all trainable numbers jointly

Sources: R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural
networks", ICML 2013, algorithm 1, with PyTorch's 1e-6.
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


WRAPPERS = {"clip_norm": ClipNorm}
