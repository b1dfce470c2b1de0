"""Stronger optimizers compared with better learners: training loss and test error."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import gmean

from deepgen._display.style import MARKERS
from deepgen._engine.arrays import FloatArray
from deepgen._interval import t_interval
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner
from deepgen.experiments.shared.rates import best_rate, tuning_seeds
from deepgen.experiments.shared.training import fit_quietly
from deepgen.optimizers import LBFGS, SGD, Adam, Optimizer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "run"]

Data = tuple[FloatArray, NDArray[np.int64], FloatArray, NDArray[np.int64]]

EXPERIMENT: Final = Experiment(
    name="stronger_optimizer",
    title="A stronger optimizer is not a stronger learner",
    claim="With as many passes through the data, Adam and L-BFGS reach a lower training loss than "
    "plain SGD, and a test error that is not lower by 0.01.",
    source="Slide 'Conclusions': a stronger optimizer is not necessarily a stronger learner; the "
    "lecture's grid of solvers on noisy half-moons",
    protocol="Half-moons with Gaussian noise of 0.2: 100 points to train on, 4,000 to test on, "
    "drawn anew by each seed; once with all labels right, once with 20 % of the training labels "
    "flipped. Two hidden layers of 64 ReLU units, He-normal start, batches of 10, 500 epochs "
    "(L-BFGS: 500 iterations on the full batch; quick: 100). Each solver has that one of 6 "
    "learning rates, powers of 2, which gives it the lowest training loss on 5 seeds of their own.",
    seeds=40,
    quick_seeds=4,
)

SOLVERS: Final[dict[str, tuple[Optimizer, tuple[float, ...]]]] = {
    "SGD": (SGD(momentum=0.0), tuple(2.0**power for power in range(-5, 1))),
    "momentum": (SGD(), tuple(2.0**power for power in range(-8, -2))),
    "Adam": (Adam(), tuple(2.0**power for power in range(-10, -4))),
    "L-BFGS": (LBFGS(), (1.0,)),
}
STRONGER: Final = ("Adam", "L-BFGS")
FLIPPED: Final = {"right labels": 0.0, "20 % wrong labels": 0.2}
N, N_TEST = 100, 4_000
MARGIN: Final = 0.01
"""Difference of test errors that counts as none: one answer in a hundred."""


def _moons(seed: int, flipped: float) -> Data:
    from sklearn.datasets import make_moons

    draw = np.random.RandomState([seed])
    X, y = make_moons(N, noise=0.2, random_state=draw)
    X_test, y_test = make_moons(N_TEST, noise=0.2, random_state=draw)
    return X, np.where(draw.random_sample(N) < flipped, 1 - y, y), X_test, y_test


def _train(task: tuple[str, str, float, int, int]) -> tuple[float, float]:
    """Return training loss and test error; not finite if training failed."""
    from deepgen.estimators import MLPClassifier
    from deepgen.probe import Probe

    labels, solver, rate, epochs, seed = task
    X, y, X_test, y_test = _moons(seed, FLIPPED[labels])
    model = MLPClassifier(
        hidden_layer_sizes=(64, 64),
        solver=SOLVERS[solver][0],
        learning_rate_init=rate,
        batch_size=10,
        max_iter=epochs,
        n_iter_no_change=np.inf,
        tol=0.0,
        alpha=0.0,
        initializer="he_normal",
        random_state=seed,
        n_jobs=1,
    )
    try:
        fit_quietly(model, X, y)
    except ValueError:  # not one step stayed finite
        return np.inf, np.nan
    return Probe(model, X, y).loss(), 1 - float(model.score(X_test, y_test))


def _measure(plan: RunPlan) -> Measurement:
    epochs = 100 if plan.quick else 500
    tuning = tuning_seeds(2 if plan.quick else 5)
    cells = [(labels, solver) for labels in FLIPPED for solver in SOLVERS]
    # First choose each solver's rate by the training loss, on seeds that the measurement does not
    # use.
    searched = iter(
        plan.map(
            _train,
            [
                (labels, solver, rate, epochs, seed)
                for labels, solver in cells
                for rate in _rates(solver, plan.quick)
                for seed in tuning
            ],
            "learning rates",
        )
    )
    # The results come in the order of the tasks: cell, rate, seed.
    chosen = {}
    for cell in cells:
        rates = _rates(cell[1], plan.quick)
        losses = [[next(searched)[0] for _ in tuning] for _ in rates]
        chosen[cell] = best_rate(rates, np.transpose(losses))
    # Then measure on the seeds of the plan, with the chosen rates.
    answers = np.array(
        plan.map(
            _train,
            [(*cell, chosen[cell], epochs, seed) for cell in cells for seed in plan.seeds],
            "nets",
        )
    ).reshape(len(cells), len(plan.seeds), 2)
    loss = {cell: one[:, 0] for cell, one in zip(cells, answers, strict=True)}
    error = {cell: one[:, 1] for cell, one in zip(cells, answers, strict=True)}
    rows: list[dict[str, Any]] = [
        {
            "labels": labels,
            "solver": solver,
            "rate": chosen[labels, solver] if len(_rates(solver, False)) > 1 else None,
            "training loss": float(loss[labels, solver].mean()),
            "test error": float(error[labels, solver].mean()),
            "s.e.": float(error[labels, solver].std(ddof=1) / np.sqrt(len(plan.seeds)))
            if len(plan.seeds) > 1
            else None,
        }
        for labels, solver in cells
    ]
    return Measurement(
        table=rows,
        findings=_judge(loss, error),
        notes=[
            "Rates are those of the lowest training loss: what a solver is worth as an optimizer, "
            "not as a learner.",
            "Test points have the labels they were drawn with.",
        ],
        draw=partial(_draw, loss, error),
    )


def _judge(
    loss: dict[tuple[str, str], FloatArray], error: dict[tuple[str, str], FloatArray]
) -> list[Finding]:
    """Return the findings for the measured losses and errors."""
    return [
        *(
            Finding(
                f"{labels}: ln of the training loss, {solver} over SGD",
                t_interval(np.log(loss[labels, solver] / loss[labels, "SGD"])),
                at_most=0.0,
            )
            for labels in FLIPPED
            for solver in STRONGER
        ),
        *(
            Finding(
                f"{labels}: test error, {solver} minus SGD",
                t_interval(error[labels, solver] - error[labels, "SGD"]),
                at_least=-MARGIN,
            )
            for labels in FLIPPED
            for solver in STRONGER
        ),
    ]


def _rates(solver: str, quick: bool) -> tuple[float, ...]:
    rates = SOLVERS[solver][1]
    return rates[1::2] if quick and len(rates) > 1 else rates


def _draw(
    loss: dict[tuple[str, str], FloatArray],
    error: dict[tuple[str, str], FloatArray],
    figure: Figure,
) -> None:
    figure.set_size_inches(12, 5)
    for axes, labels in zip(figure.subplots(1, 2), FLIPPED, strict=True):
        for solver, mark in zip(SOLVERS, MARKERS, strict=False):
            (points,) = axes.plot(
                loss[labels, solver], error[labels, solver], mark, alpha=0.35, markersize=5
            )
            axes.plot(
                gmean(loss[labels, solver]),
                error[labels, solver].mean(),
                mark,
                color=points.get_color(),
                markeredgecolor="black",
                markersize=11,
                label=solver,
            )
        axes.set(title=labels, xscale="log", xlabel="training loss (small: a seed; large: means)")
    figure.axes[0].set_ylabel("share of wrong test answers")
    figure.axes[0].legend()


run: Final = Runner(EXPERIMENT, _measure)
