"""Intervals: estimates with limits, by SciPy's t, Wilson and bootstrap methods."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Interval", "bootstrap_interval", "exact", "t_interval", "wilson_interval"]


@dataclass(frozen=True)
class Interval:
    """An estimate between two limits.

    Parameters
    ----------
    estimate : float
        The measured number.
    low, high : float
        The limits; infinite if the data do not bound the quantity.
    method : str
        Name of the method, with level and number of repeats.

    Examples
    --------
    >>> from deepgen.experiments import t_interval
    >>> t_interval([1.0, 2.0, 3.0])  # doctest: +ELLIPSIS
    Interval(estimate=2.0, low=-0.484..., high=4.484..., method='95 % t interval, 3 seeds')
    """

    estimate: float
    low: float
    high: float
    method: str

    def __str__(self) -> str:
        if self.low == self.high:
            return f"{self.estimate:.4g}"
        return f"{self.estimate:.4g} [{self.low:.4g}, {self.high:.4g}]"


def exact(value: float) -> Interval:
    """Return the interval of a number without randomness.

    Parameters
    ----------
    value : float
        The number.

    Returns
    -------
    interval : Interval
        A single point.

    Examples
    --------
    >>> from deepgen.experiments import exact
    >>> print(exact(16))
    16
    """
    return Interval(float(value), float(value), float(value), "exact")


def t_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Bound the mean over seeds by Student's t distribution.

    Parameters
    ----------
    values : array-like of shape (n_seeds,)
        One number per seed.
    level : float, default=0.95
        Probability that the interval covers the mean, in (0, 1).

    Returns
    -------
    interval : Interval
        Infinite limits if there is only one seed or a value is not finite.

    Examples
    --------
    >>> from deepgen.experiments import t_interval
    >>> print(t_interval([1.0, 2.0, 3.0]))
    2 [-0.4841, 4.484]
    """
    from scipy.stats import t

    sample = _sample(values, level)
    n = len(sample)
    method = f"{100 * level:g} % t interval, {n} seed{'s' if n != 1 else ''}"
    mean = float(sample.mean())
    if n == 1 or not np.isfinite(sample).all():
        return Interval(mean, -math.inf, math.inf, method)
    margin = float(t.ppf(0.5 + level / 2, n - 1) * sample.std(ddof=1) / math.sqrt(n))
    return Interval(mean, mean - margin, mean + margin, method)


def bootstrap_interval(
    values: ArrayLike,
    statistic: Callable[[NDArray[np.float64]], float] = np.median,
    *,
    level: float = 0.95,
    n_resamples: int = 2000,
) -> Interval:
    """Bound a statistic over seeds by the percentile bootstrap.

    Parameters
    ----------
    values : array-like of shape (n_seeds,) or (n_seeds, n_columns)
        One row per seed; whole rows are resampled.
    statistic : callable, default=numpy.median
        Function from resampled rows to a number, for example a fitted slope.
    level : float, default=0.95
        Probability that the interval covers the statistic, in (0, 1).
    n_resamples : int, default=2000
        Number of resamples. Their random stream is fixed: equal values give equal intervals.

    Returns
    -------
    interval : Interval
        Infinite limits if there is only one seed.

    References
    ----------
    .. [1] B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7,
       1979.

    Examples
    --------
    >>> from deepgen.experiments import bootstrap_interval
    >>> bootstrap_interval([1.0, 2.0, 3.0, 4.0]).estimate
    2.5
    """
    from scipy.stats import bootstrap

    sample = _sample(values, level)
    n = len(sample)
    method = f"{100 * level:g} % bootstrap interval, {n} seed{'s' if n != 1 else ''}"
    estimate = float(statistic(sample))
    if n == 1:
        return Interval(estimate, -math.inf, math.inf, method)
    # Percentiles, not BCa: its jackknife has no acceleration for medians with ties and for
    # infinite values, such as the epochs of a net that never reaches a loss.
    limits = bootstrap(
        (np.arange(n),),
        lambda rows: float(statistic(sample[rows])),
        n_resamples=n_resamples,
        vectorized=False,
        confidence_level=level,
        method="percentile",
        random_state=np.random.default_rng(0),
    ).confidence_interval
    return Interval(estimate, float(limits.low), float(limits.high), method)


def wilson_interval(successes: int, trials: int, level: float = 0.95) -> Interval:
    """Bound a probability, given a number of successes.

    Parameters
    ----------
    successes : int
        Number of successes, from 0 to `trials`.
    trials : int
        Number of trials, at least 1.
    level : float, default=0.95
        Probability that the interval covers the truth, in (0, 1).

    Returns
    -------
    interval : Interval
        Wilson's score interval, within [0, 1].

    Raises
    ------
    ValueError
        If the counts or the level are out of range.

    References
    ----------
    .. [1] E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
       Journal of the American Statistical Association 22, 1927.

    Examples
    --------
    >>> from deepgen.experiments import wilson_interval
    >>> print(wilson_interval(10, 10))
    1 [0.7225, 1]
    """
    from scipy.stats import binomtest

    if not 0 <= successes <= trials or trials < 1:
        raise ValueError(f"successes must be in [0, trials], got {successes} of {trials}")
    _check_level(level)
    limits = binomtest(successes, trials).proportion_ci(level, "wilson")
    return Interval(
        successes / trials,
        float(limits.low),
        float(limits.high),
        f"{100 * level:g} % Wilson interval, {trials} trials",
    )


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"level must be in (0, 1), got {level!r}")


def _sample(values: ArrayLike, level: float) -> NDArray[Any]:
    _check_level(level)
    sample = np.asarray(values, dtype=float)
    if sample.ndim == 0 or len(sample) == 0:
        raise ValueError("an interval needs at least one value, got none")
    return sample
