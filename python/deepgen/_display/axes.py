"""Axes: where a result draws, the user's or those of a new figure."""

from __future__ import annotations

from typing import Any

from deepgen._optional import load_extra

__all__ = ["axes_or_new"]


def axes_or_new(ax: Any = None) -> Any:
    """Return the axes given, or those of a new figure, which `matplotlib.pyplot.show` shows."""
    if ax is not None:
        return ax
    pyplot = load_extra("matplotlib.pyplot", "plot", "drawing")
    return pyplot.figure(layout="constrained").subplots()
