"""The answer of `which_error`: losses, errors and gains with intervals, and advice."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import BLUE, GREEN, ORANGE, VERMILION, in_style
from deepgen._display.text_table import Row, format_table
from deepgen._interval import Interval
from deepgen.generalization import OffsetLaw
from deepgen.report.advice import advise
from deepgen.report.jackknife import Jackknife
from deepgen.report.simple_models import NAMES
from deepgen.report.three_errors import three_errors

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["WhichError", "make_answer"]

ERRORS = ("approximation", "estimation", "optimization")
GAINS = ("more_labels", "longer", "wider", "seeds")
LABELS = {
    "more_labels": "twice the rows",
    "longer": "4 times the epochs",
    "wider": "4 times the units",
    "seeds": "mean of many seeds",
}
FEW_ROWS = 100
TOO_FEW = (
    "{} rows are few: the intervals say how little is known; small differences, the exponent of a "
    "learning curve and a noise floor cannot be told from chance."
)
MANY_COPIES = 0.05
COPIES = (
    "{:.0%} of the rows repeat another one with its target. If they are copies, held-out rows were "
    "seen in training and all losses here are too small: drop them, and fit again."
)


@dataclass(frozen=True, eq=False, repr=False)
class WhichError(ShownAsTable):
    """The three errors of an estimator on data of unknown truth.

    All numbers but ``accuracy`` are in units of ``loss``. A number that could not be measured is
    NaN, with infinite limits and the reason in its ``method``.

    Parameters
    ----------
    loss : {'squared error', 'log loss'}
        Name of the loss.
    risk : Interval
        Mean loss of the estimator on rows that were held out.
    accuracy : Interval or None
        Share of right labels on these rows; None for regression.
    approximation : Interval
        Loss of the best member of the class minus the noise floor.
    estimation : Interval
        Loss that more rows would take off the function of least training loss.
    optimization : Interval
        Loss of the estimator minus that of the function of least training loss; negative if
        stopping early helps.
    noise : Interval
        Loss that no model can avoid.
    more_labels, longer, wider, seeds : Interval
        Reduction of the loss by twice the rows, by four times the epochs without early stopping, by
        four times the units per layer, and by the mean over many seeds; negative if they add to it.
    simple_models : dict of str to Interval
        Losses of a constant, a linear model and HistGradientBoosting.
    advantage : dict of str to Interval
        Their losses minus the estimator's, on the same rows.
    law : OffsetLaw or None
        Law of the estimator's learning curve.
    largest : {'approximation', 'estimation', 'optimization'} or None
        The largest of the three estimates.
    advice : tuple of str
        One sentence per finding.
    notes : tuple of str
        Measurements that were left out, and limits of the answer.
    n_rows, n_splits : int
        Number of rows, and of the splits that measured the loss.
    seconds : float
        Duration.

    Examples
    --------
    >>> from deepgen.report import WhichError
    >>> WhichError.__name__
    'WhichError'
    """

    loss: str
    risk: Interval
    accuracy: Interval | None
    approximation: Interval
    estimation: Interval
    optimization: Interval
    noise: Interval
    more_labels: Interval
    longer: Interval
    wider: Interval
    seeds: Interval
    simple_models: Mapping[str, Interval]
    advantage: Mapping[str, Interval]
    law: OffsetLaw | None
    largest: str | None
    advice: tuple[str, ...]
    notes: tuple[str, ...]
    n_rows: int
    n_splits: int
    seconds: float = field(compare=False)

    @property
    def errors(self) -> list[Row]:
        """The three errors and the noise floor, one row each."""
        names = ("noise", *ERRORS)
        return [_row(name, getattr(self, name)) for name in names]

    @property
    def gains(self) -> list[Row]:
        """Reduction of the loss by each remedy, one row each."""
        return [_row(LABELS[name], getattr(self, name)) for name in GAINS]

    def __repr__(self) -> str:
        head = f"WhichError: {self.loss} {self.risk}, {self.n_rows:,} rows, {self.n_splits} splits"
        lines = [head, *_indented(self.errors), "what it takes off the loss:"]
        lines += _indented(self.gains)
        lines += [f"- {sentence}" for sentence in (*self.advice, *self.notes)]
        return "\n".join(lines)

    @in_style
    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw noise floor, errors and the gains of remedies with their intervals.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes; None makes a new figure.

        Returns
        -------
        ax : matplotlib.axes.Axes
            The axes drawn on.
        """
        ax = axes_or_new(ax)
        bars = [("noise floor", self.noise, GREEN)]
        bars += [(name, getattr(self, name), VERMILION) for name in ERRORS]
        bars += [(LABELS[name], getattr(self, name), BLUE) for name in GAINS]
        for place, (_, interval, color) in enumerate(bars):
            if not math.isfinite(interval.estimate):
                ax.text(0, place, " not measured", va="center", color="#555555")
                continue
            ax.barh(place, interval.estimate, color=color)
            if math.isfinite(interval.low + interval.high):
                ax.plot([interval.low, interval.high], [place] * 2, color="black", marker="|")
        ax.axvline(0, color="black", linewidth=0.8)
        ax.set_yticks(range(len(bars)), [name for name, _, _ in bars])
        ax.invert_yaxis()
        ax.set(xlabel=self.loss, title="Errors, and what remedies take off")
        return ax

    @in_style
    def plot_curve(self, ax: Axes | None = None) -> Axes:
        """Draw the learning curve with its law.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes; None makes a new figure.

        Returns
        -------
        ax : matplotlib.axes.Axes
            The axes drawn on; empty without a law.
        """
        ax = axes_or_new(ax)
        if self.law is not None:
            self.law.plot(ax)
            if math.isfinite(self.noise.estimate):
                ax.axhline(self.noise.estimate, color=ORANGE, linewidth=1, label="noise floor")
                ax.legend()
        ax.set(ylabel=self.loss, title="Learning curve")
        return ax


