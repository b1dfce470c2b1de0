"""Base of both estimators on Dask: `fit`, lazy predictions, and the way back to a plain MLP."""

from __future__ import annotations

import os
from copy import copy, deepcopy
from numbers import Integral
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from deepgen._display.documented import Documented
from deepgen.dask.collections import in_memory, lazy, partitions_of
from deepgen.dask.executor import DaskExecutor, find_client
from deepgen.distributed import fit_shards

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["DaskMLP"]

_COUNT = Interval(Integral, 1, None, closed="left")


class DaskMLP(Documented, BaseEstimator):
    """Base of `DaskMLPRegressor` and `DaskMLPClassifier`, not for direct use.

    Parameters
    ----------
    *args : object
        Parameters of the plain estimator.
    client : distributed.Client or None, default=None
        Client of the cluster.
    n_shards : int or None, default=None
        Number of shards.
    local_steps : int or 'auto', default='auto'
        Steps of a round.
    outer : {'auto', 'mean', 'nesterov'}, default='auto'
        Rule between the rounds.
    **parameters : object
        Parameters of the plain estimator.

    Examples
    --------
    >>> from deepgen.dask import DaskMLPClassifier, DaskMLPRegressor
    >>> from deepgen.dask.base import DaskMLP
    >>> issubclass(DaskMLPClassifier, DaskMLP) and issubclass(DaskMLPRegressor, DaskMLP)
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "n_shards": [_COUNT, None],
        "local_steps": [_COUNT, StrOptions({"auto"})],
        "outer": [StrOptions({"auto", "mean", "nesterov"})],
    }
    _local_type: ClassVar[Any]

    client: Any
    n_shards: int | None
    local_steps: Any
    outer: str
    n_jobs: int | None

    def __init__(
        self,
        *args: Any,
        client: Any = None,
        n_shards: int | None = None,
        local_steps: Any = "auto",
        outer: str = "auto",
        **parameters: Any,
    ) -> None:
        raise NotImplementedError  # `with_parameters_of` writes that of the classes

    def __sklearn_is_fitted__(self) -> bool:
        return "_local" in vars(self)

    def __getstate__(self) -> dict[str, Any]:
        # A client is a connection of this process.
        return {**super().__getstate__(), "client": None}

    def __sklearn_clone__(self) -> Self:
        parameters = self.get_params(deep=False)
        client = parameters.pop("client")
        return type(self)(**deepcopy(parameters), client=client)

    def _plain(self) -> Any:
        """Return an estimator that is not fitted, with the parameters of this one."""
        own = ("client", "n_shards", "local_steps", "outer")
        given = self.get_params(deep=False)
        return self._local_type(**{name: given[name] for name in given if name not in own})

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        checkpoint: str | os.PathLike[str] | None = None,
    ) -> Self:
        """Train the network on the workers that have the rows.

        Parameters
        ----------
        X : dask.array.Array or dask.dataframe.DataFrame of shape (n_samples, n_features)
            Features, partitioned by rows; there may be empty partitions.
        y : dask.array.Array, dask.dataframe.Series or DataFrame of shape (n_samples,) or \
(n_samples, n_outputs)
            Targets or labels, partitioned as X; known chunks of an array are made those of X.
        sample_weight : dask.array.Array or dask.dataframe.Series of shape (n_samples,), \
default=None
            Sample weights, >= 0.
        X_val : array-like or dask collection of shape (n_val, n_features), default=None
            Validation features; they are brought to this process and measured here after each
            epoch. Early stopping needs them.
        y_val : array-like or dask collection of shape (n_val,) or (n_val, n_outputs), default=None
            Validation targets or labels; required with ``X_val``.
        sample_weight_val : array-like or dask collection of shape (n_val,), default=None
            Weights of the validation samples.
        checkpoint : str or path-like, default=None
            File that is written after each epoch. If it exists, training goes on from it, with the
            bits of a training without a break; ``max_iter`` counts the epochs of all calls.

        Returns
        -------
        self : estimator
            This object, fitted.

        Raises
        ------
        ValueError
            If there is no client, or if parameters, rows or the checkpoint cannot be used. The
            message names the partition or the shard.
        TypeError
            If X, y or weights are no collections of Dask.
        TimeoutError
            If the cluster has no worker for five minutes.
        RuntimeError
            If the workers of a shard were lost four times in one round.

        Warns
        -----
        UserWarning
            If the rows are sorted by y, if workers compute on different SIMD paths, or if Ctrl-C
            was pressed: then the weights are those after the last whole round.
        ConvergenceWarning
            If ``max_iter`` or ``max_time`` was used up, or if training diverged.

        See Also
        --------
        to_local : The fitted network as a plain estimator.
        """
        self._validate_params()
        model = self._plain()
        partitions = partitions_of(X, y, sample_weight)
        client = find_client(self.client)
        course = fit_shards(
            model,
            DaskExecutor(client, partitions, self.n_shards),
            held_out=in_memory(client, X_val, y_val, sample_weight_val),
            local_steps=self.local_steps,
            outer=self.outer,
            checkpoint=checkpoint,
        )
        # All that belongs to a fit is written here, so that a failed one changes nothing.
        self._local = model
        self.n_shards_, self.local_steps_ = course.n_shards, course.local_steps
        self.local_batch_size_, self.outer_ = course.local_batch, course.outer
        self.rate_factor_ = course.rate_factor
        return self

    def to_local(self) -> Any:
        """Return the fitted network as a plain estimator, which needs no cluster.

        Returns
        -------
        model : MLPRegressor or MLPClassifier
            Fitted copy: it predicts with the same bits, can be saved, measured and exported.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.

        See Also
        --------
        deepgen.load : Read a model that its ``save`` has written.
        """
        check_is_fitted(self)
        return deepcopy(self._local)

    def predict(self, X: Any) -> Any:
        """Predict targets or labels.

        Parameters
        ----------
        X : dask.array.Array, dask.dataframe.DataFrame or array-like of shape (n_samples, \
n_features)
            Features.

        Returns
        -------
        y : dask.array.Array, dask.dataframe.Series, dask.dataframe.DataFrame or ndarray
            Predictions, lazily: an array of an array, a series or frame with its index of a frame.
            Features in memory are predicted at once. Each row has the bits of ``to_local()``.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X has other columns than in ``fit``, or entries that are not finite; of a collection
            when it is computed.

        See Also
        --------
        score : Score of the predictions.
        """
        raise NotImplementedError

    def _check_fitted(self) -> None:
        check_is_fitted(self)

    def _lazily(self, method: str, X: Any, columns: Any, dtype: Any = np.float64) -> Any:
        check_is_fitted(self)
        model = copy(self._local)
        # A worker's other threads have blocks of their own.
        model.n_jobs = 1 if self.n_jobs is None else self.n_jobs
        return lazy(model, method, X, columns, np.dtype(dtype))

    @property
    def n_features_in_(self) -> int:
        """Number of features seen in ``fit``."""
        check_is_fitted(self)
        return int(self._local.n_features_in_)

    @property
    def n_iter_(self) -> int:
        """Number of epochs of the last call."""
        check_is_fitted(self)
        return int(self._local.n_iter_)

    @property
    def history_(self) -> dict[str, NDArray[Any]]:
        """Measurements of each epoch, as arrays of equal length."""
        check_is_fitted(self)
        history: dict[str, NDArray[Any]] = self._local.history_
        return history

    @property
    def loss_(self) -> float:
        """Training loss of the last epoch."""
        check_is_fitted(self)
        return float(self._local.loss_)
