"""Universal approximation with a bounded and increasing sigma, as in the theorem."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepgen._display.style import COLORS, MARKERS
from deepgen._engine.arrays import FloatArray
from deepgen._interval import exact
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from deepgen.estimators import MLPRegressor

__all__ = ["EXPERIMENT", "run"]

EXPERIMENT: Final = Experiment(
    name="bounded_sigma",
    title="A bounded, increasing sigma",
    claim="For a nonconstant, bounded, increasing, continuous sigma, sums of v sigma(w x + b) come "
    "as near as one likes to a continuous function on [0, 1]; differences of two ReLUs are such a "
    "sigma, so it holds for ReLU, which is not bounded.",
    source="Slide 'Universal Function Approximation'; Cybenko 1989; Sonoda and Murata 2015",
    protocol="Sums of N steps v_i sigma(s (x - x_i)), x_i the middles of N equal cells, v_i the "
    "change of f from one edge to the next, one more unit with w = 0 for f(0) and no output "
    "intercept, as the theorem has it. sigma: logistic, tanh, and the ramp relu(x) - relu(x - 1). "
    "f = sin(2 pi x) + |x - 1/2|, continuous but with a kink; largest error on 20,001 points.",
)

REACH: Final = 4.0
"""Steepness of a logistic unit: it rises from 0.12 to 0.88 within one cell."""


def _target(x: FloatArray) -> FloatArray:
    values: FloatArray = np.sin(2 * np.pi * x) + np.abs(x - 0.5)
    return values


def _steps(sigma: str, n: int) -> MLPRegressor:
    from deepgen.estimators.from_weights import regressor_from_layers

    edges = np.linspace(0, 1, n + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    rises = np.diff(_target(edges))
    start = float(_target(edges[:1])[0])
    steep = REACH * n
    # The last unit has weight 0 and gives the constant.
    if sigma == "logistic":
        w, b, v = np.full(n, steep), -steep * middles, rises
        constant = 0.0, 2 * start
    elif sigma == "tanh":
        # tanh(z) = 2 logistic(2 z) - 1
        w, b, v = np.full(n, steep / 2), -steep / 2 * middles, rises / 2
        constant = 1.0, (start + v.sum()) / np.tanh(1.0)
    else:
        # The ramp of one cell is the difference of two ReLUs.
        w = np.full(2 * n, float(n))
        b = np.concatenate([-n * edges[:-1], -n * edges[1:]])
        v = np.concatenate([rises, -rises])
        constant = 1.0, start
    return regressor_from_layers(
        [np.append(w, 0.0)[None], np.append(v, constant[1])[:, None]],
        [np.append(b, constant[0]), [0.0]],
        activation="relu" if sigma == "ramp" else sigma,
    )


def _measure(plan: RunPlan) -> Measurement:
    sizes = [2**power for power in range(2, 8 if plan.quick else 11)]
    x = np.linspace(0, 1, 20_001)
    rows: list[dict[str, Any]] = []
    for sigma in ("logistic", "tanh", "ramp"):
        for n in sizes:
            error = np.abs(_steps(sigma, n).predict(x[:, None]) - _target(x)).max()
            units = (2 * n if sigma == "ramp" else n) + 1
            rows.append({"sigma": sigma, "steps": n, "units": units, "error": float(error)})
    errors = {
        sigma: np.array([row["error"] for row in rows if row["sigma"] == sigma])
        for sigma in ("logistic", "tanh", "ramp")
    }
    wanted = 0.1 if plan.quick else 0.01
    return Measurement(
        table=rows,
        findings=_judge(sizes, errors, wanted),
        notes=[
            "The weights are written down. The theorem neither says that this many units suffice "
            "nor that gradient descent finds them.",
            "The ramp interpolates linearly, so that it errs by the square of a cell where f is "
            "smooth; the smooth sigmas with slopes that grow with N err by a share of a step.",
        ],
        draw=partial(_draw, sizes, errors),
    )


def _judge(sizes: list[int], errors: dict[str, FloatArray], wanted: float) -> list[Finding]:
    """Return the findings for the measured errors."""
    return [
        *(
            Finding(
                f"{sigma}: error with {sizes[-1]} steps",
                exact(found[-1]),
                at_most=wanted,
                construction=True,
            )
            for sigma, found in errors.items()
        ),
        *(
            Finding(
                f"{sigma}: slowest fall of the error when steps double",
                exact(float((found[1:] / found[:-1]).max())),
                at_most=0.75,
                construction=True,
            )
            for sigma, found in errors.items()
        ),
    ]


def _draw(sizes: list[int], errors: dict[str, FloatArray], figure: Figure) -> None:
    figure.set_size_inches(12, 5)
    left, right = figure.subplots(1, 2)
    x = np.linspace(0, 1, 1000)
    left.plot(x, _target(x), color=COLORS[6], linewidth=4, alpha=0.3, label="$f$")
    for n, color in ((4, COLORS[1]), (16, COLORS[2]), (64, COLORS[0])):
        outputs = _steps("logistic", n).predict(x[:, None])
        left.plot(x, outputs, color=color, linewidth=1.6, label=f"{n} logistic steps")
    left.set(title=r"Sums of $v\,\sigma(w x + b)$", xlabel="x", ylabel="output")
    left.legend()
    for (sigma, found), color, marker in zip(errors.items(), COLORS, MARKERS, strict=False):
        name = "ramp of two ReLUs" if sigma == "ramp" else sigma
        right.plot(
            sizes,
            found,
            color=color,
            marker=marker,
            label=name,
            linestyle="--" if sigma == "tanh" else "-",
        )
    right.set(title="Distance from $f$", xlabel="steps N", ylabel="largest error on [0, 1]")
    right.set_xscale("log", base=2)
    right.set_yscale("log")
    right.legend()


run: Final = Runner(EXPERIMENT, _measure)
