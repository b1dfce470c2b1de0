"""Batch norm with batches of different sizes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._display.style import MARKERS
from deepgen._engine.arrays import FloatArray
from deepgen._interval import t_interval
from deepgen.estimators.names import NormalizationName
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner
from deepgen.experiments.shared.digits import split_digits
from deepgen.experiments.shared.rates import best_rate
from deepgen.experiments.shared.training import fit_quietly

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "run"]

EXPERIMENT: Final = Experiment(
    name="batch_norm_batch_size",
    title="Batch norm needs large enough batches",
    claim="Batch norm raises the test error when it learns from batches of 2 and does not when "
    "they hold 64 rows; layer norm, which asks no other row, does not mind small batches.",
    source="Slides 'Batch Normalization' and 'Layer Normalizations': statistics of the mini-batch "
    "or of the layer; Ioffe and Szegedy 2015, Ba, Kiros and Hinton 2016",
    protocol="Handwritten digits: 1,000 images to train on, 297 to choose the learning rate, 500 "
    "to test, split anew by each seed. Two hidden layers of 64 ReLU units, He-normal start, SGD "
    "with momentum 0.9, 20 epochs (quick: 8), constant rate. For each seed, batch size and net the "
    "rate among 10 powers of 2 of the fewest validation errors (quick: 4). Nets: plain, batch norm "
    "with its running statistics in prediction, layer norm.",
    seeds=10,
    quick_seeds=3,
)

SIZES: Final = (2, 4, 8, 16, 64, 256)
NETS: Final[dict[str, NormalizationName | None]] = {
    "plain": None,
    "batch norm": "batch",
    "layer norm": "layer",
}
RATES: Final = tuple(2.0**power for power in range(-12, -2))
SMALL, LARGE = 2, 64
MARGIN: Final = 0.01
"""Difference of test errors that counts as none: one answer in a hundred."""


def _error(task: tuple[int, str, int, bool]) -> tuple[float, float]:
    """Return the learning rate chosen by validation, and the test error of its net."""
    from deepgen.estimators import MLPClassifier

    size, net, seed, quick = task
    digits = split_digits(seed, n_val=297)
    rates = RATES[1:8:2] if quick else RATES
    errors, tests = [], []
    for rate in rates:
        model = MLPClassifier(
            hidden_layer_sizes=(64, 64),
            solver="sgd",
            learning_rate_init=rate,
            batch_size=size,
            max_iter=8 if quick else 20,
            n_iter_no_change=np.inf,
            alpha=0.0,
            normalization=NETS[net],
            initializer="he_normal",
            random_state=seed,
            n_jobs=1,
        )
        try:
            fit_quietly(model, digits.X, digits.y)
        except ValueError:  # not one step stayed finite
            errors.append(np.inf)
            tests.append(np.nan)
        else:
            errors.append(1 - float(model.score(digits.X_val, digits.y_val)))
            tests.append(1 - float(model.score(digits.X_test, digits.y_test)))
    rate = best_rate(rates, [errors])
    return rate, tests[rates.index(rate)]


def _measure(plan: RunPlan) -> Measurement:
    sizes = (SMALL, 8, LARGE) if plan.quick else SIZES
    cells = [(size, net) for size in sizes for net in NETS]
    tasks = [(*cell, seed, plan.quick) for cell in cells for seed in plan.seeds]
    answers = np.array(plan.map(_error, tasks, "nets")).reshape(len(cells), len(plan.seeds), 2)
    errors = {cell: one[:, 1] for cell, one in zip(cells, answers, strict=True)}
    rows: list[dict[str, Any]] = [
        {
            "batch size": size,
            "net": net,
            "median rate": float(np.median(one[:, 0])),
            "test error": float(one[:, 1].mean()),
            "s.e.": _standard_error(one[:, 1]),
        }
        for (size, net), one in zip(cells, answers, strict=True)
    ]
    return Measurement(
        table=rows,
        findings=_judge(errors),
        notes=[
            "Epochs are equal, so small batches make more steps: the plain net shows what that "
            "alone does.",
            "The two values of a unit in a batch of 2 become +1 and -1 whatever they were (up to "
            "scale and shift), so training sees no size of anything.",
        ],
        draw=partial(_draw, rows),
    )


def _judge(errors: dict[tuple[int, str], FloatArray]) -> list[Finding]:
    """Return the findings for the measured errors."""
    return [
        Finding(
            f"batches of {SMALL}: test error, batch norm minus plain",
            t_interval(errors[SMALL, "batch norm"] - errors[SMALL, "plain"]),
            at_least=MARGIN,
        ),
        Finding(
            f"batches of {LARGE}: test error, batch norm minus plain",
            t_interval(errors[LARGE, "batch norm"] - errors[LARGE, "plain"]),
            at_most=MARGIN,
        ),
        Finding(
            f"batch norm: test error, batches of {SMALL} minus batches of {LARGE}",
            t_interval(errors[SMALL, "batch norm"] - errors[LARGE, "batch norm"]),
            at_least=MARGIN,
        ),
        Finding(
            f"layer norm: test error, batches of {SMALL} minus batches of {LARGE}",
            t_interval(errors[SMALL, "layer norm"] - errors[LARGE, "layer norm"]),
            at_most=MARGIN,
        ),
    ]


def _standard_error(values: NDArray[np.float64]) -> float | None:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None


def _draw(rows: list[dict[str, Any]], figure: Figure) -> None:
    axes = figure.subplots()
    for net, mark in zip(NETS, MARKERS, strict=False):
        mine = [row for row in rows if row["net"] == net]
        axes.errorbar(
            [row["batch size"] for row in mine],
            [row["test error"] for row in mine],
            [row["s.e."] or 0 for row in mine],
            fmt=f"{mark}-",
            capsize=3,
            label=net,
        )
    sizes = sorted({row["batch size"] for row in rows})
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(sizes, [str(size) for size in sizes])
    ticks = (0.02, 0.05, 0.1, 0.2, 0.5)
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks([], minor=True)
    axes.set(
        title="Handwritten digits, equal epochs, each net at its own best rate",
        xlabel="rows of a batch",
        ylabel="share of wrong test answers, mean and s.e.",
    )
    axes.legend()


run: Final = Runner(EXPERIMENT, _measure)
