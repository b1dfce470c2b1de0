"""Reparametrizations: the weights w (in, out) that products use, from trained v (in, out) and g.

    weight_norm                    w = g v / |v|                                 g for each column
    weight_standardization         w = c / (s + epsilon)
    scaled_weight_standardization  w = g gamma c / sqrt(max(|c|^2, epsilon))     g for each column
    gain                           w = g v                                       one g
    ntk                            w = v / sqrt(n), n the length of a column

where |.|, mean and s go over a column, c = v - mean(v) and s^2 = |c|^2 / (n - ddof). Each has its
value and the way back, from dw = dL/dw to (dv, dg); a column of zeros gives zeros and takes none.

All formulas are analytic in v, g and dw, so complex steps through them differentiate exactly.

Sources: T. Salimans, D. Kingma 2016; S. Qiao et al. 2019; A. Brock et al. 2021; S. De,
S. Smith 2020; A. Jacot, F. Gabriel, C. Hongler 2018.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


def total(columns):
    return columns.sum(axis=0)


def size_of(columns):
    """|.| of each column, infinite where it is zero, so that what is divided by it becomes zero."""
    squares = total(columns * columns)
    return np.sqrt(np.where(squares == 0, np.inf, squares))


def centred(columns):
    return columns - columns.mean(axis=0)


def plain(v, g):
    return v


def plain_back(v, g, dw):
    return dw, None


def weight_norm(v, g):
    return g * v / size_of(v)


def weight_norm_back(v, g, dw):
    size = size_of(v)
    dg = total(dw * v) / size
    return g / size * dw - g * dg / size**2 * v, dg


def weight_standardization(v, g, epsilon, ddof):
    c = centred(v)
    return c / (np.sqrt(total(c * c) / max(len(v) - ddof, 1)) + epsilon)


def weight_standardization_back(v, g, dw, epsilon, ddof):
    c, n = centred(v), max(len(v) - ddof, 1)
    size = size_of(c)
    divisor = np.where(np.isinf(size), 0.0, size) / np.sqrt(n) + epsilon
    dc = dw / divisor - c * total(dw * c) / (divisor**2 * size * np.sqrt(n))
    return centred(dc), None


def scaled_weight_standardization(v, g, epsilon, gamma):
    c = centred(v)
    squares = total(c * c)
    return g * gamma * c / np.sqrt(np.where(squares.real > epsilon, squares, epsilon))


def scaled_weight_standardization_back(v, g, dw, epsilon, gamma):
    c = centred(v)
    squares = total(c * c)
    scaled = squares.real > epsilon
    root = np.sqrt(np.where(scaled, squares, epsilon))
    along = np.where(scaled, total(dw * c) / np.where(scaled, squares, 1.0), 0.0)
    return centred(g * gamma / root * (dw - along * c)), gamma * total(dw * c) / root


def gain(v, g):
    return g * v


def gain_back(v, g, dw):
    return g * dw, (v * dw).sum()


def ntk(v, g):
    return v / np.sqrt(len(v))


def ntk_back(v, g, dw):
    return dw / np.sqrt(len(v)), None


@dataclass(frozen=True)
class Member:
    value: Callable
    back: Callable
    defaults: dict[str, Any] = field(default_factory=dict)
    gains: str = ""  # "unit" or "layer"


REPARAMETRIZATIONS = {
    "none": Member(plain, plain_back),
    "gain": Member(gain, gain_back, gains="layer"),
    "ntk": Member(ntk, ntk_back),
    "weight_norm": Member(weight_norm, weight_norm_back, gains="unit"),
    "weight_standardization": Member(
        weight_standardization,
        weight_standardization_back,
        {"epsilon": 1e-5, "ddof": 0.0},
    ),
    "scaled_weight_standardization": Member(
        scaled_weight_standardization,
        scaled_weight_standardization_back,
        {"epsilon": 1e-4, "gamma": 1.0},
        gains="unit",
    ),
}
