"""Wrappers: optimizers that own another one and hand it another gradient.

What is handed on is a function: the gradient of the batch at given weights, L2 included.

    clip_norm      g <- g min(1, limit / (|g| + 1e-6))      over all trainable numbers jointly
    adaptive_clip  g_i <- g_i limit / max(|g_i|, 1e-6) where |g_i| > limit,
                   limit = ratio max(|w_i|, 1e-3); i runs over columns of coefs and whole vectors
                   of all layers but the last, and over each block of each embedded feature

    sam            g(w) <- g(w + e),  e = rho g / (|g| + 1e-12)
    asam           g(w) <- g(w + e),  e = rho T^2 g / (|T g| + 1e-16)
                   T = |w| + eta for weight matrices, 1 for vectors
    gsam           g(w) <- g_p - alpha (g - (g . g_p) / |g_p|^2 g_p),  g_p as in sam
    lpfsgd         g(w) <- mean of g(w + e),  e_i ~ N(0, (gamma |w_i|)^2 I), i as in adaptive_clip
                   over all layers and the front; one key for each step, sample and block, numbers
                   by place

    ema            a <- w after the first step, then a <- decay a + (1 - decay) w; w as without
    line           one network of twice the weights, both ends (w1, w2): at w = (1 - p) w1 + p w2,
                   p uniform, (1 - p) g and p g, each with the gradient of beta cos^2(w1, w2)
    batch_ensemble the numbers of all members, side by side (batch_ensemble.py)

Sources: R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural
networks", ICML 2013, algorithm 1, with PyTorch's 1e-6; A. Brock et al., "High-performance
large-scale image recognition without normalization", ICML 2021, eq. (3); P. Foret et al.,
"Sharpness-aware minimization", ICLR 2021, algorithm 1; J. Kwon et al., "ASAM", ICML 2021, T as its
authors' code; J. Zhuang et al., "Surrogate gap minimization", ICLR 2022, algorithm 1 with a
constant rho; D. Bisla, J. Wang, A. Choromanska, "Low-pass filtering SGD", AISTATS 2022,
algorithm 1; B. Polyak, A. Juditsky, "Acceleration of stochastic approximation by averaging", 1992,
begun as PyTorch's swa_utils; M. Wortsman et al., "Learning neural network subspaces", ICML 2021,
algorithm 1.
"""

import numpy as np

from .batch_ensemble import BatchEnsemble
from .network import layout
from .random import Ziggurat, child, stream


class Innermost:
    """A rule, which wants the gradient where it stands, and perhaps a look at the batch."""

    look = None

    def __init__(self, rule):
        self.rule = rule

    def step(self, w, gradient_at, rate, is_weight):
        g = gradient_at(w)
        if self.look is not None:
            self.look()
        return self.rule.step(w, g, rate, is_weight)


class Wrapper:
    """Steps its base along ``seen(gradient_at, w)``; the trainer tells it of spec and seed."""

    spec, seed = None, None
    n_measured = 1  # the first so many evaluations are what is reported

    def __init__(self, base, **settings):
        self.settings = {**self.defaults, **settings}
        self.base = base

    def step(self, w, gradient_at, rate, is_weight):
        def seen(at):
            return self.seen(gradient_at, at, is_weight)

        return self.base.step(w, seen, rate, is_weight)

    def blocks(self):
        """Trainable blocks of each layer, as (kind, layer, slice, shape), then the front's.

        The front's vectors have the numbers -1, -2 ... for a layer.
        """
        for block in layout(self.spec):
            if block.trainable and not block.in_front:
                kind, l = block.name.rsplit("_", 1)
                where = slice(block.offset, block.offset + block.size)
                yield kind, int(l), where, (block.rows, block.columns)
        for number, where in enumerate(self.front_vectors()):
            yield "front", ~number, where, (1, where.stop - where.start)

    def front_vectors(self):
        """Each block of each embedded feature, and the input scale."""
        blocks = {block.name: block for block in layout(self.spec) if block.in_front}
        ends = {name: block.offset for name, block in blocks.items()}
        for embedding in self.spec.embeddings:
            for fixed in embedding.fixed():
                for name, (rows, columns) in embedding.map.blocks(fixed).items():
                    begin, ends[name] = ends[name], ends[name] + rows * columns
                    yield slice(begin, ends[name])
        if self.spec.input_scale:
            scale = blocks["input_scale"]
            yield slice(scale.offset, scale.offset + scale.size)


