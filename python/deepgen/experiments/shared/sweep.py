"""One net of a sweep over width or depth: its size, its cost and its errors for a known truth."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from deepgen._engine.arrays import FloatArray
from deepgen.decomposition.truth import Truth
from deepgen.experiments.shared.training import fit_quietly

__all__ = ["KINDS", "Net", "measure_net", "settings_of", "standard_error"]

KINDS: Final = ("plain", "skip", "norm", "both")
"""Nets of a sweep over depth, see `settings_of`."""
N_NODES: Final = 4_000
"""Approximate number of points of the quadrature for the risk."""


@dataclass(frozen=True)
class Net:
    """Measurements of one net.

    Parameters
    ----------
    parameters : int
        Number of weights and intercepts.
    flops : int
        Floating-point operations per training sample: 6 per weight, forward and backward.
    epochs : float
        Epochs until the training error was below the level; infinite if it never was.
    training : float
        Final mean squared error on the training rows.
    excess : float
        Final risk over the whole distribution above that of the best predictor.
    gap : float
        Final risk minus training error.

    Examples
    --------
    >>> from deepgen.experiments.shared.sweep import Net
    >>> Net(13, 60, 4.0, 0.25, 0.125, 0.0).excess
    0.125
    """

    parameters: int
    flops: int
    epochs: float
    training: float
    excess: float
    gap: float


def measure_net(
    truth: Truth,
    n_samples: int,
    hidden: tuple[int, ...],
    seed: int,
    level: float = 0.0,
    **settings: Any,
) -> Net:
    """Train a net with an annealed rate on samples of a truth.

    A net that ends worse than the mean of y on its own rows counts as that constant.

    Parameters
    ----------
    truth : Truth
        Distribution of the samples, with a quadrature.
    n_samples : int
        Number of training rows.
    hidden : tuple of int
        Number of units of the hidden layers.
    seed : int
        Seed of data and net.
    level : float, default=0.0
        Training error, in squared units of y, down to which epochs are counted.
    **settings : dict
        Further parameters of the estimator.

    Returns
    -------
    net : Net
        Measurements of the net.

    Raises
    ------
    ValueError
        If the truth has no quadrature.
    """
    from deepgen.estimators import MLPRegressor

    X, y = truth.sample(n_samples, np.random.default_rng(np.random.SeedSequence([seed])))
    model = MLPRegressor(
        hidden_layer_sizes=hidden,
        learning_rate="cosine",
        alpha=0.0,
        n_iter_no_change=np.inf,
        random_state=seed,
        n_jobs=1,
        **settings,
    )
    quadrature = truth.nodes(N_NODES)
    if quadrature is None:
        raise ValueError(f"{truth} has no quadrature, so its risk is not known")
    nodes, weights = quadrature
    training, predicted, epochs = float(np.var(y)), np.full(len(nodes), y.mean()), float("inf")
    with suppress(ValueError):  # no step stayed finite
        fit_quietly(model, X, y)
        error = float(np.mean((model.predict(X) - y) ** 2))
        if error < training:
            training, predicted = error, model.predict(nodes)
        # The loss is half the squared error in scaled units.
        errors = 2 * model.history_["loss"] * float(model.target_scale_[0]) ** 2
        below = np.flatnonzero(errors < level)
        epochs = float(model.history_["epoch"][below[0]]) if len(below) else epochs
    excess = float(weights @ (predicted - truth.regression(nodes)) ** 2)
    sizes = (truth.n_features, *hidden, 1)
    n_weights = sum(rows * columns for rows, columns in itertools.pairwise(sizes))
    return Net(
        parameters=n_weights + sum(sizes[1:]),
        flops=6 * n_weights,
        epochs=epochs,
        training=training,
        excess=excess,
        gap=excess + truth.bayes_risk - training,
    )


def settings_of(kind: str) -> dict[str, Any]:
    """Return the settings of a net of a sweep over depth.

    Parameters
    ----------
    kind : {'plain', 'skip', 'norm', 'both'}
        Residual skips, batch norm (at the end with the statistics of all rows), both or none.

    Returns
    -------
    settings : dict
        Parameters of an estimator.

    Examples
    --------
    >>> from deepgen.experiments.shared.sweep import settings_of
    >>> settings_of("skip")
    {'skip': 'residual'}
    """
    from deepgen.normalizations import BatchNorm

    settings: dict[str, Any] = {}
    if kind in ("skip", "both"):
        settings["skip"] = "residual"
    if kind in ("norm", "both"):
        settings["normalization"] = BatchNorm(recalibrate=True)
    return settings


def standard_error(values: Sequence[float] | FloatArray) -> float | None:
    """Return the standard error of the mean.

    Parameters
    ----------
    values : array-like of shape (n_seeds,)
        One number per seed.

    Returns
    -------
    error : float or None
        None for a single seed.

    Examples
    --------
    >>> from deepgen.experiments.shared.sweep import standard_error
    >>> standard_error([1.0, 3.0]), standard_error([1.0])
    (1.0, None)
    """
    sample = np.asarray(values, dtype=float)
    return float(sample.std(ddof=1) / np.sqrt(len(sample))) if len(sample) > 1 else None
