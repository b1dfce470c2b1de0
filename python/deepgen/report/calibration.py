"""Whether predicted probabilities and quantiles are right on the average."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._display.style import BLUE, VERMILION, as_text
from deepgen._engine.arrays import FloatArray
from deepgen._interval import Interval, bootstrap_interval, wilson_interval
from deepgen.losses import Quantile
from deepgen.report.judged import Judged, refusing
from deepgen.report.section import Section

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Calibration", "calibration", "measure_calibration"]

TITLE: Final = "Calibration"
MOST_GROUPS: Final = 10
LEAST_GROUP: Final = 20
"""Rows per group below which its share says little: its interval is wider than 0.4."""
MOST_ROWS: Final = 4_000
"""Largest number of rows: the bootstrap takes some seconds."""
N_DRAWS: Final = 1_000
"""Draws of labels from the probabilities themselves."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Predicted probabilities beside the shares of rows for which they came true.

    Parameters
    ----------
    predicted : ndarray of shape (n_groups,)
        Mean probability of each group of rows, in increasing order.
    share : tuple of Interval
        Share of hits of each group, with Wilson's interval.
    n : ndarray of shape (n_groups,)
        Number of rows of each group.
    error : Interval
        Expected calibration error: the mean of |share - probability| over groups, weighted by
        their rows, with a bootstrap interval.
    chance : float
        95th percentile of the error if the probabilities were right: errors below it cannot be told
        from chance.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.report.calibration import measure_calibration
    >>> p = np.repeat([0.2, 0.8], 50)
    >>> measured = measure_calibration(p, np.tile([False, False, True, False, False], 20))
    >>> round(measured.error.estimate, 3)
    0.3
    """

    predicted: FloatArray
    share: tuple[Interval, ...]
    n: NDArray[np.int64]
    error: Interval
    chance: float


def measure_calibration(probability: FloatArray, hit: NDArray[np.bool_]) -> Calibration:
    """Compare probabilities with what came true.

    Rows are put into groups of equal size by their probability; rows of equal probability stay
    together.

    Parameters
    ----------
    probability : ndarray of shape (n_samples,)
        Predicted probability of an event per row.
    hit : ndarray of shape (n_samples,)
        Whether it came true.

    Returns
    -------
    calibration : Calibration
        Groups and error.

    Raises
    ------
    ValueError
        If there are fewer than two groups' rows.
    """
    n_rows = len(probability)
    if n_rows < 2 * LEAST_GROUP:
        raise ValueError(f"{n_rows} rows are too few, {2 * LEAST_GROUP} are needed")
    n_groups = min(MOST_GROUPS, n_rows // LEAST_GROUP)
    cuts = np.unique(np.quantile(probability, np.arange(1, n_groups) / n_groups))
    _, group, n = np.unique(
        np.searchsorted(cuts, probability), return_inverse=True, return_counts=True
    )
    surplus = hit.astype(float) - probability

    def error(rows: FloatArray) -> float:
        """Return the error of rows (m, 2): group and surplus."""
        sums = np.bincount(rows[:, 0].astype(int), rows[:, 1], minlength=len(n))
        return float(np.abs(sums).sum() / len(rows))

    rows = np.column_stack([group, surplus])
    random = np.random.default_rng(0)
    drawn = np.empty(N_DRAWS)
    for draw in range(N_DRAWS):
        chance = (random.random(n_rows) < probability) - probability
        drawn[draw] = np.abs(np.bincount(group, chance)).sum() / n_rows
    hits = np.bincount(group, hit)
    return Calibration(
        predicted=np.bincount(group, probability) / n,
        share=tuple(
            wilson_interval(int(some), int(all_)) for some, all_ in zip(hits, n, strict=True)
        ),
        n=n,
        error=bootstrap_interval(rows, error),
        chance=float(np.quantile(drawn, 0.95)),
    )


@refusing(TITLE)
def calibration(judged: Judged) -> Section | None:
    """Show how often predicted probabilities, or quantiles, came true.

    Parameters
    ----------
    judged : Judged
        Model and rows.

    Returns
    -------
    section : Section
        Without a table, with the reason, if there are neither.
    """
    judged = judged.some(MOST_ROWS)
    if judged.classes is None:
        return _of_quantiles(judged)
    if judged.y.ndim > 1:
        return Section(TITLE, ["Not measured: each row has several labels."])
    if len(judged.classes) < 2:
        return Section(TITLE, ["Not measured: the model knows one class, which is always certain."])
    probabilities = np.asarray(judged.model.predict_proba(judged.X), dtype=float)
    if len(judged.classes) == 2:
        what, probability = f"the class {judged.classes[1]}", probabilities[:, 1]
        hit = judged.y == judged.classes[1]
    else:
        what, probability = "the named class", probabilities.max(axis=1)
        hit = judged.y == judged.classes[probabilities.argmax(axis=1)]
    measured = measure_calibration(probability, np.asarray(hit))
    table = [
        {
            f"probability of {what}": float(mean),
            "share that came true": share.estimate,
            "low": share.low,
            "high": share.high,
            "rows": int(n),
        }
        for mean, share, n in zip(measured.predicted, measured.share, measured.n, strict=True)
    ]
    text = (
        f"Of {judged.where}{_warning(judged)}: rows are put into {len(measured.n)} groups by the "
        f"probability of {what}; where probabilities are right, it is the share of the group's "
        "rows for which it came true."
    )
    above = measured.error.estimate > measured.chance
    points = [
        f"The expected calibration error is {measured.error}: that far are shares from "
        "probabilities, in the mean over rows (95 % bootstrap interval).",
        f"Right probabilities would show less than {measured.chance:.3g} in 95 of 100 tables of "
        f"this size: {_verdict(above, measured, 0.5 if len(judged.classes) == 2 else 0.0)}.",
    ]

    def draw(figure: Figure) -> None:
        figure.set_size_inches(6.5, 5)
        _draw(figure.subplots(), measured, what)

    return Section(TITLE, [text], table, draw, points=points)


def _warning(judged: Judged) -> str:
    return ", which the model was trained on, so that this is too good" if judged.seen else ""


def _verdict(above: bool, measured: Calibration, unsure: float) -> str:
    """Return what is wrong; ``unsure`` is the probability that says nothing."""
    if not above:
        return "no miscalibration can be told from chance"
    shares = np.array([share.estimate for share in measured.share])
    # Are shares further from there than probabilities? Of several classes the named one is the most
    # probable, however small its probability is.
    steep = np.average(
        (shares - measured.predicted) * (measured.predicted - unsure), weights=measured.n
    )
    return (
        f"the probabilities are {'too cautious' if steep > 0 else 'too sure'}; a calibration on "
        "rows of their own (scikit-learn's CalibratedClassifierCV) would mend them"
    )


def _draw(axes: Any, measured: Calibration, what: str) -> None:
    low = np.array([share.estimate - share.low for share in measured.share])
    high = np.array([share.high - share.estimate for share in measured.share])
    shares = [share.estimate for share in measured.share]
    axes.plot([0, 1], [0, 1], color=VERMILION, linewidth=1.2, label="right probabilities")
    axes.errorbar(
        measured.predicted, shares, [low, high], marker="o", color=BLUE, capsize=3, label="groups"
    )
    axes.set(xlabel=f"predicted probability of {as_text(what)}", ylabel="share that came true")
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), title="Probability and share")
    axes.legend()


def _of_quantiles(judged: Judged) -> Section:
    loss = judged.members[0]._targets.loss
    if not isinstance(loss, Quantile):
        return Section(
            TITLE,
            [
                "Not measured: the model predicts numbers without probabilities. Fit it with "
                "loss=Quantile([0.05, 0.5, 0.95]) to have limits that can be checked."
            ],
        )
    levels = np.atleast_1d(loss.settings()["quantile"])
    limits = judged.predictions.reshape(judged.n_rows, -1)
    table = []
    for level, limit in zip(levels, limits.T, strict=True):
        below = wilson_interval(int((judged.y.ravel() <= limit).sum()), judged.n_rows)
        table.append(_covered(f"below the {level:g} quantile", level, below))
    for place in range(len(levels) // 2):
        low, high = levels[place], levels[-1 - place]
        inside = (judged.y.ravel() > limits[:, place]) & (judged.y.ravel() <= limits[:, -1 - place])
        between = wilson_interval(int(inside.sum()), judged.n_rows)
        table.append(_covered(f"from {low:g} to {high:g}", high - low, between))
    wrong = [row["targets"] for row in table if row["as predicted"] == "no"]
    found = f"Off beyond chance: {', '.join(wrong)}." if wrong else "All agree within chance."
    text = f"Of {judged.where}{_warning(judged)}: the share of targets in each predicted range."
    return Section(TITLE, [f"{text} {found}"], table)


def _covered(what: str, wanted: float, share: Interval) -> dict[str, Any]:
    return {
        "targets": what,
        "wanted": float(wanted),
        "share": share.estimate,
        "low": share.low,
        "high": share.high,
        "as predicted": "yes" if share.low <= wanted <= share.high else "no",
    }
