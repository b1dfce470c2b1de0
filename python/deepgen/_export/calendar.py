"""Calendar parts by arithmetic, in any language that can divide and round down.

Numbers are whole and far below 2^53, so quotients of doubles round down correctly. The month is
found in years that begin in March, whose months have 153 days in each five: H. Hinnant,
"chrono-compatible low-level date algorithms", 2013.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

__all__ = ["DAY", "Arithmetic", "turns"]

DAY = 86_400
"""Seconds in a day."""
HOUR = 3_600
MARCH_OF_YEAR_0 = 719_468
"""Days from 1 March of the year 0 to the start of 1970."""
FOUR_CENTURIES = 146_097
"""Days in four centuries of the calendar."""
FIRST_WEEKDAY = 3
"""1 January 1970 was the fourth day of its week."""

Value = TypeVar("Value")


class Arithmetic(ABC, Generic[Value]):
    """Sums, products and whole quotients, which a language computes or writes down."""

    @abstractmethod
    def plus(self, a: Value, b: Value | int) -> Value:
        """Return a + b."""

    @abstractmethod
    def minus(self, a: Value, b: Value) -> Value:
        """Return a - b."""

    @abstractmethod
    def times(self, a: Value, n: int) -> Value:
        """Return a n."""

    @abstractmethod
    def over(self, a: Value, n: int) -> Value:
        """Return a / n, rounded down."""

    def rest(self, a: Value, n: int) -> Value:
        """Return what a division by n leaves."""
        return self.minus(a, self.times(self.over(a, n), n))


def turns(do: Arithmetic[Value], seconds: Value, part: str) -> Value:
    """Return the month or weekday from 0, or the hour, of whole seconds since 1970."""
    if part == "hour":
        return do.rest(do.over(seconds, HOUR), 24)
    days = do.over(seconds, DAY)
    if part == "weekday":
        return do.rest(do.plus(days, FIRST_WEEKDAY), 7)
    day = do.rest(do.plus(days, MARCH_OF_YEAR_0), FOUR_CENTURIES)
    # Leap days come every 4 years (1,460 days before each), but not every 100, but every 400.
    leaps = do.plus(do.minus(do.over(day, 1_460), do.over(day, 36_524)), do.over(day, 146_096))
    year = do.over(do.minus(day, leaps), 365)
    before = do.plus(do.times(year, 365), do.minus(do.over(year, 4), do.over(year, 100)))
    months = do.over(do.plus(do.times(do.minus(day, before), 5), 2), 153)
    # March, with which the year began, is month 2 from 0.
    return do.rest(do.plus(months, 2), 12)
