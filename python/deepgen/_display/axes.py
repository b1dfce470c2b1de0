"""Axes: where a result draws, the user's or those of a new figure."""

from __future__ import annotations

from typing import Any

from deepgen._optional import load_extra

__all__ = ["axes_or_new"]


def axes_or_new(ax: Any = None) -> Any:
    """Return axes to draw on.

    Parameters
    ----------
    ax : matplotlib.axes.Axes, default=None
        The user's; None makes a new figure, which `matplotlib.pyplot.show` shows.

    Returns
    -------
    ax : matplotlib.axes.Axes
        Those given, else the only ones of the new figure.

    Examples
    --------
    >>> from deepgen._display.axes import axes_or_new
    >>> ax = axes_or_new()
    >>> axes_or_new(ax) is ax
    True
    """
    if ax is not None:
        return ax
    pyplot = load_extra("matplotlib.pyplot", "plot", "drawing")
    return pyplot.figure(layout="constrained").subplots()
