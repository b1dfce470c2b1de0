"""The spread of final training losses of equal nets with different seeds."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._display.style import COLORS
from deepgen._engine.arrays import FloatArray
from deepgen._interval import bootstrap_interval
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "run"]

EXPERIMENT: Final = Experiment(
    name="seed_spread",
    title="Different seeds, similar training losses",
    claim="Different random seeds yield similar final training losses: their standard deviation is "
    "at most 10 % of their mean, and at most 5 % of the loss that training removes.",
    source="Slide 'Non-convex Optimization'",
    protocol="Friedman's first function (5 inputs, noise of standard deviation 1, 400 samples, "
    "fixed), one hidden layer of 4 to 512 ReLU units, He-normal start, Adam, learning rate 0.01 "
    "that falls to 0 along a cosine, so that the end is no snapshot of a noisy path, batches of "
    "32, 300 epochs (quick: 60), no penalty. A seed draws weights and order; for comparison the "
    "weights alone, and the order alone. Measured: training loss in float64 at the end (0.5 is the "
    "loss of the best constant).",
    seeds=40,
    quick_seeds=20,
)

WIDTHS: Final = (4, 8, 16, 64, 256, 512)
CONSTANT: Final = 0.5
"""Halved squared error of predicting the mean of a standardized target."""

DRAWN: Final = {"weights and order": (True, True), "weights": (True, False), "order": (False, True)}
"""What a seed draws: the starting weights, the order of samples."""

FIXED: Final = 999
"""The seed of what is not drawn."""


def _measure(plan: RunPlan) -> Measurement:
    widths = (4, 16, 256) if plan.quick else WIDTHS
    epochs = 60 if plan.quick else 300
    losses = {
        (width, drawn): np.array(
            plan.map(partial(_final_loss, width, epochs, drawn), plan.seeds, f"width {width}")
        )
        for width in widths
        for drawn in DRAWN
    }
    table: list[dict[str, Any]] = []
    for width in widths:
        row: dict[str, Any] = {"width": width, "parameters": 7 * width + 1}
        both = losses[width, "weights and order"]
        row |= {"mean loss": both.mean(), "lowest": both.min(), "highest": both.max()}
        for drawn in DRAWN:
            row[f"deviation per mean, {drawn}"] = _spread_per_mean(losses[width, drawn])
        table.append(row)
    joint = {width: losses[width, "weights and order"] for width in widths}
    return Measurement(
        table=table,
        findings=_judge(widths, joint),
        notes=[
            "Both readings of 'similar' are given: the spread beside the loss that is left, which "
            "goes to zero as nets widen, and beside what training achieved.",
            *(
                f"Seeds of the {drawn} alone: deviation per mean "
                + ", ".join(f"{row[f'deviation per mean, {drawn}']:.2f}" for row in table)
                + " at these widths."
                for drawn in ("weights", "order")
            ),
        ],
        draw=partial(_draw, joint),
    )


def _judge(widths: tuple[int, ...], losses: dict[int, FloatArray]) -> list[Finding]:
    """Return the findings for the measured losses."""
    findings = []
    for width in widths:
        findings.append(
            Finding(
                f"width {width}: standard deviation per mean",
                bootstrap_interval(losses[width], _spread_per_mean),
                at_most=0.1,
            )
        )
    for width in widths:
        findings.append(
            Finding(
                f"width {width}: standard deviation per loss removed",
                bootstrap_interval(losses[width], _spread_per_gain),
                at_most=0.05,
            )
        )
    return findings


def _final_loss(width: int, epochs: int, drawn: str, seed: int) -> float:
    from sklearn.datasets import make_friedman1

    from deepgen.estimators import MLPRegressor
    from deepgen.experiments.shared.training import fit_quietly
    from deepgen.probe import Probe

    X, y = make_friedman1(400, n_features=5, noise=1.0, random_state=0)
    X = (X - 0.5) * np.sqrt(12)
    for_weights, for_order = (seed if each else FIXED for each in DRAWN[drawn])
    draw = np.random.default_rng(np.random.SeedSequence([for_weights, width]))
    start = [
        np.sqrt(2 / n_in) * draw.standard_normal((n_in, n_out))
        for n_in, n_out in ((5, width), (width, 1))
    ]
    model = MLPRegressor(
        hidden_layer_sizes=(width,),
        learning_rate="cosine",
        learning_rate_init=0.01,
        batch_size=32,
        max_iter=epochs,
        n_iter_no_change=np.inf,
        alpha=0.0,
        random_state=for_order,
        n_jobs=1,
    )
    return Probe(fit_quietly(model, X, y, coefs_init=start), X, y).loss()


def _spread_per_mean(losses: NDArray[np.float64]) -> float:
    return float(losses.std(ddof=1) / losses.mean()) if len(losses) > 1 else np.nan


def _spread_per_gain(losses: NDArray[np.float64]) -> float:
    return float(losses.std(ddof=1) / (CONSTANT - losses.mean())) if len(losses) > 1 else np.nan


def _draw(losses: dict[int, NDArray[np.float64]], figure: Figure) -> None:
    axes = figure.subplots()
    for place, values in enumerate(losses.values()):
        # Fixed horizontal offsets per seed, so that dots do not hide each other.
        sideways = place + np.linspace(-0.25, 0.25, len(values))
        label = "one seed" if place == 0 else None
        axes.plot(sideways, values, "o", color=COLORS[0], markersize=5, label=label)
        axes.plot(
            [place - 0.35, place + 0.35],
            [values.mean()] * 2,
            color=COLORS[1],
            label="mean" if place == 0 else None,
        )
    axes.axhline(CONSTANT, color="black", linestyle="--", label="best constant")
    axes.set_xticks(range(len(losses)), [str(width) for width in losses])
    axes.set(
        title="Final training loss of equal nets",
        xlabel="units in the hidden layer",
        ylabel="halved squared error, scaled target",
        yscale="log",
    )
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))


run: Final = Runner(EXPERIMENT, _measure)
