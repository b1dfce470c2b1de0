"""ValidationSet: held-out samples in the user's form and in the engine's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepgen._engine.arrays import AnyArray
from deepgen._training.data import Data

__all__ = ["ValidationSet"]


@dataclass(frozen=True)
class ValidationSet:
    """Validation samples in the user's form and in the engine's.

    Parameters
    ----------
    X : ndarray, CSR matrix or data frame of shape (n_samples, n_features)
        Features; used only by scorers that call ``predict``.
    y : ndarray or CSR matrix of shape (n_rows,) or (n_rows, n_targets)
        Targets in the user's form.
    sample_weight : ndarray of shape (n_rows,) or None
        Sample weights in the user's form, without class weights.
    data : Data
        The samples in the engine's format.
    checked : ndarray or CSR matrix of shape (n_samples, n_features), default=None
        Features in the type of training; used only to identify the samples.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.estimators.validation_set import ValidationSet
    >>> from deepgen._training.data import Data
    >>> X, y = np.zeros((4, 2)), np.zeros(4)
    >>> rows = np.array([1, 3])
    >>> ValidationSet(X, y[rows], None, Data(X, y.reshape(-1, 1), rows=rows)).features().shape
    (2, 2)
    """

    X: Any
    y: Any
    sample_weight: AnyArray | None
    data: Data
    checked: Any = None

    def features(self) -> Any:
        """Return the features of the samples in use.

        Returns
        -------
        X : ndarray, CSR matrix or data frame of shape (n_rows, n_features)
            The features, or a copy of the rows in use.
        """
        from sklearn.utils import _safe_indexing

        return self.X if self.data.rows is None else _safe_indexing(self.X, self.data.rows)

    @property
    def n_scored(self) -> int:
        """Number of samples with a weight other than 0."""
        weights = self.sample_weight
        return self.data.n_rows if weights is None else int(np.count_nonzero(weights))
