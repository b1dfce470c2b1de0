"""Wider nets: fewer steps, slower passes, and rarely more overfitting."""

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
from deepgen.experiments.shared.sweep import LEVEL, Net, measure_net

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "run"]

EXPERIMENT: Final = Experiment(
    name="width_sweep",
    title="Wider nets",
    claim="Wider nets rarely overfit more, reach a training error in fewer epochs, and pay more "
    "operations for each.",
    source="Slides on width and depth",
    protocol="200 points of the lecture's noisy sine, drawn anew by each seed; one hidden layer of "
    "4 to 1024 ReLU units, Adam, learning rate 0.005, batches of 20, no penalty, 600 epochs "
    f"(quick: 300). Test error over the whole distribution. Epochs until the training error is "
    f"below {LEVEL}; operations: 6 a weight and training sample.",
    seeds=20,
    quick_seeds=4,
)

WIDTHS: Final = (4, 8, 16, 32, 64, 128, 256, 512, 1024)


def _nets(epochs: int, seed: int) -> list[Net]:
    return [measure_net((width,), seed, epochs) for width in WIDTHS]


def _measure(plan: RunPlan) -> Measurement:
    nets = plan.map(partial(_nets, 300 if plan.quick else 600), plan.seeds, "widths")
    test = np.array([[net.test for net in one] for one in nets])
    epochs = np.array([[net.epochs for net in one] for one in nets])
    rows: list[dict[str, Any]] = [
        {
            "width": width,
            "parameters": nets[0][place].parameters,
            "FLOPs a sample": nets[0][place].flops,
            "epochs": float(np.median(epochs[:, place])),
            "ms an epoch": 1e3 * float(np.median([one[place].seconds for one in nets])),
            "training error": float(np.mean([one[place].training for one in nets])),
            "test error": float(test[:, place].mean()),
            "test s.e.": _error(test[:, place]),
            "gap": float(np.mean([one[place].gap for one in nets])),
        }
        for place, width in enumerate(WIDTHS)
    ]
    return Measurement(
        table=rows,
        findings=_judge(nets, test, epochs),
        notes=["Milliseconds are of a shared machine; operations are not."],
        draw=partial(_draw, rows),
    )


def _judge(nets: list[list[Net]], test: FloatArray, epochs: FloatArray) -> list[Finding]:
    """Return the findings for the measured nets."""
    reached = epochs[:, [WIDTHS.index(32), WIDTHS.index(1024)]]
    return [
        Finding(
            "test error at width 1024 over that of the best width",
            bootstrap_interval(test, _widest_over_best),
            at_most=1.1,
        ),
        Finding(
            "epochs at width 1024 over epochs at width 32, medians",
            bootstrap_interval(reached, _ratio),
            at_most=1.0,
        ),
        Finding(
            "operations to that error at width 1024 over those at width 32, medians",
            bootstrap_interval(
                reached * [nets[0][WIDTHS.index(w)].flops for w in (32, 1024)], _ratio
            ),
            at_least=1.0,
        ),
    ]


def _error(values: NDArray[np.float64]) -> float | None:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None


def _widest_over_best(drawn: NDArray[np.float64]) -> float:
    mean = drawn.mean(axis=0)
    return float(mean[-1] / mean.min())


def _ratio(drawn: NDArray[np.float64]) -> float:
    narrow, wide = np.median(drawn, axis=0)
    # If neither reaches the level, the ratio is undefined.
    return float(wide / narrow) if np.isfinite(narrow) else float("nan")


def _draw(rows: list[dict[str, Any]], figure: Figure) -> None:
    left, right = figure.subplots(1, 2)
    widths = [row["width"] for row in rows]
    left.plot(widths, [row["training error"] for row in rows], "o-", label="training")
    left.errorbar(
        widths,
        [row["test error"] for row in rows],
        [row["test s.e."] or 0 for row in rows],
        fmt="s-",
        capsize=3,
        label="test, mean and s.e.",
    )
    left.axhline(0.144, color="black", linestyle=":", linewidth=1.2, label="Bayes risk")
    left.set(title="Errors at the end", ylabel="mean squared error", ylim=(0, None))
    right.plot(widths, [row["epochs"] for row in rows], "o-", label="epochs")
    right.plot(
        widths,
        [row["epochs"] * row["FLOPs a sample"] * 200 / 1e6 for row in rows],
        "s--",
        color=COLORS[1],
        label="million operations",
    )
    right.set(title=f"Until the training error is below {LEVEL}", yscale="log")
    right.set_ylabel("epochs, or million operations")
    for axes in (left, right):
        axes.set_xscale("log", base=2)
        axes.set_xticks(widths, [str(width) for width in widths], rotation=45)
        axes.set_xlabel("hidden units")
        axes.legend()


run: Final = Runner(EXPERIMENT, _measure)
