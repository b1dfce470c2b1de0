"""Columns of numbers: scaled, encoded by bins, with missing ones filled and marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import FloatArray
from deepgen._inputs.raw_column import RawColumn
from deepgen.preprocessing.bins import Bins
from deepgen.preprocessing.column import Column
from deepgen.preprocessing.scales import SCALES, Scale

__all__ = ["NumberColumn"]

USUAL = (1e-100, 1e100)
"""Range of sizes whose squares and differences are finite in float64."""


@dataclass(frozen=True, eq=False)
class NumberColumn(Column):
    """Numbers.

    Parameters
    ----------
    name : str or int
        Name of the column.
    place : int
        Its position in the training table.
    start : int
        Index of its first feature.
    unit : float
        Divisor of all numbers: 1, except for sizes outside of `USUAL`.
    median : float
        Replacement of missing numbers, in units.
    scale : Scale or None
        Scale of the number; None if all numbers are equal and only the indicator of missing ones
        varies.
    bins : Bins or None
        Bins of the additional piecewise-linear encoding.
    has_missing : bool
        Whether numbers were missing in training; the last feature is then their indicator.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.preprocessing import TableEncoder
    >>> column = TableEncoder().fit([[1.0], [2.0], [np.nan], [9.0]]).columns_[0]
    >>> column.describe(), column.feature_names
    ('number, missing ones become 2 and are marked', ('x0', 'x0 is missing'))
    """

    kind: ClassVar[str] = "number"

    unit: float
    median: float
    scale: Scale | None
    bins: Bins | None
    has_missing: bool

    @classmethod
    def learn(
        cls, name: Any, place: int, values: FloatArray, scale: type[Scale], n_bins: int
    ) -> NumberColumn | None:
        """Learn from the training rows.

        Parameters
        ----------
        name : str or int
            Name of the column.
        place : int
            Its position in the table.
        values : ndarray of shape (n,)
            Numbers, NaN if missing, without infinity.
        scale : type of Scale
            Scale of the numbers.
        n_bins : int
            Number of bins of the encoding; 0 for none.

        Returns
        -------
        column : NumberColumn or None
            None for a column without information: without numbers, or constant.
        """
        missing = np.isnan(values)
        has_missing = bool(missing.any())
        present = values[~missing] if has_missing else values
        if not len(present):
            return None
        low, high = float(present.min()), float(present.max())
        if low == high and not has_missing:
            return None
        unit = _unit(max(abs(low), abs(high)))
        present = present / unit if unit != 1 else present
        varies = low < high
        return cls(
            name,
            place,
            0,
            unit,
            float(np.median(present)),
            scale.learn(present) if varies else None,
            Bins.learn(present, n_bins) if varies and n_bins else None,
            has_missing,
        )

    @property
    def feature_kinds(self) -> tuple[str, ...]:
        n_bins = self.bins.n_features if self.bins else 0
        kinds = ("number",) * (self.scale is not None) + ("encoding",) * n_bins
        return kinds + ("indicator",) * self.has_missing

    @property
    def feature_names(self) -> tuple[str, ...]:
        names = [str(self.name)] * (self.scale is not None)
        if self.bins:
            edges = self.bins.edges * self.unit
            pairs = zip(edges[:-1], edges[1:], strict=True)
            # Neighbours with equal texts are distinguished by their position.
            names += [f"{self.name} bin {i}: {a:.6g} to {b:.6g}" for i, (a, b) in enumerate(pairs)]
        return tuple(names + [f"{self.name} is missing"] * self.has_missing)

    def write(self, raw: RawColumn, out: NDArray[np.float32]) -> None:
        self.write_numbers(raw.numbers(), out)

    def write_numbers(self, values: FloatArray, out: NDArray[np.float32]) -> None:
        """Write the features of numbers.

        Parameters
        ----------
        values : ndarray of shape (n_rows,)
            Numbers, NaN if missing.
        out : ndarray of shape (n_rows, n_features)
            Array for the features.
        """
        missing = np.isnan(values)
        filled = values / self.unit if self.unit != 1 else values
        if missing.any():
            filled = np.where(missing, self.median, filled)
        place = 0
        if self.scale is not None:
            out[:, 0] = self.scale.apply(filled)
            place = 1
        if self.bins is not None:
            self.bins.write(filled, out[:, place : place + self.bins.n_features])
        if self.has_missing:
            out[:, -1] = missing

    def describe(self) -> str:
        bins = f" and {self.bins.n_features} bins" if self.bins else ""
        if not self.has_missing:
            return f"number{bins}"
        if self.scale is None:
            return "always the same number or missing"
        return f"number{bins}, missing ones become {self.median * self.unit:.6g} and are marked"

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> NumberColumn:
        fields = dict(data)
        if fields["scale"] is not None:
            scale = dict(fields["scale"])
            fields["scale"] = SCALES[scale.pop("scale")](**scale)
        if fields["bins"] is not None:
            fields["bins"] = Bins(**fields["bins"])
        return cls(**fields)


def _unit(largest: float) -> float:
    """Return 1, or the power of two that brings numbers of unusual size near 1, exactly."""
    if largest == 0 or USUAL[0] < largest < USUAL[1]:
        return 1.0
    # At least the smallest normal number, since smaller powers have no exact inverse.
    return float(2.0 ** max(np.frexp(largest)[1] - 1, -1022))
