"""Targets of a regressor: numbers in the user's units and in scaled units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import d2_absolute_error_score, d2_pinball_score, r2_score

from deepgen import _core
from deepgen._engine.arrays import AnyArray, Matrix
from deepgen._inputs.columns import columns_not_finite, list_columns
from deepgen._inputs.deviances import cross_entropy, explained, tweedie
from deepgen._inputs.features import refuse_lookalikes
from deepgen._inputs.target_scaling import Moments, TargetScaling
from deepgen._inputs.targets import Targets, logits_of_shares
from deepgen._network.network import Network
from deepgen._network.output_change import OutputChange
from deepgen._retold import retold
from deepgen._user_warnings import warn
from deepgen.losses import (
    AbsoluteError,
    BinaryCrossEntropy,
    Gamma,
    Huber,
    Poisson,
    Quantile,
    RegressionLoss,
)

__all__ = ["RegressionTargets"]

# Standardized features give outputs with a spread of about 1; training copes with 10.
LARGE = 10.0
# Outliers dominate a scale if it is this many times as large as the scale without them.
RULED = 100.0


@dataclass(frozen=True)
class RegressionTargets(Targets):
    """The loss of a regressor and the scaling of its targets.

    Parameters
    ----------
    loss : RegressionLoss
        Training loss.
    scaling : TargetScaling
        Scaling from the user's units to the units of training.
    standardizes : bool
        Whether `with_scaling` learns a scaling.
    movable : bool, default=True
        Whether the network can adapt to another scaling, which needs intercepts.
    statistics : TargetScaling, default=None
        Mean and deviation from which the scaling was computed; None if they equal the scaling.
    seen : Moments, default=None
        Moments of the targets of all calls; None if an older version has learned the scaling.
    clips : bool, default=False
        Whether predictions are clipped to the range of the targets seen.
    lowest, highest : ndarray of shape (n_columns,), default=None
        Range of the targets of training rows with a positive weight; None if it is not needed.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen._inputs.regression_targets import RegressionTargets
    >>> from deepgen.losses import SquaredError
    >>> from deepgen._inputs.target_scaling import TargetScaling
    >>> y = np.array([1.0, 3.0])
    >>> targets = RegressionTargets(SquaredError(), TargetScaling.none(1), standardizes=True)
    >>> targets.with_scaling(y, None).encode(y, np.dtype("float32")).tolist()
    [[-1.0], [1.0]]
    """

    fewest_rows: ClassVar[int] = 2

    loss: RegressionLoss
    scaling: TargetScaling
    standardizes: bool
    movable: bool = True
    statistics: TargetScaling | None = None
    seen: Moments | None = None
    clips: bool = False
    lowest: NDArray[np.float64] | None = None
    highest: NDArray[np.float64] | None = None

    @property
    def n_columns(self) -> int:
        """Number of columns of the targets."""
        return len(self.scaling.mean)

    @property
    def levels(self) -> list[float] | None:
        """The levels if several quantiles are predicted, else None."""
        return self.loss.levels if isinstance(self.loss, Quantile) else None

    @property
    def core(self) -> _core.Component:
        return self.loss.to_core()

    @property
    def n_outputs(self) -> int:
        return (0 if self.levels is None else len(self.levels)) or self.n_columns

    @property
    def out_activation(self) -> str:
        return self.loss.out_activation

    def check(self, y: Any, dtype: np.dtype[Any], *, complete: bool = False) -> AnyArray:
        if not isinstance(y, np.ndarray):
            raise ValueError("y is sparse, a regressor needs a dense array")
        refuse_lookalikes(y, "y")
        try:
            numbers: AnyArray = np.asarray(y, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise retold(
                error,
                f"y must be numbers for a regressor ({error}); MLPClassifier accepts text labels",
            ) from error
        if not np.isfinite(numbers).all():
            raise ValueError(f"Input y contains NaN or infinity.{_where(numbers, np.float64)}")
        n_columns = 1 if y.ndim == 1 else y.shape[1]
        if self.levels is not None and n_columns > 1:
            raise ValueError(f"several quantiles need y of one column, got {n_columns}")
        if n_columns != self.n_columns:
            raise ValueError(
                f"y has {n_columns} columns, the regressor was fitted with {self.n_columns}"
            )
        if isinstance(self.loss, Poisson) and numbers.min() < 0:
            raise ValueError(f"loss='poisson' needs y >= 0, the smallest is {numbers.min()}")
        if isinstance(self.loss, Gamma) and numbers.min() <= 0:
            raise ValueError(f"loss='gamma' needs y > 0, the smallest is {numbers.min()}")
        if isinstance(self.loss, BinaryCrossEntropy) and (numbers.min() < 0 or numbers.max() > 1):
            raise ValueError(
                f"loss='binary_cross_entropy' needs y in [0, 1], got {numbers.min()} to "
                f"{numbers.max()}"
            )
        # Values that overflow the type are refused, whatever the scaling would do to them.
        _refuse_overflow(numbers, numbers, dtype)
        return numbers

    def with_scaling(
        self, y: AnyArray, weights: AnyArray | None, *, complete: bool = True
    ) -> RegressionTargets:
        """Learn the scaling; in the first of many rows, limit the influence of outliers."""
        if not self.standardizes or self.loss.has_own_scale:
            return self
        columns, centred = y.reshape(len(y), -1), not self.loss.positive_link
        moments = Moments.of(columns, weights)
        if complete:
            return self.with_moments(moments)
        scaling = moments.scaling(centred=centred)
        moments = Moments.without_outliers(columns, weights)
        without = moments.scaling(centred=centred)
        ruled = scaling.scale > RULED * without.scale
        mean = np.where(ruled, without.mean, scaling.mean)
        scaling = TargetScaling(mean, np.where(ruled, without.scale, scaling.scale))
        return replace(self, scaling=scaling, seen=moments)

    def with_moments(self, moments: Moments) -> RegressionTargets:
        """Return these targets with the scaling that the moments of all training rows give."""
        if not self.standardizes or self.loss.has_own_scale:
            return self
        scaling = moments.scaling(centred=not self.loss.positive_link)
        return replace(self, scaling=scaling, seen=moments)

    def with_rows(
        self, y: AnyArray, weights: AnyArray | None, *, complete: bool = True
    ) -> RegressionTargets:
        """Include later rows in the moments, and change the scaling if the rows do not fit it.

        Rows fit a target's scaling if their mean is within one scale of its mean and their
        deviation within a factor of 2 of its scale, or 0. If the first rows were all equal, all
        rows seen are compared. The new scaling is that of all rows seen.
        """
        if not self.standardizes or self.loss.has_own_scale:
            return self
        columns, centred = y.reshape(len(y), -1), not self.loss.positive_link
        used = self.statistics or self.scaling
        is_taught = np.ones(len(used.mean), bool) if self.seen is None else self.seen.deviation > 0
        fits = np.zeros(len(used.mean), dtype=bool)
        for moments in (Moments.of, Moments.without_outliers):
            rows = moments(columns, weights)
            seen = rows if self.seen is None else self.seen.and_of(rows)
            all_fit = _fit(seen, used, centred)
            fits |= np.where(is_taught, _fit(rows, used, centred), all_fit)
            if fits.all():
                return replace(self, seen=seen)
        # Predictions would change with the scaling if no intercept could make up for it.
        if not self.movable or self.levels is not None:
            what = "of several quantiles" if self.movable else "without intercepts"
            if not all_fit.all():
                warn(
                    "The targets have another mean or spread than those that their scaling was "
                    f"learned from, and a network {what} cannot make up for another scaling: it "
                    "stays. Begin with rows that are a fair sample of the targets."
                )
            return replace(self, seen=seen)
        # Only targets that do not fit get a new scaling.
        now = seen.scaling(centred=centred)
        mean, scale = np.where(fits, used.mean, now.mean), np.where(fits, used.scale, now.scale)
        moved = TargetScaling(mean, scale)
        # The scaling may have been adapted to the network's first outputs: adapt it again.
        own = self.scaling
        offset, size = (own.mean - used.mean) / used.scale, own.scale / used.scale
        scaling = TargetScaling(mean + offset * scale, size * scale)
        return replace(self, scaling=scaling, statistics=moved, seen=seen)

    def with_range(self, y: AnyArray, weights: AnyArray | None) -> RegressionTargets:
        columns = y.reshape(len(y), -1)
        if weights is not None and (weights > 0).any():
            columns = columns[weights > 0]
        lowest, highest = columns.min(axis=0), columns.max(axis=0)
        if self.lowest is not None and self.highest is not None:
            lowest = np.minimum(lowest, self.lowest)
            highest = np.maximum(highest, self.highest)
        return replace(self, lowest=lowest, highest=highest)

    def change_from(self, before: RegressionTargets) -> OutputChange | None:
        """Return the change of outputs and gradients from an earlier scaling to this one."""
        old, new = before.scaling, self.scaling
        if old is new:
            return None
        ratio = old.scale / new.scale
        if self.loss.positive_link:
            losses = ratio if isinstance(self.loss, Poisson) else np.ones_like(ratio)
            return OutputChange(np.ones_like(ratio), np.log(ratio), losses)
        shift = (old.mean - new.mean) / new.scale
        if before.seen is not None:
            # Equal targets have an arbitrary unit: preserving predictions in it would do harm.
            is_unit = before.seen.deviation > 0
            ratio, shift = np.where(is_unit, ratio, 1.0), np.where(is_unit, shift, 0.0)
        degree = 1 if isinstance(self.loss, AbsoluteError | Quantile) else 2
        return OutputChange(ratio, shift, ratio**degree)

    def in_units_of(self, outputs: AnyArray) -> RegressionTargets:
        """Return targets scaled to the size of a network's first outputs, if these are far larger.

        Features far from unit scale give outputs of thousands, which a step of Adam changes by a
        share of their own size, so they never settle at targets of size 1. Targets get the spread
        of the outputs, and at most as much mean relative to it as the outputs have.
        """
        if not (self.standardizes and self.loss.is_homogeneous):
            return self
        own = self.scaling
        with np.errstate(over="ignore", invalid="ignore"):
            first = outputs[:, : len(own.mean)].astype(np.float64)
            mean, spread = np.abs(first.mean(axis=0)), first.std(axis=0)
        large = spread > LARGE
        if not large.any() or not np.isfinite(spread).all():
            return self
        spread = np.where(large, spread, 1.0)
        kept = np.copysign(np.minimum(np.abs(own.mean), mean / spread * own.scale), own.mean)
        kept = np.where(large, kept, 0.0)
        scaling = TargetScaling(own.mean - kept, np.hypot(own.scale, kept) / spread)
        return replace(self, scaling=scaling, statistics=own)

    def constant(self, y: AnyArray, weights: AnyArray | None) -> NDArray[np.float64]:
        """Return mean, median or quantiles, before the link."""
        loss = self.loss
        if isinstance(loss, AbsoluteError | Huber):
            return _quantiles(y, weights, [0.5]).ravel()
        if isinstance(loss, Quantile):
            levels = loss.settings()["quantile"]
            values = _quantiles(y, weights, levels)
            if loss.levels is None:
                return values.ravel()
            rises = np.maximum(np.diff(values[:, 0]), np.finfo(np.float64).tiny)
            # Inverse of the softplus of a rise; exp would overflow for a large rise.
            return np.append(values[0], rises + np.log(-np.expm1(-rises)))
        mean: NDArray[np.float64] = np.average(y, axis=0, weights=weights)
        if loss.positive_link:
            return np.log(np.maximum(mean, np.finfo(np.float64).tiny))
        if isinstance(loss, BinaryCrossEntropy):
            return logits_of_shares(mean)
        return mean

    def encode(self, y: AnyArray, dtype: np.dtype[Any]) -> AnyArray:
        with np.errstate(over="ignore"):
            columns = self.scaling.apply(y.reshape(len(y), -1))
            encoded: AnyArray = np.require(columns, dtype=dtype, requirements=["C", "A"])
        _refuse_overflow(y, encoded, dtype)
        return encoded

    def read(
        self,
        network: Network,
        X: Matrix,
        *,
        rows: NDArray[np.int64] | None = None,
        n_threads: int = 1,
    ) -> tuple[AnyArray, int]:
        """Return predictions in the user's units, (n_rows, n_outputs), in float64."""
        scaling = self.scaling
        values, n_wrong = network.predictions(
            X, scaling.mean, scaling.scale, rows=rows, n_threads=n_threads
        )
        if self.clips and self.lowest is not None:
            np.clip(values, self.lowest, self.highest, out=values)
        return values, n_wrong

    def decode(self, outputs: AnyArray) -> AnyArray:
        """Return predictions with a column per target, or per level if there are several."""
        several = self.n_columns > 1 or self.levels is not None
        return outputs if several else outputs.ravel()

    def score(self, y: Any, predictions: AnyArray, weights: Any) -> float:
        """Return R2, or D2 of the pinball loss (mean over levels) for quantiles."""
        loss = self.loss
        if not isinstance(loss, Quantile):
            return float(r2_score(y, predictions, sample_weight=weights))
        if loss.levels is None:
            level: Any = loss.quantile
            return float(
                d2_pinball_score(y, predictions, sample_weight=weights, alpha=float(level))
            )
        scores = [
            d2_pinball_score(y, predictions[:, column], sample_weight=weights, alpha=level)
            for column, level in enumerate(loss.levels)
        ]
        return float(np.mean(scores))

    def score_outputs(self, y: Any, encoded: AnyArray, outputs: AnyArray, weights: Any) -> float:
        """Return D2 of the deviance that matches the loss; for squared error R2."""
        predictions = self.decode(outputs)
        if isinstance(self.loss, AbsoluteError | Huber):
            return float(d2_absolute_error_score(y, predictions, sample_weight=weights))
        deviance: Callable[..., Any]
        if isinstance(self.loss, Poisson | Gamma):
            deviance = partial(tweedie, power=1 if isinstance(self.loss, Poisson) else 2)
        elif isinstance(self.loss, BinaryCrossEntropy):
            deviance = cross_entropy
        else:
            return self.score(y, predictions, weights)
        columns = zip(y.reshape(len(y), -1).T, outputs.T, strict=True)
        return float(np.mean([explained(*column, weights, deviance) for column in columns]))


