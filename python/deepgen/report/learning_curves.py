"""The course of training, epoch by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deepgen._display.history import plot_history
from deepgen.report.report_data import ReportData
from deepgen.report.section import Section

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
        Section with a figure.
    """
    model, members = data.model.network, data.model.estimator.mlp_.members_
    text = f"{len(model.history_['epoch'])} epochs in {model.history_['time'][-1]:.1f} s; "
    text += _kept(data) if "val_score" in model.history_ else "no rows were held out."
    if len(members) > 1:
        text = f"Of the first of {len(members)} networks: {text}"

    def draw(figure: Figure) -> None:
        plot_history(model, figure.subplots())

    return Section("Course of training", [text], draw=draw)


def _kept(data: ReportData) -> str:
    """Return the epoch whose weights were kept, and its score."""
    model = data.model.network
    history = model.history_
    best = int(np.nanargmax(history["val_score"]))
    watched = data.model.metric if model.scoring is None else f"'{model.scoring}'"
    reached = float(history["val_score"][best])
    if model.scoring == "loss":
        # As a score the loss is negative.
        watched, reached = "loss", -reached
    return (
        f"the weights of epoch {history['epoch'][best]} were kept, held-out {watched} "
        f"{reached:.4f}."
    )
