"""Scales: conversions of a column's numbers to a common size."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import QuantileTransformer

from deepgen._engine.arrays import FloatArray

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["SCALES", "QuantileScale", "RobustScale", "Scale", "StandardScale"]

FEW_OF_MANY = 10.0
"""Largest width of a column with equal quartiles, over the usual distance of its other values."""
FARTHEST = 1e6
"""Bound of scaled numbers, so that float32 can represent them and their squares."""


@dataclass(frozen=True, eq=False)
class Scale:
    """Base of the scales, not for direct use.

    Examples
    --------
    >>> from deepgen.preprocessing.scales import SCALES
    >>> sorted(SCALES)
    ['quantile', 'robust', 'standard']
    """

    name: ClassVar[str]

    @classmethod
    @abstractmethod
    def learn(cls, values: FloatArray) -> Self:
        """Learn from the training rows.

        Parameters
        ----------
        values : ndarray of shape (n,)
            Values without missing ones, at least two of them different.

        Returns
        -------
        scale : Scale
            Scale of the column.
        """

    @abstractmethod
    def apply(self, values: FloatArray) -> FloatArray:
        """Scale numbers.

        Parameters
        ----------
        values : ndarray of shape (n,)
            Values without missing ones.

        Returns
        -------
        scaled : ndarray of shape (n,)
            Finite numbers.
        """

    def to_data(self) -> dict[str, Any]:
        """Return the scale as plain data.

        Returns
        -------
        data : dict
            Name and fields of the scale.
        """
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        return {"scale": self.name, **own}


@dataclass(frozen=True, eq=False)
class RobustScale(Scale):
    """Shift to median 0, scale to quartiles 1 apart, and bound smoothly by 3.

    z / sqrt(1 + (z / 3)^2) is close to z for most rows. A column with equal quartiles is divided by
    half its range or, if this is less, by ten times the median distance from the center among the
    values that differ from it, so that a single outlier does not determine the scale.

    Parameters
    ----------
    center, width : float
        Median, and distance of the quartiles.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.preprocessing.scales import RobustScale
    >>> RobustScale(center=5.0, width=2.0).apply(np.array([5.0, 7.0, 1e9])).round(3).tolist()
    [0.0, 0.949, 3.0]
    """

    name: ClassVar[str] = "robust"

    center: float
    width: float

    @classmethod
    def learn(cls, values: FloatArray) -> Self:
        low, center, high = np.quantile(values, [0.25, 0.5, 0.75]).tolist()
        if width := high - low:
            return cls(center, width)
        usual = np.median(np.abs(values - center)[values != center])
        return cls(center, min(float(values.max() - values.min()) / 2, FEW_OF_MANY * float(usual)))

    def apply(self, values: FloatArray) -> FloatArray:
        z = _linear(values, self.center, self.width)
        return z / np.sqrt(1 + (z / 3) ** 2)


@dataclass(frozen=True, eq=False)
class StandardScale(Scale):
    """Shift to mean 0 and scale to standard deviation 1.

    Parameters
    ----------
    center, width : float
        Mean and standard deviation.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.preprocessing.scales import StandardScale
    >>> StandardScale(center=5.0, width=2.0).apply(np.array([5.0, 7.0])).tolist()
    [0.0, 1.0]
    """

    name: ClassVar[str] = "standard"

    center: float
    width: float

    @classmethod
    def learn(cls, values: FloatArray) -> Self:
        # The square of a tiny difference can be 0.
        return cls(float(values.mean()), float(values.std()) or float(np.ptp(values)))

    def apply(self, values: FloatArray) -> FloatArray:
        return _linear(values, self.center, self.width)


@dataclass(frozen=True, eq=False)
class QuantileScale(Scale):
    """Map to the normal distribution: each number becomes the normal quantile of its rank.

    Parameters
    ----------
    quantiles : ndarray of shape (n_quantiles,)
        Quantiles of the training rows.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.preprocessing.scales import QuantileScale
    >>> QuantileScale(np.array([1.0, 10.0, 1e6])).apply(np.array([10.0])).tolist()
    [0.0]
    """

    name: ClassVar[str] = "quantile"

    quantiles: FloatArray

    @classmethod
    def learn(cls, values: FloatArray) -> Self:
        n_quantiles = min(max(min(len(values) // 30, 1000), 10), len(values))
        learner = QuantileTransformer(n_quantiles=n_quantiles, subsample=None)
        return cls(learner.fit(values[:, None]).quantiles_[:, 0].copy())

    def apply(self, values: FloatArray) -> FloatArray:
        # Restore a transformer of scikit-learn from its learned quantiles.
        learned = QuantileTransformer(output_distribution="normal")
        learned.n_features_in_, learned.n_quantiles_ = 1, len(self.quantiles)
        learned.quantiles_ = self.quantiles[:, None]
        learned.references_ = np.linspace(0, 1, len(self.quantiles))
        scaled: FloatArray = learned.transform(values[:, None])[:, 0]
        return scaled


SCALES: dict[str, type[Scale]] = {
    scale.name: scale for scale in (RobustScale, StandardScale, QuantileScale)
}
"""Scales by name."""


def _linear(
    values: FloatArray, center: float | FloatArray, width: float | FloatArray
) -> NDArray[np.float64]:
    """Return (values - center) / width, finite even beyond the range of float64."""
    with np.errstate(over="ignore"):
        return np.clip((values - center) / width, -FARTHEST, FARTHEST)
