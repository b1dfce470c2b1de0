"""The width at which a net can fit labels that are independent of the inputs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepgen._display.style import COLORS
from deepgen._interval import Interval, wilson_interval
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "run"]

EXPERIMENT: Final = Experiment(
    name="zero_training_error",
    title="Wide nets reach zero training error",
    claim="When the net is wide enough, training reaches zero training error; narrow nets do not.",
    source="Slide 'Non-convex Optimization'",
    protocol="200 Gaussian points in 10 dimensions with fair random labels, drawn anew by each "
    "seed; one hidden layer of 1 to 64 ReLU units, Adam, learning rate 0.01, batches of 32, "
    "1000 epochs (quick: 400), no penalty. Measured: share of seeds with training accuracy 1.",
    seeds=100,
    quick_seeds=40,
)

WIDTHS: Final = (1, 2, 4, 8, 12, 16, 32, 64)
N_SAMPLES, N_FEATURES = 200, 10


def _measure(plan: RunPlan) -> Measurement:
    epochs = 400 if plan.quick else 1000
    rows: list[dict[str, Any]] = []
    shares: dict[int, Interval] = {}
    for width in WIDTHS:
        accuracy = plan.map(partial(_accuracy, width, epochs), plan.seeds, f"width {width}")
        perfect = sum(value == 1 for value in accuracy)
        shares[width] = wilson_interval(perfect, len(accuracy))
        rows.append(
            {
                "width": width,
                "parameters": (N_FEATURES + 2) * width + 1,
                "share with zero error": shares[width].estimate,
                "low": shares[width].low,
                "high": shares[width].high,
                "mean accuracy": float(np.mean(accuracy)),
                "lowest accuracy": min(accuracy),
            }
        )
    return Measurement(
        table=rows,
        findings=_judge(shares),
        notes=["Random labels are the hardest case: nothing in the inputs helps to fit them."],
        draw=partial(_draw, shares, rows),
    )


def _judge(shares: dict[int, Interval]) -> list[Finding]:
    """Return the findings for the measured shares."""
    return [
        Finding(
            f"width {WIDTHS[-1]}: share of seeds with zero error",
            shares[WIDTHS[-1]],
            at_least=0.9,
        ),
        Finding(
            f"width {WIDTHS[2]}: share of seeds with zero error",
            shares[WIDTHS[2]],
            at_most=0.1,
        ),
    ]


def _accuracy(width: int, epochs: int, seed: int) -> float:
    from deepgen.estimators import MLPClassifier
    from deepgen.experiments.shared.training import fit_quietly

    draw = np.random.RandomState(seed)
    X = draw.standard_normal((N_SAMPLES, N_FEATURES))
    y = draw.randint(0, 2, N_SAMPLES)
    model = MLPClassifier(
        hidden_layer_sizes=(width,),
        learning_rate_init=1e-2,
        batch_size=32,
        max_iter=epochs,
        n_iter_no_change=np.inf,
        alpha=0.0,
        random_state=seed,
        n_jobs=1,
    )
    return float(fit_quietly(model, X, y).score(X, y))


def _draw(shares: dict[int, Interval], rows: list[dict[str, Any]], figure: Figure) -> None:
    axes = figure.subplots()
    middle = [share.estimate for share in shares.values()]
    low = [share.estimate - share.low for share in shares.values()]
    high = [share.high - share.estimate for share in shares.values()]
    axes.errorbar(
        list(shares), middle, [low, high], fmt="o-", capsize=4, label="share with zero error"
    )
    axes.plot(
        list(shares),
        [row["mean accuracy"] for row in rows],
        "s--",
        color=COLORS[1],
        label="mean training accuracy",
    )
    axes.axhline(0.5, color="black", linewidth=1, linestyle=":", label="guessing")
    axes.set_xscale("log", base=2)
    axes.set_xticks(list(shares), [str(width) for width in shares])
    axes.set(
        title="Random labels: 200 points in 10 dimensions",
        xlabel="units in the hidden layer",
        ylabel="share",
        ylim=(-0.03, 1.03),
    )
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))


run: Final = Runner(EXPERIMENT, _measure)
