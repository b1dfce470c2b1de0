"""Targets of a regressor: numbers in the user's units and in scaled ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import rel_entr
from sklearn.metrics import (
    d2_absolute_error_score,
    d2_pinball_score,
    mean_tweedie_deviance,
    r2_score,
)

from deepgen import _core
from deepgen._engine.arrays import AnyArray, Matrix
from deepgen._inputs.columns import columns_not_finite, list_columns
from deepgen._inputs.features import refuse_lookalikes
from deepgen._inputs.target_scaling import TargetScaling
from deepgen._inputs.targets import Targets
from deepgen._network.network import Network
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


@dataclass(frozen=True)
class RegressionTargets(Targets):
    """The loss of a regressor and the scaling of its targets.

    Parameters
    ----------
    loss : RegressionLoss
        What training minimises.
    scaling : TargetScaling
        From the user's units to those that the network is trained in.
    standardizes : bool
        Whether `with_scaling` learns a scaling.

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

    @property
    def n_columns(self) -> int:
        """Columns of the targets."""
        return len(self.scaling.mean)

    @property
    def levels(self) -> list[float] | None:
        """The levels where several quantiles are predicted, else None."""
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
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(
                f"y must be numbers for a regressor ({error}); MLPClassifier takes words as labels"
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
        # What the type cannot hold is refused whatever the scaling would make of it.
        _refuse_overflow(numbers, numbers, dtype)
        return numbers

    def with_scaling(self, y: AnyArray, weights: AnyArray | None) -> RegressionTargets:
        """Learn the scaling."""
        if not self.standardizes or self.loss.has_own_scale:
            return self
        columns, centred = y.reshape(len(y), -1), not self.loss.positive_link
        return replace(self, scaling=TargetScaling.learn(columns, weights, centred=centred))

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
        """Return predictions in the user's units, (n_rows, n_outputs), of float64."""
        scaling = self.scaling
        return network.predictions(X, scaling.mean, scaling.scale, rows=rows, n_threads=n_threads)

    def decode(self, outputs: AnyArray) -> AnyArray:
        """Return predictions with a column per target, or per level where there are several."""
        several = self.n_columns > 1 or self.levels is not None
        return outputs if several else outputs.ravel()

    def score(self, y: Any, predictions: AnyArray, weights: Any) -> float:
        """Return R2, or D2 of the pinball loss (mean over levels) where quantiles are predicted."""
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
        """Return D2 of a deviance that fits the loss, for squared error R2."""
        predictions = self.decode(outputs)
        if isinstance(self.loss, AbsoluteError | Huber):
            return float(d2_absolute_error_score(y, predictions, sample_weight=weights))
        deviance: Callable[..., Any]
        if isinstance(self.loss, Poisson | Gamma):
            deviance = partial(_tweedie, power=1 if isinstance(self.loss, Poisson) else 2)
        elif isinstance(self.loss, BinaryCrossEntropy):
            deviance = _cross_entropy
        else:
            return self.score(y, predictions, weights)
        columns = zip(y.reshape(len(y), -1).T, outputs.T, strict=True)
        return float(np.mean([_d2(*column, weights, deviance) for column in columns]))


def _d2(y: AnyArray, predictions: AnyArray, weights: Any, deviance: Callable[..., Any]) -> float:
    """Return the share of a deviance explained; of constant targets 0, as R2 has it."""
    counted = y if weights is None else y[weights > 0]
    if (counted == counted[0]).all():
        return 0.0
    constant = np.full(len(y), np.average(y, weights=weights))
    with np.errstate(over="ignore"):
        own = deviance(y, predictions, sample_weight=weights)
    if not np.isfinite(own):
        return float("nan")
    return float(1 - own / deviance(y, constant, sample_weight=weights))


def _tweedie(y: AnyArray, means: AnyArray, *, sample_weight: Any, power: int) -> float:
    """Return the mean Tweedie deviance."""
    # Of a prediction that is 0 in float64 the deviance is finite for counts near 0 only.
    means = np.maximum(means, np.finfo(np.float64).tiny)
    return float(mean_tweedie_deviance(y, means, sample_weight=sample_weight, power=power))


def _cross_entropy(y: AnyArray, p: AnyArray, *, sample_weight: Any) -> float:
    """Return the mean cross-entropy of targets in [0, 1], less its lowest value, their own."""
    # A share that is 1 in float64 is at most half a unit in the last place away from it.
    rest = np.maximum(1 - p, np.finfo(np.float64).eps / 2)
    return float(np.average(rel_entr(y, p) + rel_entr(1 - y, rest), weights=sample_weight))


def _refuse_overflow(y: AnyArray, values: AnyArray, dtype: np.dtype[Any]) -> None:
    if not np.abs(values).max() <= np.finfo(dtype).max:
        where = _where(y, dtype)
        largest = np.abs(y).max()
        raise ValueError(f"y is too large for {dtype.name}: {largest}{where and '.' + where}")


def _where(y: AnyArray, dtype: Any) -> str:
    """Return which columns, where there are several, hold what is no number of a type."""
    names, _ = columns_not_finite(y, np.finfo(dtype).max)
    return f" See {list_columns(names)}." if names else ""
