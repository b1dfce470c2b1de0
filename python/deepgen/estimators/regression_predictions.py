"""Predictions of a fitted regressor in the targets' units, and their score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from deepgen._engine.arrays import AnyArray
from deepgen.estimators.base import BaseMLP
from deepgen.estimators.ensemble import mean_prediction

if TYPE_CHECKING:
    from deepgen._inputs.regression_targets import RegressionTargets

__all__ = ["RegressionPredictions"]


class RegressionPredictions(RegressorMixin, BaseMLP):
    """Base of `MLPRegressor`: predictions from the network's outputs.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> from deepgen.estimators.regression_predictions import RegressionPredictions
    >>> issubclass(MLPRegressor, RegressionPredictions)
    True
    """

    _targets: RegressionTargets

    def predict(self, X: Any) -> AnyArray:
        """Predict targets.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions in the targets' units, in float64 for every ``dtype``; one column per level
            if the loss has several quantiles.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X has other columns than in ``fit``, or entries that are not finite.

        See Also
        --------
        score : Score of the predictions.

        Examples
        --------
        >>> from deepgen import MLPRegressor
        >>> model = MLPRegressor(solver="lbfgs", hidden_layer_sizes=(), tol=1e-6)
        >>> model.fit([[0.0], [1.0]], [0.0, 2.0]).predict([[0.5]]).round(1).tolist()
        [1.0]
        """
        # First, since it refuses an estimator that is not fitted.
        mean = mean_prediction(self._outputs(X))
        return self._targets.decode(mean)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Score predictions by R2, or by D2 of the pinball loss for quantiles.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights, >= 0.

        Returns
        -------
        score : float
            At most 1; for several quantiles the mean over levels.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X has other columns than in ``fit``, or X or y have entries that are not finite.

        See Also
        --------
        predict : The predictions themselves.

        Examples
        --------
        >>> from deepgen import MLPRegressor
        >>> model = MLPRegressor(solver="lbfgs", hidden_layer_sizes=(), tol=1e-6)
        >>> round(model.fit([[0.0], [1.0]], [0.0, 2.0]).score([[0.5], [1.0]], [1.0, 2.0]), 2)
        1.0
        """
        predictions = self.predict(X)
        return self._targets.score(y, predictions, sample_weight)

    @property
    def target_mean_(self) -> NDArray[np.float64]:
        """Mean that is subtracted from each target."""
        return self._targets.scaling.mean

    @property
    def target_scale_(self) -> NDArray[np.float64]:
        """Scale by which each target is divided."""
        return self._targets.scaling.scale
