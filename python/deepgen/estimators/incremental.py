"""``partial_fit`` of both estimators: one more epoch, on other rows if wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import unique_labels

from deepgen.estimators.base import can_continue
from deepgen.estimators.class_predictions import ClassPredictions
from deepgen.estimators.regression_predictions import RegressionPredictions

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["IncrementalClassifier", "IncrementalRegressor"]


class IncrementalRegressor(RegressionPredictions):
    """Base of `MLPRegressor` with ``partial_fit``.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> from deepgen.estimators.incremental import IncrementalRegressor
    >>> issubclass(MLPRegressor, IncrementalRegressor)
    True
    """

    @available_if(can_continue)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one more epoch on the given data.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets; the scaling of the first call is kept while their mean and spread fit it.
            Otherwise the scaling of all rows seen replaces it, and the last layer is adapted so
            that predictions do not change.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights, >= 0.

        Returns
        -------
        self : MLPRegressor
            The fitted estimator.

        Raises
        ------
        ValueError
            If data or parameters cannot be used.

        Warns
        -----
        UserWarning
            If the scaling would change but cannot, because of several quantiles or missing
            intercepts.

        See Also
        --------
        fit : Train for several epochs, with a stopping criterion.

        Examples
        --------
        >>> from deepgen import MLPRegressor
        >>> MLPRegressor().partial_fit([[0.0], [1.0]], [0.0, 1.0]).partial_fit([[2.0]], [2.0]).t_
        3
        """
        return self._fit(X, y, sample_weight, incremental=True)


class IncrementalClassifier(ClassPredictions):
    """Base of `MLPClassifier` with ``partial_fit``.

    Examples
    --------
    >>> from deepgen import MLPClassifier
    >>> from deepgen.estimators.incremental import IncrementalClassifier
    >>> issubclass(MLPClassifier, IncrementalClassifier)
    True
    """

    @available_if(can_continue)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one more epoch on the given data.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.
        y : array-like or sparse matrix of shape (n_samples,) or (n_samples, n_labels)
            Labels; they may lack some classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights, >= 0.
        classes : array-like of shape (n_classes,), default=None
            All classes, for multilabel targets one per column; required in the first call.

        Returns
        -------
        self : MLPClassifier
            The fitted estimator.

        Raises
        ------
        ValueError
            If ``classes`` is missing in the first call or differs in a later one, if a label is
            none of them, or if data or parameters cannot be used.

        See Also
        --------
        fit : Train for several epochs, with a stopping criterion.

        Examples
        --------
        >>> from deepgen import MLPClassifier
        >>> model = MLPClassifier().partial_fit([[0.0], [1.0]], [0, 1], classes=[0, 1, 2])
        >>> model.partial_fit([[2.0]], [2]).t_
        3
        """
        known = getattr(self, "classes_", None)
        if classes is None and known is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        if classes is not None and known is not None:
            if not np.array_equal(known, unique_labels(classes)):
                raise ValueError(
                    f"`classes={classes!r}` is not the same as on last call to partial_fit, was: "
                    f"{known!r}"
                )
        return self._fit(X, y, sample_weight, classes=classes, incremental=True)
