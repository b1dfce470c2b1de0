"""Training until the empirical risk is within a tolerance of the least one.

The lecture's approximate optimizer: it returns f~ with E_n(f~) <= E_n(f_n) + rho. Estimators with
``partial_fit`` are trained epoch by epoch; others with ``max_iter`` are fitted with 1, 2, 4 ...
iterations until the level is reached, and then with the least number that reaches it.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from deepgen._engine.arrays import AnyArray, FloatArray
from deepgen.decomposition.multi_start import last_step
from deepgen.decomposition.risk import Risk

__all__ = ["check_tolerance", "fit_to_level"]


def check_tolerance(estimator: Any, rho: Any) -> None:
    """Refuse a tolerance that is out of range or that the estimator does not support.

    Parameters
    ----------
    estimator : estimator
        Estimator to be trained.
    rho : float or None
        Tolerance in units of the risk; None for none.

    Raises
    ------
    ValueError
        If ``rho`` is not a number >= 0, or the estimator does not train step by step.
    """
    if rho is None:
        return
    if isinstance(rho, bool) or not isinstance(rho, (int, float)) or not rho >= 0:
        raise ValueError(f"rho must be None or a number of at least 0, got {rho!r}")
    model = last_step(estimator)[1]
    if not hasattr(estimator, "partial_fit") and "max_iter" not in model.get_params(deep=False):
        raise ValueError(
            f"rho needs an estimator that trains step by step (partial_fit or max_iter); "
            f"{type(model).__name__} does not"
        )


def fit_to_level(
    estimator: Any, X: FloatArray, y: AnyArray, level: float, measure: Risk
) -> tuple[Any, int, bool]:
    """Train until the empirical risk is at most a given level.

    Parameters
    ----------
    estimator : estimator
        Estimator with a seed, not fitted; its ``max_iter`` bounds the work.
    X : ndarray of shape (n, n_features)
        Training inputs.
    y : ndarray of shape (n,)
        Training targets or classes.
    level : float
        Empirical risk to reach.
    measure : Risk
        The risk.

    Returns
    -------
    fitted : estimator
        The first state at or below the level, else the state of least risk.
    n_iter : int
        Number of its epochs or iterations.
    reached : bool
        Whether the risk reached the level.
    """
    from sklearn.base import clone

    prefix, model = last_step(estimator)
    largest = int(model.get_params(deep=False).get("max_iter", 1_000))

    def risk(fitted: Any) -> float:
        return measure.empirical(fitted, X, y)

    # With `partial_fit` one training is enough; others are fitted anew for each number of steps.
    if hasattr(estimator, "partial_fit") and not prefix:
        return _by_epochs(clone(estimator), X, y, level, largest, risk)

    def fitted_for(n_iter: int) -> Any:
        with warnings.catch_warnings():
            # The warnings are about few iterations, which is what the search is about.
            warnings.simplefilter("ignore")
            fresh = clone(estimator).set_params(**{f"{prefix}max_iter": n_iter})
            return fresh.fit(X, y)

    # Double the iterations until the level is reached; keep the best fit in case it never is.
    n_iter = 1
    best = fitted_for(n_iter)
    best_iter, best_risk = n_iter, risk(best)
    while best_risk > level and n_iter < largest:
        n_iter = min(2 * n_iter, largest)
        candidate = fitted_for(n_iter)
        if risk(candidate) < best_risk:
            best, best_iter, best_risk = candidate, n_iter, risk(candidate)
    reached = best_risk <= level
    # Then bisect down to the least number of iterations that reaches it.
    low, high = best_iter // 2, best_iter
    while reached and high - low > 1:
        middle = (low + high) // 2
        candidate = fitted_for(middle)
        if risk(candidate) <= level:
            best, high = candidate, middle
        else:
            low = middle
    return best, high, reached


def _by_epochs(
    model: Any, X: FloatArray, y: AnyArray, level: float, largest: int, risk: Any
) -> tuple[Any, int, bool]:
    import copy

    from sklearn.base import is_classifier

    best, best_iter, best_risk = None, 0, np.inf
    options = {"classes": np.unique(y)} if is_classifier(model) else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for epoch in range(1, largest + 1):
            model.partial_fit(X, y, **options)
            now = risk(model)
            if now <= level:
                return model, epoch, True
            if best is None or now < best_risk:
                best, best_iter, best_risk = copy.deepcopy(model), epoch, now
    return best, best_iter, False
