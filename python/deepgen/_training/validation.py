"""Validation: rows that training does not see, and how well a network does on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import AnyArray
from deepgen._engine.random_streams import SPLIT, generator
from deepgen._network.network import Network
from deepgen._training.data import Data

__all__ = ["Validation", "split_rows"]


@dataclass(frozen=True)
class Validation:
    """Samples that are measured after each epoch.

    Parameters
    ----------
    data : Data
        The samples.
    score : callable
        From a network and its loss on the samples to a number, higher is better.

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
        data = self.data
        loss = network.loss(data.X, data.y, data.weights, rows=data.rows, n_threads=n_threads)
        return loss, self.score(network, loss)


def split_rows(
    n_samples: int, fraction: float, seed: int, labels: AnyArray | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose the validation rows by chance; equal seeds choose equal rows.

    The shares of the classes ``labels`` (n_samples,) are kept alike on both sides; of more than
    two, only where every class has rows enough.
    """
    from sklearn.model_selection import train_test_split

    if labels is not None:
        counts = np.unique(labels, return_counts=True)[1]
        n_validation = int(np.ceil(fraction * n_samples))
        several = len(counts) > 2
        if several and (
            counts.min() < 2 or min(n_validation, n_samples - n_validation) < len(counts)
        ):
            labels = None
    state = np.random.RandomState(generator(seed, SPLIT).integers(2**32, dtype=np.uint64))
    parts: Any = train_test_split(
        np.arange(n_samples, dtype=np.int64),
        test_size=fraction,
        random_state=state,
        stratify=labels,
    )
    training, validation = parts
    if len(validation) < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the size of your "
            f"dataset: {len(validation)} of {n_samples} samples would be left for validation."
        )
    return training, validation
