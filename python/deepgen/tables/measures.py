"""Measures of predicted probabilities besides accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["class_measures"]


def class_measures(
    y: NDArray[Any], probabilities: NDArray[Any], classes: NDArray[Any]
) -> dict[str, float]:
    """Measure predicted probabilities.

    Parameters
    ----------
    y : ndarray of shape (n,)
        True classes.
    probabilities : ndarray of shape (n, n_classes)
        Predicted probabilities.
    classes : ndarray of shape (n_classes,)
        Class of each column.

    Returns
    -------
    measures : dict
        ``log loss``, and ``AUC`` if each class occurs: the area under the ROC curve, for more than
        two classes the mean of one against the rest. Empty if ``y`` contains a class outside of
        ``classes``, or there is only one.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.tables.measures import class_measures
    >>> p = np.array([[0.8, 0.2], [0.5, 0.5], [0.4, 0.6]])
    >>> class_measures(np.array(["a", "b", "b"]), p, np.array(["a", "b"]))["AUC"]
    1.0
    """
    from sklearn.metrics import log_loss, roc_auc_score

    found = np.unique(y)
    if not np.isin(found, classes).all() or len(classes) < 2:
        return {}
    measures = {"log loss": float(log_loss(y, probabilities, labels=classes))}
    if 2 <= len(found) == len(classes):
        areas = [
            roc_auc_score(y == name, column)
            for name, column in zip(classes, probabilities.T, strict=True)
        ]
        # For two classes both areas are equal.
        measures = {"AUC": float(np.mean(areas)), **measures}
    return measures
