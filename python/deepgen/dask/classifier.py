"""DaskMLPClassifier: a dense network that learns classes from rows on a Dask cluster."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin

from deepgen._engine.arrays import AnyArray
from deepgen.dask.base import DaskMLP
from deepgen.dask.collection_score import CollectionScore
from deepgen.dask.parameters import with_parameters_of
from deepgen.estimators import MLPClassifier

__all__ = ["DaskMLPClassifier"]


@with_parameters_of(MLPClassifier)
class DaskMLPClassifier(CollectionScore, ClassifierMixin, DaskMLP):
    """Multi-layer perceptron classifier trained on a Dask cluster.

    Parameters
    ----------
    client : distributed.Client or None, default=None
        Client of the cluster; None is the one that was made last.
    n_shards : int or None, default=None
        Number of shards: each is trained by one task per round, and neighbouring partitions are
        joined to it. None means the number of partitions with rows, at most 64.
    local_steps : int or 'auto', default='auto'
        Steps that each shard takes on its own in a round; 'auto' is a power of two with at least 50
        GFLOP of arithmetic, at most an eighth of an epoch, rounded up.
    outer : {'auto', 'mean', 'nesterov'}, default='auto'
        Rule between the rounds: the mean of the shards, or Nesterov's momentum on its changes.
        'auto' takes the momentum if the shards' batches had to be larger than ``batch_size /
        n_shards``, which is at least 16, and there are at least 50 rounds of at least 8 steps.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Sorted classes of all partitions.
    n_shards_ : int
        Number of shards.
    local_steps_ : int
        Steps of a round.
    local_batch_size_ : int
        Rows of a step on a shard.
    outer_ : {'mean', 'nesterov'}
        Rule between the rounds.
    rate_factor_ : float
        Factor of the learning rate on every shard: for adaptive rules under the mean, the root of
        ``batch_size / local_batch_size_``.
    n_iter_ : int
        Number of epochs of the last call.
    n_features_in_ : int
        Number of features seen in ``fit``.
    history_ : dict of str to ndarray
        As of `deepgen.MLPClassifier`; losses and norms are means over the shards.
    loss_ : float
        Training loss of the last epoch.

    See Also
    --------
    deepgen.MLPClassifier : The same network for rows in one place.
    DaskMLPRegressor : The same for regression.

    Notes
    -----
    A partition may lack classes. For all else see `DaskMLPRegressor`.

    Examples
    --------
    >>> from deepgen.dask import DaskMLPClassifier
    >>> DaskMLPClassifier(hidden_layer_sizes=(64, 64), local_steps=128)
    DaskMLPClassifier(hidden_layer_sizes=(64, 64), local_steps=128)
    """

    _local_type = MLPClassifier

    def __init__(
        self,
        *args: Any,
        client: Any = None,
        n_shards: int | None = None,
        local_steps: Any = "auto",
        outer: str = "auto",
        **parameters: Any,
    ) -> None: ...

    @property
    def classes_(self) -> AnyArray:
        """Sorted classes of all partitions."""
        self._check_fitted()
        classes: AnyArray = self._local.classes_
        return classes

    def predict(self, X: Any) -> Any:
        if self._several:
            return self._lazily("predict", X, list(self.classes_), np.int64)
        return self._lazily("predict", X, None, self.classes_.dtype)

    def predict_proba(self, X: Any) -> Any:
        """Predict probabilities.

        Parameters
        ----------
        X : dask.array.Array, dask.dataframe.DataFrame or array-like of shape (n_samples, \
n_features)
            Features.

        Returns
        -------
        probabilities : dask.array.Array, dask.dataframe.DataFrame or ndarray of shape \
(n_samples, n_classes)
            Columns in the order of ``classes_``, lazily as by ``predict``.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X has other columns than in ``fit``, or entries that are not finite; of a collection
            when it is computed.

        See Also
        --------
        predict : The most probable classes.
        """
        return self._lazily("predict_proba", X, list(self.classes_))

    def predict_log_proba(self, X: Any) -> Any:
        """Predict logarithms of probabilities.

        Parameters
        ----------
        X : dask.array.Array, dask.dataframe.DataFrame or array-like of shape (n_samples, \
n_features)
            Features.

        Returns
        -------
        log_probabilities : dask.array.Array, dask.dataframe.DataFrame or ndarray of shape \
(n_samples, n_classes)
            Columns in the order of ``classes_``, lazily as by ``predict``.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X has other columns than in ``fit``, or entries that are not finite; of a collection
            when it is computed.

        See Also
        --------
        predict_proba : The probabilities.
        """
        return self._lazily("predict_log_proba", X, list(self.classes_))

    @property
    def _several(self) -> bool:
        self._check_fitted()
        return bool(self._local._targets.labels.multilabel)