def _row(name: str, interval: Interval) -> dict[str, Any]:
    known = math.isfinite(interval.estimate)
    return {
        "": name,
        "estimate": interval.estimate if known else "not measured",
        "low": interval.low if math.isfinite(interval.low) else None,
        "high": interval.high if math.isfinite(interval.high) else None,
    }


def _indented(rows: list[Row]) -> list[str]:
    return [f"  {line}" for line in format_table(rows).splitlines()]


def make_answer(refits: Any, notes: list[str], seconds: float) -> WhichError:
    """Turn measurements into the answer.

    Parameters
    ----------
    refits : Refits
        Measurements.
    notes : list of str
        Measurements that were left out.
    seconds : float
        Duration.

    Returns
    -------
    answer : WhichError
        With intervals and advice.
    """
    losses = Jackknife(refits.columns, refits.split, refits.weights)
    errors = three_errors(refits, len(refits.y))

    def mean(name: str) -> Interval:
        return losses.interval(lambda means: means[name], name)

    def gain(name: str) -> Interval:
        return losses.interval(lambda means: means["own"] - means[name], "own", name)

    def loss_above(name: str) -> Interval:
        return losses.interval(lambda means: means[name] - means["own"], "own", name)

    known = [name for name in NAMES if name in refits.columns]
    seeds = losses.interval(
        # The mean of two removes half of what differs between seeds.
        lambda means: means["own"] + means["last seed"] - 2 * means["mean of seeds"],
        *("own", "last seed", "mean of seeds"),
    )
    facts: dict[str, Any] = {
        "loss": refits.loss.name,
        "risk": mean("own"),
        "accuracy": None if refits.loss.classes is None else mean("own hits"),
        "approximation": errors.approximation,
        "estimation": errors.estimation,
        "optimization": errors.optimization,
        "noise": errors.noise,
        "more_labels": errors.more_labels,
        "longer": gain("longer"),
        "wider": gain("wider"),
        "seeds": seeds,
        "simple_models": {name: mean(name) for name in known},
        "advantage": {name: loss_above(name) for name in known},
    }
    if errors.largest is None:
        method = errors.optimization.method
        reason = method.removeprefix("not measured: ")
        if reason == method:
            reason = "too little was measured"
        notes = [*notes, f"The three errors are not told apart: {reason}."]
    if len(refits.y) < FEW_ROWS:
        notes = [*notes, TOO_FEW.format(len(refits.y))]
    if refits.copies > MANY_COPIES:
        notes = [*notes, COPIES.format(refits.copies)]
    return WhichError(
        **facts,
        law=errors.law,
        largest=errors.largest,
        advice=advise(facts, errors.largest),
        notes=tuple(notes),
        n_rows=len(refits.y),
        n_splits=len(np.unique(refits.split[refits.split >= 0])),
        seconds=seconds,
    )
