"""Test error as a function of the number of labels, with a fitted power law."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._display.style import COLORS
from deepgen._engine.arrays import FloatArray
from deepgen._interval import bootstrap_interval
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner
from deepgen.experiments.shared.digits import split_digits
from deepgen.experiments.shared.training import fit_quietly

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "power_law", "run"]

EXPERIMENT: Final = Experiment(
    name="label_learning_curve",
    title="More labels: the learning curve and its power law",
    claim="Each doubling of the number of labels lowers the test error, and the curve follows a "
    "power law, error = c n^-b.",
    source="Slides on estimation error: it decreases when n increases",
    protocol="scikit-learn's 1797 handwritten digits of 8 x 8; 500 images set aside for testing, n "
    "= 20 to 1280 of the others to train, drawn anew by each seed. Two hidden layers of 64 ReLU "
    "units, Adam, learning rate 0.001, batches of 32, 60 epochs (at least 600 steps). The power "
    "law is fitted to the logarithms of the mean test errors by least squares.",
    seeds=20,
    quick_seeds=3,
)

SIZES: Final = (20, 40, 80, 160, 320, 640, 1280)


def power_law(n: Any, error: Any) -> tuple[float, float]:
    """Fit error = c n^-b.

    Parameters
    ----------
    n : array-like of shape (k,)
        Numbers of labels.
    error : array-like of shape (k,)
        Errors, > 0.

    Returns
    -------
    c, b : float
        The law's constant and exponent, by least squares on logarithms.

    Examples
    --------
    >>> from deepgen.experiments.claims.label_learning_curve import power_law
    >>> [round(value, 6) for value in power_law([1, 4, 16], [2.0, 1.0, 0.5])]
    [2.0, 0.5]
    """
    slope, constant = np.polyfit(np.log(n), np.log(error), 1)
    return float(np.exp(constant)), float(-slope)


def _errors(seed: int) -> list[float]:
    from deepgen.estimators import MLPClassifier

    digits = split_digits(seed)
    errors = []
    for n in SIZES:
        steps = -(-n // 32)
        model = MLPClassifier(
            hidden_layer_sizes=(64, 64),
            batch_size=min(32, n),
            max_iter=max(60, -(-600 // steps)),
            n_iter_no_change=np.inf,
            random_state=seed,
            n_jobs=1,
        )
        fit_quietly(model, digits.X[:n], digits.y[:n])
        errors.append(1 - float(model.score(digits.X_test, digits.y_test)))
    return errors


def _measure(plan: RunPlan) -> Measurement:
    errors = np.array(plan.map(_errors, plan.seeds, "learning curves"))
    c, b = power_law(SIZES, errors.mean(axis=0))
    root = np.sqrt(len(errors))
    rows: list[dict[str, Any]] = [
        {
            "labels": n,
            "test error": float(column.mean()),
            "s.e.": float(column.std(ddof=1) / root) if len(column) > 1 else None,
            "power law": c * n**-b,
        }
        for n, column in zip(SIZES, errors.T, strict=True)
    ]
    return Measurement(
        table=rows,
        findings=_judge(errors),
        notes=[f"Fitted: error = {c:.3g} n^-{b:.3g}."],
        draw=partial(_draw, rows, c, b),
    )


def _judge(errors: FloatArray) -> list[Finding]:
    """Return the findings for the measured errors."""
    return [
        Finding(
            "largest ratio of test errors after a doubling",
            bootstrap_interval(errors, _largest_ratio),
            at_most=1.0,
        ),
        Finding(
            "exponent b of the power law",
            bootstrap_interval(errors, lambda drawn: power_law(SIZES, drawn.mean(axis=0))[1]),
            at_least=0.2,
            at_most=1.0,
        ),
        Finding(
            "share of the variance of log error that the law explains",
            bootstrap_interval(errors, _explained),
            at_least=0.95,
        ),
    ]


def _largest_ratio(drawn: NDArray[np.float64]) -> float:
    mean = drawn.mean(axis=0)
    return float(np.max(mean[1:] / mean[:-1]))


def _explained(drawn: NDArray[np.float64]) -> float:
    return float(np.corrcoef(np.log(SIZES), np.log(drawn.mean(axis=0)))[0, 1] ** 2)


def _draw(rows: list[dict[str, Any]], c: float, b: float, figure: Figure) -> None:
    axes = figure.subplots()
    axes.errorbar(
        [row["labels"] for row in rows],
        [row["test error"] for row in rows],
        [row["s.e."] or 0 for row in rows],
        fmt="o",
        capsize=4,
        label="test error, mean and s.e.",
    )
    n = np.array([SIZES[0], SIZES[-1]])
    axes.plot(n, c * n**-b, "--", color=COLORS[1], label=f"power law {c:.2g} n^(-{b:.2f})")
    axes.set(
        xscale="log",
        yscale="log",
        title="Handwritten digits, 500 test images",
        xlabel="labelled training images, n",
        ylabel="share of wrong test answers",
    )
    axes.set_xticks(SIZES, [str(size) for size in SIZES])
    axes.set_xticks([], minor=True)
    ticks = (0.02, 0.05, 0.1, 0.2, 0.5)
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks([], minor=True)
    axes.legend()


run: Final = Runner(EXPERIMENT, _measure)
