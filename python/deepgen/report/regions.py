"""Linear regions of the network on lines between two rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepgen.report.report_data import ReportData
from deepgen.report.section import Section

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["regions"]

N_LINES: Final = 100
"""Number of pairs of rows."""


def regions(data: ReportData) -> Section | None:
    """Count the linear pieces of the network along lines between rows of the table.

    Parameters
    ----------
    data : ReportData
        Model and table.

    Returns
    -------
    section : Section or None
        None if fewer than two rows differ.
    """
    from deepgen.expressivity import breakpoints

    X = np.unique(data.X, axis=0)
    if len(X) < 2:
        return None
    random = np.random.default_rng(0)
    pairs = [random.choice(len(X), 2, replace=False) for _ in range(N_LINES)]
    try:
        lines = [breakpoints(data.model.network, X[a], X[b]) for a, b in pairs]
    except ValueError as error:
        return Section("Linear regions", [f"Not counted: {error}."])
    pieces = np.array([line.n_pieces for line in lines])
    per_length = pieces / np.array([np.linalg.norm(line.b - line.a) for line in lines])
    n_units = sum(int(coefs.shape[1]) for coefs in data.model.network.coefs_[:-1])
    n_members = len(data.model.estimator.mlp_.members_)
    of_first = f"Of {n_members} networks this is the first. " if n_members > 1 else ""
    text = (
        f"A ReLU network is linear on each of many regions. {of_first}On the line between two "
        f"random rows (in standardised features) it has {np.median(pieces):.0f} linear pieces in "
        f"the median, from {pieces.min()} to {pieces.max()} over {N_LINES} lines; its {n_units} "
        f"hidden units make {np.median(per_length):.1f} pieces per unit of length. Exact, not "
        "sampled."
    )
    typical = lines[int(np.argsort(pieces)[len(pieces) // 2])]

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        left.hist(pieces, bins=min(30, int(np.ptp(pieces)) + 1))
        left.set(title="Pieces on a line", xlabel="linear pieces", ylabel="lines")
        _line(right, typical)

    return Section("Linear regions", [text], draw=draw)


def _line(axes: Any, line: Any) -> None:
    for values in line.values.T:
        axes.plot(line.t, values, marker="|", markersize=8)
    axes.set(
        title="A line of the median kind",
        xlabel="share of the way from one row to another",
        ylabel="output of the network; ticks: bends",
    )
