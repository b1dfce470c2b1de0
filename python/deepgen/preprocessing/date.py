"""Columns of dates: days since 1970, and the calendar parts that vary."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import FloatArray
from deepgen._inputs.raw_column import RawColumn
from deepgen.preprocessing.column import Column
from deepgen.preprocessing.number import NumberColumn
from deepgen.preprocessing.scales import RobustScale

__all__ = ["PARTS", "DateColumn", "circle", "days_of", "part_of"]

PARTS: Final = {"month": 12, "weekday": 7, "hour": 24}
"""Calendar parts with their periods."""


@dataclass(frozen=True, eq=False)
class DateColumn(Column):
    """Dates: days since 1970, robustly scaled, and calendar parts as points on circles.

    Month, weekday and hour, if they vary in training, are points on a circle with two features
    each: December is as near to January as to November, and a line separates any range of months,
    weekdays or hours. A missing date is the centre of each circle.

    Parameters
    ----------
    name : str or int
        Name of the column.
    place : int
        Its position in the training table.
    start : int
        Index of its first feature.
    days : NumberColumn
        Days since 1970 with their encoding by bins and the indicator of missing dates.
    parts : tuple of {'month', 'weekday', 'hour'}
        Calendar parts that vary.
    zone : str or None
        Time zone of the dates' clock.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.preprocessing import TableEncoder
    >>> days = np.array(["1890-01-01", "1890-01-08", "1890-02-05"], dtype="datetime64[D]")
    >>> TableEncoder().fit(days[:, None]).get_feature_names_out().tolist()
    ['x0', 'x0 month (sine)', 'x0 month (cosine)']
    """

    kind: ClassVar[str] = "date"

    days: NumberColumn
    parts: tuple[str, ...]
    zone: str | None

    @classmethod
    def learn(cls, name: Any, place: int, raw: RawColumn, n_bins: int) -> DateColumn | None:
        """Learn from the training rows.

        Parameters
        ----------
        name : str or int
            Name of the column.
        place : int
            Its position in the table.
        raw : RawColumn
            Dates of the column.
        n_bins : int
            Number of bins for the encoding of days; 0 for none.

        Returns
        -------
        column : DateColumn or None
            None for a constant column.
        """
        dates = raw.dates(raw.zone)
        days = NumberColumn.learn(name, place, days_of(dates), RobustScale, n_bins)
        if days is None:
            return None
        present = dates[~np.isnat(dates)]
        parts = tuple(part for part in PARTS if len(np.unique(part_of(present, part))) > 1)
        return cls(name, place, 0, days, parts, raw.zone)

    def named(self, name: str) -> DateColumn:
        return replace(self, name=name, days=self.days.named(name))

    @property
    def clock(self) -> str | None:
        return self.zone

    @property
    def feature_kinds(self) -> tuple[str, ...]:
        return self.days.feature_kinds + ("date part",) * (2 * len(self.parts))

    @property
    def feature_names(self) -> tuple[str, ...]:
        pairs = [(part, side) for part in self.parts for side in ("sine", "cosine")]
        return self.days.feature_names + tuple(
            f"{self.name} {part} ({side})" for part, side in pairs
        )

    def write(self, raw: RawColumn, out: NDArray[np.float32]) -> None:
        dates = raw.dates(self.zone)
        n_days = len(self.days.feature_kinds)
        self.days.write_numbers(days_of(dates), out[:, :n_days])
        missing = np.isnat(dates)
        for place, part in enumerate(self.parts):
            turns = np.where(missing, PARTS[part], part_of(dates, part))
            out[:, n_days + 2 * place : n_days + 2 * place + 2] = circle(part)[turns]

    def describe(self) -> str:
        parts = "".join(f", {part}" for part in self.parts)
        missing = ", missing ones are marked" if self.days.has_missing else ""
        return f"days since 1970{parts}{missing}"

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> DateColumn:
        days = dict(data["days"])
        days.pop("kind")
        return cls(**{**data, "days": NumberColumn.from_data(days)})


def days_of(dates: NDArray[np.datetime64]) -> FloatArray:
    """Return days since 1970, with fractions; NaN where missing.

    Parameters
    ----------
    dates : ndarray of shape (n,)
        Dates in seconds.

    Returns
    -------
    days : ndarray of shape (n,)
        Numbers.
    """
    days = dates.astype(np.int64) / 86_400
    return np.where(np.isnat(dates), np.nan, days)


def part_of(dates: NDArray[np.datetime64], part: str) -> NDArray[np.int64]:
    """Return months or weekdays from 0, or hours; anything where a date is missing.

    Parameters
    ----------
    dates : ndarray of shape (n,)
        Dates in seconds.
    part : {'month', 'weekday', 'hour'}
        Calendar part.

    Returns
    -------
    numbers : ndarray of shape (n,)
        Whole numbers below the part's period.
    """
    if part == "month":
        return np.asarray(dates.astype("datetime64[M]").astype(np.int64) % 12)
    seconds = dates.astype(np.int64)
    if part == "hour":
        return np.asarray(seconds // 3600 % 24)
    # The first day of 1970 was a Thursday, the fourth day of its week.
    return np.asarray((seconds // 86_400 + 3) % 7)


def circle(part: str) -> FloatArray:
    """Return the points of a calendar part on its circle.

    Parameters
    ----------
    part : {'month', 'weekday', 'hour'}
        Calendar part.

    Returns
    -------
    points : ndarray of shape (period + 1, 2)
        Sine and cosine; the last point, of a missing date, is the middle of the circle.
    """
    angle = 2 * np.pi * np.arange(PARTS[part]) / PARTS[part]
    points = np.zeros((PARTS[part] + 1, 2))
    points[:-1] = np.column_stack([np.sin(angle), np.cos(angle)])
    return points
