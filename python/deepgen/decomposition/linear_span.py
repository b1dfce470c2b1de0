"""The class of all linear combinations of fixed features, solved by least squares.

It covers linear models behind `PolynomialFeatures` and scalers. A penalty does not change the
class: it belongs to the algorithm and shows up as an optimization error.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.linalg import solve_triangular

from deepgen._engine.arrays import AnyArray, FloatArray
from deepgen.decomposition.hypothesis_class import Fitted, HypothesisClass, Predictor

__all__ = ["LinearPredictor", "LinearSpan", "least_squares"]

SCALERS = ("StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler")
"""Affine maps of each column, which do not change the span of polynomials."""
MODELS = (
    *("LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV"),
    *("BayesianRidge", "ARDRegression", "Lars", "LassoLars", "HuberRegressor", "SGDRegressor"),
)
"""Estimators of scikit-learn whose predictions are linear combinations of the features."""


@dataclass(frozen=True)
class LinearPredictor:
    """A linear combination of features.

    Parameters
    ----------
    features : scikit-learn transformer or None
        Fitted transformer that computes the features; None uses the inputs.
    coef : ndarray of shape (n_features,)
        Coefficients.
    intercept : float
        Intercept.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.decomposition.linear_span import LinearPredictor
    >>> LinearPredictor(None, np.array([2.0]), 1.0).predict(np.array([[3.0]]))
    array([7.])
    """

    features: Any
    coef: FloatArray = field(repr=False)
    intercept: float

    def predict(self, X: FloatArray) -> FloatArray:
        """Return predictions.

        Parameters
        ----------
        X : ndarray of shape (n, n_inputs)
            Inputs.

        Returns
        -------
        y : ndarray of shape (n,)
            Predictions.
        """
        columns = X if self.features is None else self.features.transform(X)
        prediction: FloatArray = columns @ self.coef + self.intercept
        return prediction


@dataclass(frozen=True)
class LinearSpan(HypothesisClass):
    """All linear combinations of fixed features.

    Parameters
    ----------
    features : scikit-learn transformer or None
        Transformer that computes the features independently of the data; None uses the inputs.
    intercept : bool
        Whether the span includes constants.

    Notes
    -----
    The cost is that of a QR or singular value decomposition, O(n p^2). With more coefficients than
    samples many members have the same empirical risk; the result is the one of least norm.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.decomposition.linear_span import LinearSpan
    >>> X = np.array([[0.0], [1.0], [2.0]])
    >>> best = LinearSpan(None, True).minimize(X, 3 * X[:, 0] + 1, None, None)
    >>> best.predict(np.array([[10.0]])).round(9)
    array([31.])
    """

    features: Any
    intercept: bool

    @property
    def name(self) -> str:
        features = "the inputs" if self.features is None else repr(self.features)
        constant = "with" if self.intercept else "without"
        return f"linear combinations of {features} {constant} a constant"

    @property
    def exact(self) -> bool:
        """Always True, since both best members solve a linear system."""
        return True

    def project(self, X: FloatArray, mean: FloatArray, weights: FloatArray | None) -> Predictor:
        """Return the member nearest to f* in mean square."""
        return self._solve(X, mean, weights)

    def minimize(
        self,
        X: FloatArray,
        y: AnyArray,
        fitted: Fitted | None,
        random: np.random.Generator | None,
    ) -> Predictor:
        """Return the member of least empirical risk."""
        return self._solve(X, y, None)

    def _solve(self, X: FloatArray, y: FloatArray, weights: FloatArray | None) -> Predictor:
        from sklearn.base import clone

        features = None if self.features is None else clone(self.features).fit(X)
        columns = X if features is None else features.transform(X)
        if self.intercept:
            # A second constant would make the solution ambiguous.
            columns = np.where(np.ptp(columns, axis=0) == 0, 0.0, columns)
            columns = np.column_stack([np.ones(len(X)), columns])
        coef = least_squares(columns, y, weights)
        if self.intercept:
            return LinearPredictor(features, coef[1:], float(coef[0]))
        return LinearPredictor(features, coef, 0.0)


def least_squares(
    columns: FloatArray, y: FloatArray, weights: FloatArray | None = None
) -> FloatArray:
    """Solve weighted least squares; the solution has the least norm if there are several.

    Parameters
    ----------
    columns : ndarray of shape (n, p)
        Features.
    y : ndarray of shape (n,)
        Targets.
    weights : ndarray of shape (n,) or None, default=None
        Weights, >= 0; None means equal.

    Returns
    -------
    coef : ndarray of shape (p,)
        The solution. The norm is that of the coefficients of columns scaled to length 1; without
        the scaling the system of raw powers could not be solved accurately.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.decomposition.linear_span import least_squares
    >>> least_squares(np.array([[1.0], [2.0]]), np.array([2.0, 4.0]))
    array([2.])
    """
    root = np.ones(len(y)) if weights is None else np.sqrt(weights)
    matrix = columns * root[:, None]
    length = np.linalg.norm(matrix, axis=0)
    used = length > 0
    coef = np.zeros(columns.shape[1])
    matrix = matrix[:, used] / length[used]
    coef[used] = _solve(matrix, y * root) / length[used]
    return coef


def _solve(matrix: FloatArray, y: FloatArray) -> FloatArray:
    n, p = matrix.shape
    if n >= p:
        # For raw powers a singular value decomposition would cut directions that matter: columns
        # that are far from dependent on the columns before still have singular values near
        # rounding.
        q, r = np.linalg.qr(matrix)
        if np.abs(np.diag(r)).min(initial=1.0) > 100 * np.finfo(float).eps:
            triangular: FloatArray = solve_triangular(r, q.T @ y)
            return triangular
    cut = float(np.finfo(float).eps) * max(n, p)
    least: FloatArray = np.linalg.lstsq(matrix, y, rcond=cut)[0].astype(float)
    return least


def linear_span_of(steps: list[Any], n_features: int) -> LinearSpan | None:
    """Return the linear span of an estimator, if its class is one.

    Parameters
    ----------
    steps : list of estimator
        The steps of a pipeline, the model last.
    n_features : int
        Number of inputs.

    Returns
    -------
    span : LinearSpan or None
        None if the class is another one or depends on the data.
    """
    *transformers, model = steps
    settings = model.get_params(deep=False)
    name = type(model).__name__
    if name == "MLPRegressor" and _is_linear(settings):
        intercept = settings.get("bias", True)
        if not intercept and settings.get("target_scaling") is not None:
            return None
    elif name in MODELS and type(model).__module__.startswith("sklearn."):
        intercept = settings.get("fit_intercept", True)
        if settings.get("positive"):
            return None
    else:
        return None
    features = None
    for transformer in transformers:
        kind = type(transformer).__name__
        if kind == "PolynomialFeatures" and features is None:
            features = transformer
        elif not (kind in SCALERS and intercept):
            return None
    return LinearSpan(features, bool(intercept))


def _is_linear(settings: dict[str, Any]) -> bool:
    no_hidden = np.size(np.asarray(settings["hidden_layer_sizes"])) == 0
    return no_hidden and settings.get("loss", "squared_error") == "squared_error"
