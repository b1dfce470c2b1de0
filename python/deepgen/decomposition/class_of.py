"""From an estimator to its class of functions."""

from __future__ import annotations

from typing import Any, Final

from deepgen.decomposition.hypothesis_class import HypothesisClass
from deepgen.decomposition.linear_span import linear_span_of
from deepgen.decomposition.multi_start import MultiStart
from deepgen.decomposition.risk import Risk
from deepgen.decomposition.squared_risk import SquaredRisk
from deepgen.decomposition.step_functions import step_functions_of

__all__ = ["class_of"]

SQUARED: Final = SquaredRisk()


def class_of(
    estimator: Any, n_features: int, n_starts: int, seed: int, risk: Risk = SQUARED
) -> HypothesisClass:
    """Return the class of functions that an estimator searches.

    Parameters
    ----------
    estimator : estimator
        A regressor, a classifier or a pipeline that ends in one.
    n_features : int
        Number of inputs.
    n_starts : int
        Number of searches if the best member cannot be computed.
    seed : int
        Seed of the starting weights of those searches.
    risk : Risk, default=SquaredRisk()
        Risk that the best member minimizes.

    Returns
    -------
    hypotheses : HypothesisClass
        A linear span or step functions if the estimator is known to search these, else
        `MultiStart`.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from deepgen.decomposition.class_of import class_of
    >>> class_of(DecisionTreeRegressor(max_leaf_nodes=8), 1, 3, 0).name
    'step functions with at most 8 pieces'
    """
    steps = list(_steps(estimator))
    found = linear_span_of(steps, n_features) or step_functions_of(steps, n_features)
    return found or MultiStart(estimator, n_starts, seed, risk)


def _steps(estimator: Any) -> Any:
    if not hasattr(estimator, "steps"):
        yield estimator
        return
    for _, step in estimator.steps:
        if step not in (None, "passthrough"):
            yield from _steps(step)
