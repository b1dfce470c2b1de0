"""The Fisher information of the outputs, and gradients drawn such that it is their second moment.

    squared_error    1           normal of variance 1
    absolute_error   1           Laplace's of scale 1
    huber            P(|r| <= d) normal near 0, Laplace's tails: E[psi^2] = E[psi'] there
    quantile         q (1 - q)   asymmetric Laplace's
    quantile [...]   the same for each quantile, pulled back to z
    poisson          mu
    gamma            1           shape 1
    log_loss         diag p - p p^T
    binary_log_loss  p (1 - p)

Where it is diagonal a gradient is its root with a random sign; of a softmax it is p - e_c for a
class c drawn from p. A random number belongs to the step (the key), the row and the output. Focal
losses are no likelihoods.

Sources: R. Fisher 1922; J. Martens, "New insights and perspectives on the natural gradient method",
JMLR 2020, section 5; P. J. Huber, E. M. Ronchetti, "Robust statistics", 2009, section 4.5.
"""

import numpy as np
from scipy.integrate import quad
from scipy.special import expit, softmax

from .random import child, fraction, value


def huber_information(delta):
    def density(r):
        return np.exp(-0.5 * r**2 if abs(r) <= delta else delta * (0.5 * delta - abs(r)))

    inside = 2.0 * quad(density, 0.0, delta)[0]
    return inside / (inside + 2.0 * quad(density, delta, np.inf)[0])


def information(loss, z, settings):
    """Diagonal of the Fisher information of each row in z, or in the quantiles; (n, k)."""
    if loss == "huber":
        return np.full_like(z, huber_information(settings["delta"]))
    if loss == "quantile":
        q = np.asarray(settings["quantile"])
        return np.broadcast_to(q * (1.0 - q), z.shape)
    if loss == "poisson":
        return np.exp(z)
    if loss == "binary_log_loss":
        return expit(z) * expit(-z)
    assert loss in ("squared_error", "absolute_error", "gamma"), f"{loss} is no likelihood"
    return np.ones_like(z)


def sampled_gradients(loss, z, settings, key):
    """Slopes s (n, k) with E[s s^T] the Fisher information of a row."""
    if loss == "log_loss":
        p = softmax(z, axis=1)
        return p - np.array([drawn(row, fraction(child(key, i), 0)) for i, row in enumerate(p)])
    signs = np.array(
        [
            [1.0 if value(child(key, i), j) >> 63 else -1.0 for j in range(z.shape[1])]
            for i in range(len(z))
        ]
    )
    gradients = signs * np.sqrt(information(loss, z, settings))
    if loss == "quantile" and not np.isscalar(settings["quantile"]):
        # z_j enters the quantiles j, j + 1, ...
        later = np.cumsum(gradients[:, ::-1], axis=1)[:, ::-1]
        return np.column_stack([later[:, :1], later[:, 1:] * expit(z[:, 1:])])
    return gradients


def drawn(p, u):
    """One-hot of the class whose share of [0, 1) holds u."""
    return np.eye(len(p))[min(np.searchsorted(np.cumsum(p), u, side="right"), len(p) - 1)]
