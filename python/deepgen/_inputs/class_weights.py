"""Class weights: factors of the loss for the samples of each class."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._inputs.labels import Labels

__all__ = ["ClassWeights"]


@dataclass(frozen=True)
class ClassWeights:
    """A weight per class, or for multilabel targets a weight of 0 and of 1 per label.

    Parameters
    ----------
    labels : Labels
        The classes.
    tables : tuple of ndarray of float64
        The weights of the classes in their order; for multilabel targets, the weights of 0 and 1
        for each label.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen._inputs.class_weights import ClassWeights
    >>> from deepgen._inputs.labels import Labels
    >>> y = np.array(["no", "no", "no", "yes"])
    >>> weights = ClassWeights.learn("balanced", Labels.learn(y), y)
    >>> float(weights.factors(y)[-1])
    2.0
    """

    labels: Labels
    tables: tuple[NDArray[np.float64], ...]

    @classmethod
    def learn(cls, class_weight: Any, labels: Labels, y: Any) -> ClassWeights:
        """Return the weights according to a classifier's ``class_weight``.

        A dict maps classes to weights; multilabel targets need a list with one dict per label.
        'balanced' means n_samples / (n_classes * samples of the class), counted in ``y`` without
        sample weights.
        """
        if labels.multilabel:
            counts = np.asarray(y.sum(axis=0)).ravel()
        else:
            counts = np.bincount(labels.numbers(y), minlength=len(labels.classes))
        return cls.of_counts(class_weight, labels, counts, y.shape[0])

    @classmethod
    def of_counts(
        cls, class_weight: Any, labels: Labels, counts: NDArray[Any], n_rows: int
    ) -> ClassWeights:
        """Return the weights as `learn`, from the number of samples of each class, or label.

        ``counts`` (n_classes,) or (n_labels,).
        """
        balanced = isinstance(class_weight, str)
        if not labels.multilabel:
            if isinstance(class_weight, list):
                raise ValueError(
                    "class_weight is a list, which is for several labels per sample; give a dict "
                    "from class to weight"
                )
            table = _even(counts) if balanced else _given(class_weight, labels.classes.tolist())
            return cls(labels, (table,))
        n_labels = len(labels.classes)
        if balanced:
            return cls(labels, tuple(_even(np.array([n_rows - n, n])) for n in counts))
        if not isinstance(class_weight, list) or len(class_weight) != n_labels:
            raise ValueError(
                f"class_weight must be 'balanced' or a list of {n_labels} dicts from 0 and 1 to "
                f"weights, one for each label a sample can have, got {class_weight!r}"
            )
        return cls(labels, tuple(_given(each, [0, 1]) for each in class_weight))

    def factors(self, y: Any) -> NDArray[np.float64]:
        """Return the factor of each sample's weight, (n_samples,).

        It is the weight of the class, for multilabel targets the product over the labels.
        """
        if not self.labels.multilabel:
            return self.tables[0][self.labels.numbers(y)]
        factors = np.ones(y.shape[0])
        columns = y if isinstance(y, np.ndarray) else y.tocsc()
        for label, table in enumerate(self.tables):
            column = columns[:, [label]]
            dense = column if isinstance(column, np.ndarray) else column.toarray()
            factors *= table[dense.ravel().astype(np.intp)]
        return factors


def _even(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return weights that give each class in the data the same sum."""
    n_present = int(np.count_nonzero(counts))
    weights = np.ones(len(counts))
    np.divide(counts.sum(), n_present * counts, out=weights, where=counts > 0)
    return weights


def _given(weights: Any, classes: list[Any]) -> NDArray[np.float64]:
    """Return the given weights in the order of the classes."""
    if not isinstance(weights, Mapping):
        raise ValueError(f"class_weight must map classes to weights, got {weights!r}")
    for key, weight in weights.items():
        if not isinstance(weight, Real) or not 0 <= float(weight) < math.inf:
            raise ValueError(f"class_weight[{key!r}] must be a number >= 0, got {weight!r}")
    missing = [label for label in classes if label not in weights]
    strange = [key for key in weights if key not in classes]
    # If every class has a weight, further keys are classes that this fold of the data lacks.
    if missing and strange:
        raise ValueError(
            f"class_weight has keys that are no classes: {strange}; the classes are {classes}"
        )
    return np.array([weights.get(label, 1.0) for label in classes], dtype=np.float64)
