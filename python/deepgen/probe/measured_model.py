"""Which network a probe measures, and on which features: behind pipelines and encoders."""

from __future__ import annotations

from typing import Any

from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline

from deepgen.estimators.base import BaseMLP

__all__ = ["measured_model"]


def measured_model(model: Any, X: Any) -> tuple[BaseMLP, Any]:
    """Return the MLP in a fitted model, and the features that reach it.

    Parameters
    ----------
    model : MLPRegressor, MLPClassifier, TabularRegressor, TabularClassifier or Pipeline
        Fitted model that the user gave; the last step of a pipeline is one of the others.
    X : array-like or sparse matrix of shape (n_samples, n_features)
        What ``model`` predicts from.

    Returns
    -------
    model : MLPRegressor or MLPClassifier
        Estimator of one network.
    X : array-like or sparse matrix
        What this estimator predicts from.

    Raises
    ------
    TypeError
        If there is no such estimator in it.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from deepgen import MLPRegressor
    >>> from deepgen.probe.measured_model import measured_model
    >>> X, y = np.array([[1.0], [3.0]]), [0.0, 1.0]
    >>> pipeline = make_pipeline(StandardScaler(), MLPRegressor(solver="lbfgs")).fit(X, y)
    >>> net, scaled = measured_model(pipeline, X)
    >>> type(net).__name__, scaled.ravel()
    ('MLPRegressor', array([-1.,  1.]))
    """
    steps: list[Any] = []
    where = ""
    while isinstance(model, Pipeline):
        *before, model = [step for _, step in model.steps]
        steps += [step for step in before if step is not None and step != "passthrough"]
        where = " as the last step of the pipeline"
    if isinstance(model, type):
        raise TypeError(
            f"a probe needs a fitted MLPRegressor or MLPClassifier, got the class "
            f"{model.__name__}{where}"
        )
    if isinstance(model, TransformedTargetRegressor):
        raise TypeError(
            "a probe cannot measure in a TransformedTargetRegressor's units of y; pass its "
            f"regressor_ with the transformed y{where and ' (it is' + where + ')'}"
        )
    if hasattr(model, "best_estimator_"):
        raise TypeError(
            f"a probe needs one fitted model, got {type(model).__name__}{where}; pass its "
            "best_estimator_"
        )
    for step in steps:
        X = step.transform(X)
    if hasattr(model, "_measured"):
        model, X = model._measured(X)
    if not isinstance(model, BaseMLP):
        raise TypeError(
            f"a probe needs an MLPRegressor or MLPClassifier, got {type(model).__name__}{where}"
        )
    return model, X
