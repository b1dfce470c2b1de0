"""Mean predictions of several networks for rows of which each network has only some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Part", "mean_by_row"]


@dataclass(frozen=True)
class Part:
    """Rows and their predictions.

    Parameters
    ----------
    rows : ndarray of shape (n,)
        Indices of the rows.
    predictions : ndarray of shape (n,) or (n, n_classes)
        Numbers, or probabilities of classes.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.tabular.mean_by_row import Part
    >>> Part(np.array([2]), np.array([0.5])).predictions.tolist()
    [0.5]
    """

    rows: NDArray[np.int64]
    predictions: NDArray[Any]


def mean_by_row(parts: Sequence[Part]) -> Part:
    """Return the mean prediction for each row that occurs.

    Parameters
    ----------
    parts : sequence of Part
        Predictions of each network for its rows, each row once.

    Returns
    -------
    part : Part
        All rows in order, with the mean over the networks that have the row, in float64.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.tabular.mean_by_row import Part, mean_by_row
    >>> one, two = Part(np.array([4, 1]), np.array([1.0, 2.0])), Part(np.array([4]), np.ones(1) * 3)
    >>> mean = mean_by_row([one, two])
    >>> mean.rows.tolist(), mean.predictions.tolist()
    ([1, 4], [2.0, 2.0])
    """
    rows = np.unique(np.concatenate([part.rows for part in parts]))
    total = np.zeros((len(rows), *parts[0].predictions.shape[1:]))
    count = np.zeros((len(rows), *(1,) * (total.ndim - 1)))
    for part in parts:
        places = np.searchsorted(rows, part.rows)
        total[places] += part.predictions
        count[places] += 1
    return Part(rows, total / count)