def _fit(rows: Moments, used: TargetScaling, centred: bool) -> NDArray[np.bool_]:
    """Return, for each target, whether later rows fit the statistics in use."""
    if centred:
        near = np.abs(rows.mean - used.mean) <= used.scale
        spread = rows.deviation
    else:
        near, spread = np.ones(len(rows.mean), dtype=bool), rows.mean
    alike = (spread >= used.scale / 2) & (spread <= used.scale * 2)
    fits: NDArray[np.bool_] = near & (alike | (spread == 0))
    return fits


def _quantiles(y: AnyArray, weights: AnyArray | None, levels: list[float]) -> AnyArray:
    """Return the quantiles of each column, (n_levels, n_columns)."""
    if weights is None:
        return np.quantile(y, levels, axis=0)
    columns = []
    for column in y.T:
        order = np.argsort(column)
        reached = np.cumsum(weights[order], dtype=np.float64)
        places = np.searchsorted(reached, np.multiply(levels, reached[-1]))
        columns.append(column[order][np.minimum(places, len(column) - 1)])
    return np.stack(columns, axis=1)


def _refuse_overflow(y: AnyArray, values: AnyArray, dtype: np.dtype[Any]) -> None:
    if not np.abs(values).max() <= np.finfo(dtype).max:
        where = _where(y, dtype)
        largest = np.abs(y).max()
        raise ValueError(f"y is too large for {dtype.name}: {largest}{where and '.' + where}")


def _where(y: AnyArray, dtype: Any) -> str:
    """Return a text with the columns of non-finite values, if there are several columns."""
    names, _ = columns_not_finite(y, np.finfo(dtype).max)
    return f" See {list_columns(names)}." if names else ""
