"""Skips: how a branch h meets what is carried past it, x.

    residual    a = h + x
    highway     a = t h + (1 - t) x          t = logistic(inputs W_T + b_T)
    deepnorm    z + alpha x                  before the normalization; the branch is z

Each member: ``join`` gives a, ``gradients`` the derivatives (dh, dx, own) from da, ``tangent``
R a and ``gradients_tangent`` R of the gradients. ``own`` belongs to the member alone: t's argument.

Sources: K. He et al., "Identity mappings in deep residual networks", 2016; R. Srivastava,
K. Greff, J. Schmidhuber, "Highway networks", 2015; H. Wang et al., "DeepNet", 2022.
"""

import numpy as np
from scipy.special import expit


class Residual:
    before_normalization = False

    def join(self, h, x, own):
        return h + x

    def gradients(self, h, x, own, da):
        return da, da, None

    def tangent(self, h, x, own, rh, rx, r_own):
        return rh + rx

    def gradients_tangent(self, h, x, own, da, rh, rx, r_own, rda):
        return rda, rda, None


class Highway:
    before_normalization = False

    def join(self, h, x, own):
        t = expit(own)
        return t * h + (1 - t) * x

    def gradients(self, h, x, own, da):
        t = expit(own)
        return t * da, (1 - t) * da, t * (1 - t) * (h - x) * da

    def tangent(self, h, x, own, rh, rx, r_own):
        t = expit(own)
        rt = t * (1 - t) * r_own
        return t * rh + (1 - t) * rx + (h - x) * rt

    def gradients_tangent(self, h, x, own, da, rh, rx, r_own, rda):
        t = expit(own)
        slope = t * (1 - t)
        rt = slope * r_own
        r_slope = (1 - 2 * t) * rt
        r_own_gradient = slope * (h - x) * rda + slope * (rh - rx) * da + r_slope * (h - x) * da
        return t * rda + rt * da, (1 - t) * rda - rt * da, r_own_gradient


class DeepNorm:
    before_normalization = True

    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def join(self, h, x, own):
        return h + self.alpha * x

    def gradients(self, h, x, own, da):
        return da, self.alpha * da, None

    def tangent(self, h, x, own, rh, rx, r_own):
        return rh + self.alpha * rx

    def gradients_tangent(self, h, x, own, da, rh, rx, r_own, rda):
        return rda, self.alpha * rda, None


SKIPS = {"residual": Residual, "highway": Highway, "deepnorm": DeepNorm}


def skip_of(layer):
    """The member of a layer that skips, else None."""
    return SKIPS[layer.skip.name](**layer.skip.settings) if layer.skip_from >= 0 else None


def own_of(skip, blocks, l, inputs):
    """The argument of the gate, or None."""
    if isinstance(skip, Highway):
        return inputs @ blocks[f"gate_coefs_{l}"] + blocks.get(f"gate_intercepts_{l}", 0.0)
    return None


def own_tangent(skip, blocks, moves, l, inputs, r_inputs):
    """R of ``own_of``."""
    if isinstance(skip, Highway):
        r = inputs @ moves[f"gate_coefs_{l}"] + r_inputs @ blocks[f"gate_coefs_{l}"]
        return r + moves.get(f"gate_intercepts_{l}", 0.0)
    return None


def add_own_gradient(skip, into, blocks, l, inputs, d_own):
    """Writes the gradient of the member's own numbers; returns its part of d inputs."""
    if isinstance(skip, Highway):
        into[f"gate_coefs_{l}"][...] = inputs.T @ d_own
        if f"gate_intercepts_{l}" in into:
            into[f"gate_intercepts_{l}"][...] = d_own.sum(axis=0)
        return d_own @ blocks[f"gate_coefs_{l}"].T
    return np.zeros_like(inputs)
