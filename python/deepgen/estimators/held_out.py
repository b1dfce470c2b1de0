"""Held-out rows: the training rows that a fitted network was validated on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._training.validation import make_split

__all__ = ["held_out_rows"]


def held_out_rows(
    model: Any, X: Any, y: Any, sample_weight: Any = None
) -> NDArray[np.int64] | None:
    """Draw again the rows that early stopping held out.

    Parameters
    ----------
    model : BaseMLP
        Fitted estimator with one network.
    X, y, sample_weight : array-like
        Its training data.

    Returns
    -------
    rows : ndarray of shape (n_held_out,) or None
        Indices of the rows; None if there are none, or if the splitter draws other rows each time.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPRegressor
    >>> from deepgen.estimators.held_out import held_out_rows
    >>> X, y = np.arange(20.0)[:, None], np.arange(20.0)
    >>> model = MLPRegressor(early_stopping=True, max_iter=30, n_iter_no_change=1, random_state=0)
    >>> len(held_out_rows(model.fit(X, y), X, y))
    2
    """
    how = model.validation_fraction
    if not model.early_stopping or isinstance(
        getattr(how, "random_state", None), np.random.RandomState
    ):
        return None
    targets, dtype = model._targets, model.network_.dtype
    checked = targets.check(y, dtype)
    weights = targets.effective_weights(checked, sample_weight, X, dtype)[0]
    split = make_split(X, y, None, how, model._training_state.seed)
    rows: NDArray[np.int64] = split(targets.strata(checked), weights)[1]
    return rows
