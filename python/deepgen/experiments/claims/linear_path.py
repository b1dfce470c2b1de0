"""The loss on straight lines from start to solution, and between solutions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._display.style import COLORS
from deepgen._interval import t_interval, wilson_interval
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from deepgen.optimization import LinearPath

__all__ = ["EXPERIMENT", "run"]

EXPERIMENT: Final = Experiment(
    name="linear_path",
    title="The straight line from start to solution",
    claim="On the straight line from the starting weights to the solution that SGD found, the "
    "loss falls without a rise.",
    source="Slide 'Non-convex Optimization', speaker note; Goodfellow, Vinyals, Saxe (2015)",
    protocol="Handwritten digits (1,797 images of 8 x 8, 10 classes), two hidden layers of 64 ReLU "
    "units, He-normal start, SGD with momentum 0.9, learning rate 0.02, batches of 32, 30 epochs "
    "(quick: 10). A seed draws start and order. Measured in float64: the loss on 57 points from "
    "-0.2 to 1.2 of the way; rise (the loss minus the lowest loss before it) per loss removed; "
    "whether the loss falls all the way. For comparison, the barrier above the chord on the line "
    "from each solution to that of the next seed.",
    seeds=20,
    quick_seeds=16,
)


def _measure(plan: RunPlan) -> Measurement:
    nets = plan.map(partial(_train, 10 if plan.quick else 30), plan.seeds, "training")
    work = [(net, nets[(place + 1) % len(nets)]) for place, net in enumerate(nets)]
    paths = plan.map(_paths, work, "lines")
    rows: list[dict[str, Any]] = []
    rises, falls = [], 0
    for seed, (home, across) in zip(plan.seeds, paths, strict=True):
        begin, end = home.ends
        inside = home.values[(home.alphas >= 0) & (home.alphas <= 1)]
        falling = bool((np.diff(inside) < 0).all())
        rises.append(home.rise / (begin - end))
        falls += falling
        rows.append(
            {
                "seed": seed,
                "loss at start": begin,
                "loss at solution": end,
                "rise": home.rise,
                "falls all the way": falling,
                "barrier to next solution": across.barrier,
            }
        )
    return Measurement(
        table=rows,
        findings=_judge(rises, falls),
        notes=[
            "Between solutions of two seeds there is a barrier: on average "
            f"{np.mean([path.barrier for _, path in paths]):.2f}."
        ],
        draw=partial(_draw, [home for home, _ in paths], [across for _, across in paths]),
    )


def _judge(rises: list[float], falls: int) -> list[Finding]:
    """Return the findings for the measured rises."""
    return [
        Finding("rise per loss removed", t_interval(rises), at_most=0.01),
        Finding(
            "share of runs whose loss falls all the way",
            wilson_interval(falls, len(rises)),
            at_least=0.8,
        ),
    ]


Net = tuple[NDArray[np.float64], Any]


def _digits() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return X / 16, y


def _train(epochs: int, seed: int) -> Net:
    """Return the starting weights as one vector, and the trained classifier."""
    from deepgen.estimators import MLPClassifier
    from deepgen.experiments.shared.training import fit_quietly

    X, y = _digits()
    draw = np.random.RandomState(seed)
    widths = (64, 64, 64, 10)
    start = [
        np.sqrt(2 / n_in) * draw.standard_normal((n_in, n_out))
        for n_in, n_out in zip(widths, widths[1:], strict=False)
    ]
    model = MLPClassifier(
        hidden_layer_sizes=(64, 64),
        solver="sgd",
        learning_rate_init=0.02,
        batch_size=32,
        max_iter=epochs,
        n_iter_no_change=np.inf,
        alpha=0.0,
        dtype="float64",
        random_state=seed,
        n_jobs=1,
    )
    fit_quietly(model, X, y, coefs_init=start)
    vector = np.zeros(model.network_.core.n_trainable)
    for block in model.network_.core.layout:
        if block.kind == "coefs":
            vector[block.offset : block.offset + block.size] = start[block.layer].ravel()
    return vector, model


def _paths(nets: tuple[Net, Net]) -> tuple[LinearPath, LinearPath]:
    from deepgen.optimization import linear_path
    from deepgen.probe import Probe

    (start, model), (_, other) = nets
    X, y = _digits()
    solution = Probe(model, X, y)
    return linear_path(solution.at(start), solution), linear_path(solution, Probe(other, X, y))


def _draw(homes: list[LinearPath], across: list[LinearPath], figure: Figure) -> None:
    figure.set_size_inches(12, 5)
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, paths, color in ((left, homes, COLORS[0]), (right, across, COLORS[1])):
        for path in paths:
            axes.plot(path.alphas, path.values, color=color, linewidth=1.2, alpha=0.6)
        for end in (0, 1):
            axes.axvline(end, color="black", linewidth=1, linestyle=":")
        axes.set(yscale="log")
    left.set(
        title="from start to solution", xlabel="0: start, 1: solution", ylabel="training log loss"
    )
    right.set(title="between solutions of two seeds", xlabel="0: one solution, 1: the other")


run: Final = Runner(EXPERIMENT, _measure)
