"""Facts about the rows of a shard, and what all shards together teach about the targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier

from deepgen._engine.arrays import AnyArray
from deepgen._inputs.class_targets import ClassTargets
from deepgen._inputs.labels import Labels
from deepgen._inputs.regression_targets import RegressionTargets
from deepgen._inputs.target_scaling import Moments
from deepgen._inputs.targets import Targets
from deepgen._user_warnings import warn
from deepgen.distributed.rows import Rows
from deepgen.estimators.network_spec import numpy_type

__all__ = ["Facts", "facts_of", "learn_targets", "share_between", "warn_if_sorted"]

# Largest number of rows of a shard that start the network.
SAMPLED = 512
# Share of the variance of y between the shards from which on they count as sorted. Shards drawn at
# random have (n_shards - 1) / n_rows, and shards of rows sorted by y nearly 1.
SORTED = 0.1
# The share must also be so many times as large as that of shards drawn at random.
BEYOND_CHANCE = 20.0


@dataclass(frozen=True)
class Facts:
    """Facts about the rows of a shard.

    Parameters
    ----------
    n_rows : int
        Number of rows of positive weight.
    moments : Moments
        Moments of a regressor's targets, or of the labels as indicators (multilabel targets).
    sample : Rows
        Some of the rows, evenly spaced.
    lowest, highest : ndarray of shape (n_targets,), default=None
        Range of a regressor's targets.
    labels : Labels, default=None
        Classes of a classifier's targets.
    counts : ndarray, default=None
        Number of rows of each class, as `Labels.counts` has them.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> from deepgen.distributed import Rows
    >>> from deepgen.distributed.facts import facts_of
    >>> model = MLPRegressor()
    >>> facts_of(model, Rows.read(model, [[0.0], [1.0]], [2.0, 4.0])).moments.mean
    array([3.])
    """

    n_rows: int
    moments: Moments
    sample: Rows
    lowest: NDArray[np.float64] | None = None
    highest: NDArray[np.float64] | None = None
    labels: Labels | None = None
    counts: AnyArray | None = None


def facts_of(model: Any, rows: Rows) -> Facts:
    """Return the facts about the rows of a shard.

    Parameters
    ----------
    model : MLPRegressor or MLPClassifier
        Estimator with the parameters of training.
    rows : Rows
        At least one row.

    Returns
    -------
    facts : Facts
        What does not grow with the number of rows.
    """
    targets = model._make_targets(rows.y, None)
    y, sample = targets.check(rows.y, numpy_type(model.dtype)), rows.sample(SAMPLED)
    if not is_classifier(model):
        columns = y.reshape(len(y), -1)
        moments = Moments.of(columns, rows.weights)
        return Facts(len(y), moments, sample, columns.min(axis=0), columns.max(axis=0))
    labels = targets.labels
    numbers = y.astype(np.float64) if labels.multilabel else np.zeros((len(y), 1))
    moments = Moments.of(numbers, rows.weights)
    return Facts(len(y), moments, sample, labels=labels, counts=labels.counts(y))


def learn_targets(model: Any, facts: Sequence[Facts]) -> Targets:
    """Return the targets that all shards determine, combined in their order.

    Parameters
    ----------
    model : MLPRegressor or MLPClassifier
        Estimator with the parameters of training.
    facts : sequence of Facts
        Facts about every shard.

    Returns
    -------
    targets : Targets
        Scaling and range of a regressor's targets, classes and their weights of a classifier's.
        With one shard they are those of ``fit`` on its rows.
    """
    y = facts[0].sample.y
    if is_classifier(model):
        labels = _all_labels(facts)
        classes = None if labels[0].multilabel else _names(labels)
        targets: ClassTargets = model._make_targets(y, None, classes)
        counts = sum(_counts(each, targets.labels) for each in facts)
        return targets.with_class_counts(np.asarray(counts))
    moments = reduce(Moments.and_of, [each.moments for each in facts])
    learned: RegressionTargets = model._make_targets(y, None).with_moments(moments)
    if learned.clips:
        ends = [end for each in facts for end in (each.lowest, each.highest) if end is not None]
        learned = learned.with_range(np.stack(ends), None)
    return learned


def _all_labels(facts: Sequence[Facts]) -> list[Labels]:
    return [each.labels for each in facts if each.labels is not None]


def _names(labels: Sequence[Labels]) -> AnyArray:
    """Return the classes of all shards."""
    return np.unique(np.concatenate([each.classes for each in labels]))


def _counts(facts: Facts, labels: Labels) -> NDArray[np.int64]:
    """Return the counts of a shard in the order of the classes of all shards."""
    assert facts.labels is not None and facts.counts is not None
    if labels.multilabel:
        return np.asarray(facts.counts)
    counts = np.zeros(len(labels.classes), dtype=np.int64)
    counts[np.searchsorted(labels.classes, facts.labels.classes)] = facts.counts
    return counts


def share_between(facts: Sequence[Facts]) -> float:
    """Return the share of the variance of y that lies between the shards.

    Parameters
    ----------
    facts : sequence of Facts
        Facts about every shard.

    Returns
    -------
    share : float
        In [0, 1]; of several targets the largest, of classes that of the indicators of all classes
        together. 0 for constant targets.
    """
    labels = _all_labels(facts)
    if labels and not labels[0].multilabel:
        names = Labels(_names(labels))
        counts = np.stack([_counts(each, names) for each in facts]).astype(np.float64)
        n_rows = counts.sum(axis=1)
        of_shard, overall = counts / n_rows[:, None], counts.sum(axis=0) / n_rows.sum()
        between = n_rows @ (of_shard - overall) ** 2 / n_rows.sum()
        total = overall * (1 - overall)
        return float(between.sum() / total.sum()) if total.sum() > 0 else 0.0
    overall_moments = reduce(Moments.and_of, [each.moments for each in facts])
    weights = np.array([each.moments.weight for each in facts])
    unit = np.where(overall_moments.deviation > 0, overall_moments.deviation, np.inf)
    means = np.stack([(each.moments.mean - overall_moments.mean) / unit for each in facts])
    return float(np.max(weights @ means**2 / weights.sum()))


def warn_if_sorted(facts: Sequence[Facts]) -> None:
    """Warn if the rows of the shards are sorted by their targets.

    Parameters
    ----------
    facts : sequence of Facts
        Facts about every shard.

    Warns
    -----
    UserWarning
        If much of the variance of y lies between the shards: each would learn its own part, and
        the average of their networks is a bad network.
    """
    share, n_rows = share_between(facts), sum(each.n_rows for each in facts)
    if share < SORTED or share < BEYOND_CHANCE * (len(facts) - 1) / n_rows:
        return
    warn(
        f"The rows are sorted: {share:.0%} of the variance of y lies between the {len(facts)} "
        "shards. Each shard learns its own part of y, and the average of their networks is a bad "
        "network. Bring the rows into a random order before fit."
    )
