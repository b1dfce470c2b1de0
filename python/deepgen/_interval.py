"""Intervals: estimates with limits, by SciPy's t, Wilson and bootstrap methods."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
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
    from scipy.stats import sem, t

    sample = _sample(values, level)
    n = len(sample)
    method = f"{100 * level:g} % t interval, {n} seed{'s' if n != 1 else ''}"
    mean = float(sample.mean())
    if n == 1 or not np.isfinite(sample).all():
        return Interval(mean, -math.inf, math.inf, method)
    # Not t.interval, which is NaN for equal values.
    margin = float(t.ppf(0.5 + level / 2, n - 1) * sem(sample))
    return Interval(mean, mean - margin, mean + margin, method)


def bootstrap_interval(
    values: ArrayLike,
    statistic: Callable[[NDArray[np.float64]], float] = np.median,
    *,
    level: float = 0.95,
    n_resamples: int = 2000,
) -> Interval:
    """Bound a statistic over seeds by the bootstrap: BCa, or percentiles where BCa is undefined.

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
        Infinite limits if there is only one seed. Its method names the kind of bootstrap.

    Notes
    -----
    BCa [2]_ corrects the percentiles [1]_ for bias and skewness, the latter by the jackknife: the
    statistic with each seed left out in turn. That fails for medians, where nearly all of these
    numbers are equal, and for infinite values, such as the epochs of a network that never reaches
    a loss. The interval has the plain percentiles as limits if at most half of the numbers or at
    most three differ, or one is not finite.

    References
    ----------
    .. [1] B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7,
       1979.
    .. [2] B. Efron, "Better bootstrap confidence intervals", Journal of the American Statistical
       Association 82, 1987.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.experiments import bootstrap_interval
    >>> bootstrap_interval([1.0, 2.0, 3.0, 4.0]).method
    '95 % percentile bootstrap interval, 4 seeds'
    >>> bootstrap_interval([1.0, 2.0, 3.0, 4.0], np.mean).method
    '95 % BCa bootstrap interval, 4 seeds'
    """
    from scipy.stats import DegenerateDataWarning, bootstrap

    sample = _sample(values, level)
    n = len(sample)
    estimate = float(statistic(sample))
    if n == 1:
        return Interval(estimate, -math.inf, math.inf, _bootstrap_method("percentile", level, n))
    interval_of = partial(
        bootstrap,
        (np.arange(n),),
        lambda rows: float(statistic(sample[rows])),
        vectorized=False,
        confidence_level=level,
    )
    kind = "percentile"
    resampled = interval_of(
        n_resamples=n_resamples, method=kind, random_state=np.random.default_rng(0)
    )
    limits = resampled.confidence_interval
    if _jackknife_holds(sample, statistic):
        with warnings.catch_warnings(), np.errstate(invalid="ignore"):
            # It warns if all resamples lie on one side of the estimate, where BCa is undefined too.
            warnings.simplefilter("ignore", DegenerateDataWarning)
            corrected = interval_of(
                n_resamples=0, bootstrap_result=resampled, method="BCa"
            ).confidence_interval
        if np.isfinite(corrected).all():
            limits, kind = corrected, "BCa"
    method = _bootstrap_method(kind, level, n)
    return Interval(estimate, float(limits.low), float(limits.high), method)


def _bootstrap_method(kind: str, level: float, n: int) -> str:
    return f"{100 * level:g} % {kind} bootstrap interval, {n} seed{'s' if n != 1 else ''}"


def _jackknife_holds(
    sample: NDArray[np.float64], statistic: Callable[[NDArray[np.float64]], float]
) -> bool:
    """Return whether the statistic is finite without any one seed, and mostly differs."""
    n = len(sample)
    without = [float(statistic(np.delete(sample, seed, axis=0))) for seed in range(n)]
    # Of few seeds, too, three numbers may be all that a median can give.
    n_distinct = len(np.unique(without))
    return bool(np.isfinite(without).all()) and 2 * n_distinct > n and n_distinct > 3


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
