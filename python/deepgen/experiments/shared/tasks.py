"""Tasks: training data with a test error, for experiments on methods of training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen.decomposition import HeteroscedasticSine
from deepgen.experiments.shared.digits import split_digits

__all__ = ["TASKS", "Task", "draw_task"]

TASKS: Final = ("sine", "digits", "digits, 30 % random labels")
N_SINE, RANDOM_LABELS = 200, 0.3


@dataclass(frozen=True)
class Task:
    """Training data, and the test error of a model.

    Parameters
    ----------
    X : ndarray of shape (n, n_features)
        Features.
    y : ndarray of shape (n,)
        Numbers or labels.
    estimator : type
        `MLPRegressor` or `MLPClassifier`.
    batch_size : int
        Rows per step.
    test_error : callable
        Function from a fitted estimator to its mean squared error, or its share of wrong answers.

    Examples
    --------
    >>> from deepgen.experiments.shared.tasks import draw_task
    >>> draw_task("digits", 0).batch_size
    32
    """

    X: NDArray[np.float64]
    y: NDArray[Any]
    estimator: type
    batch_size: int
    test_error: Callable[[Any], float] = field(repr=False)


def draw_task(name: str, seed: int) -> Task:
    """Draw the data of a task.

    Parameters
    ----------
    name : str
        One of `TASKS`.
    seed : int
        Seed of sample, split and random labels.

    Returns
    -------
    task : Task
        The lecture's noisy sine with a test error over its whole distribution, or handwritten
        digits with 500 test images.

    Examples
    --------
    >>> from deepgen.experiments.shared.tasks import draw_task
    >>> draw_task("sine", 0).X.shape
    (200, 1)
    """
    from deepgen.estimators import MLPClassifier, MLPRegressor

    draw = np.random.default_rng(np.random.SeedSequence([seed, 1]))
    if name == "sine":
        truth = HeteroscedasticSine()
        X, y = truth.sample(N_SINE, draw)
        nodes, weights = truth.nodes(4_000)

        def squared(model: Any) -> float:
            excess = weights @ (model.predict(nodes) - truth.regression(nodes)) ** 2
            return float(excess) + truth.bayes_risk

        return Task(X, y, MLPRegressor, 20, squared)
    digits = split_digits(seed)
    labels = digits.y.copy()
    if name != "digits":
        wrong = draw.random(len(labels)) < RANDOM_LABELS
        labels[wrong] = draw.integers(10, size=int(wrong.sum()))

    def wrong_answers(model: Any) -> float:
        return 1 - float(model.score(digits.X_test, digits.y_test))

    return Task(digits.X, labels, MLPClassifier, 32, wrong_answers)
