"""Signal: what an activation does to the variance of a standard normal."""

from __future__ import annotations

from functools import cache
from math import fsum, sqrt

import numpy as np

from deepgen import _core

__all__ = ["variance_gain"]

# Beyond this a standard normal has less than 1e-22; the activations' kinks are at 0.
REACH = 10.0
# Gauss-Legendre nodes on each side, where the integrands are analytic: only rounding is left.
N_NODES = 100


@cache
def variance_gain(activation: str) -> float:
    r"""Return what an activation's output has to be multiplied by to have variance 1.

    Parameters
    ----------
    activation : str
        A name of the engine's catalog.

    Returns
    -------
    gain : float
        :math:`1 / \sqrt{\mathrm{Var} f(x)}` with x standard normal, by quadrature.

    Notes
    -----
    For ReLU it is :math:`\sqrt{2 / (1 - 1 / \pi)}`. The mean that f adds is not taken off: centred
    weights do not see it.

    References
    ----------
    .. [1] A. Brock, S. De and S. L. Smith, "Characterizing signal propagation to close the
       performance gap in unnormalized ResNets", ICLR 2021, section 4.2.

    Examples
    --------
    >>> from deepgen._engine.activations import variance_gain
    >>> round(variance_gain("identity"), 12), round(variance_gain("relu"), 12)
    (1.0, 1.71285855045)
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
