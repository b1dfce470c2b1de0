"""Labels: conversion between the user's classes and the targets of the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepgen._engine.arrays import AnyArray

__all__ = ["Labels", "check_kind"]


def check_kind(y: Any) -> None:
    """Refuse labels of mixed or unsupported types.

    ``y`` (n_samples,) or (n_samples, n_labels).
    """
    from sklearn.utils.multiclass import check_classification_targets

    if y.dtype.kind == "O":
        kinds = {"str" if isinstance(label, str) else type(label).__name__ for label in y.ravel()}
        if len(kinds) > 1:
            names = ", ".join(sorted(kinds))
            raise ValueError(f"y must have labels of one type, got {names}")
        if kinds != {"str"}:
            kind = kinds.pop()
            raise ValueError(
                f"Unknown label type: y holds objects of the type {kind}; labels must be strings "
                "or an array of numbers"
            )
    check_classification_targets(y)


@dataclass(frozen=True)
class Labels:
    """The classes of a classifier.

    Two classes share one output, and a single class has one; each of three or more classes has its
    own output. Multilabel targets have one independent output per label.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted labels; for multilabel targets the names passed as ``classes``, by default the
        numbers of the columns.
    multilabel : bool, default=False
        Whether a sample can have several labels (multilabel targets).
    sparse : bool, default=False
        Whether targets and predictions are sparse matrices.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen._inputs.labels import Labels
    >>> labels = Labels.learn(np.array(["no", "yes", "no"]))
    >>> labels.encode(np.array(["yes", "no"]), np.dtype("float32")).tolist()
    [[1.0], [0.0]]
    """

    classes: AnyArray
    multilabel: bool = False
    sparse: bool = False

    @classmethod
    def learn(cls, y: Any, classes: Any = None) -> Labels:
        """Return the classes in the labels of the training samples.

        ``classes`` (n_classes,), if given, are all classes; ``y`` may lack some.
        """
        from sklearn.utils.multiclass import unique_labels

        check_kind(y)
        if y.ndim == 1:
            # Twice: scikit-learn takes labels that hardly ever repeat for numbers.
            found = y if classes is None else np.tile(classes, 2)
            check_kind(found)
            unique_labels(found)  # refuses numbers among strings
            return cls(np.unique(found))
        known = np.arange(y.shape[1]) if classes is None else unique_labels(classes)
        if len(known) != y.shape[1]:
            raise ValueError(f"classes has {len(known)} labels, y has {y.shape[1]} columns")
        return cls(known, multilabel=True, sparse=not isinstance(y, np.ndarray))

    @property
    def n_outputs(self) -> int:
        """Number of outputs of the network."""
        return len(self.classes) if self.softmax or self.multilabel else 1

    @property
    def softmax(self) -> bool:
        """Whether each class has its own output."""
        return not self.multilabel and len(self.classes) > 2

    @property
    def binary(self) -> bool:
        """Whether one output separates two classes."""
        return not self.multilabel and len(self.classes) == 2

    def check(self, y: Any, *, all_of_them: bool = False) -> None:
        """Refuse labels outside of the known classes.

        ``y`` (n_samples,) or (n_samples, n_labels).
        """
        from sklearn.utils.multiclass import unique_labels

        check_kind(y)
        if self.multilabel:
            if y.ndim != 2 or y.shape[1] != len(self.classes):
                raise ValueError(
                    f"y has shape {y.shape}, the classifier knows {len(self.classes)} labels per "
                    "sample"
                )
            values = np.unique(y if isinstance(y, np.ndarray) else y.data)
            if not np.isin(values, (0, 1)).all():
                raise ValueError(f"several labels per sample must be 0 or 1, got {values}")
            return
        if y.ndim != 1:
            raise ValueError(f"y has shape {y.shape}, the classifier knows one label per sample")
        found = unique_labels(y)
        if all_of_them and set(found) != set(self.classes):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {self.classes}, `y` has {found}"
            )
        if len(np.setdiff1d(found, self.classes)):
            raise self._unknown(found)

    def numbers(self, y: AnyArray) -> AnyArray:
        """Return the index of each sample's class.

        ``y`` (n_samples,); returns (n_samples,).
        """
        found, inverse = np.unique(y, return_inverse=True)
        places = np.minimum(np.searchsorted(self.classes, found), len(self.classes) - 1)
        # Labels of files are checked once and read in each epoch: a number of none must not pass.
        if (self.classes[places] != found).any():
            raise self._unknown(found)
        numbers: AnyArray = places[inverse].astype(np.int32)
        return numbers

    def _unknown(self, found: AnyArray) -> ValueError:
        return ValueError(
            "`y` has classes not in `self.classes_`. `self.classes_` has "
            f"{self.classes}. 'y' has {found}."
        )

    def counts(self, y: Any) -> AnyArray:
        """Return the number of samples of each class, (n_classes,).

        For multilabel targets, the numbers of 0 and of 1 for each label, (n_labels, 2).
        """
        if not self.multilabel:
            return np.bincount(self.numbers(y), minlength=len(self.classes))
        ones = np.asarray(y.sum(axis=0)).ravel()
        return np.column_stack([y.shape[0] - ones, ones])

    def encode(self, y: Any, dtype: np.dtype[Any]) -> AnyArray:
        """Return labels in the engine's format.

        ``y`` (n_samples,) or (n_samples, n_labels). Returns (n_samples,) or (n_samples, n_outputs):
        class numbers, or 0 and 1 for two classes and for multilabel targets.
        """
        if self.multilabel:
            dense = y if isinstance(y, np.ndarray) else y.toarray()
            if not np.isin(dense, (0, 1)).all():
                raise ValueError("several labels per sample must be 0 or 1, and others came")
            return np.require(dense, dtype=dtype, requirements=["C", "A"])
        numbers = self.numbers(y)
        return numbers if self.softmax else numbers.astype(dtype).reshape(-1, 1)

    def decide(self, outputs: AnyArray) -> AnyArray:
        """Return the most probable labels: positions in ``classes``, or 0 and 1 for multilabel.

        ``outputs`` (n_samples, n_outputs); returns (n_samples,) or (n_samples, n_labels).
        """
        if self.softmax:
            likeliest: AnyArray = np.argmax(outputs, axis=1)
            return likeliest
        numbers = (outputs > 0).astype(np.int64)
        if self.multilabel:
            return numbers
        decided: AnyArray = np.minimum(numbers[:, 0], len(self.classes) - 1)
        return decided

    def decode(self, outputs: AnyArray) -> Any:
        """Return the most probable labels under the user's names.

        ``outputs`` (n_samples, n_outputs); returns (n_samples,) or (n_samples, n_labels).
        """
        numbers = self.decide(outputs)
        if not self.multilabel:
            return self.classes[numbers]
        if self.sparse:
            from scipy.sparse import csr_matrix

            return csr_matrix(numbers)
        return numbers
