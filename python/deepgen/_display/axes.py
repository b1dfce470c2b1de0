"""Axes: those of the user, or those of a new figure."""

from __future__ import annotations

from typing import Any

from deepgen._optional import load_extra

__all__ = ["axes_or_new"]


def axes_or_new(ax: Any = None) -> Any:
    """Return the given axes, or the axes of a new figure that `matplotlib.pyplot.show` displays.

    The function that calls this is decorated with `deepgen._display.style.in_style`.
    """
    if ax is not None:
        return ax
    pyplot = load_extra("matplotlib.pyplot", "plot", "drawing")
    return pyplot.figure(layout="constrained").subplots()
