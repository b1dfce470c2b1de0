"""Training with a fixed budget of iterations, without warnings."""

from __future__ import annotations

import warnings
from typing import Any

__all__ = ["fit_quietly"]


def fit_quietly(model: Any, X: Any, y: Any, **options: Any) -> Any:
    """Fit an estimator without the warning that its iterations were used up.

    Parameters
    ----------
    model : estimator
        Estimator of deepgen or scikit-learn.
    X, y : array-like
        Training data.
    **options : dict
        Passed to ``fit``.

    Returns
    -------
    model : estimator
        The fitted estimator.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> from deepgen.experiments.shared.training import fit_quietly
    >>> fit_quietly(MLPRegressor(max_iter=1), [[0.0], [1.0]], [0.0, 1.0]).n_iter_
    1
    """
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y, **options)
