"""Wrappers: optimizers that own another one and hand it another gradient.

    clip_norm    g <- g min(1, limit / (|g| + 1e-6))        over all trainable numbers jointly
    ema          a <- w after the first step, then a <- decay a + (1 - decay) w; w as without
    line         one network of twice the weights, both ends (w1, w2): at w = (1 - p) w1 + p w2,
                 p uniform, (1 - p) g and p g, each with the gradient of beta cos^2(w1, w2)

Sources: R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural
networks", ICML 2013, algorithm 1, with PyTorch's 1e-6; B. Polyak, A. Juditsky, "Acceleration of
stochastic approximation by averaging", 1992, begun as PyTorch's swa_utils; M. Wortsman et al.,
"Learning neural network subspaces", ICML 2021, algorithm 1.
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


class Line:
    """``base`` steps on both ends side by side; what it is handed is a function of them."""

    defaults = {"beta": 1.0}

    def __init__(self, base, **settings):
        self.settings = {**self.defaults, **settings}
        self.base = base

    def gradient(self, ends, place, gradient_at, is_weight):
        first, second = np.split(ends, 2)
        g = gradient_at((1 - place) * first + place * second)
        w1, w2 = first * is_weight, second * is_weight
        dot, squares = w1 @ w2, [w1 @ w1, w2 @ w2]
        pull = 2 * self.settings["beta"] * dot / (squares[0] * squares[1])
        return np.concatenate(
            [
                (1 - place) * g + pull * (w2 - dot / squares[0] * w1),
                place * g + pull * (w1 - dot / squares[1] * w2),
            ]
        )

    def cosine_squared(self, ends, is_weight):
        w1, w2 = (end * is_weight for end in np.split(ends, 2))
        return (w1 @ w2) ** 2 / ((w1 @ w1) * (w2 @ w2))

    def step_ends(self, ends, place, gradient_at, rate, is_weight):
        g = self.gradient(ends, place, gradient_at, is_weight)
        return self.base.step(ends, g, rate, np.tile(is_weight, 2))


WRAPPERS = {"clip_norm": ClipNorm, "ema": EMA, "line": Line}
