"""Activations: their effect on the variance of a standard normal input."""

from __future__ import annotations

from functools import cache
from math import fsum, sqrt

import numpy as np

from deepgen import _core

__all__ = ["variance_gain"]

# The probability of a standard normal beyond this is below 1e-22; the activations' kinks are at 0.
REACH = 10.0
# Gauss-Legendre nodes on each side of 0, where the integrands are analytic; only rounding remains.
N_NODES = 100


@cache
def variance_gain(activation: str) -> float:
    """Return 1 / sqrt(Var f(x)) of an activation f with x standard normal, by quadrature.

    The mean of f(x) is not subtracted, since centred weights cancel it. For ReLU the gain is sqrt(2
    / (1 - 1 / pi)). Source: A. Brock, S. De and S. L. Smith, "Characterizing signal propagation to
    close the performance gap in unnormalized ResNets", ICLR 2021, section 4.2.
    """
    nodes, shares = np.polynomial.legendre.leggauss(N_NODES)
    half = REACH / 2
    x = np.concatenate([half * (nodes - 1), half * (nodes + 1)])
    density = half * np.tile(shares, 2) * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    layers = [
        _core.LayerSpec(width=1, activation=activation),
        _core.LayerSpec(width=1, activation="identity"),
    ]
    loss = _core.Component("squared_error")
    spec = _core.NetworkSpec(n_inputs=1, layers=layers, loss=loss, bias=False)
    values = _core.Network(spec, "float64").activations(np.ones(2), x[:, np.newaxis], 0)[:, 0]
    mean = fsum(density * values)
    return 1.0 / sqrt(fsum(density * (values - mean) ** 2))
