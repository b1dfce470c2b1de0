"""Early stopping: the saved computing and the saved error."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepgen._display.style import COLORS, legend_below
from deepgen._engine.arrays import FloatArray
from deepgen._interval import t_interval
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner
from deepgen.experiments.shared.tasks import TASKS, draw_task
from deepgen.experiments.shared.training import fit_quietly

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "run"]


EXPERIMENT: Final = Experiment(
    name="early_stopping",
    title="What early stopping saves",
    claim="Against training on all rows until their loss no longer falls, early stopping saves at "
    "least a quarter of the computing, a smaller share of the test error than of the computing, "
    "and costs at most a tenth of the test error.",
    source="Slide 'Overfitting?': early stopping can help but is mostly useful to avoid wasting "
    "compute",
    protocol="Three tasks: 200 points of the lecture's noisy sine; 1,297 handwritten digits, 500 "
    "to test; the same with 30 % of the training labels drawn at random. Two hidden layers of 64 "
    "ReLU units, Adam, learning rate 0.001, batches of 20 (sine) and 32, no other regularizer. "
    "Both ways stop after 10 epochs without an improvement of 0.0001, at most 1,000 (quick: 100): "
    "one of the training loss, the other of the score on a tenth of the rows that it sets aside, "
    "whose best weights it keeps. Computing is counted in rows: 1 a training row, 1/3 a validation "
    "row, which has no backward pass. For comparison, the validation loss in place of the score. A "
    "seed draws data and net.",
    seeds=20,
    quick_seeds=4,
)

WAYS: Final[dict[str, dict[str, Any]]] = {
    "training loss": {},
    "validation score": {"early_stopping": True},
    "validation loss": {"early_stopping": True, "scoring": "loss"},
}
SHARE: Final = 0.1
"""Share of rows held out by early stopping."""


def _train(work: tuple[str, str, int, bool]) -> tuple[float, float]:
    """Return the computing, in rows, and the test error."""
    name, way, seed, quick = work
    task = draw_task(name, seed)
    model = task.estimator(
        hidden_layer_sizes=(64, 64),
        batch_size=task.batch_size,
        alpha=0.0,
        max_iter=100 if quick else 1_000,
        validation_fraction=SHARE,
        random_state=seed,
        n_jobs=1,
        **WAYS[way],
    )
    fit_quietly(model, task.X, task.y)
    return _rows(model, len(task.y)), task.test_error(model)


def _rows(model: Any, n: int) -> float:
    aside = n - model.t_ // model.n_iter_
    return float(model.n_iter_ * (n - aside + aside / 3))


def _measure(plan: RunPlan) -> Measurement:
    cells = [(kind, way) for kind in TASKS for way in WAYS]
    # Computing in rows and test error, of shape (n_cells, n_seeds, 2).
    answers = np.array(
        plan.map(
            _train,
            [(*cell, seed, plan.quick) for cell in cells for seed in plan.seeds],
            "nets",
        )
    ).reshape(len(cells), len(plan.seeds), 2)
    measured = dict(zip(cells, answers, strict=True))
    # Saved shares of computing (first column) and of error (second), one row per seed.
    saved = {
        (kind, way): 1 - measured[kind, way] / measured[kind, "training loss"]
        for kind, way in cells
    }
    rows: list[dict[str, Any]] = [
        {
            "task": kind,
            "stops by": way,
            "thousand rows": float(measured[kind, way][:, 0].mean()) / 1e3,
            "test error": float(measured[kind, way][:, 1].mean()),
            "computing saved": float(saved[kind, way][:, 0].mean()),
            "error saved": float(saved[kind, way][:, 1].mean()),
        }
        for kind, way in cells
    ]
    return Measurement(
        table=rows,
        findings=_judge(saved),
        notes=[
            "Early stopping pays with the rows that it sets aside; a negative share is a higher "
            "test error.",
            "Errors are squared units of y on the sine, shares of wrong answers on digits.",
        ],
        draw=partial(_draw, saved),
    )


def _judge(saved: dict[tuple[str, str], FloatArray]) -> list[Finding]:
    """Return the findings for the measured shares."""
    findings = []
    for kind in TASKS:
        compute, error = saved[kind, "validation score"].T
        findings += [
            Finding(
                f"{kind}: share of computing saved minus share of error saved",
                t_interval(compute - error),
                at_least=0.0,
            ),
            Finding(f"{kind}: share of computing saved", t_interval(compute), at_least=0.25),
            Finding(f"{kind}: share of error saved", t_interval(error), at_least=-0.1),
        ]
    return findings


def _draw(saved: dict[tuple[str, str], FloatArray], figure: Figure) -> None:
    axes = figure.subplots()
    axes.axhline(0, color="black", linewidth=1)
    for place, (column, name) in enumerate(((0, "computing"), (1, "test error"))):
        for shift, way, mark in ((-0.05, "validation score", "o"), (0.05, "validation loss", "^")):
            intervals = [t_interval(saved[kind, way][:, column]) for kind in TASKS]
            middle = np.array([interval.estimate for interval in intervals])
            ends = np.array([[interval.low, interval.high] for interval in intervals])
            reach = np.abs(ends - middle[:, None]).T
            axes.errorbar(
                np.arange(len(TASKS)) + 0.3 * (place - 0.5) + shift,
                middle,
                np.where(np.isfinite(reach), reach, 0.0),
                fmt=mark,
                color=COLORS[place],
                capsize=4,
                markersize=9,
                label=f"{name}, by {way}",
            )
    axes.set_xticks(range(len(TASKS)), list(TASKS))
    axes.set(
        title="Early stopping against training until the training loss stays",
        ylabel="share saved, with 95 % interval",
    )
    legend_below(axes, 2)


run: Final = Runner(EXPERIMENT, _measure)
