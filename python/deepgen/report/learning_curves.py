"""How training went, epoch by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deepgen._display.style import VERMILION
from deepgen.report.section import ReportData, Section

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["learning_curves"]


def learning_curves(data: ReportData) -> Section:
    """Draw loss and held-out score over epochs.

    Parameters
    ----------
    data : ReportData
        Model and table.

    Returns
    -------
    section : Section
        With a figure.
    """
    history = data.model.facts["history"]
    epochs = history["epoch"]
    scores = np.array(history["val_score"], dtype=float)
    best = int(np.nanargmax(scores))

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        left.plot(epochs, _numbers(history["loss"]), label="training, mean over the epoch")
        left.plot(epochs, _numbers(history["val_loss"]), "--", label="held out")
        unit = "in scaled units" if data.model.task == "regression" else "log loss"
        left.set(title="Loss", xlabel="epoch", ylabel=f"loss, {unit}")
        right.plot(epochs, scores, color=VERMILION, label="held out")
        right.axvline(epochs[best], color="black", linestyle=":", label="weights that were kept")
        right.set(title="Score", xlabel="epoch", ylabel=data.model.metric)
        for axes in (left, right):
            axes.legend()
            axes.locator_params(axis="x", integer=True)

    text = (
        f"{len(epochs)} epochs in {history['time'][-1]:.1f} s; the weights of epoch "
        f"{epochs[best]} were kept, held-out {data.model.metric} {scores[best]:.4f}."
    )
    return Section("Learning curves", [text], draw=draw)


def _numbers(values: list[Any]) -> Any:
    return np.array(values, dtype=float)
