r"""Losses of one sample, their two derivatives in the raw outputs z, and the means (inverse links).

Each member has four functions of z (n, k): ``value`` (n,), summed over outputs, ``gradient``
(n, k), ``hessian`` (n, k, k) with kinks counted as no curvature, and ``means``. With r = z - y, p
the means:

    squared_error    r^2 / 2                                        r
    absolute_error   |r|                                            sign r, 0 at 0
    huber            r^2 / 2 if |r| <= d, else d (|r| - d / 2)      r clipped to [-d, d]
    quantile         max(q (y - z), (q - 1)(y - z))                 -q or 1 - q, 0 at 0
    quantile [...]   q_0 = z_0, q_j = q_(j-1) + softplus(z_j); the pinball losses are summed
    poisson          y log(y / mu) - y + mu, mu = exp z             mu - y
    gamma            -log(y / mu) + y / mu - 1, mu = exp z          1 - y / mu
    log_loss         -sum_c t_c log p_c, p = softmax z              p - t, t = smoothed one-hot
    binary_log_loss  -t log p - (1 - t) log(1 - p), p = logistic z  p - t
    focal            -(1 - p_t)^g log p_t, p_t of the true class
    binary_focal     the same, p_t = p where y = 1, else 1 - p

Label smoothing e: t = y (1 - e) + e / K over K classes, y (1 - e) + e / 2 for one output.

Sources: P. J. Huber 1964; R. Koenker, G. Bassett 1978; P. McCullagh, J. Nelder, "Generalized linear
models", 1989 (half unit deviances of Poisson and gamma); C. Szegedy et al. 2016 (smoothing);
T.-Y. Lin et al., "Focal loss", ICCV 2017, eq. (4).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax, xlogy


@dataclass(frozen=True)
class Loss:
    value: Callable[..., np.ndarray]
    gradient: Callable[..., np.ndarray]
    hessian: Callable[..., np.ndarray]
    means: Callable[..., np.ndarray]
    defaults: dict[str, Any]
    takes_classes: bool = False


def identity(z, **settings):
    return z


def exponential(z, **settings):
    return np.exp(z)


def diagonal(values):
    """Matrices (n, k, k) with the given diagonals (n, k)."""
    return values[:, :, None] * np.eye(values.shape[1])


def softmax_hessian(z):
    p = softmax(z, axis=1)
    return diagonal(p) - p[:, :, None] * p[:, None, :]


def squared_error(z, y):
    return (0.5 * (z - y) ** 2).sum(axis=1)


def squared_error_gradient(z, y):
    return z - y


def squared_error_hessian(z, y):
    return diagonal(np.ones_like(z))


def absolute_error(z, y):
    return np.abs(z - y).sum(axis=1)


def absolute_error_gradient(z, y):
    return np.sign(z - y)


def no_hessian(z, y):
    return diagonal(np.zeros_like(z))


def huber(z, y, *, delta):
    r = np.abs(z - y)
    return np.where(r <= delta, 0.5 * r**2, delta * (r - 0.5 * delta)).sum(axis=1)


def huber_gradient(z, y, *, delta):
    return np.clip(z - y, -delta, delta)


def huber_hessian(z, y, *, delta):
    return diagonal(np.where(np.abs(z - y) <= delta, 1.0, 0.0))


def pinball(prediction, y, quantile):
    return np.maximum(quantile * (y - prediction), (quantile - 1.0) * (y - prediction))


def pinball_gradient(prediction, y, quantile):
    below = np.where(y > prediction, -quantile, 0.0)
    return np.where(y < prediction, 1.0 - quantile, below)


def quantile_means(z, *, quantile):
    """z itself for one quantile; for several, growing sums, so that they never cross."""
    if np.isscalar(quantile):
        return z
    return np.cumsum(np.column_stack([z[:, :1], np.logaddexp(0.0, z[:, 1:])]), axis=1)


def quantile_value(z, y, *, quantile):
    return pinball(quantile_means(z, quantile=quantile), y, np.asarray(quantile)).sum(axis=1)


def quantile_gradient(z, y, *, quantile):
    d = pinball_gradient(quantile_means(z, quantile=quantile), y, np.asarray(quantile))
    if np.isscalar(quantile):
        return d
    # z_j enters the quantiles j, j + 1, ...
    later = np.cumsum(d[:, ::-1], axis=1)[:, ::-1]
    return np.column_stack([later[:, :1], later[:, 1:] * expit(z[:, 1:])])


def quantile_hessian(z, y, *, quantile):
    if np.isscalar(quantile):
        return no_hessian(z, y)
    # the pinball losses are straight, so only the softplus of a later rise bends
    second = np.column_stack([0.0 * z[:, :1], expit(-z[:, 1:])])
    return diagonal(quantile_gradient(z, y, quantile=quantile) * second)


def poisson(z, y):
    return (xlogy(y, y) - y * z - y + np.exp(z)).sum(axis=1)


def poisson_gradient(z, y):
    return np.exp(z) - y


def poisson_hessian(z, y):
    return diagonal(np.exp(z))


def gamma(z, y):
    return (z - np.log(y) + y * np.exp(-z) - 1.0).sum(axis=1)


def gamma_gradient(z, y):
    return 1.0 - y * np.exp(-z)


def gamma_hessian(z, y):
    return diagonal(y * np.exp(-z))


def smoothed_classes(y, n_classes, label_smoothing):
    return np.eye(n_classes)[y] * (1.0 - label_smoothing) + label_smoothing / n_classes


def log_loss(z, y, *, label_smoothing):
    return -(smoothed_classes(y, z.shape[1], label_smoothing) * log_softmax(z, axis=1)).sum(axis=1)


def log_loss_gradient(z, y, *, label_smoothing):
    return softmax(z, axis=1) - smoothed_classes(y, z.shape[1], label_smoothing)


def log_loss_hessian(z, y, *, label_smoothing):
    return softmax_hessian(z)


def softmax_means(z, **settings):
    return softmax(z, axis=1)


def binary_log_loss(z, y, *, label_smoothing):
    t = y * (1.0 - label_smoothing) + label_smoothing / 2.0
    return -(t * log_expit(z) + (1.0 - t) * log_expit(-z)).sum(axis=1)


def binary_log_loss_gradient(z, y, *, label_smoothing):
    return expit(z) - (y * (1.0 - label_smoothing) + label_smoothing / 2.0)


def binary_log_loss_hessian(z, y, *, label_smoothing):
    return diagonal(expit(z) * expit(-z))


def logistic_means(z, **settings):
    return expit(z)


def focal(z, y, *, gamma):
    log_p = log_softmax(z, axis=1)[np.arange(len(y)), y]
    return -((-np.expm1(log_p)) ** gamma) * log_p


def focal_gradient(z, y, *, gamma):
    # dl/dp_t = g (1 - p_t)^(g - 1) log p_t - (1 - p_t)^g / p_t,  dp_t/dz_j = p_t (d_tj - p_j)
    log_p = log_softmax(z, axis=1)[np.arange(len(y)), y]
    p, q = np.exp(log_p), -np.expm1(log_p)
    derivative = gamma * p * q ** (gamma - 1.0) * log_p - q**gamma
    return derivative[:, None] * (np.eye(z.shape[1])[y] - softmax(z, axis=1))


def focal_hessian(z, y, *, gamma):
    # l = f(s), s = log p_t:  f'' (ds/dz)(ds/dz)^T + f' d2s/dz2,  ds/dz_j = d_tj - p_j
    s = log_softmax(z, axis=1)[np.arange(len(y)), y]
    p, q = np.exp(s), -np.expm1(s)
    derivative = gamma * p * q ** (gamma - 1.0) * s - q**gamma
    second = gamma * p * q ** (gamma - 2.0) * ((q - (gamma - 1.0) * p) * s + 2.0 * q)
    u = np.eye(z.shape[1])[y] - softmax(z, axis=1)
    outer = u[:, :, None] * u[:, None, :]
    return second[:, None, None] * outer - derivative[:, None, None] * softmax_hessian(z)


def binary_focal(z, y, *, gamma):
    sign = np.where(y == 1, 1.0, -1.0)
    return -(expit(-sign * z) ** gamma * log_expit(sign * z)).sum(axis=1)


def binary_focal_gradient(z, y, *, gamma):
    sign = np.where(y == 1, 1.0, -1.0)
    p, q = expit(sign * z), expit(-sign * z)
    return sign * (gamma * p * q**gamma * log_expit(sign * z) - q ** (gamma + 1.0))


def binary_focal_hessian(z, y, *, gamma):
    s = np.where(y == 1, z, -z)
    p, q, log_p = expit(s), expit(-s), log_expit(s)
    return diagonal(q**gamma * p * (gamma * log_p * (q - gamma * p) + (2.0 * gamma + 1.0) * q))


LOSSES = {
    "squared_error": Loss(
        squared_error, squared_error_gradient, squared_error_hessian, identity, {}
    ),
    "absolute_error": Loss(absolute_error, absolute_error_gradient, no_hessian, identity, {}),
    "huber": Loss(huber, huber_gradient, huber_hessian, identity, {"delta": 1.0}),
    "quantile": Loss(
        quantile_value, quantile_gradient, quantile_hessian, quantile_means, {"quantile": 0.5}
    ),
    "poisson": Loss(poisson, poisson_gradient, poisson_hessian, exponential, {}),
    "gamma": Loss(gamma, gamma_gradient, gamma_hessian, exponential, {}),
    "log_loss": Loss(
        log_loss,
        log_loss_gradient,
        log_loss_hessian,
        softmax_means,
        {"label_smoothing": 0.0},
        takes_classes=True,
    ),
    "binary_log_loss": Loss(
        binary_log_loss,
        binary_log_loss_gradient,
        binary_log_loss_hessian,
        logistic_means,
        {"label_smoothing": 0.0},
    ),
    "focal": Loss(
        focal, focal_gradient, focal_hessian, softmax_means, {"gamma": 2.0}, takes_classes=True
    ),
    "binary_focal": Loss(
        binary_focal, binary_focal_gradient, binary_focal_hessian, logistic_means, {"gamma": 2.0}
    ),
}