class ClipNorm(Wrapper):
    defaults = {"limit": 1.0}

    def seen(self, gradient_at, w, is_weight):
        g = gradient_at(w)
        return g * min(1.0, self.settings["limit"] / (np.linalg.norm(g) + 1e-6))


class AdaptiveClip(Wrapper):
    defaults = {"ratio": 0.01}

    def seen(self, gradient_at, w, is_weight):
        g = gradient_at(w)
        for kind, l, where, shape in self.blocks():
            if l < len(self.spec.layers) - 1:
                axis = 0 if kind.endswith("coefs") else None
                own = g[where].reshape(shape)
                size = np.linalg.norm(w[where].reshape(shape), axis=axis)
                length = np.linalg.norm(own, axis=axis)
                limit = self.settings["ratio"] * np.maximum(size, 1e-3)
                g[where] = np.where(
                    length > limit, own * (limit / np.maximum(length, 1e-6)), own
                ).ravel()
        return g


class SAM(Wrapper):
    defaults = {"rho": 0.05}

    def displacement(self, w, g, is_weight):
        return self.settings["rho"] * g / (np.linalg.norm(g) + 1e-12)

    def seen(self, gradient_at, w, is_weight):
        return gradient_at(w + self.displacement(w, gradient_at(w), is_weight))


class ASAM(SAM):
    defaults = {"rho": 0.1, "eta": 0.01}

    def displacement(self, w, g, is_weight):
        T = np.where(is_weight, np.abs(w) + self.settings["eta"], 1.0)
        return self.settings["rho"] * T**2 * g / (np.linalg.norm(T * g) + 1e-16)


class GSAM(SAM):
    defaults = {"rho": 0.05, "alpha": 0.4}

    def seen(self, gradient_at, w, is_weight):
        g, g_p = gradient_at(w), super().seen(gradient_at, w, is_weight)
        across = g - (g @ g_p) / (g_p @ g_p) * g_p
        return g_p - self.settings["alpha"] * across


class LPFSGD(Wrapper):
    defaults = {"gamma": 5e-4, "n_samples": 1.0}
    kinds = ("coefs", "intercepts", "scale", "shift", "gain", "gate_coefs", "gate_intercepts")
    kinds += ("slope",)
    n_steps = 0

    @property
    def n_measured(self):
        return int(self.settings["n_samples"])

    def noise(self, w, key):
        ziggurat, noise = Ziggurat(), np.zeros(len(w))
        for kind, l, where, shape in self.blocks():
            number = l if kind == "front" else 8 * l + self.kinds.index(kind)
            block_key = child(key, number % 2**64)
            normal = [ziggurat.normal(block_key, i) for i in range(shape[0] * shape[1])]
            axis = 0 if kind.endswith("coefs") else None
            size = np.linalg.norm(w[where].reshape(shape), axis=axis)
            noise[where] = (self.settings["gamma"] * size * np.reshape(normal, shape)).ravel()
        return noise

    def seen(self, gradient_at, w, is_weight):
        self.n_steps += 1
        key = child(stream(self.seed, "perturbation"), self.n_steps)
        keys = [child(key, sample) for sample in range(self.n_measured)]
        return np.mean([gradient_at(w + self.noise(w, key)) for key in keys], axis=0)


class EMA(Wrapper):
    defaults = {"decay": 0.99}
    average = None

    def step(self, w, gradient_at, rate, is_weight):
        decay = self.settings["decay"]
        w = self.base.step(w, gradient_at, rate, is_weight)
        self.average = w if self.average is None else decay * self.average + (1.0 - decay) * w
        return w


class Line(Wrapper):
    """Its base steps on both ends side by side, along `gradient`."""

    defaults = {"beta": 1.0}

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


WRAPPERS = {
    "adaptive_clip": AdaptiveClip,
    "asam": ASAM,
    "batch_ensemble": BatchEnsemble,
    "clip_norm": ClipNorm,
    "ema": EMA,
    "gsam": GSAM,
    "line": Line,
    "lpfsgd": LPFSGD,
    "sam": SAM,
}
