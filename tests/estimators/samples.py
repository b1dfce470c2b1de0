"""Small samples, targets and starting weights that the estimators' tests share."""

import numpy as np

N = 157


def features(seed=1, n=N, n_features=5):
    return np.random.default_rng(seed).normal(size=(n, n_features))


def curve(X):
    return np.sin(X[:, 0]) + X[:, 1] * X[:, 2]


def weights(seed=2, n=N):
    return np.random.default_rng(seed).uniform(0, 2, n)


def starting_weights(widths, seed=0, factor=6.0):
    """Glorot-uniform weights and intercepts, as scikit-learn draws them."""
    rng = np.random.default_rng(seed)
    coefs, intercepts = [], []
    for fan_in, fan_out in zip(widths[:-1], widths[1:], strict=True):
        bound = np.sqrt(factor / (fan_in + fan_out))
        coefs.append(rng.uniform(-bound, bound, (fan_in, fan_out)))
        intercepts.append(rng.uniform(-bound, bound, fan_out))
    return coefs, intercepts


def same_bits(first, second):
    """Whether two fitted estimators hold the same parameters to the bit."""
    return np.array_equal(first.network_.parameters, second.network_.parameters)
