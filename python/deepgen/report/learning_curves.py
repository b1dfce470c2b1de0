"""How training went, epoch by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deepgen._display.history import plot_history
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
    model = data.model.estimator
    history = model.history_
    best = int(np.nanargmax(history["val_score"]))
    text = (
        f"{len(history['epoch'])} epochs in {history['time'][-1]:.1f} s; the weights of epoch "
        f"{history['epoch'][best]} were kept, held-out {data.model.metric} "
        f"{history['val_score'][best]:.4f}."
    )

    def draw(figure: Figure) -> None:
        plot_history(model, figure.subplots())

    return Section("Learning curves", [text], draw=draw)
