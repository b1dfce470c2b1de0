"""The loss surface of an MLP with two weights; formulas and data in `two_weights`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._display.style import COLORS
from deepgen._engine.arrays import FloatArray
from deepgen._interval import exact, t_interval
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner
from deepgen.experiments.shared.two_weights import TwoWeightLoss, lab_data, printed_data

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "run"]

EXPERIMENT: Final = Experiment(
    name="mlp_loss",
    title="Loss surface of an MLP with two weights",
    claim="The loss of w2 relu(w1 x) is not convex: the origin is a saddle, the minima are joined "
    "in a valley, and there are no bad local minima.",
    source="Slide 'MLP Loss' with its speaker note",
    protocol="Mean squared error in closed form on [-5, 5]^2, for the 30 samples of the printed "
    "code (seed 42) and for 100 samples as behind the picture (x uniform on (-1, 1), "
    "y = 2 x + N(0, 9)), one set a seed. Measured: curvature at the origin, spread of the loss "
    "along the valley, share of the window that is flat above the minimum, and how much higher "
    "the floor of the worse of the two valleys is.",
    seeds=100,
    quick_seeds=20,
)

REACH: Final = 5.0
"""Half the side of the window."""

LEVELS: Final = tuple(digit * 10.0**power for power in range(-2, 3) for digit in (1, 2, 5)) + (
    1000.0,
)
"""Contour levels, as heights above the minimum."""


def _measure(plan: RunPlan) -> Measurement:
    printed = TwoWeightLoss(*printed_data())
    valley = np.linspace(0.5, REACH, 200)
    along = printed(valley, printed.right.optimum / valley)
    grid = np.linspace(-REACH, REACH, 200)
    flat = np.mean([not printed.gradient(w1, w2).any() for w1 in grid for w2 in grid])
    losses = [TwoWeightLoss(*lab_data(seed)) for seed in plan.seeds]
    excess = [abs(loss.floor(loss.right) - loss.floor(loss.left)) / loss.c for loss in losses]
    rise = [1 - max(loss.floor(loss.right), loss.floor(loss.left)) / loss.c for loss in losses]
    rows: list[dict[str, Any]] = [
        {"data": "printed", "seed": 42, **_summary(printed)},
        *(
            {"data": "lab", "seed": seed, **_summary(loss)}
            for seed, loss in zip(plan.seeds, losses, strict=True)
        ),
    ]
    return Measurement(
        table=rows,
        findings=_judge(printed, along, float(flat), excess, rise),
        notes=[
            "On the printed data all inputs are positive: for w1 <= 0 the network is dead and the "
            "surface a plateau of stationary points that are no minima.",
            "On the lab data each sign of w1 sees half of the samples, so the two valleys end at "
            "different heights, equal only in expectation (9.667), and each path from one to the "
            "other climbs to the loss at w1 = 0.",
        ],
        draw=partial(_draw, printed, losses[0]),
    )


def _judge(
    printed: TwoWeightLoss, along: FloatArray, flat: float, excess: list[float], rise: list[float]
) -> list[Finding]:
    """Return the findings for the measured surfaces."""
    return [
        Finding(
            "printed: lowest curvature at the origin",
            exact(printed.saddle(printed.right)[0]),
            at_most=-1e-9,
        ),
        Finding(
            "printed: spread of the loss along the valley", exact(np.ptp(along)), at_most=1e-12
        ),
        Finding(
            "printed: share of the window that is flat above the minimum",
            exact(flat),
            at_most=0.0,
        ),
        Finding(
            "lab: rise between the two valleys, per mean of y^2",
            t_interval(rise),
            at_most=0.01,
        ),
        Finding(
            "lab: floor of the worse valley above the better, per mean of y^2",
            t_interval(excess),
            at_most=0.01,
        ),
    ]


def _summary(loss: TwoWeightLoss) -> dict[str, float]:
    return {
        "valley w1>0": loss.right.optimum,
        "valley w1<0": loss.left.optimum,
        "floor w1>0": loss.floor(loss.right),
        "floor w1<0": loss.floor(loss.left),
        "loss at 0": loss.c,
        "saddle eigenvalue": loss.saddle(loss.right)[0],
    }


def _draw(printed: TwoWeightLoss, lab: TwoWeightLoss, figure: Figure) -> None:
    figure.set_size_inches(10.5, 5.4)
    axes = figure.subplots(1, 2, sharey=True)
    draw_surface(axes[0], printed, "printed data: all x > 0")
    draw_surface(axes[1], lab, "data of the picture: x of both signs")
    add_bar(axes)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)


def draw_surface(axes: Axes, loss: TwoWeightLoss, title: str) -> None:
    """Draw a surface as filled contours with its valleys and its saddle.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Axes for the surface.
    loss : TwoWeightLoss
        Loss with the surface.
    title : str
        Title of the axes.
    """
    grid = np.linspace(-REACH, REACH, 201)
    height = loss(grid[:, None], grid[None, :]).T - min(
        loss.floor(loss.right), loss.floor(loss.left)
    )
    # Logarithmic levels, since the steep corners would hide the valley on a linear scale.
    axes.contourf(grid, grid, height.clip(LEVELS[0], LEVELS[-1]), levels=LEVELS, norm="log")
    for label, side, sign in (("valley", loss.right, 1), ("_", loss.left, -1)):
        if side.a > 0:
            w1 = sign * np.linspace(0.05, REACH, 400)
            w2 = side.optimum / w1
            w2[np.abs(w2) > REACH] = np.nan
            axes.plot(w1, w2, color=COLORS[3], label=label)
    axes.plot(0, 0, "X", color=COLORS[1], markersize=10, linestyle="", label="saddle")
    axes.set(title=title, xlabel="$w_1$", ylabel="$w_2$", aspect="equal")
    axes.grid(False)


def add_bar(axes: NDArray[Any]) -> None:
    """Add the colour bar of `draw_surface` beside a row of axes.

    Parameters
    ----------
    axes : ndarray of matplotlib.axes.Axes
        The row of axes; they share one bar, since all have the same levels.
    """
    axes[0].figure.colorbar(
        axes[0].collections[0],
        ax=list(axes),
        label="mean squared error\nabove the minimum",
        ticks=LEVELS[::3],
        format="%g",
        shrink=0.9,
    )


run: Final = Runner(EXPERIMENT, _measure)
