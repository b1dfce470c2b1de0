"""Statistics of targets that come in chunks: moments and range of numbers, counts of classes."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import AnyArray
from deepgen._inputs.class_targets import ClassTargets
from deepgen._inputs.labels import Labels, check_kind
from deepgen._inputs.regression_targets import RegressionTargets
from deepgen._inputs.target_scaling import Moments

__all__ = ["ClassStatistics", "NumberStatistics", "TargetStatistics"]

# Labels that are counted. More are no classes but, say, names of rows.
MOST_CLASSES = 2**16


class TargetStatistics(Protocol):
    """What the targets of many rows determine, collected chunk by chunk."""

    @property
    def examples(self) -> AnyArray | None:
        """Targets of all classes; None for numbers, and for several labels per row."""

    def add(self, y: AnyArray) -> None:
        """Add a chunk of targets in the user's form, (n_rows,) or (n_rows, n_targets)."""

    def teach(
        self, targets: Any, y: AnyArray, *, is_first: bool
    ) -> RegressionTargets | ClassTargets:
        """Return targets that have learned from all chunks.

        ``y`` are the targets of some rows, evenly drawn; ``is_first``: no earlier call has learned.
        """


class NumberStatistics:
    """Moments and range of a regressor's targets, which ``targets`` check; see the protocol."""

    examples = None

    def __init__(self, targets: RegressionTargets, dtype: np.dtype[Any]) -> None:
        self._targets, self._dtype = targets, dtype
        self._moments: Moments | None = None
        self._range: tuple[AnyArray, AnyArray] | None = None

    def add(self, y: AnyArray) -> None:
        columns = self._targets.check(y, self._dtype)
        columns = columns.reshape(len(columns), -1)
        chunk, lowest, highest = Moments.of(columns, None), columns.min(axis=0), columns.max(axis=0)
        if self._moments is not None and self._range is not None:
            chunk = self._moments.and_of(chunk)
            lowest = np.minimum(lowest, self._range[0])
            highest = np.maximum(highest, self._range[1])
        self._moments, self._range = chunk, (lowest, highest)

    def teach(
        self, targets: RegressionTargets, y: AnyArray, *, is_first: bool
    ) -> RegressionTargets:
        assert self._moments is not None and self._range is not None
        lowest, highest = self._range
        # What is left of equal numbers by rounding is no deviation.
        equal = lowest == highest
        mean = np.where(equal, lowest, self._moments.mean)
        seen = Moments(self._moments.weight, mean, np.where(equal, 0, self._moments.deviation))
        if not is_first:
            # The drawn rows stand for all.
            targets = targets.with_rows(y, np.full(len(y), seen.weight / len(y)))
        else:
            targets = targets.with_moments(seen)
        return targets.with_range(np.stack(self._range), None) if targets.clips else targets


class ClassStatistics:
    """Number of rows of each class, or with each label; see the protocol."""

    def __init__(self) -> None:
        self._n_rows = 0
        self._multilabel = False
        self._labels: AnyArray = np.empty(0)
        self._counts: NDArray[np.int64] = np.empty(0, dtype=np.int64)

    @property
    def examples(self) -> AnyArray | None:
        # Several of each, since scikit-learn warns of labels that hardly repeat.
        return None if self._multilabel else np.repeat(self._labels, 3)

    @property
    def n_outside_most_frequent(self) -> int | None:
        """Number of rows outside of the most frequent class; None for several labels per row."""
        return None if self._multilabel else int(self._n_rows - self._counts.max())

    def add(self, y: AnyArray) -> None:
        is_first = not self._n_rows
        self._n_rows += len(y)
        if y.ndim == 2:
            labels = Labels.learn(y)
            labels.check(y)
            counts = labels.counts(y)
            self._multilabel = True
            self._counts = counts if is_first else self._counts + counts
            return
        found, counts = np.unique(y, return_counts=True)
        check_kind(np.repeat(found, 3))
        if not is_first:
            both = np.concatenate([self._labels, found])
            found, places = np.unique(both, return_inverse=True)
            each = np.concatenate([self._counts, counts])
            counts = np.bincount(places, each, minlength=len(found)).astype(np.int64)
        if len(found) > MOST_CLASSES:
            raise ValueError(
                f"the target has more than {MOST_CLASSES:,} different labels, too many for classes"
            )
        self._labels, self._counts = found, counts

    def teach(self, targets: ClassTargets, y: AnyArray, *, is_first: bool) -> ClassTargets:
        labels = targets.labels
        if self.examples is not None:
            labels.check(self.examples, all_of_them=not is_first)
        targets = targets.with_class_counts(self._counts)
        weights = targets.weights
        if weights is not None and not self._multilabel and not weights.tables[0].any():
            raise ValueError("class_weight gives every sample the weight 0")
        return targets
