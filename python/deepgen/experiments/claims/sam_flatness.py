"""Sharpness-aware minimization: the top eigenvalue of the Hessian at the solution."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepgen._display.style import MARKERS, legend_below
from deepgen._engine.arrays import FloatArray
from deepgen._interval import t_interval
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner
from deepgen.experiments.shared.tasks import TASKS, draw_task
from deepgen.experiments.shared.training import fit_quietly
from deepgen.optimizers import ASAM, GSAM, SAM, SGD, Optimizer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "run"]


EXPERIMENT: Final = Experiment(
    name="sam_flatness",
    title="SAM ends where the loss is flatter",
    claim="After as many epochs from the same start, the largest eigenvalue of the training loss's "
    "Hessian is lower with SAM than with the SGD that it wraps; the share of right test answers "
    "rises by at most 0.05.",
    source="Slide 'Overfitting? From theory to practice': SAM, a few % improvement in accuracy "
    "max; Foret, Kleiner, Mobahi and Neyshabur 2021",
    protocol="Three tasks: 200 points of the lecture's noisy sine; 1,297 handwritten digits, 500 "
    "to test; the same with 30 % of the training labels drawn at random. Two hidden layers of 32 "
    "ReLU units, He-normal start, SGD with momentum 0.9, rate 0.02, batches of 20 (sine) and 32, "
    "100 epochs (quick: 15), alone and wrapped into SAM with rho = 0.05 and into the other members "
    "of its family at their defaults. Measured in float64 on all training rows: largest eigenvalue "
    "by Lanczos, to a relative 0.001. A seed draws data, start and order, the same for all.",
    seeds=10,
    quick_seeds=3,
)

RATE: Final = 0.02
METHODS: Final[dict[str, Optimizer]] = {
    "SGD": SGD(),
    "SAM": SAM(base=SGD()),
    "ASAM": ASAM(base=SGD(), rho=0.5),
    "GSAM": GSAM(base=SGD()),
}
MOST_GAIN: Final = 0.05
"""Largest gain that counts as 'a few percent at most'."""


def _train(work: tuple[str, str, int, bool]) -> tuple[float, float, float]:
    """Return the largest eigenvalue, the training loss and the test error."""
    from scipy.sparse.linalg import eigsh

    from deepgen.probe import Probe

    name, method, seed, quick = work
    task = draw_task(name, seed)
    model = task.estimator(
        hidden_layer_sizes=(32, 32),
        solver=METHODS[method],
        learning_rate_init=RATE,
        batch_size=task.batch_size,
        alpha=0.0,
        max_iter=15 if quick else 100,
        n_iter_no_change=np.inf,
        initializer="he_normal",
        random_state=seed,
        n_jobs=1,
    )
    fit_quietly(model, task.X, task.y)
    probe = Probe(model, task.X, task.y)
    start = np.random.default_rng(0).standard_normal(probe.n_parameters)
    top = eigsh(probe.hessian, k=1, which="LA", v0=start, tol=1e-3, return_eigenvectors=False)
    return float(top[0]), probe.loss(), task.test_error(model)


def _measure(plan: RunPlan) -> Measurement:
    cells = [(name, method) for name in TASKS for method in METHODS]
    answers = np.array(
        plan.map(
            _train, [(*cell, seed, plan.quick) for cell in cells for seed in plan.seeds], "nets"
        )
    ).reshape(len(cells), len(plan.seeds), 3)
    measured = dict(zip(cells, answers, strict=True))
    rows: list[dict[str, Any]] = [
        {
            "task": name,
            "method": method,
            "largest eigenvalue": float(np.exp(np.log(mine[:, 0]).mean())),
            "training loss": float(mine[:, 1].mean()),
            "test error": float(mine[:, 2].mean()),
        }
        for (name, method), mine in measured.items()
    ]
    return Measurement(
        table=rows,
        findings=_judge(measured),
        notes=[
            "Eigenvalues are geometric means over seeds. That of a cross-entropy falls with the "
            "loss itself; the table has the losses.",
            "The sine's test error is in squared units of y, that of digits a share of wrong "
            "answers.",
        ],
        draw=partial(_draw, measured),
    )


def _judge(measured: dict[tuple[str, str], FloatArray]) -> list[Finding]:
    """Return the findings for the measured eigenvalues and errors."""
    return [
        *(
            Finding(
                f"{name}: ln of the largest eigenvalue, SAM over SGD",
                t_interval(_over_sgd(measured, name, "SAM")),
                at_most=0.0,
            )
            for name in TASKS
        ),
        *(
            Finding(
                f"{name}: share of right test answers, SAM minus SGD",
                t_interval(measured[name, "SGD"][:, 2] - measured[name, "SAM"][:, 2]),
                at_most=MOST_GAIN,
            )
            for name in TASKS
            if name != "sine"
        ),
    ]


def _over_sgd(measured: dict[tuple[str, str], FloatArray], name: str, method: str) -> FloatArray:
    ratios = measured[name, method][:, 0] / measured[name, "SGD"][:, 0]
    return np.asarray(np.log(ratios), dtype=np.float64)


def _draw(measured: dict[tuple[str, str], FloatArray], figure: Figure) -> None:
    axes = figure.subplots()
    axes.axhline(1, color="black", linewidth=1)
    others = [method for method in METHODS if method != "SGD"]
    for place, (method, mark) in enumerate(zip(others, MARKERS, strict=False)):
        intervals = [t_interval(_over_sgd(measured, name, method)) for name in TASKS]
        middle = np.exp([interval.estimate for interval in intervals])
        ends = np.exp([[interval.low, interval.high] for interval in intervals])
        reach = np.abs(ends - middle[:, None]).T
        axes.errorbar(
            np.arange(len(TASKS)) + 0.12 * (place - (len(others) - 1) / 2),
            middle,
            np.where(np.isfinite(reach), reach, 0.0),
            fmt=mark,
            markersize=9,
            capsize=4,
            label=method,
        )
    axes.set_xticks(range(len(TASKS)), list(TASKS))
    axes.set(
        title="Largest eigenvalue of the Hessian of the training loss, over that of SGD",
        ylabel="ratio, mean and 95 % interval",
        yscale="log",
    )
    ticks = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2)
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks([], minor=True)
    legend_below(axes, 4)


run: Final = Runner(EXPERIMENT, _measure)
