"""Validation: held-out rows, and the loss and score of a network on them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import AnyArray
from deepgen._engine.random_streams import SPLIT, generator
from deepgen._network.network import Network
from deepgen._training.data import Data

__all__ = ["Validation", "make_split", "split_rows"]

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Validation:
    """Samples that are measured after each epoch.

    Parameters
    ----------
    data : Data
        The samples.
    score : callable
        Function from a network and its loss on the samples to a number; higher is better.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen._training.data import Data
    >>> from deepgen._training.validation import Validation
    >>> data = Data(np.zeros((2, 1)), np.zeros((2, 1)))
    >>> Validation(data, score=lambda network, loss: -loss).score(None, 0.5)
    -0.5
    """

    data: Data
    score: Callable[[Network, float], float]

    def measure(self, network: Network, n_threads: int = 1) -> tuple[float, float]:
        """Return loss and score of a network."""
        loss = self.loss_of(network, n_threads)
        return loss, self.score(network, loss)

    def loss_of(self, network: Network, n_threads: int = 1) -> float:
        """Return the loss of a network."""
        data = self.data
        return network.loss(data.X, data.y, data.weights, rows=data.rows, n_threads=n_threads)


def make_split(
    X: Any, y: Any, groups: Any, how: Any, seed: int
) -> Callable[[AnyArray | None, AnyArray | None], tuple[Rows, Rows]]:
    """Return a function from classes and weights to the rows of training and validation.

    ``how`` is a share of the rows or a splitter of scikit-learn, whose last split is used.
    ``groups`` (n_samples,) or None: each group is on one side only.
    """
    if not hasattr(how, "split"):
        if groups is None:
            return partial(split_rows, X.shape[0], how, seed)
        from sklearn.model_selection import GroupShuffleSplit

        how = GroupShuffleSplit(n_splits=1, test_size=how)
    return partial(_split_by, how, X, y, groups, seed)


def _split_by(
    splitter: Any,
    X: Any,
    y: Any,
    groups: Any,
    seed: int,
    labels: AnyArray | None,
    weights: AnyArray | None,
) -> tuple[Rows, Rows]:
    """Split by a splitter; only the splitter itself may balance ``labels``."""
    if getattr(splitter, "random_state", 0) is None:
        splitter = copy(splitter)
        splitter.random_state = int(generator(seed, SPLIT).integers(2**32, dtype=np.uint64))
    # The last split of a time series validates on the newest rows.
    splits = deque(splitter.split(X, y, groups), maxlen=1)
    if not splits:
        raise ValueError(f"validation_fraction={splitter!r} gives no split")
    training, validation = (_row_numbers(part, X.shape[0]) for part in splits[0])
    if len(np.intersect1d(training, validation)):
        raise ValueError(f"validation_fraction={splitter!r} puts rows on both sides")
    for name, part, fewest in (("training", training, 1), ("validation", validation, 2)):
        n_counted = len(part) if weights is None else int((weights[part] > 0).sum())
        if n_counted < fewest:
            raise ValueError(
                f"validation_fraction={splitter!r} leaves {n_counted} of {X.shape[0]} samples with "
                f"positive weight for {name}, at least {fewest} are needed"
            )
    return training, validation


def _row_numbers(part: Any, n_samples: int) -> Rows:
    """Return the row numbers of a splitter's part, which may be a mask."""
    part = np.asarray(part)
    if part.dtype == bool:
        part = np.flatnonzero(part)
    numbers: Rows = part.astype(np.int64)
    if len(numbers) and not (0 <= numbers.min() and numbers.max() < n_samples):
        raise ValueError(f"validation_fraction gives rows outside 0 to {n_samples - 1}")
    return numbers


def split_rows(
    n_samples: int,
    fraction: float,
    seed: int,
    labels: AnyArray | None,
    weights: AnyArray | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw the rows of training and of validation; equal seeds give equal rows.

    The shares of the classes ``labels`` (n_samples,) are equal on both sides; with more than two
    classes only if every class has enough rows. Rows with ``weights`` (n_samples,) of 0 are
    distributed separately, so they do not affect the others.
    """
    from sklearn.model_selection import train_test_split

    n_validation = int(np.ceil(fraction * n_samples))
    state = np.random.RandomState(generator(seed, SPLIT).integers(2**32, dtype=np.uint64))
    rows = np.arange(n_samples, dtype=np.int64)
    if weights is not None and not weights.all():
        training, validation = _split_weighted(rows, fraction, state, labels, weights > 0)
    else:
        if labels is not None and len(np.unique(labels)) > 2 and _too_rare(labels, n_validation):
            labels = None
        training, validation = train_test_split(
            rows, test_size=fraction, random_state=state, stratify=labels
        )
    if n_validation < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the size of your "
            f"dataset: {n_validation} of {n_samples} samples would be left for validation."
        )
    return training, validation


def _too_rare(labels: AnyArray, n_validation: int) -> bool:
    """Return whether some class has too few rows to be on both sides."""
    counts = np.unique(labels, return_counts=True)[1]
    smaller = min(n_validation, len(labels) - n_validation)
    return bool(counts.min() < 2 or smaller < len(counts))


def _split_weighted(
    rows: NDArray[np.int64],
    fraction: float,
    state: np.random.RandomState,
    labels: AnyArray | None,
    counts: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split rows with a positive weight and rows without separately.

    ``rows`` and ``counts``, True for a positive weight, are (n_samples,).
    """
    n_weighted = int(counts.sum())
    if n_weighted < 2:
        raise ValueError(
            "training and validation each need samples of positive weight, and "
            f"{n_weighted} of {len(rows)} samples has one"
        )
    # A score of fewer than two samples means little, and R2 is undefined.
    n_validation = min(max(int(np.ceil(fraction * n_weighted)), 2), n_weighted - 1)
    n_rest = max(int(np.ceil(fraction * len(rows))) - n_validation, 0)
    weighted = _draw(rows[counts], n_validation, state, labels)
    rest = _draw(rows[~counts], min(n_rest, len(rows) - n_weighted), state, labels)
    training, validation = (
        state.permutation(np.concatenate(parts)) for parts in zip(weighted, rest, strict=True)
    )
    return training, validation


def _draw(
    rows: NDArray[np.int64],
    n_validation: int,
    state: np.random.RandomState,
    labels: AnyArray | None,
) -> Any:
    """Draw training and validation rows, with equal shares of the classes if possible."""
    from sklearn.model_selection import train_test_split

    if n_validation in (0, len(rows)):
        return (rows, rows[:0]) if n_validation == 0 else (rows[:0], rows)
    own = None if labels is None else labels[rows]
    if own is not None and _too_rare(own, n_validation):
        own = None
    return train_test_split(rows, test_size=n_validation, random_state=state, stratify=own)
