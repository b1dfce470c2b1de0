"""Initializers: the weights that training starts from.

Every rule draws from the stream of starting weights, layer by layer, weights before intercepts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen.network import Matrix, Network

__all__ = [
    "INITIALIZERS",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "initialize",
    "lecun_normal",
    "orthogonal",
    "standardize_layers",
    "unit_normal",
]

Layer = tuple[NDArray[np.float64], NDArray[np.float64]]
Rule = Callable[[np.random.Generator, int, int, str], Layer]

STANDARDIZING_ROWS = 2048
"""How many training rows the data-dependent start looks at, at most."""


def glorot_uniform(rng: np.random.Generator, fan_in: int, fan_out: int, activation: str) -> Layer:
    r"""Draw weights and intercepts uniformly, as scikit-learn does.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the numbers come from.
    fan_in, fan_out : int
        Units before and after the weights.
    activation : str
        Activation after the weights; 'logistic' has narrower bounds.

    Returns
    -------
    layer : tuple of ndarray of shape (fan_in, fan_out) and (fan_out,)
        Weights and intercepts within :math:`\pm\sqrt{6 / (fan_{in} + fan_{out})}`, with 2 in place
        of 6 for 'logistic'.

    References
    ----------
    .. [1] X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward
       neural networks", AISTATS 2010, eq. (16).
    """
    factor = 2.0 if activation == "logistic" else 6.0
    bound = np.sqrt(factor / (fan_in + fan_out))
    return rng.uniform(-bound, bound, (fan_in, fan_out)), rng.uniform(-bound, bound, fan_out)


def he_normal(rng: np.random.Generator, fan_in: int, fan_out: int, activation: str) -> Layer:
    """Draw normal weights of variance 2 / fan_in, which keep a ReLU network's signal.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the numbers come from.
    fan_in, fan_out : int
        Units before and after the weights.
    activation : str
        Not used.

    Returns
    -------
    layer : tuple of ndarray of shape (fan_in, fan_out) and (fan_out,)
        Weights and zero intercepts.

    References
    ----------
    .. [1] K. He, X. Zhang, S. Ren and J. Sun, "Delving deep into rectifiers", ICCV 2015, eq. (10).
    """
    return rng.normal(0.0, np.sqrt(2.0 / fan_in), (fan_in, fan_out)), np.zeros(fan_out)


def he_uniform(rng: np.random.Generator, fan_in: int, fan_out: int, activation: str) -> Layer:
    """Draw uniform weights of variance 2 / fan_in.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the numbers come from.
    fan_in, fan_out : int
        Units before and after the weights.
    activation : str
        Not used.

    Returns
    -------
    layer : tuple of ndarray of shape (fan_in, fan_out) and (fan_out,)
        Weights and zero intercepts.

    References
    ----------
    .. [1] K. He, X. Zhang, S. Ren and J. Sun, "Delving deep into rectifiers", ICCV 2015, eq. (10).
    """
    bound = np.sqrt(6.0 / fan_in)
    return rng.uniform(-bound, bound, (fan_in, fan_out)), np.zeros(fan_out)


def lecun_normal(rng: np.random.Generator, fan_in: int, fan_out: int, activation: str) -> Layer:
    """Draw normal weights of variance 1 / fan_in, which 'selu' asks for.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the numbers come from.
    fan_in, fan_out : int
        Units before and after the weights.
    activation : str
        Not used.

    Returns
    -------
    layer : tuple of ndarray of shape (fan_in, fan_out) and (fan_out,)
        Weights and zero intercepts.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, G. Orr and K.-R. Mueller, "Efficient BackProp", 1998, eq. (16).
    """
    return rng.normal(0.0, np.sqrt(1.0 / fan_in), (fan_in, fan_out)), np.zeros(fan_out)


def orthogonal(rng: np.random.Generator, fan_in: int, fan_out: int, activation: str) -> Layer:
    """Draw a random orthogonal matrix: rows or columns, the fewer of them, are orthonormal.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the numbers come from.
    fan_in, fan_out : int
        Units before and after the weights.
    activation : str
        Not used.

    Returns
    -------
    layer : tuple of ndarray of shape (fan_in, fan_out) and (fan_out,)
        Weights and zero intercepts.

    References
    ----------
    .. [1] A. Saxe, J. McClelland and S. Ganguli, "Exact solutions to the nonlinear dynamics of
       learning in deep linear neural networks", ICLR 2014.
    """
    long, short = max(fan_in, fan_out), min(fan_in, fan_out)
    q, r = np.linalg.qr(rng.normal(size=(long, short)))
    # Fixed signs make the draw uniform over all orthogonal matrices.
    q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)
    return (q if fan_in >= fan_out else q.T), np.zeros(fan_out)


def unit_normal(rng: np.random.Generator, fan_in: int, fan_out: int, activation: str) -> Layer:
    """Draw standard normal weights: directions that `standardize_layers` scales.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the numbers come from.
    fan_in, fan_out : int
        Units before and after the weights.
    activation : str
        Not used.

    Returns
    -------
    layer : tuple of ndarray of shape (fan_in, fan_out) and (fan_out,)
        Weights and zero intercepts.
    """
    return rng.normal(size=(fan_in, fan_out)), np.zeros(fan_out)


INITIALIZERS: dict[str, Rule] = {
    "data_dependent": unit_normal,
    "glorot_uniform": glorot_uniform,
    "he_normal": he_normal,
    "he_uniform": he_uniform,
    "lecun_normal": lecun_normal,
    "orthogonal": orthogonal,
}
"""The names that ``initializer`` takes."""


def initialize(
    network: Network, name: str, rng: np.random.Generator, activations: Sequence[str]
) -> None:
    """Write starting weights into a network; scales and gains become 1, shifts 0.

    Parameters
    ----------
    network : Network
        Its parameters are overwritten.
    name : str
        A name of `INITIALIZERS`; 'data_dependent' must be followed by `standardize_layers`.
    rng : numpy.random.Generator
        Where the numbers come from.
    activations : sequence of str
        The activation that each layer's rule goes by, the output layer's included.
    """
    blocks = network.blocks()
    for layer, activation in enumerate(activations):
        fan_in, fan_out = blocks[f"coefs_{layer}"].shape
        coefs, intercepts = INITIALIZERS[name](rng, fan_in, fan_out, activation)
        values: dict[str, Any] = {
            "coefs": coefs,
            "intercepts": intercepts,
            "scale": 1.0,
            "shift": 0.0,
            "mean": 0.0,
            "variance": 1.0,
            "gain": 1.0,
            "gate_intercepts": 0.0,
        }
        if f"gate_coefs_{layer}" in blocks:
            # Directions alone, which only the layer's own weights are scaled from, would saturate.
            rule = lecun_normal if name == "data_dependent" else INITIALIZERS[name]
            values["gate_coefs"] = rule(rng, fan_in, fan_out, activation)[0]
        for kind, value in values.items():
            if f"{kind}_{layer}" in blocks:
                blocks[f"{kind}_{layer}"][...] = value


def standardize_layers(network: Network, X: Matrix, rows: NDArray[np.int64]) -> None:
    """Scale and shift each layer so that its pre-activations have mean 0 and variance 1.

    Parameters
    ----------
    network : Network
        Its weights give the directions; they are overwritten.
    X : ndarray of shape (n_samples, n_features) or deepgen._core.SparseRows
        Samples in the network's type.
    rows : ndarray of shape (n_rows,)
        Which samples the moments are taken over.

    Notes
    -----
    A unit that is constant over the samples keeps its scale. Layers without intercepts are scaled
    only. Costs one forward pass a layer.

    References
    ----------
    .. [1] T. Salimans and D. P. Kingma, "Weight normalization", NeurIPS 2016, section 3.
    """
    blocks = network.blocks()
    for layer in range(network.n_layers):
        mean, variance = network.moments(X, layer, rows=rows)
        scale = np.where(variance > 0, 1 / np.sqrt(np.where(variance > 0, variance, 1.0)), 1.0)
        blocks[f"coefs_{layer}"][...] *= scale
        if f"intercepts_{layer}" in blocks:
            intercepts = blocks[f"intercepts_{layer}"]
            intercepts[...] = (intercepts - mean) * scale
