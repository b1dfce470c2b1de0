"""Samples: the samples of a call of ``fit``, in the user's form and validated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Samples"]


@dataclass(frozen=True)
class Samples:
    """Samples of a call, in the user's form and validated.

    Parameters
    ----------
    given : array-like, data frame or sparse matrix of shape (n_samples, n_features)
        Features in the user's form.
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        The same in the type of training.
    y : ndarray or CSR matrix of shape (n_samples,) or (n_samples, n_targets)
        Targets, validated as by scikit-learn; the estimator's targets check the rest.
    sample_weight : array-like of shape (n_samples,), float or None
        Sample weights in the user's form.
    classes : array-like of shape (n_classes,), default=None
        All classes, if ``y`` may lack some.
    groups : ndarray of shape (n_samples,), default=None
        Groups of samples that early stopping keeps together.
    names : ndarray of shape (n_features,), default=None
        Names of the features, if they have any.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPRegressor
    >>> from deepgen.estimators.fit import read_samples
    >>> read_samples(MLPRegressor(), [[0], [1]], [2, 3], None, np.dtype("f4"), reset=True).y
    array([2, 3])
    """

    given: Any
    X: Any
    y: Any
    sample_weight: Any
    classes: Any = None
    groups: Any = None
    names: Any = None
