"""Loss surfaces of single samples and paths of SGD on them; formulas and data in `two_weights`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from deepgen._display.style import COLORS
from deepgen._engine.arrays import FloatArray
from deepgen._interval import exact, t_interval, wilson_interval
from deepgen.experiments.claims.mlp_loss import add_bar, draw_surface
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner
from deepgen.experiments.shared.two_weights import (
    TwoWeightLoss,
    expected_risk,
    lab_data,
    printed_data,
    sgd_path,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "run"]

EXPERIMENT: Final = Experiment(
    name="stochastic_mlp_loss",
    title="Loss surfaces of single samples, and SGD on them",
    claim="Each sample has a loss surface of its own, some point away from the common minimum, yet "
    "their mean is the loss, and SGD on one sample at a time runs down it and past the saddle.",
    source="Slide 'Stochastic MLP Loss' (a video of the surface of each step's sample)",
    protocol="ReLU network w2 relu(w1 x): 100 samples as behind the picture (x uniform on (-1, 1), "
    "y = 2 x + N(0, 9)), one pass of batch size 1, learning rate 0.01, from w1 = -4, w2 = 3. "
    "Linear network w2 w1 x: 10 shuffled passes, learning rate 0.05, from (2, -1.9), "
    "which lies on the far side of the saddle at 0. A seed draws data and order. "
    "Measured: expected risk (closed form) after the last step.",
    seeds=200,
    quick_seeds=40,
)

RELU_START: Final = (-4.0, 3.0)
LINEAR_START: Final = (2.0, -1.9)
RELU_FLOOR: Final = 29 / 3
SADDLE: Final = 31 / 3
LINEAR_LEVELS: Final = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60)


def _measure(plan: RunPlan) -> Measurement:
    paths = plan.map(_paths, plan.seeds, "SGD")
    begin = float(expected_risk(*RELU_START, relu=True)) - RELU_FLOOR
    rows, left, below = [], [], 0
    for seed, (relu_path, linear_path) in zip(plan.seeds, paths, strict=True):
        relu_end = float(expected_risk(*relu_path[-1], relu=True))
        linear_end = float(expected_risk(*linear_path[-1], relu=False))
        left.append((relu_end - RELU_FLOOR) / begin)
        below += linear_end < SADDLE
        rows.append(
            {
                "seed": seed,
                "relu w1": relu_path[-1, 0],
                "relu w2": relu_path[-1, 1],
                "relu risk": relu_end,
                "linear w1": linear_path[-1, 0],
                "linear w2": linear_path[-1, 1],
                "linear risk": linear_end,
            }
        )
    return Measurement(
        table=rows,
        findings=_judge(below, left),
        notes=["The rate stays constant, so SGD ends in a cloud around the valley, not on it."],
        draw=partial(_draw, plan.seeds[0], *paths[0]),
    )


def _judge(below: int, left: list[float]) -> list[Finding]:
    """Return the findings for the measured paths."""
    x, y = printed_data()
    return [
        Finding(
            "ReLU: share of the excess risk that is left after one pass",
            t_interval(left),
            at_most=0.1,
        ),
        Finding(
            "linear: share of runs that end below the saddle's risk",
            wilson_interval(below, len(left)),
            at_least=0.9,
        ),
        Finding(
            "printed: largest gap between mean of sample gradients and gradient",
            exact(_gradient_gap(x, y)),
            at_most=1e-12,
            construction=True,
        ),
        Finding(
            "printed: samples whose own valley lies on the other side (of 30)",
            exact(float(np.sum(y / x < 0))),
            at_least=1,
        ),
    ]


def _paths(seed: int) -> tuple[FloatArray, FloatArray]:
    x, y = lab_data(seed)
    # A separate stream, so that the order is independent of the data.
    order = np.random.RandomState([seed, 1])
    rows = np.concatenate([order.permutation(len(x)) for _ in range(10)])
    return (
        sgd_path(x, y, RELU_START, 0.01, relu=True),
        sgd_path(x[rows], y[rows], LINEAR_START, 0.05, relu=False),
    )


def _gradient_gap(x: FloatArray, y: FloatArray) -> float:
    whole = TwoWeightLoss(x, y)
    parts = [TwoWeightLoss(xi, yi) for xi, yi in zip(x[:, None], y[:, None], strict=True)]
    points = [(w1, w2) for w1 in (-3.0, 0.5, 4.0) for w2 in (-4.0, -0.5, 3.0)]
    return max(
        float(
            np.abs(
                np.mean([part.gradient(w1, w2) for part in parts], axis=0) - whole.gradient(w1, w2)
            ).max()
        )
        for w1, w2 in points
    )


def _draw(seed: int, relu_path: FloatArray, linear_path: FloatArray, figure: Figure) -> None:
    figure.set_size_inches(13.5, 8.6)
    parts = figure.subfigures(2, 1, squeeze=False)
    upper, lower = parts[0, 0], parts[1, 0]
    axes = upper.subplots(1, 3, sharey=True)
    x, y = lab_data(seed)
    # One sample with a gradient towards the common valleys, and one with a gradient away from them.
    for place, sample in zip(axes, (int(np.argmax(x * y)), int(np.argmin(x * y))), strict=False):
        loss = TwoWeightLoss(x[[sample]], y[[sample]])
        draw_surface(place, loss, f"one sample: x = {x[sample]:.1f}, y = {y[sample]:.1f}")
    draw_surface(axes[2], TwoWeightLoss(x, y), "mean of 100, path of SGD")
    _draw_path(axes[2], relu_path)
    add_bar(axes)
    upper.legend(*axes[2].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    # Lower row: the linear network's expected risk with its path, and the risk along both paths.
    left, middle, right = lower.subplots(1, 3)
    grid = np.linspace(-3, 3, 121)
    values = expected_risk(grid[:, None], grid[None, :], relu=False).T
    height = (values - 9).clip(LINEAR_LEVELS[0])
    filled = left.contourf(grid, grid, height, levels=LINEAR_LEVELS, norm="log")
    lower.colorbar(filled, ax=left, label="risk above minimum", format="%g", shrink=0.9)
    left.plot(0, 0, "X", color=COLORS[1], markersize=10)
    _draw_path(left, linear_path)
    left.set(title="linear network, 10 passes", xlabel="$w_1$", ylabel="$w_2$", aspect="equal")
    left.grid(False)
    for place, path, relu, floor in (
        (middle, relu_path, True, RELU_FLOOR),
        (right, linear_path, False, 9.0),
    ):
        place.plot(expected_risk(*path.T, relu=relu) - floor, label="SGD")
        place.set_ylim(bottom=LINEAR_LEVELS[0])
        place.axhline(SADDLE - floor, color=COLORS[1], linestyle="--", label="saddle")
        place.set(
            title=f"{'ReLU' if relu else 'linear'} network",
            xlabel="step (one sample each)",
            ylabel="risk above minimum",
            yscale="log",
        )
    lower.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=2)


def _draw_path(axes: Axes, path: FloatArray) -> None:
    axes.plot(*path.T, color=COLORS[4], linewidth=1.5, label="SGD")
    for point, marker, label in ((path[0], "o", "start"), (path[-1], "s", "end")):
        axes.plot(
            *point, marker, color=COLORS[4], markeredgecolor="black", linestyle="", label=label
        )


run: Final = Runner(EXPERIMENT, _measure)
