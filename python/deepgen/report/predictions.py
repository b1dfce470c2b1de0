"""Predictions compared with targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deepgen._display.style import VERMILION
from deepgen.report.section import ReportData, Section

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["predictions"]

MAX_CLASSES = 12
"""Largest number of classes for a figure with each pair."""


def predictions(data: ReportData) -> Section | None:
    """Draw predictions against targets, or classes against classes.

    Parameters
    ----------
    data : ReportData
        Model and table.

    Returns
    -------
    section : Section or None
        None if the table has no targets.
    """
    if data.labelled is None:
        return None
    X, y = data.labelled
    answer = data.model.estimator.predict(X)
    rows = "all rows, training rows among them" if data.is_training_table else "all rows"
    if data.model.task == "regression":
        return Section(
            "Predictions", [f"Of {rows} of {data.name}."], draw=lambda f: _scatter(f, answer, y)
        )
    classes = np.unique(np.concatenate([y, answer]))
    table = [
        {
            "class": str(name),
            "rows": int((y == name).sum()),
            "found (recall)": _share(answer[y == name] == name),
            "right when named (precision)": _share(y[answer == name] == name),
        }
        for name in classes
    ]
    draw = None if len(classes) > MAX_CLASSES else lambda f: _confusion(f, classes, answer, y)
    return Section("Predictions", [f"Of {rows} of {data.name}."], table, draw)


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
    # Matplotlib would interpret text between two dollar signs as a formula.
    names = [str(name).replace("$", r"\$") for name in classes]
    axes.set_xticks(range(len(names)), names, rotation=45 if len(names) > 4 else 0)
    axes.set_yticks(range(len(names)), names)
    axes.grid(False)
    axes.set(title="Classes", xlabel="prediction", ylabel="target")
    figure.colorbar(image, ax=axes, label="share of the target's class")
