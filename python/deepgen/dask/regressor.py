"""DaskMLPRegressor: a dense network that learns numbers from rows on a Dask cluster."""

from __future__ import annotations

from typing import Any

from sklearn.base import RegressorMixin

from deepgen.dask.base import DaskMLP
from deepgen.dask.collection_score import CollectionScore
from deepgen.dask.parameters import with_parameters_of
from deepgen.estimators import MLPRegressor

__all__ = ["DaskMLPRegressor"]


@with_parameters_of(MLPRegressor)
class DaskMLPRegressor(CollectionScore, RegressorMixin, DaskMLP):
    """Multi-layer perceptron regressor trained on a Dask cluster.

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
        As of `deepgen.MLPRegressor`; losses and norms are means over the shards.
    loss_ : float
        Training loss of the last epoch.

    See Also
    --------
    deepgen.MLPRegressor : The same network for rows in one place.
    DaskMLPClassifier : The same for classification.

    Notes
    -----
    ``batch_size`` counts the rows of a step on all shards together. The bits depend on seed, number
    of shards and rows of each shard, and neither on number and speed of the workers nor on the loss
    of some. With one shard they are those of `deepgen.MLPRegressor` on the same rows of positive
    weight. ``n_jobs`` are the threads of a shard, and None is one. Not supported are
    ``warm_start``, ``averaging``, ``n_members``, embeddings, 'lbfgs', 'kfac', 'shampoo',
    ``device='cuda'``, and ``early_stopping`` without ``X_val``.

    Examples
    --------
    >>> from deepgen.dask import DaskMLPRegressor
    >>> DaskMLPRegressor(hidden_layer_sizes=(64, 64), n_shards=8)
    DaskMLPRegressor(hidden_layer_sizes=(64, 64), n_shards=8)
    """

    _local_type = MLPRegressor

    def __init__(
        self,
        *args: Any,
        client: Any = None,
        n_shards: int | None = None,
        local_steps: Any = "auto",
        outer: str = "auto",
        **parameters: Any,
    ) -> None: ...

    def predict(self, X: Any) -> Any:
        self._check_fitted()
        targets = self._local._targets
        several = targets.n_columns > 1 or targets.levels is not None
        columns = list(range(targets.n_outputs)) if several else None
        return self._lazily("predict", X, columns)
