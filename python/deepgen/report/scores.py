"""Scores of the fitted model on rows, with their intervals."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from deepgen._engine.arrays import FloatArray
from deepgen._interval import Interval, t_interval, wilson_interval
from deepgen.losses import Quantile
from deepgen.report.judged import Judged, refusing
from deepgen.report.losses_of_rows import LossOfRows
from deepgen.report.section import Section

__all__ = ["score_intervals", "scores"]

TITLE: Final = "Scores"
FEW_ROWS: Final = 30
"""Number of rows below which intervals from a normal approximation are rough."""


def score_intervals(judged: Judged) -> dict[str, Interval]:
    """Measure the model's score and loss on rows.

    Parameters
    ----------
    judged : Judged
        Model and rows.

    Returns
    -------
    scores : dict of str to Interval
        Accuracy with Wilson's interval; means over rows with t intervals; R2 and D2, which are
        ratios of two means, with t intervals of their linearization (the delta method). Without
        R2 or D2 if all targets are equal.
    """
    if judged.classes is None:
        return _of_numbers(judged)
    hits = judged.predictions == judged.y
    right = hits if hits.ndim == 1 else hits.all(axis=1)
    scores = {"accuracy": wilson_interval(int(right.sum()), judged.n_rows)}
    if judged.y.ndim == 1:
        loss = LossOfRows(judged.classes)
        scores["log loss"] = t_interval(loss(loss.predictions(judged.model, judged.X), judged.y))
    return scores


def _of_numbers(judged: Judged) -> dict[str, Interval]:
    loss = judged.members[0]._targets.loss
    y = np.asarray(judged.y, dtype=float).reshape(judged.n_rows, -1)
    predictions = judged.predictions.reshape(judged.n_rows, -1)
    if isinstance(loss, Quantile):
        levels = np.atleast_1d(loss.settings()["quantile"])
        constants = np.column_stack([np.quantile(y, level, axis=0) for level in levels]).ravel()
        of_rows = _pinball(y - predictions, levels)
        skill = _skill(judged, of_rows, _pinball(y - constants, levels))
        return {**({"D2": skill} if skill else {}), "pinball loss": t_interval(of_rows.mean(1))}
    squares = (y - predictions) ** 2
    skill = _skill(judged, squares, (y - y.mean(axis=0)) ** 2)
    mean = t_interval(squares.mean(axis=1))
    root = [float(np.sqrt(max(end, 0.0))) for end in (mean.estimate, mean.low, mean.high)]
    error = Interval(root[0], root[1], root[2], mean.method)
    return {**({"R2": skill} if skill else {}), "root mean squared error": error}


def _pinball(residuals: FloatArray, levels: FloatArray) -> FloatArray:
    loss: FloatArray = np.maximum(levels * residuals, (levels - 1) * residuals)
    return loss


def _skill(judged: Judged, losses: FloatArray, constant: FloatArray) -> Interval | None:
    """Return 1 - loss / loss of the best constant, the mean over outputs; None where that is 0.

    To first order the constant's own error does not count, since it is the best one.
    """
    norm = constant.mean(axis=0)
    if not (norm > 0).all():
        return None
    ratio = losses.mean(axis=0) / norm
    linear = t_interval((1 - (losses - ratio * (constant - norm)) / norm).mean(axis=1))
    score = float(judged.model.score(judged.X, judged.y))
    shift = score - linear.estimate
    return Interval(score, linear.low + shift, linear.high + shift, linear.method)


@refusing(TITLE)
def scores(judged: Judged) -> Section | None:
    """Show scores and losses with intervals, beside those of a constant answer.

    Parameters
    ----------
    judged : Judged
        Model and rows.

    Returns
    -------
    section : Section
        One row per measure.
    """
    constant = _constant(judged)
    table: list[dict[str, Any]] = [
        {
            "measure": name,
            "value": value.estimate,
            "low": value.low,
            "high": value.high,
            "same answer for all": constant.get(name),
        }
        for name, value in score_intervals(judged).items()
    ]
    text = f"Of {judged.where}, with limits of 95 %."
    points = []
    if judged.seen:
        points.append("The model was trained on these rows: on new ones it is worse.")
    if judged.n_rows < FEW_ROWS:
        points.append(f"{judged.n_rows} rows are few: the limits are rough.")
    return Section(TITLE, [text], table, points=points)


def _constant(judged: Judged) -> dict[str, float]:
    """Return the measures of the best answer that is the same for all of these rows."""
    if judged.classes is None:
        if isinstance(judged.members[0]._targets.loss, Quantile):
            return {"D2": 0.0}
        y = np.asarray(judged.y, dtype=float).reshape(judged.n_rows, -1)
        return {"R2": 0.0, "root mean squared error": float(np.sqrt(y.var(axis=0).mean()))}
    share = np.unique(judged.y, axis=0, return_counts=True)[1] / judged.n_rows
    measures = {"accuracy": float(share.max())}
    if judged.y.ndim == 1:
        measures["log loss"] = float(-(share * np.log(share)).sum())
    return measures
