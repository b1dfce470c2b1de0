"""Rows: the rows of a shard as they were given, and in the engine's format."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import column_or_1d

from deepgen._engine.arrays import AnyArray, aligned
from deepgen._inputs.features import check_weights
from deepgen._inputs.targets import Targets
from deepgen.estimators.fit import read_samples
from deepgen.estimators.network_spec import numpy_type

__all__ = ["Rows", "Shard"]


@dataclass(frozen=True)
class Shard:
    """The rows of a shard in the engine's format.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        Features.
    y : ndarray of shape (n_rows, n_targets) or (n_rows,)
        Targets in scaled units, or class numbers.
    weights : ndarray of shape (n_rows,), default=None
        Positive weights of the rows; None if all are 1.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.distributed import Shard
    >>> Shard(np.zeros((3, 2)), np.zeros((3, 1))).weight
    3.0
    """

    X: AnyArray
    y: AnyArray
    weights: AnyArray | None = None

    @property
    def weight(self) -> float:
        """Sum of the weights, or number of rows without weights."""
        if self.weights is None:
            return float(len(self.y))
        return float(self.weights.sum(dtype=np.float64))


@dataclass(frozen=True)
class Rows:
    """Checked rows with the targets as they were given; rows of weight 0 are left out.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        Features in the type of training.
    y : ndarray of shape (n_rows,) or (n_rows, n_targets)
        Targets or labels.
    weights : ndarray of shape (n_rows,), default=None
        Sample weights, > 0.
    names : ndarray of shape (n_features,), default=None
        Names of the features, if they have any.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> from deepgen.distributed import Rows
    >>> rows = Rows.read(MLPRegressor(), [[0.0], [1.0], [2.0]], [1.0, 2.0, 3.0], [1.0, 0.0, 2.0])
    >>> rows.y.tolist(), rows.weights.tolist()
    ([1.0, 3.0], [1.0, 2.0])
    """

    X: AnyArray
    y: AnyArray
    weights: AnyArray | None = None
    names: AnyArray | None = None

    def __len__(self) -> int:
        return len(self.X)

    @classmethod
    def read(cls, model: Any, X: Any, y: Any, sample_weight: Any = None) -> Rows:
        """Check rows as ``fit`` does, and copy what is not in the type of training.

        Parameters
        ----------
        model : MLPRegressor or MLPClassifier
            Estimator with the parameters of training; it is not changed.
        X : array-like of shape (n_rows, n_features)
            Features; there may be no rows.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
            Targets or labels.
        sample_weight : array-like of shape (n_rows,), default=None
            Sample weights, >= 0.

        Returns
        -------
        rows : Rows
            The rows of positive weight, in the same order.

        Raises
        ------
        ValueError
            If lengths differ, or values cannot be used.
        TypeError
            If the rows are sparse.
        """
        lengths = [len(each) for each in (X, y, sample_weight) if each is not None]
        if len(set(lengths)) > 1:
            names = "X, y" if sample_weight is None else "X, y and sample_weight"
            raise ValueError(f"{names} have {' and '.join(map(str, lengths))} rows")
        dtype = numpy_type(model.dtype)
        weights = None
        if sample_weight is not None:
            weights = np.asarray(column_or_1d(sample_weight), dtype=np.float64)
        if not lengths[0] or (weights is not None and not weights.any()):
            width = np.shape(X)[1] if np.ndim(X) == 2 else 0
            targets = np.asarray(y)[:0]
            none = None if weights is None else weights[:0]
            return cls(np.empty((0, width), dtype), targets, none)
        if np.ndim(y) == 2 and np.shape(y)[1] == 1:
            y = np.asarray(y).ravel()
        own = copy.copy(model)
        samples = read_samples(own, X, y, None, dtype, reset=True)
        if not isinstance(samples.X, np.ndarray):
            raise TypeError("sparse rows are not supported here: give dense columns")
        features, targets = aligned(samples.X), np.asarray(samples.y)
        weights = check_weights(weights, features, np.dtype(np.float64))
        if weights is not None and not weights.all():
            kept = weights > 0
            features, targets, weights = features[kept], targets[kept], weights[kept]
        return cls(features, targets, weights, vars(own).get("feature_names_in_"))

    @classmethod
    def join(cls, parts: Sequence[Rows]) -> Rows:
        """Return the rows of several parts in their order.

        Parameters
        ----------
        parts : sequence of Rows
            Parts with the same columns; at least one.

        Returns
        -------
        rows : Rows
            The single part itself, or a copy. Parts that are not alike are refused.
        """
        if len(parts) == 1:
            return parts[0]
        cls.refuse_unlike(parts, "part")
        weights = [part.weights for part in parts if part.weights is not None]
        return cls(
            np.concatenate([part.X for part in parts]),
            np.concatenate([part.y for part in parts]),
            np.concatenate(weights) if weights else None,
            parts[0].names,
        )

    @staticmethod
    def refuse_unlike(parts: Sequence[Rows], what: str) -> None:
        """Refuse parts that are no parts of one table.

        Parameters
        ----------
        parts : sequence of Rows
            Parts; at least one.
        what : str
            Name of a part in the error.

        Raises
        ------
        ValueError
            If numbers or names of columns, or the kinds of labels, are not those of the first part.
        """
        first = parts[0]._form()
        for number, part in enumerate(parts):
            for (name, there), here in zip(first.items(), part._form().values(), strict=True):
                if here != there:
                    raise ValueError(
                        f"{what} 0 and {what} {number} are not alike: {name} are {there} and {here}"
                    )

    def _form(self) -> dict[str, Any]:
        """Return what all parts of a table have in common."""
        kinds = {"U": "text", "S": "bytes", "O": "objects", "b": "truth values"}
        return {
            "numbers of features": self.X.shape[1],
            "names of features": None if self.names is None else self.names.tolist(),
            "numbers of targets": self.y.shape[1] if self.y.ndim > 1 else 1,
            "targets": kinds.get(self.y.dtype.kind, "numbers"),
        }

    def sample(self, n_rows: int) -> Rows:
        """Return rows that are evenly spaced.

        Parameters
        ----------
        n_rows : int
            Largest number of rows, >= 1.

        Returns
        -------
        rows : Rows
            A copy.
        """
        step = slice(None, None, max(1, -(-len(self) // n_rows)))
        weights = None if self.weights is None else self.weights[step].copy()
        return Rows(self.X[step].copy(), self.y[step].copy(), weights, self.names)

    def encode(self, model: Any, targets: Targets) -> Shard:
        """Return the rows in the engine's format.

        Parameters
        ----------
        model : MLPRegressor or MLPClassifier
            Estimator with the parameters of training.
        targets : Targets
            What was learned from the targets of all shards.

        Returns
        -------
        shard : Shard
            Rows whose weight is positive, weights of classes included.
        """
        dtype = numpy_type(model.dtype)
        encoded = targets.transform(
            self.y, self.weights, self.X, dtype=dtype, prediction_dtype=dtype
        )
        X, y, weights = self.X, encoded.encoded, encoded.weights
        if weights is not None and not weights.all():
            kept = weights > 0
            X, y, weights = X[kept], y[kept], weights[kept]
        return Shard(X, y, weights)
