"""Nets without intercepts that fit true or random labels of digits without an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepgen._engine.arrays import AnyArray, FloatArray
from deepgen.experiments.shared.digits import split_digits
from deepgen.generalization import randomize

if TYPE_CHECKING:
    from deepgen.probe import Probe

__all__ = ["LabelNet", "train_on_labels"]

ENOUGH = 0.02
"""Mean training loss of an epoch at which training stops, if no row is wrong."""
MOST_EPOCHS = 500


@dataclass(frozen=True, eq=False)
class LabelNet:
    """A trained net.

    Parameters
    ----------
    model : MLPClassifier
        The net.
    start : list of ndarray of shape (in, out)
        Weights that training began from.
    X, y : ndarray of shape (n, 64) and (n,)
        Training rows, with the labels that the net was trained on.
    epochs : int
        Number of epochs.
    wrong : float
        Share of the training rows that are wrong.
    test_error : float
        Share of 500 test images, with true labels, that are wrong.

    Examples
    --------
    >>> from deepgen.experiments.shared.label_nets import train_on_labels
    >>> net = train_on_labels(0, 0.0, n=100, hidden=(16,))
    >>> net.wrong, len(net.start)
    (0.0, 2)
    """

    model: Any
    start: list[FloatArray]
    X: AnyArray
    y: AnyArray
    epochs: int
    wrong: float
    test_error: float

    def probe(self) -> Probe:
        """Return the probe of the net on its training rows.

        Returns
        -------
        probe : Probe
            A new one.
        """
        from deepgen.probe import Probe

        return Probe(self.model, self.X, self.y)


def train_on_labels(
    seed: int, share: float, *, n: int, hidden: tuple[int, ...], epochs: int | None = None
) -> LabelNet:
    """Train a ReLU net without intercepts on digits, some labels of which are random.

    Parameters
    ----------
    seed : int
        Seed of the split, the labels and the net.
    share : float
        Share of the labels that are drawn at random, in [0, 1].
    n : int
        Number of training images.
    hidden : tuple of int
        Widths of the hidden layers.
    epochs : int, default=None
        Number of epochs; None means until the labels are fitted, 500 at most.

    Returns
    -------
    net : LabelNet
        The net in float64.

    Examples
    --------
    >>> from deepgen.experiments.shared.label_nets import train_on_labels
    >>> train_on_labels(0, 0.0, n=100, hidden=(16,), epochs=3).epochs
    3
    """
    from deepgen.estimators import MLPClassifier
    from deepgen.generalization.norms.starting_model import starting_model

    digits = split_digits(seed)
    X, y = randomize(digits.X[:n], digits.y[:n], "partial", share, random_state=seed)
    model = MLPClassifier(
        hidden_layer_sizes=hidden,
        bias=False,
        solver="sgd",
        momentum=0.9,
        learning_rate_init=0.02,
        batch_size=min(32, n // 10),
        alpha=0.0,
        initializer="he_normal",
        dtype="float64",
        random_state=seed,
        n_jobs=1,
    )
    start: list[FloatArray] = []
    done = 0
    while done < (epochs or MOST_EPOCHS):
        model.partial_fit(X, y, classes=np.arange(10))
        done += 1
        # Known after the first epoch, for no training was continued then.
        start = start or [W.copy() for W in starting_model(model).coefs_]
        if epochs is None and model.loss_ < ENOUGH and model.score(X, y) == 1:
            break
    wrong = 1 - float(model.score(X, y))
    return LabelNet(
        model, start, X, y, done, wrong, 1 - float(model.score(digits.X_test, digits.y_test))
    )
