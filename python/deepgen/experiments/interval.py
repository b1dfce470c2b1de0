"""Intervals, as experiments name them; they are measured in `deepgen._interval`."""

from __future__ import annotations

from deepgen._interval import (
    Interval,
    bootstrap_interval,
    exact,
    t_interval,
    wilson_interval,
)

__all__ = ["Interval", "bootstrap_interval", "exact", "t_interval", "wilson_interval"]
