"""Pretext tasks: loss of a batch and its gradient in the outputs, from the rows themselves.

    reconstruction   values |z - t|^2 / 2 + mask sum_j (softplus(u_j) - m_j u_j), outputs (z, u)
                     t the row in standard units of its columns, m_j = 1 where it was changed
    contrast         -log softmax(s)_ii with s_ik = cos(z_i, z~_k) / temperature
                     z of the rows as they are, z~ of the changed ones, which follow them

Means over the rows by weight. Standard units are those of the training part; a constant column is
0 in them.

Sources: P. Vincent et al., "Extracting and composing robust features with denoising autoencoders",
2008; J. Yoon et al., "VIME", 2020; A. van den Oord et al., "Representation learning with
contrastive predictive coding", 2018; D. Bahri et al., "SCARF", 2022.
"""

import numpy as np
from scipy.special import expit, log_softmax

from .augmentations import moments


class Reconstruction:
    defaults = {"values": 1.0, "mask": 0.0}
    n_views = 1

    def __init__(self, X, weights, *, values=1.0, mask=0.0):
        self.values, self.mask = values, mask
        self.mean, deviation = moments(X, weights)
        self.scale = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=deviation > 0)

    def value_and_gradient(self, outputs, X, changed, weights):
        """``X`` and ``changed`` are the batch's rows as they were and as the network saw them."""
        n, share = X.shape[1], weights / weights.sum()
        errors = outputs[:, :n] - (X - self.mean) * self.scale
        loss = share @ (0.5 * self.values * (errors**2).sum(axis=1))
        gradient = self.values * errors
        if self.mask > 0.0:
            u, m = outputs[:, n:], (changed != X).astype(float)
            loss += share @ (self.mask * (np.logaddexp(0.0, u) - m * u).sum(axis=1))
            gradient = np.hstack([gradient, self.mask * (expit(u) - m)])
        return loss, share[:, None] * gradient


class Contrast:
    defaults = {"temperature": 1.0}
    n_views = 2

    def __init__(self, X, weights, *, temperature=1.0):
        self.temperature = temperature

    def value_and_gradient(self, outputs, X, changed, weights):
        n = len(outputs) // 2
        lengths = np.linalg.norm(outputs, axis=1, keepdims=True)
        inverse = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
        units = outputs * inverse
        similarity = units[:n] @ units[n:].T / self.temperature
        logarithms = log_softmax(similarity, axis=1)
        q = (np.exp(logarithms) - np.eye(n)) / (self.temperature * n)
        g = np.vstack([q @ units[n:], q.T @ units[:n]])
        return -np.trace(logarithms) / n, inverse * (g - units * (units * g).sum(1)[:, None])


PRETEXTS = {"contrast": Contrast, "reconstruction": Reconstruction}
