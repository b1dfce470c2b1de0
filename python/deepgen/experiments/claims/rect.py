"""Boxes of four ReLUs, and approximation by sums of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepgen._display.style import COLORS
from deepgen._interval import exact
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "run"]

EXPERIMENT: Final = Experiment(
    name="rect",
    title="Boxes of four ReLUs",
    claim="Four ReLUs make a box and twelve make three boxes; a sum of N boxes approximates an "
    "L-Lipschitz function on [0, 1] to L / (2 N).",
    source="Slides 'Approximation with ReLU nets'",
    protocol="The slide's boxes (0, 1) of height 1.3, and (-1, 0, 1, 2) of heights 0.4, 1.3, 0.8, "
    "eps = 1e-7, on its 1000 points of [-3, 3]; their linear pieces, enumerated. Staircases of N "
    "cells for sin(2 pi x), on 20,001 points of [0, 1] off the ramps. The one box once more with "
    "the same weights in float32.",
)

HEIGHTS: Final = (0.4, 1.3, 0.8)
EPS: Final = 1e-7
LIPSCHITZ: Final = 2 * np.pi


def _measure(plan: RunPlan) -> Measurement:
    from deepgen.expressivity import breakpoints, rect

    x = np.linspace(-3, 3, 1000)
    # Boxes: the largest error on a grid.
    boxes = {
        "one box": (rect(0.0, 1.0, 1.3), np.where((x > 0) & (x <= 1), 1.3, 0.0)),
        "three boxes": (
            rect([-1.0, 0.0, 1.0], [0.0, 1.0, 2.0], HEIGHTS),
            np.select([(x > start) & (x <= start + 1) for start in (-1, 0, 1)], HEIGHTS, 0.0),
        ),
    }
    rows: list[dict[str, Any]] = []
    for name, (model, truth) in boxes.items():
        rows.append(
            {
                "network": name,
                "units": model.coefs_[0].shape[1],
                "pieces": breakpoints(model, -3.0, 3.0).n_pieces,
                "largest error": float(np.abs(model.predict(x[:, None]) - truth).max()),
            }
        )
    # The same box in float32, where its terms of size h / eps cancel to nothing.
    one, truth = boxes["one box"]
    narrow = one.network_.as_type(np.dtype(np.float32))
    rounded = narrow.outputs(x[:, None].astype(np.float32)).ravel().astype(np.float64)
    rows.append(
        {
            "network": "one box in float32",
            "units": 4,
            "largest error": float(np.abs(rounded - truth).max()),
        }
    )
    # Staircases: the error for more and more cells, beside its bound.
    sizes = [2**power for power in range(1, 6 if plan.quick else 9)]
    errors = [_staircase_error(n) for n in sizes]
    rows += [
        {
            "network": f"staircase of {n} cells",
            "units": 2 * (n - 1),
            "largest error": error,
            "bound": LIPSCHITZ / (2 * n),
        }
        for n, error in zip(sizes, errors, strict=True)
    ]
    return Measurement(
        table=rows,
        findings=_judge(rows, sizes, errors),
        notes=[
            "With eps = 1e-7 terms of size h / eps cancel, which costs seven of float64's sixteen "
            "digits and all of float32's: there the box is lost.",
            "A staircase needs 2 (N - 1) units: neighbours share a ramp, and the first value is "
            "the output's intercept.",
        ],
        draw=partial(_draw, sizes, errors),
    )


def _judge(rows: list[dict[str, Any]], sizes: list[int], errors: list[float]) -> list[Finding]:
    """Return the findings for the measured errors."""
    worst = max(error * 2 * n / LIPSCHITZ for n, error in zip(sizes, errors, strict=True))
    return [
        Finding(
            "one box: largest error",
            exact(rows[0]["largest error"]),
            at_most=1e-6,
            construction=True,
        ),
        Finding(
            "three boxes: largest error",
            exact(rows[1]["largest error"]),
            at_most=1e-6,
            construction=True,
        ),
        Finding(
            "one box: linear pieces",
            exact(rows[0]["pieces"]),
            at_least=5,
            at_most=5,
            construction=True,
        ),
        Finding(
            "three boxes: linear pieces",
            exact(rows[1]["pieces"]),
            at_least=9,
            at_most=9,
            construction=True,
        ),
        Finding(
            "staircases: largest error / (L / 2N)",
            exact(worst),
            at_most=1 + 1e-6,
            construction=True,
        ),
    ]


def _staircase_error(n: int) -> float:
    from deepgen.expressivity import staircase

    x = np.linspace(0, 1, 20_001)
    truth = np.sin(2 * np.pi * x)
    model = staircase(lambda t: np.sin(2 * np.pi * t), n, eps=EPS)
    cell = x * n - np.floor(x * n)
    error = np.abs(model.predict(x[:, None]) - truth)
    return float(error[cell > 1e-5].max())


def _draw(sizes: list[int], errors: list[float], figure: Figure) -> None:
    from deepgen.expressivity import breakpoints, rect, staircase

    figure.set_size_inches(13.5, 4.4)
    left, middle, right = figure.subplots(1, 3)
    one = breakpoints(rect(0.0, 1.0, 1.3), -3.0, 3.0)
    three = breakpoints(rect([-1.0, 0.0, 1.0], [0.0, 1.0, 2.0], HEIGHTS), -3.0, 3.0)
    left.plot(-3 + 6 * three.t, three.values[:, 0], color=COLORS[1], label="three boxes, 12 ReLUs")
    left.plot(-3 + 6 * one.t, one.values[:, 0], "--", color=COLORS[0], label="one box, 4 ReLUs")
    left.set(title="Boxes", xlabel="x", ylabel="network's output", ylim=(-0.1, 1.95))
    left.legend(loc="upper left")
    steps = breakpoints(staircase(lambda t: np.sin(2 * np.pi * t), 16), 0.0, 1.0)
    grid = np.linspace(0, 1, 400)
    middle.plot(grid, np.sin(2 * np.pi * grid), color=COLORS[6], label=r"$\sin(2 \pi x)$")
    middle.plot(steps.t, steps.values[:, 0], color=COLORS[0], label="16 cells, 30 ReLUs")
    middle.set(title="A sum of boxes", xlabel="x", ylabel="output", ylim=(-1.15, 1.6))
    middle.legend(loc="upper right")
    right.plot(sizes, LIPSCHITZ / (2 * np.array(sizes)), "--", color=COLORS[6], label="L / (2 N)")
    right.plot(sizes, errors, "o", color=COLORS[0], label="measured")
    right.set(title="Error falls with the cells", xlabel="cells N", ylabel="largest error")
    right.set_xscale("log", base=2)
    right.set_yscale("log")
    right.legend()


run: Final = Runner(EXPERIMENT, _measure)
