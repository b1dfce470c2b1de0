"""Plot of the history of training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deepgen._display.axes import axes_or_new
from deepgen._display.style import BLUE, GREEN, VERMILION, in_style, legend_below
from deepgen._optional import load_extra

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_history"]

LOSS, VALIDATION, SCORE = BLUE, VERMILION, GREEN
# More changes of the learning rate than this are not marked one by one.
MAX_MARKS = 12
# Ratio of the largest to the smallest loss above which the axis is logarithmic.
LOGARITHMIC = 10.0


@in_style
def plot_history(model: Any, ax: Axes | None = None) -> Axes:
    """Plot losses, validation score and learning rate over the epochs of training.

    Parameters
    ----------
    model : MLPRegressor, MLPClassifier or, with one network, one of the estimators for tables
        Fitted, by any solver or by ``partial_fit``.
    ax : matplotlib.axes.Axes, default=None
        Axes; None makes a new figure, which needs matplotlib (else `MissingExtra`).

    Returns
    -------
    ax : matplotlib.axes.Axes
        Axes of the losses; the score, if there is one, has its own axis on the right.

    Raises
    ------
    TypeError
        If ``model`` is another estimator, such as a pipeline around one of these.
    ValueError
        If no epoch was finished, so that there is nothing to plot.

    Notes
    -----
    The axis of the losses is logarithmic if they fall by more than a factor of 10. The marked best
    epoch is the one whose weights early stopping keeps; without early stopping, the epoch with the
    lowest validation loss or, without validation, the lowest training loss. Epochs in which a
    schedule reduced the learning rate are marked, unless there are many, and so is an epoch in
    which training diverged. Losses of a regressor are in the scaled units of training.

    Examples
    --------
    >>> import deepgen
    >>> model = deepgen.MLPRegressor().partial_fit([[0.0], [1.0]], [0.0, 1.0])
    >>> deepgen.plot_history(model).get_xlabel()
    'epoch'
    """
    from sklearn.utils.validation import check_is_fitted

    # Looked up in the class: an estimator that is not fitted has the property, but no value for it.
    if not hasattr(type(model), "history_"):
        raise TypeError(
            f"plot_history wants an MLPRegressor or MLPClassifier, got {type(model).__name__}; of "
            "a pipeline or a search give the fitted network inside, such as pipeline[-1]"
        )
    ticker = load_extra("matplotlib.ticker", "plot", "plot_history")
    check_is_fitted(model)
    model = getattr(model, "mlp_", model)
    history = model.history_
    epochs, loss = history["epoch"], history["loss"]
    if len(epochs) == 0:
        raise ValueError("there is no history to draw: training was stopped in its first epoch")
    ax = axes_or_new(ax)
    by_line_search = bool(np.isnan(history["learning_rate"]).all())
    scaled = getattr(model, "target_scaling", None) is not None
    # A line of one point is invisible without a marker.
    marker = "o" if len(epochs) == 1 else None
    lines = ax.plot(epochs, loss, color=LOSS, marker=marker, label="training loss")
    losses = [loss]
    if "val_loss" in history:
        losses.append(history["val_loss"])
        style: dict[str, Any] = {"color": VALIDATION, "marker": marker, "label": "validation loss"}
        lines += ax.plot(epochs, history["val_loss"], **style)
    if _wants_logarithm(losses):
        _make_logarithmic(ax)
    ax.set_xlabel("iteration" if by_line_search else "epoch")
    ax.set_ylabel("loss (scaled units)" if scaled else "loss")
    ax.xaxis.set_major_locator(ticker.MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
    if "val_score" in history:
        right = ax.twinx()
        style = {"color": SCORE, "marker": marker, "label": "validation score", "linestyle": "--"}
        lines += right.plot(epochs, history["val_score"], **style)
        right.set_ylabel("validation score", color=SCORE)
        right.tick_params(axis="y", colors=SCORE)
        right.spines["right"].set_visible(True)
        # One grid is enough, and this one would cover the losses.
        right.grid(False)
    lines += _mark_best(ax, model, history)
    lines += _mark_rates(ax, epochs, history["learning_rate"])
    if np.isnan(loss[-1]):
        style = {"color": "black", "linestyle": "-", "linewidth": 1.0}
        lines.append(ax.axvline(epochs[-1], label=f"diverged in epoch {epochs[-1]}", **style))
    plural = "" if len(epochs) == 1 else "s"
    ax.set_title(f"{type(model).__name__}: {len(epochs)} {ax.get_xlabel()}{plural}")
    legend_below(ax, 2, handles=lines, frameon=False)
    return ax


def _make_logarithmic(ax: Axes) -> None:
    """Give the losses a logarithmic axis with labels such as 0.02, not 2 x 10^-2."""
    from matplotlib.ticker import LogFormatter

    class Plain(LogFormatter):
        def __call__(self, x: float, pos: int | None = None) -> str:
            # The base class decides which ticks have room for a label.
            return f"{x:g}" if super().__call__(x, pos) else ""

    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(Plain())
    ax.yaxis.set_minor_formatter(Plain())


def _wants_logarithm(losses: list[NDArray[np.float64]]) -> bool:
    """Return whether the losses span more than a linear axis can show."""
    values = np.concatenate(losses)
    values = values[np.isfinite(values)]
    return bool(len(values) and values.min() > 0 and values.max() > LOGARITHMIC * values.min())


def _mark_best(ax: Axes, model: Any, history: dict[str, NDArray[Any]]) -> list[Any]:
    """Mark the best epoch."""
    if model.validation_scores_ is not None:
        quality, what = history["val_score"], "validation score, weights kept"
    elif "val_loss" in history:
        quality, what = -history["val_loss"], "validation loss"
    else:
        quality, what = -history["loss"], "training loss"
    if not np.isfinite(quality).any():
        return []
    best = int(np.nanargmax(quality))
    epoch = history["epoch"][best]
    shown = history["val_loss"] if "val_loss" in history else history["loss"]
    ax.axvline(epoch, color="0.4", linestyle=":", linewidth=1.0)
    label = f"best {what} ({epoch})"
    return ax.plot(
        epoch, shown[best], "*", color="0.2", markersize=11, linestyle="none", label=label, zorder=5
    )


def _mark_rates(ax: Axes, epochs: NDArray[Any], rates: NDArray[Any]) -> list[Any]:
    """Mark the epochs in which the learning rate changed."""
    changes = 1 + np.flatnonzero((np.diff(rates) != 0) & np.isfinite(rates[1:]))
    if not len(changes):
        return []
    first, last = rates[np.isfinite(rates)][[0, -1]]
    label = f"learning rate {first:.3g} to {last:.3g}"
    if len(changes) > MAX_MARKS:
        return ax.plot([], [], linestyle="none", label=label)
    # Small triangles along the lower edge, whatever the scale of the losses.
    return ax.plot(
        epochs[changes],
        np.full(len(changes), 0.02),
        "v",
        color="0.4",
        markersize=6,
        linestyle="none",
        transform=ax.get_xaxis_transform(),
        label=label,
    )
