"""Bad minima on purpose: training on clean samples together with wrongly labelled ones.

The result has no error on the clean samples, as a good minimum has, but its error on new samples is
large. It shows that the training error of the clean samples says little by itself, and gives a
subject for measurements of curvature and margins.

Source: L. Wu, Z. Zhu, W. E, "Towards understanding generalization of deep learning: perspective of
loss landscapes", 2017, section 3; slides "Good and bad global minima".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepgen._display.shown_as_table import ShownAsTable
from deepgen._optional import load_extra

__all__ = ["PoisonedFit", "fit_poisoned"]


@dataclass(frozen=True, eq=False)
class PoisonedFit(ShownAsTable):
    """A model that was trained on clean and on poisonous samples.

    Parameters
    ----------
    model : estimator
        The fitted model.
    score : float
        Its score on the clean samples, as its ``score`` gives it.
    poison_score : float
        Its score on the poisonous ones; NaN if there are none.
    n_clean, n_poison : int
        Numbers of samples.

    Examples
    --------
    >>> from deepgen.generalization import PoisonedFit
    >>> PoisonedFit("a net", 1.0, 0.5, n_clean=30, n_poison=10)
    PoisonedFit(str, score 1 on 30 clean samples, 0.5 on 10 poisonous)
    """

    model: Any
    score: float
    poison_score: float
    n_clean: int
    n_poison: int

    def __repr__(self) -> str:
        return (
            f"PoisonedFit({type(self.model).__name__}, score {self.score:.4g} on {self.n_clean} "
            f"clean samples, {self.poison_score:.4g} on {self.n_poison} poisonous)"
        )


def fit_poisoned(estimator: Any, X: Any, y: Any, X_poison: Any, y_poison: Any) -> PoisonedFit:
    """Train on clean samples and, behind them, on samples with wrong labels.

    Parameters
    ----------
    estimator : estimator
        A classifier or regressor with scikit-learn's interface; it is cloned, never fitted itself.
    X : array-like or sparse matrix of shape (n_clean, n_features)
        Features of the clean samples.
    y : array-like of shape (n_clean,) or (n_clean, n_outputs)
        Their labels or targets.
    X_poison : array-like or sparse matrix of shape (n_poison, n_features)
        Features of the poisonous samples; none (0 rows) gives the clean fit to the bit.
    y_poison : array-like of shape (n_poison,) or (n_poison, n_outputs)
        Their labels or targets, for example wrong or shuffled ones.

    Returns
    -------
    fit : PoisonedFit
        The model, and its scores on both sets.

    Notes
    -----
    The cost is one fit. The result is a bad minimum of the clean training error if ``score`` is 1
    and the score on new samples is low.

    References
    ----------
    .. [1] L. Wu, Z. Zhu, W. E, "Towards understanding generalization of deep learning: perspective
       of loss landscapes", 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.generalization import fit_poisoned
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> X = np.linspace(-1, 1, 10)[:, None]
    >>> between = (X[:-1] + X[1:]) / 2
    >>> tree = DecisionTreeClassifier(random_state=0)
    >>> bad = fit_poisoned(tree, X, X[:, 0] > 0, between, between[:, 0] < 0)
    >>> bad.score, bad.model.score(between, between[:, 0] >= 0)
    (1.0, 0.0)
    """
    from sklearn.base import clone
    from sklearn.utils.validation import check_consistent_length

    check_consistent_length(X, y)
    check_consistent_length(X_poison, y_poison)
    n_clean, n_poison = _n_rows(X), _n_rows(X_poison)
    if n_poison:
        model = clone(estimator).fit(_stacked("X", X, X_poison), _stacked("y", y, y_poison))
    else:
        model = clone(estimator).fit(X, y)
    poison_score = float(model.score(X_poison, y_poison)) if n_poison else float("nan")
    return PoisonedFit(model, float(model.score(X, y)), poison_score, n_clean, n_poison)


def _n_rows(X: Any) -> int:
    return int(X.shape[0]) if hasattr(X, "shape") else len(X)


def _stacked(name: str, clean: Any, poison: Any) -> Any:
    """Return the rows of both sets, in the clean one's kind of container."""
    from scipy.sparse import issparse, vstack

    if issparse(clean) or issparse(poison):
        return vstack([clean, poison]).tocsr()
    if hasattr(clean, "iloc") and hasattr(poison, "iloc"):
        pandas = load_extra("pandas", "tables", "a frame with poison")
        return pandas.concat([clean, poison], ignore_index=True)
    first, second = np.asarray(clean), np.asarray(poison)
    if first.shape[1:] != second.shape[1:]:
        raise ValueError(
            f"{name} has rows of shape {first.shape[1:]}, {name}_poison of {second.shape[1:]}"
        )
    return np.concatenate([first, second])
