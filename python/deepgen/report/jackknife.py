"""Intervals of statistics of paired losses: the jackknife over splits.

A statistic is a function of the mean losses of several kinds of refits. Its standard error is that
of its values without each split in turn; the interval is Student's. A statistic may also have
limits of its own, such as those of an extrapolation; the interval extends beyond both.

Source: B. Efron and C. Stein, "The jackknife estimate of variance", Annals of Statistics 9, 1981.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import FloatArray
from deepgen._interval import Interval

__all__ = ["Jackknife", "Means", "unknown"]

Means = Mapping[str, float]
"""Mean loss by kind of refit."""

LEVEL: Final = 0.95
"""Probability that an interval covers the truth."""
FEWEST_SPLITS: Final = 3
"""Smallest number of splits whose spread is used; with fewer, that of blocks of rows."""
BLOCKS: Final = 10
"""Number of these blocks."""


def unknown(reason: str) -> Interval:
    """Return the interval of a quantity that was not measured.

    Parameters
    ----------
    reason : str
        Why not, in a few words.

    Returns
    -------
    interval : Interval
        No estimate, no limits.

    Examples
    --------
    >>> from deepgen.report.jackknife import unknown
    >>> unknown("too few rows").method
    'not measured: too few rows'
    """
    return Interval(math.nan, -math.inf, math.inf, f"not measured: {reason}")


@dataclass(frozen=True)
class Jackknife:
    """Columns of losses, and the groups of rows that are left out in turn.

    Parameters
    ----------
    columns : mapping of str to ndarray of shape (n,)
        Losses of each row by name; NaN where not measured.
    split : ndarray of shape (n,)
        Number of the split that held out the row; -1 for none.
    weights : ndarray of shape (n,) or None
        Sample weights.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.report.jackknife import Jackknife
    >>> losses = Jackknife({"own": np.arange(6.0)}, np.array([0, 0, 1, 1, 2, 2]), None)
    >>> print(losses.interval(lambda means: means["own"], "own"))
    2.5 [-2.468, 7.468]
    """

    columns: Mapping[str, FloatArray]
    split: NDArray[np.int64]
    weights: FloatArray | None

    def means(self, rows: NDArray[Any], names: tuple[str, ...]) -> dict[str, float]:
        """Return the mean of each column over some rows.

        Parameters
        ----------
        rows : ndarray of bool
            The rows.
        names : tuple of str
            Names of the columns.

        Returns
        -------
        means : dict of str to float
            Weighted means.
        """
        weights = None if self.weights is None else self.weights[rows]
        means = {}
        for name in names:
            known = np.isfinite(values := self.columns[name][rows])
            if name.endswith("train") and not known.any():
                # Measured on one split, whose held-out rows have not trained.
                means[name] = self._whole_mean(name)
                continue
            some = None if weights is None else weights[known]
            filled = known.any() and (some is None or some.any())
            means[name] = float(np.average(values[known], weights=some)) if filled else math.nan
        return means

    def _whole_mean(self, name: str) -> float:
        known = np.isfinite(values := self.columns[name])
        weights = None if self.weights is None else self.weights[known]
        empty = not known.any() or (weights is not None and not weights.any())
        return math.nan if empty else float(np.average(values[known], weights=weights))

    def interval(
        self, statistic: Callable[[Means], float | tuple[float, float, float]], *names: str
    ) -> Interval:
        """Return a statistic with its interval.

        Parameters
        ----------
        statistic : callable
            Function from means to an estimate, or to an estimate and two limits.
        *names : str
            Names of the columns that it needs.

        Returns
        -------
        interval : Interval
            Over the rows with all columns; `unknown` if there are none.
        """
        from scipy.stats import t

        lacking = [name for name in names if name not in self.columns]
        if lacking:
            return unknown(f"'{lacking[0]}' was left out")
        held_out = [name for name in names if not name.endswith("train")]
        whole = np.all([np.isfinite(self.columns[name]) for name in held_out], axis=0)
        whole &= self.split >= 0
        groups = np.unique(self.split[whole])
        group, n_splits = self.split, len(groups)
        if n_splits == 0:
            return unknown("no row is held out")
        if n_splits < FEWEST_SPLITS:
            group = np.full(len(whole), -1)
            group[whole] = np.arange(whole.sum()) % min(BLOCKS, int(whole.sum()))
            groups = np.unique(group[whole])

        def values(rows: NDArray[Any]) -> FloatArray:
            answer = statistic(self.means(rows, names))
            return np.array(answer if isinstance(answer, tuple) else (answer,) * 3)

        estimate, low, high = values(whole)
        count = len(groups)
        if count < 2:
            return Interval(float(estimate), -math.inf, math.inf, "one row")
        without = np.array([values(whole & (group != one)) for one in groups])
        spread = np.sqrt((count - 1) / count * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
        margin = float(t.ppf(0.5 + LEVEL / 2, count - 1)) * spread
        what = "splits" if n_splits >= FEWEST_SPLITS else "blocks of rows"
        return Interval(
            float(estimate),
            float(low - margin[1]),
            float(high + margin[2]),
            f"{100 * LEVEL:g} % jackknife interval, {count} {what}",
        )
