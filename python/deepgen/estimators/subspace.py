"""Subspace: the networks on a line learned with ``averaging='subspace'``."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from numbers import Real
from typing import Any

from deepgen._engine.arrays import AnyArray
from deepgen._engine.threads import measuring_threads
from deepgen._inputs.features import as_matrix, check_features
from deepgen._network.network import Network

__all__ = ["Subspace"]


@dataclass(frozen=True, eq=False)
class Subspace:
    """The line between two points of weight space.

    Parameters
    ----------
    model : MLPRegressor or MLPClassifier
        Estimator fitted with ``averaging='subspace'``; it predicts with the midpoint.
    ends : ndarray of shape (2, n_parameters)
        Parameters at both ends.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> model = MLPRegressor(averaging="subspace", random_state=0).partial_fit(X, y)
    >>> model.subspace_.ensemble((0.1, 0.9)).predict(X).shape
    (3,)
    """

    model: Any
    ends: AnyArray

    def __repr__(self) -> str:
        return f"Subspace(line of {self.model.network_!r})"

    def at(self, alpha: float, X: Any = None) -> Any:
        """Return the estimator at a point of the line.

        Parameters
        ----------
        alpha : float
            Position on the line in [0, 1]: 0 and 1 are the ends, 0.5 is the midpoint.
        X : array-like or sparse matrix of shape (n_samples, n_features), default=None
            Training features for batch norm's statistics; required with batch norm, else not used.

        Returns
        -------
        estimator : MLPRegressor or MLPClassifier
            Fitted estimator with the history of the run.

        Raises
        ------
        ValueError
            If there is no such point, or if ``X`` is missing.
        """
        place: Any = alpha
        if not (isinstance(place, Real) and 0 <= float(place) <= 1):
            raise ValueError(f"alpha must be in [0, 1], got {alpha!r}")
        model, share = self.model, float(place)
        old = model.network_
        point = (1 - share) * self.ends[0].astype(float) + share * self.ends[1]
        network = Network(old.core, point.astype(old.dtype))
        if network.blocks_of("mean"):
            if X is None:
                raise ValueError("batch norm's statistics belong to a point: give the features X")
            features = check_features(model, X, network.dtype, reset=False)
            n_threads = measuring_threads(model.n_jobs, features.shape[0])
            network.recalibrate(as_matrix(features), n_threads=n_threads)
        estimator = copy(model)
        estimator.network_, estimator._training_state = network, model._training_state.snapshot()
        return estimator

    def ensemble(self, alphas: Any = (0.1, 0.9), X: Any = None) -> Any:
        """Return an estimator that averages the predictions at points of the line.

        Parameters
        ----------
        alphas : sequence of float, default=(0.1, 0.9)
            Positions on the line, at least two.
        X : array-like or sparse matrix of shape (n_samples, n_features), default=None
            Training features; required with batch norm.

        Returns
        -------
        estimator : MLPRegressor or MLPClassifier
            Fitted estimator; its ``members_`` are the points.

        Raises
        ------
        ValueError
            If there are fewer than two points, one is not on the line, or ``X`` is missing.
        """
        members = [self.at(alpha, X) for alpha in alphas]
        if len(members) < 2:
            raise ValueError(f"an ensemble needs at least two points, got {alphas!r}")
        estimator = copy(self.model)
        for name in ("network_", "_training_state", "n_iter_"):
            vars(estimator).pop(name, None)
        estimator._members = members
        return estimator
