"""Normalizations of the pre-activations z (n, width), and their gradients.

Both members standardise and then scale and shift:

    x = (z - mean) / sqrt(variance + epsilon)
    y = scale x + shift

    layer   mean and biased variance of each row, in training and in measuring alike
    batch   training: mean and biased variance of each column of the batch;
            measuring: the running statistics, which are constants

where mean and variance are those of z itself, with averages over what they were taken over,

    dz = (dx - mean(dx) - x mean(dx x)) / sqrt(variance + epsilon)

and where they are constants, dz = dx / sqrt(variance + epsilon).

The R-operator (derivative along a direction of all parameters) acts on both lines by the product
rule; with R(1 / deviation) = -mean(x Rz) / deviation^2.

The running statistics follow PyTorch, m = momentum, with the unbiased variance:

    running = (1 - m) running + m batch

Sources: S. Ioffe, C. Szegedy, "Batch normalization", ICML 2015, algorithm 1;
J. L. Ba et al., "Layer normalization", 2016, eq. (4).
"""

from dataclasses import dataclass

import numpy as np

DEFAULTS = {
    "none": {},
    "batch": {"momentum": 0.1, "epsilon": 1e-5},
    "layer": {"epsilon": 1e-5},
}


@dataclass
class Standardized:
    """x, what it was divided by, and over which axis (None: constants were used)."""

    x: np.ndarray
    deviation: np.ndarray
    axis: int | None


def standardize_rows(z, epsilon):
    deviation = np.sqrt(z.var(axis=1, keepdims=True) + epsilon)
    return Standardized((z - z.mean(axis=1, keepdims=True)) / deviation, deviation, axis=1)


def standardize_columns(z, epsilon):
    deviation = np.sqrt(z.var(axis=0, keepdims=True) + epsilon)
    return Standardized((z - z.mean(axis=0, keepdims=True)) / deviation, deviation, axis=0)


def standardize_with(z, mean, variance, epsilon):
    deviation = np.sqrt(variance + epsilon)
    return Standardized((z - mean) / deviation, deviation, axis=None)


def standardize_gradient(dx, standardized):
    """dz for dx: the derivative of the loss in z, from the one in x."""
    x, axis = standardized.x, standardized.axis
    if axis is None:
        return dx / standardized.deviation
    mean_dx = dx.mean(axis=axis, keepdims=True)
    mean_dx_x = (dx * x).mean(axis=axis, keepdims=True)
    return (dx - mean_dx - x * mean_dx_x) / standardized.deviation


def standardize_tangent(rz, standardized):
    """Rx and R log(1 / deviation) for Rz: how x and its divisor move with z."""
    if standardized.axis is None:
        return rz / standardized.deviation, 0.0
    rx = standardize_gradient(rz, standardized)  # the derivative of x in z is symmetric
    mean_rz_x = (rz * standardized.x).mean(axis=standardized.axis, keepdims=True)
    return rx, -mean_rz_x / standardized.deviation


def standardize_gradient_tangent(dx, rdx, rx, r_log, standardized):
    """R of `standardize_gradient`: how dz moves with dx, x and the divisor."""
    x, axis = standardized.x, standardized.axis
    if axis is None:
        return rdx / standardized.deviation

    def mean(values):
        return values.mean(axis=axis, keepdims=True)

    moved = rdx - mean(rdx) - rx * mean(dx * x) - x * mean(rdx * x + dx * rx)
    return r_log * standardize_gradient(dx, standardized) + moved / standardized.deviation


def updated_statistics(z, mean, variance, momentum):
    """The running mean and variance after a batch of pre-activations z."""
    batch_mean = z.mean(axis=0)
    batch_variance = z.var(axis=0, ddof=1)
    return (
        (1.0 - momentum) * mean + momentum * batch_mean,
        (1.0 - momentum) * variance + momentum * batch_variance,
    )
