"""Predictions compared with targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._display.style import VERMILION, as_text
from deepgen.report.judged import Judged, refusing
from deepgen.report.section import Section

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["predictions"]

TITLE: Final = "Predictions"
MAX_CLASSES: Final = 12
"""Largest number of classes for a figure with each pair."""


@refusing(TITLE)
def predictions(judged: Judged) -> Section | None:
    """Draw predictions against targets, or classes against classes.

    Parameters
    ----------
    judged : Judged
        Model and rows.

    Returns
    -------
    section : Section or None
        None if several quantiles are predicted.
    """
    answer, y = judged.predictions, judged.y
    warning = ", which the model was trained on" if judged.seen else ""
    text = [f"Of {judged.where}{warning}."]
    if judged.classes is None:
        if y.shape == answer.shape and y.ndim == 1:
            return Section(TITLE, text, draw=lambda f: _scatter(f, answer, y))
        return Section(TITLE, text, _by_output(answer, y)) if y.shape == answer.shape else None
    if y.ndim > 1:
        table = [
            _of_class(name, y[:, place] == 1, answer[:, place] == 1)
            for place, name in enumerate(judged.classes)
        ]
        return Section(TITLE, text, table)
    classes = np.unique(np.concatenate([y, answer]))
    table = [_of_class(name, y == name, answer == name) for name in classes]
    draw = None if len(classes) > MAX_CLASSES else lambda f: _confusion(f, classes, answer, y)
    return Section(TITLE, text, table, draw)


def _of_class(name: Any, is_it: NDArray[Any], named: NDArray[Any]) -> dict[str, Any]:
    return {
        "class": str(name),
        "rows": int(is_it.sum()),
        "found (recall)": _share(named[is_it]),
        "right when named (precision)": _share(is_it[named]),
    }


def _by_output(answer: NDArray[Any], y: NDArray[Any]) -> list[dict[str, Any]]:
    return [
        {
            "output": str(place),
            "root mean squared error": float(np.sqrt(np.mean(error**2))),
            "mean error": float(np.mean(error)),
            "standard deviation of the target": float(np.std(y[:, place])),
        }
        for place, error in enumerate((answer - y).T)
    ]


def _share(hits: NDArray[Any]) -> float | None:
    return float(hits.mean()) if len(hits) else None


def _scatter(figure: Figure, answer: NDArray[Any], y: NDArray[Any]) -> None:
    left, right = figure.subplots(1, 2)
    right.hist(answer - y, bins=60)
    right.axvline(0, color="black", linewidth=1)
    right.set(title="Errors", xlabel="prediction minus target", ylabel="rows")
    cells = left.hexbin(y, answer, gridsize=50, bins="log", mincnt=1)
    ends = [min(y.min(), answer.min()), max(y.max(), answer.max())]
    left.plot(ends, ends, color=VERMILION, linewidth=1.2, label="perfect")
    left.set(title="Prediction over target", xlabel="target", ylabel="prediction")
    left.legend()
    for axes in (left, right):
        # Long numbers would overlap.
        axes.locator_params(axis="x", nbins=5)
        axes.ticklabel_format(axis="both", scilimits=(-3, 4))
    figure.colorbar(cells, ax=left, label="rows")


def _confusion(
    figure: Figure, classes: NDArray[Any], answer: NDArray[Any], y: NDArray[Any]
) -> None:
    # A square of cells in a wide figure would leave half of it empty.
    figure.set_size_inches(6.5, 5)
    axes = figure.subplots()
    counts = np.array([[np.sum((y == a) & (answer == b)) for b in classes] for a in classes])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        color = "black" if shares[row, column] > 0.6 else "white"
        axes.text(column, row, f"{count:,}", ha="center", va="center", color=color)
    names = list(map(as_text, classes))
    axes.set_xticks(range(len(names)), names, rotation=45 if len(names) > 4 else 0)
    axes.set_yticks(range(len(names)), names)
    axes.grid(False)
    axes.set(title="Classes", xlabel="prediction", ylabel="target")
    figure.colorbar(image, ax=axes, label="share of the target's class")
