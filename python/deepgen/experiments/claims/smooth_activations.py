"""ReLU compared with smooth activations, at equal size."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from deepgen._display.style import COLORS, MARKERS
from deepgen._engine.arrays import AnyArray, FloatArray
from deepgen._interval import bootstrap_interval
from deepgen.estimators.names import ActivationName
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from deepgen.estimators import MLPRegressor

__all__ = ["EXPERIMENT", "run"]

EXPERIMENT: Final = Experiment(
    name="smooth_activations",
    title="ReLU against smooth activations",
    claim="At equal size and training, smooth activations come nearer to a smooth function than "
    "ReLU, and ReLU comes nearer to a function with kinks than they do.",
    source="Slide 'Universal Function Approximation' (bounded sigma and ReLU)",
    protocol="Two hidden layers of 16 units, one input, no noise: 400 equal points of [-1, 1], "
    "error on the 399 points between them. Smooth target: sin(2 pi x) + cos(5 pi x) / 2; target "
    "with kinks: linear between 9 knots. L-BFGS for 1000 iterations (quick: 500), float64, no "
    "penalty, He or, for logistic and tanh, Glorot starting weights by seed.",
    seeds=20,
    quick_seeds=6,
)

SMOOTH: Final = ("tanh", "logistic", "gelu", "silu")
KNOTS: Final = np.linspace(-1, 1, 9)
HEIGHTS: Final = np.array([0.2, 1.0, -0.6, 0.1, -1.0, 0.7, 0.9, -0.4, 0.3])


def _smooth(x: AnyArray) -> AnyArray:
    values: AnyArray = np.sin(2 * np.pi * x) + 0.5 * np.cos(5 * np.pi * x)
    return values


def _kinked(x: AnyArray) -> AnyArray:
    values: AnyArray = np.interp(x, KNOTS, HEIGHTS)
    return values


TARGETS: Final = {"smooth": _smooth, "with kinks": _kinked}


def _fitted(activation: str, target: str, seed: int, *, quick: bool) -> MLPRegressor:
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    from deepgen.estimators import MLPRegressor

    x = np.linspace(-1, 1, 400)
    saturates = activation in ("tanh", "logistic")
    model = MLPRegressor(
        hidden_layer_sizes=(16, 16),
        activation=cast("ActivationName", activation),
        solver="lbfgs",
        alpha=0.0,
        max_iter=500 if quick else 1000,
        tol=1e-10,
        random_state=seed,
        initializer="glorot_uniform" if saturates else "he_uniform",
        dtype="float64",
    )
    # With vectors of 300 numbers, SciPy's threads would mostly wait for each other.
    with warnings.catch_warnings(), threadpool_limits(1, user_api="blas"):
        # The comparison is at equal budgets of iterations.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(x[:, None], TARGETS[target](x))


def _run(seed: int, *, quick: bool) -> list[dict[str, Any]]:
    x = np.linspace(-1, 1, 400)
    between = (x[1:] + x[:-1]) / 2
    rows = []
    for target, function in TARGETS.items():
        truth = function(between)
        for activation in ("relu", "leaky_relu", *SMOOTH):
            model = _fitted(activation, target, seed, quick=quick)
            error = np.sqrt(np.mean((model.predict(between[:, None]) - truth) ** 2))
            rows.append(
                {
                    "target": target,
                    "activation": activation,
                    "seed": seed,
                    "relative error": float(error / truth.std()),
                    "iterations": model.n_iter_,
                }
            )
    return rows


def _measure(plan: RunPlan) -> Measurement:
    runs = plan.map(partial(_run, quick=plan.quick), plan.seeds, "training")
    rows = [row for rows in runs for row in rows]
    errors = {
        (target, activation): np.array(
            [
                row["relative error"]
                for row in rows
                if (row["target"], row["activation"]) == (target, activation)
            ]
        )
        for target in TARGETS
        for activation in ("relu", "leaky_relu", *SMOOTH)
    }
    return Measurement(
        table=rows,
        findings=_judge(errors),
        notes=[
            "Errors are root mean squares divided by the target's standard deviation.",
            "The figures are of what a fixed budget of L-BFGS reaches, so they mix what a network "
            "can express with how easily it is found.",
        ],
        draw=partial(_draw, plan.seeds[0], plan.quick, errors),
    )


def _judge(errors: dict[tuple[str, str], FloatArray]) -> list[Finding]:
    """Return the findings for the measured errors."""
    findings = []
    for target, low, high in (("smooth", 1.0, np.inf), ("with kinks", -np.inf, 1.0)):
        findings += [
            Finding(
                f"{target}: error of relu / error of {activation}, median",
                bootstrap_interval(errors[target, "relu"] / errors[target, activation]),
                at_least=low,
                at_most=high,
            )
            for activation in SMOOTH
        ]
    return findings


def _draw(seed: int, quick: bool, errors: dict[tuple[str, str], AnyArray], figure: Figure) -> None:
    figure.set_size_inches(13, 7.6)
    panels = figure.subplots(2, 2, width_ratios=(1.25, 1))
    x = np.linspace(-1, 1, 1001)
    names = ("relu", "leaky_relu", *SMOOTH)
    for (fit, spread), (target, function) in zip(panels, TARGETS.items(), strict=True):
        fit.plot(x, function(x), color=COLORS[6], linewidth=5, alpha=0.25, label="target")
        for activation, color, style in (("relu", COLORS[0], "-"), ("tanh", COLORS[1], "--")):
            outputs = _fitted(activation, target, seed, quick=quick).predict(x[:, None])
            fit.plot(x, outputs, style, color=color, linewidth=1.6, label=activation)
        fit.set(title=f"Target {target}, seed {seed}", xlabel="x", ylabel="output")
        fit.set_ylim(top=1.55 * np.max(function(x)))
        fit.legend(ncols=3, loc="upper right")
        for place, activation in enumerate(names):
            found = errors[target, activation]
            color = COLORS[0] if "relu" in activation else COLORS[1]
            spread.plot(
                np.full(len(found), place), found, MARKERS[0], color=color, alpha=0.35, markersize=5
            )
            spread.plot(
                place, np.median(found), "_", color=COLORS[6], markersize=22, markeredgewidth=3
            )
        spread.set_xticks(range(len(names)), [name.replace("_", "\n") for name in names])
        spread.set(title="All seeds and their median", ylabel="relative error", yscale="log")


run: Final = Runner(EXPERIMENT, _measure)
