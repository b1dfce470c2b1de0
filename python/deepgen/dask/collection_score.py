"""Scores of rows that are collections of Dask."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from deepgen.dask.collections import in_memory

__all__ = ["CollectionScore"]


class CollectionScore:
    """Mixin of both estimators on Dask, before that of scikit-learn, which scores arrays only.

    Examples
    --------
    >>> from deepgen.dask import DaskMLPRegressor
    >>> DaskMLPRegressor.score.__qualname__
    'CollectionScore.score'
    """

    client: Any
    _local: Any
    predict: Any

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Score predictions as the plain estimator does.

        Parameters
        ----------
        X : array-like or dask collection of shape (n_samples, n_features)
            Features.
        y : array-like or dask collection of shape (n_samples,) or (n_samples, n_outputs)
            True targets or labels.
        sample_weight : array-like or dask collection of shape (n_samples,), default=None
            Sample weights, >= 0.

        Returns
        -------
        score : float
            R2, or D2 of the pinball loss for quantiles; accuracy of a classifier.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X has other columns than in ``fit``, or entries that are not finite.

        See Also
        --------
        to_local : The plain estimator.

        Notes
        -----
        Predictions are computed where X is; they, ``y`` and weights are brought to this process.
        """
        check_is_fitted(self)
        predictions, y, weights = in_memory(self.client, self.predict(X), y, sample_weight)
        columns = np.asarray(y)
        if columns.ndim == 2 and columns.shape[1] == 1:
            columns = columns.ravel()
        return float(self._local._targets.score(columns, np.asarray(predictions), weights))
