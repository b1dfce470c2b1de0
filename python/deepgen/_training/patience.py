"""Stopping: patience with training that no longer improves, as scikit-learn counts it."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Patience"]


@dataclass
class Patience:
    """Counts the epochs in a row that were not better than the best by a tolerance.

    Parameters
    ----------
    best_loss : float, default=inf
        Lowest training loss so far.
    best_score : float, default=-inf
        Highest validation score so far.
    n_stale : int, default=0
        Epochs in a row without improvement.

    Examples
    --------
    >>> from deepgen._training.patience import Patience
    >>> patience = Patience()
    >>> for loss in (1.0, 0.9, 0.9):
    ...     patience.watch_loss(loss, tol=0.05)
    >>> patience.n_stale, patience.best_loss
    (1, 0.9)
    """

    best_loss: float = math.inf
    best_score: float = -math.inf
    n_stale: int = 0

    def watch_loss(self, loss: float, tol: float) -> None:
        """Take note of an epoch's training loss."""
        self.n_stale = self.n_stale + 1 if loss > self.best_loss - tol else 0
        self.best_loss = min(self.best_loss, loss)

    def begin_anew(self) -> None:
        """Forget losses and stale epochs of other data; the best score is to be taken again."""
        self.best_loss, self.n_stale = math.inf, 0

    def score_again(self, score: float) -> None:
        """Let the score that the best weights have now replace the one remembered of them."""
        if not math.isfinite(score):
            score = -math.inf
        if score != self.best_score:
            self.best_score, self.n_stale = score, 0

    def watch_score(self, score: float, tol: float) -> bool:
        """Take note of a validation score; say whether it is the best, by however little."""
        self.n_stale = 0 if score >= self.best_score + tol else self.n_stale + 1
        improved = score > self.best_score
        if improved:
            self.best_score = score
        return improved
