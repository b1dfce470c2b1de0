"""The measure of the tables: errors as ratios to LightGBM's, and their geometric mean.

A table of numbers has one error, the RMSE over the target's deviation on the test rows; a table of
classes has two, 1 - accuracy and log loss, and their ratios' geometric mean is the table's. So each
table counts once.
"""

import numpy as np
from scipy import stats
from scipy.stats import gmean

LEAST_PROBABILITY = 1e-7


def codes(split):
    """Return the split's target as numbers: as it is, or each label's place among the labels."""
    if split.is_regression:
        return split.target
    return np.unique(split.target, return_inverse=True)[1]


def errors(y, predicted):
    """Return the errors of predictions (n,) or probabilities (n, n_classes)."""
    if predicted.ndim == 1:
        return [float(np.sqrt(np.mean((predicted - y) ** 2)) / y.std())]
    shares = np.clip(predicted, LEAST_PROBABILITY, None)
    shares = shares / shares.sum(axis=1, keepdims=True)
    log_loss = -np.log(shares[np.arange(len(y)), y]).mean()
    return [float(np.mean(predicted.argmax(axis=1) != y)), float(log_loss)]


def ratio(found, reference):
    """Return a table's ratio: the geometric mean of its errors over the reference's."""
    return gmean(np.divide(found, reference))


def interval(ratios, n_draws=2_000, level=0.95):
    """Return an interval of the geometric mean over tables, by drawing tables with replacement."""
    logs, random = np.log(ratios), np.random.default_rng(0)
    means = logs[random.integers(len(logs), size=(n_draws, len(logs)))].mean(axis=1)
    tail = (1 - level) / 2
    return tuple(np.exp(np.quantile(means, [tail, 1 - tail])))


def t_interval(ratios, level=0.95):
    """Return Student's interval of the geometric mean over a few tables."""
    logs = np.log(ratios)
    half = stats.t.ppf((1 + level) / 2, len(logs) - 1) * logs.std(ddof=1) / np.sqrt(len(logs))
    return tuple(np.exp(logs.mean() + np.array([-half, half])))
