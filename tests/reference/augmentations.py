"""Augmentations: the features of a row, changed anew in each epoch.

    none      x
    jitter    x + scale s g            g standard normal, s the column's standard deviation
    marginal  x[r] with the given probability, r drawn anew for each value from the training part
    mask      the column's mean with the given probability; 0 where X is CSR
    swap      x[donor] with the given probability; the donor stands one of four shifts further in
              the epoch's order, which is a circle; each column has one of the four in an epoch

Means and deviations are those of the training part, by sample weight. A donor of weight 0 gives
nothing. Whatever is drawn is a function of (epoch, position in its order, column).

Sources: C. Bishop, "Training with noise is equivalent to Tikhonov regularization", 1995;
J. Yoon et al., "VIME", 2020, and D. Bahri et al., "SCARF", 2022 (marginal);
T. DeVries, G. Taylor, "Improved regularization of convolutional neural networks with cutout", 2017;
M. Jahrer's denoising autoencoders, 2017.
"""

import numpy as np

from .random import Ziggurat, below, child, happens, stream, value

N_DONORS = 4


def moments(X, weights):
    total = weights.sum()
    if total == 0.0:
        return np.zeros(X.shape[1]), np.zeros(X.shape[1])
    mean = (weights[:, None] * X).sum(axis=0) / total
    deviation = np.sqrt((weights[:, None] * (X - mean) ** 2).sum(axis=0) / total)
    # The mean of equal values is rounded: it may not be one of them.
    return mean, np.where(np.ptp(X[weights > 0], axis=0) > 0, deviation, 0.0)


class Unchanged:
    """``X`` and ``weights`` are those of the training part; ``csr`` tells how X was given."""

    defaults = {}

    def __init__(self, X, weights, *, csr=False):
        pass

    def epoch(self, seed, epoch, X, weights):
        """The rows of an epoch, given in its order, after the change."""
        key = child(stream(seed, "augmentation"), epoch)
        changed = X.copy()
        self.begin(key, X, weights)
        for position in range(len(X)):
            changed[position] = self.row(child(key, position), position, X)
        return changed

    def begin(self, key, X, weights):
        pass

    def row(self, key, position, X):
        return X[position]


class Jitter(Unchanged):
    defaults = {"scale": 0.02}

    def __init__(self, X, weights, *, scale=0.02, csr=False):
        assert not csr
        self.spread = scale * moments(X, weights)[1]

    def row(self, key, position, X):
        noise = [Ziggurat.instance().normal(key, j) for j in range(X.shape[1])]
        return X[position] + self.spread * np.array(noise)


class Marginal(Unchanged):
    defaults = {"probability": 0.02}

    def __init__(self, X, weights, *, probability=0.02, csr=False):
        assert not csr
        self.probability, self.donors, self.weights = probability, X, weights

    def row(self, key, position, X):
        changed, (n, n_columns) = X[position].copy(), self.donors.shape
        for j in range(n_columns):
            donor = below(n, key, n_columns + j)
            if happens(self.probability, value(key, j)) and self.weights[donor] != 0.0:
                changed[j] = self.donors[donor, j]
        return changed


class Mask(Unchanged):
    defaults = {"probability": 0.02}

    def __init__(self, X, weights, *, probability=0.02, csr=False):
        self.probability = probability
        self.means = np.zeros(X.shape[1]) if csr else moments(X, weights)[0]

    def row(self, key, position, X):
        hidden = [happens(self.probability, value(key, j)) for j in range(X.shape[1])]
        return np.where(hidden, self.means, X[position])


class Swap(Unchanged):
    defaults = {"probability": 0.02}

    def __init__(self, X, weights, *, probability=0.02, csr=False):
        self.probability = probability

    def begin(self, key, X, weights):
        n, n_columns = X.shape
        self.shifts = [1 + below(n - 1, key, g) if n > 1 else 0 for g in range(N_DONORS)]
        self.groups = [below(N_DONORS, key, N_DONORS + j) for j in range(n_columns)]
        self.weights = weights

    def row(self, key, position, X):
        changed = X[position].copy()
        for j in range(X.shape[1]):
            donor = (position + self.shifts[self.groups[j]]) % len(X)
            if happens(self.probability, value(key, j)) and self.weights[donor] != 0.0:
                changed[j] = X[donor, j]
        return changed


AUGMENTATIONS = {
    "none": Unchanged,
    "jitter": Jitter,
    "marginal": Marginal,
    "mask": Mask,
    "swap": Swap,
}
