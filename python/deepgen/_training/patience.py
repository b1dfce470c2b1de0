"""Patience: the criterion for stopping when training no longer improves, as in scikit-learn."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Patience"]


@dataclass
class Patience:
    """Counts consecutive epochs without an improvement by at least a tolerance.

    Parameters
    ----------
    best_loss : float, default=inf
        Lowest training loss so far.
    best_score : float, default=-inf
        Highest validation score so far.
    n_stale : int, default=0
        Number of consecutive epochs without improvement.

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
        """Update the count with an epoch's training loss."""
        self.n_stale = self.n_stale + 1 if loss > self.best_loss - tol else 0
        self.best_loss = min(self.best_loss, loss)

    def begin_anew(self) -> None:
        """Reset losses and stale epochs, which belong to other data; the best score is kept."""
        self.best_loss, self.n_stale = math.inf, 0

    def score_again(self, score: float) -> None:
        """Replace the best score by the score of the same weights on other rows."""
        if not math.isfinite(score):
            score = -math.inf
        if score != self.best_score:
            self.best_score, self.n_stale = score, 0

    def watch_score(self, score: float, tol: float) -> bool:
        """Update the count with a validation score; return whether it is the best so far."""
        self.n_stale = 0 if score >= self.best_score + tol else self.n_stale + 1
        improved = score > self.best_score
        if improved:
            self.best_score = score
        return improved
