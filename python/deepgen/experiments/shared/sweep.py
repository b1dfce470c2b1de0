"""One net of a sweep over width or depth: its size, its cost and its errors for a known truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from deepgen.decomposition import HeteroscedasticSine
from deepgen.experiments.shared.training import fit_quietly

__all__ = ["LEVEL", "Net", "measure_net"]

N_SAMPLES: Final = 200
LEVEL: Final = 0.17
"""Training error, in squared units of y, down to which epochs are counted."""


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
        Epochs until the training error was below `LEVEL`; infinite if it never was.
    seconds : float
        Wall-clock time per epoch.
    training, test : float
        Final mean squared errors, the test error over the whole distribution.

    Examples
    --------
    >>> from deepgen.experiments.shared.sweep import Net
    >>> round(Net(13, 60, 4.0, 1e-3, 0.25, 0.375).gap, 3)
    0.125
    """

    parameters: int
    flops: int
    epochs: float
    seconds: float
    training: float
    test: float

    @property
    def gap(self) -> float:
        """Test error minus training error."""
        return self.test - self.training


def measure_net(hidden: tuple[int, ...], seed: int, max_iter: int, **settings: Any) -> Net:
    """Train a net on 200 points of the lecture's noisy sine.

    Parameters
    ----------
    hidden : tuple of int
        Number of units of the hidden layers.
    seed : int
        Seed of data and net.
    max_iter : int
        Number of epochs.
    **settings : dict
        Further parameters of the estimator.

    Returns
    -------
    net : Net
        Measurements of the net.
    """
    from deepgen.estimators import MLPRegressor

    truth = HeteroscedasticSine()
    X, y = truth.sample(N_SAMPLES, np.random.default_rng(np.random.SeedSequence([seed])))
    model = MLPRegressor(
        hidden_layer_sizes=hidden,
        learning_rate_init=5e-3,
        batch_size=20,
        alpha=0.0,
        max_iter=max_iter,
        n_iter_no_change=np.inf,
        random_state=seed,
        n_jobs=1,
        **settings,
    )
    fit_quietly(model, X, y)
    nodes, weights = truth.nodes(4_000)
    history = model.history_
    # The loss is half the squared error in scaled units.
    errors = 2 * history["loss"] * float(model.target_scale_[0]) ** 2
    below = np.flatnonzero(errors < LEVEL)
    excess = weights @ (model.predict(nodes) - truth.regression(nodes)) ** 2
    return Net(
        parameters=sum(
            c.size + b.size for c, b in zip(model.coefs_, model.intercepts_, strict=True)
        ),
        flops=6 * sum(c.size for c in model.coefs_),
        epochs=float(history["epoch"][below[0]]) if len(below) else float("inf"),
        seconds=float(history["time"][-1]) / len(errors),
        training=float(np.mean((model.predict(X) - y) ** 2)),
        test=float(excess) + truth.bayes_risk,
    )
