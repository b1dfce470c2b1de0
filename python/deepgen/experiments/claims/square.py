"""x^2 by one hidden layer and by many, at equal error."""

from __future__ import annotations

import math
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
    name="square",
    title="A parabola, shallow and deep",
    claim="To approximate x^2 on [0, 1] to an error e, one hidden layer of ReLUs needs of the "
    "order of 1 / sqrt(e) units, a deep network of the order of log(1 / e); at errors below 1e-4 "
    "the deep one has fewer parameters as well.",
    source="Slide 'Depth and Parametric Cost'; Yarotsky 2017",
    protocol="Shallow: interpolation at N + 1 equal knots, N = 2^m units. Deep: "
    "x - sum of tri^s / 4^s, s = 1 .. m, 3 units in each of m layers. Both are the same function, "
    "of error 2^-(2m+2), measured on the 2^16 + 1 dyadic points. Any shallow network of u units "
    "errs by at least 1 / (8 (u + 1)^2).",
)

DEEPEST: Final = 14


def _measure(plan: RunPlan) -> Measurement:
    rows = [_row(m) for m in range(1, (10 if plan.quick else DEEPEST) + 1)]
    return Measurement(
        table=rows,
        findings=_judge(rows),
        notes=[
            "Both networks are written down, not trained: this is what depth can express, not "
            "what training finds.",
            "For coarse approximations the shallow network is the smaller one.",
        ],
        draw=partial(_draw, rows),
    )


def _judge(rows: list[dict[str, Any]]) -> list[Finding]:
    """Return the findings for the measured sizes."""
    # Growth with the error e: a power law for one hidden layer, a logarithm for the deep network.
    last = rows[-1]
    small = [row for row in rows if row["error"] < 1e-4]
    log_error = np.log2([row["error"] for row in rows])
    shallow = np.polyfit(-log_error, np.log2([row["shallow units"] for row in rows]), 1)[0]
    deep = np.polyfit(-log_error, [row["deep units"] for row in rows], 1)[0]
    return [
        Finding(
            "largest gap between both errors and 2^-(2m+2)",
            exact(max(row["gap"] for row in rows)),
            at_most=1e-12,
            construction=True,
        ),
        Finding(
            "shallow units grow as (1 / e) to the power",
            exact(shallow),
            at_least=0.5 - 1e-6,
            at_most=0.5 + 1e-6,
            construction=True,
        ),
        Finding(
            "deep units for each halving of e",
            exact(deep),
            at_least=1.5 - 1e-6,
            at_most=1.5 + 1e-6,
            construction=True,
        ),
        Finding(
            "errors below 1e-4: fewest shallow parameters for one deep parameter",
            exact(min(row["shallow parameters"] / row["deep parameters"] for row in small)),
            at_least=1.0,
            construction=True,
        ),
        Finding(
            f"error {last['error']:.1e}: units that any shallow network needs / deep units",
            exact(last["shallow units at least"] / last["deep units"]),
            at_least=10.0,
            construction=True,
        ),
    ]


def _row(m: int) -> dict[str, Any]:
    from deepgen.expressivity import piecewise_linear, square

    grid = np.arange(2**16 + 1) / 2**16
    knots = np.arange(2**m + 1) / 2**m
    bound = 2.0 ** -(2 * m + 2)
    errors = {}
    sizes = {}
    for name, model in (("shallow", piecewise_linear(knots, knots**2)), ("deep", square(m))):
        outputs = np.concatenate(
            [model.predict(part[:, None]) for part in np.array_split(grid, 64)]
        )
        errors[name] = float(np.abs(outputs - grid**2).max())
        sizes[name] = model.network_.core.n_trainable
    return {
        "m": m,
        "error": bound,
        "shallow units": 2**m,
        "shallow units at least": math.ceil(1 / math.sqrt(8 * bound)) - 1,
        "deep units": 3 * m,
        "shallow parameters": sizes["shallow"],
        "deep parameters": sizes["deep"],
        "gap": max(abs(error - bound) for error in errors.values()),
    }


def _draw(rows: list[dict[str, Any]], figure: Figure) -> None:
    from deepgen.expressivity import breakpoints, square

    figure.set_size_inches(12, 5)
    left, right = figure.subplots(1, 2)
    # Left: x^2 and its interpolations by the first networks.
    grid = np.linspace(0, 1, 400)
    left.plot(grid, grid**2, color=COLORS[6], linewidth=3, alpha=0.4, label="$x^2$")
    for m, color in ((1, COLORS[1]), (2, COLORS[2]), (3, COLORS[0])):
        result = breakpoints(square(m), 0.0, 1.0)
        left.plot(
            result.t,
            result.values[:, 0],
            "o-",
            color=color,
            markersize=4,
            linewidth=1.5,
            label=f"{m} term{'s' if m > 1 else ''}, {3 * m} units",
        )
    left.set(title="Terms of the deep network", xlabel="x", ylabel="output")
    left.legend()
    # Right: units at equal error, measured and as a lower bound.
    errors = [row["error"] for row in rows]
    for name, label, color, marker in (
        ("shallow units", "one hidden layer", COLORS[1], "s-"),
        ("shallow units at least", "any one hidden layer, at least", COLORS[4], "--"),
        ("deep units", "m hidden layers of 3", COLORS[0], "o-"),
    ):
        right.plot(errors, [row[name] for row in rows], marker, color=color, label=label)
    right.set(
        title="Units at equal error",
        xlabel="largest error on [0, 1]",
        ylabel="units",
        xscale="log",
        yscale="log",
    )
    right.invert_xaxis()
    right.legend()


run: Final = Runner(EXPERIMENT, _measure)
