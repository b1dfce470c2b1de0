"""Score of the model on rows that it has not seen, beside simple models."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from deepgen._display.style import BLUE, SKY
from deepgen._interval import Interval
from deepgen.report.report_data import ReportData
from deepgen.report.section import Section

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["how_good"]


def how_good(data: ReportData) -> Section:
    """Compare the model with a constant, a linear model and boosted trees.

    Parameters
    ----------
    data : ReportData
        Model and table.

    Returns
    -------
    section : Section
        Without a table, with the reason, if the model cannot be measured.
    """
    answer = data.answer
    if answer is None:
        return Section("How good is the model?", [data.unanswered])
    constant = answer.simple_models["constant"].estimate
    models = {"this model": answer.risk, **answer.simple_models}
    rows = [
        {
            "model": name,
            **_score(answer, loss, constant),
            answer.loss: loss.estimate,
            "low": loss.low,
            "high": loss.high,
            "more than this model": _above(answer, name),
        }
        for name, loss in models.items()
    ]
    where = "the table it was trained on" if data.is_training_table else data.name
    text = [
        f"Copies with the model's own settings were trained on parts of {where} and measured on "
        f"rows that they had not seen: {answer.n_splits} splits of {answer.n_rows:,} rows. "
        f"{_verdict(answer)} Intervals are of 95 %; differences are paired, so they can be clear "
        "where the intervals of two losses overlap."
    ]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        names = list(models)
        for place, name in enumerate(names):
            loss = models[name]
            axes.barh(place, loss.estimate, color=BLUE if place == 0 else SKY)
            if math.isfinite(loss.high):
                axes.plot([loss.low, loss.high], [place] * 2, color="black", marker="|")
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set(xlabel=f"{answer.loss} of rows not seen in training", title="Less is better")

    return Section("How good is the model?", text, rows, draw)


def _score(answer: Any, loss: Interval, constant: float) -> dict[str, Any]:
    """Return R2 with this loss; classes have their accuracy in the text."""
    if answer.accuracy is not None or not constant > 0:
        return {}
    return {"R2": 1 - loss.estimate / constant}


def _above(answer: Any, name: str) -> str | None:
    if name not in answer.advantage:
        return None
    return str(answer.advantage[name])


def _verdict(answer: Any) -> str:
    better = [name for name, above in answer.advantage.items() if above.low > 0]
    worse = [name for name, above in answer.advantage.items() if above.high < 0]
    parts = []
    if answer.accuracy is not None:
        parts.append(f"Accuracy {answer.accuracy}.")
    if better:
        parts.append(f"Clearly better than: {', '.join(better)}.")
    if worse:
        parts.append(f"Clearly worse than: {', '.join(worse)}.")
    equal = [name for name in answer.advantage if name not in (*better, *worse)]
    if equal:
        parts.append(f"Not told apart from: {', '.join(equal)}.")
    return " ".join(parts)
