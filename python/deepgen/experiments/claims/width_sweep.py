"""Wider nets: excess risk against one fixed width, fewer steps, slower passes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._display.style import COLORS, legend_below
from deepgen._engine.arrays import FloatArray
from deepgen._interval import bootstrap_interval, t_interval
from deepgen.decomposition import HeteroscedasticSine
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner
from deepgen.experiments.shared.sweep import Net, measure_net, standard_error

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "run"]

LEVEL: Final = 0.17
"""Training error, in squared units of y, down to which epochs are counted."""

EXPERIMENT: Final = Experiment(
    name="width_sweep",
    title="Wider nets",
    claim="Nets much wider than needed overfit hardly more than one of 128 units, and narrower "
    "ones fit less. Wider nets reach a training error in fewer epochs, and pay more operations for "
    "it.",
    source="Slides on width and depth",
    protocol="200 points of the lecture's noisy sine, drawn anew by each seed; one hidden layer of "
    "4 to 1024 ReLU units, Adam, rate 0.005 with cosine annealing, batches of 20, no penalty, 600 "
    "epochs (quick: 300). Risk over the whole distribution; differences to 128 units within a "
    f"seed. Epochs until the training error is below {LEVEL}; operations: 6 per weight and "
    "training sample.",
    seeds=20,
    quick_seeds=3,
)

WIDTHS: Final = (4, 8, 16, 32, 64, 128, 256, 512, 1024)
REFERENCE: Final = 128
N_SAMPLES: Final = 200
NO_WORSE: Final = 0.004
"""Excess risk, in squared units of y, that counts as hardly more: half of what 128 units have in
six runs of seeds 1000 to 1005 (.009), and a thirty-sixth of the Bayes risk. Fixed before the
judging seeds were drawn."""


def _nets(work: tuple[int, bool]) -> list[Net]:
    seed, quick = work
    return [
        measure_net(
            HeteroscedasticSine(),
            N_SAMPLES,
            (width,),
            seed,
            LEVEL,
            learning_rate_init=5e-3,
            batch_size=20,
            max_iter=300 if quick else 600,
        )
        for width in WIDTHS
    ]


def _measure(plan: RunPlan) -> Measurement:
    nets = plan.map(_nets, [(seed, plan.quick) for seed in plan.seeds], "widths")
    excess = np.array([[net.excess for net in one] for one in nets])
    epochs = np.array([[net.epochs for net in one] for one in nets])
    against = excess - excess[:, [WIDTHS.index(REFERENCE)]]
    rows: list[dict[str, Any]] = [
        {
            "width": width,
            "parameters": nets[0][place].parameters,
            "FLOPs per sample": nets[0][place].flops,
            "epochs": float(np.median(epochs[:, place])),
            "training error": float(np.mean([one[place].training for one in nets])),
            "excess risk": float(excess[:, place].mean()),
            f"minus that of {REFERENCE}": float(against[:, place].mean()),
            "s.e.": standard_error(against[:, place]),
            "gap": float(np.mean([one[place].gap for one in nets])),
        }
        for place, width in enumerate(WIDTHS)
    ]
    flops = np.array([net.flops for net in nets[0]], dtype=float)
    return Measurement(rows, _judge(excess, epochs, flops), partial(_draw, rows))


def _judge(excess: FloatArray, epochs: FloatArray, flops: FloatArray) -> list[Finding]:
    """Return the findings for excess risk and epochs of each seed and width."""
    narrow, fixed, middle, wide = (WIDTHS.index(width) for width in (16, REFERENCE, 256, 1024))
    against = excess - excess[:, [fixed]]
    reached = epochs[:, [fixed, wide]]
    return [
        Finding(
            f"excess risk, 1024 minus {REFERENCE} units",
            t_interval(against[:, wide]),
            at_most=NO_WORSE,
        ),
        Finding(
            f"excess risk, 256 minus {REFERENCE} units",
            t_interval(against[:, middle]),
            at_most=NO_WORSE,
        ),
        Finding(
            f"excess risk, 16 minus {REFERENCE} units", t_interval(against[:, narrow]), at_least=0.0
        ),
        Finding(
            f"epochs at width 1024 over epochs at width {REFERENCE}, medians",
            bootstrap_interval(reached, _ratio),
            at_most=1.0,
        ),
        Finding(
            f"operations to that error at width 1024 over those at width {REFERENCE}, medians",
            bootstrap_interval(reached * flops[[fixed, wide]], _ratio),
            at_least=1.0,
        ),
    ]


def _ratio(drawn: NDArray[np.float64]) -> float:
    narrow, wide = np.median(drawn, axis=0)
    # If neither reaches the level, the ratio is undefined.
    return float(wide / narrow) if np.isfinite(narrow) else float("nan")


def _draw(rows: list[dict[str, Any]], figure: Figure) -> None:
    left, right = figure.subplots(1, 2)
    widths = [row["width"] for row in rows]
    left.plot(widths, [row["excess risk"] for row in rows], "o-", label="excess risk, mean")
    left.errorbar(
        widths,
        [row[f"minus that of {REFERENCE}"] for row in rows],
        [row["s.e."] or 0 for row in rows],
        fmt="s-",
        capsize=3,
        label=f"minus that of {REFERENCE} units, mean and s.e.",
    )
    left.axhline(0, color="black", linewidth=1)
    left.set(title="Risk above the Bayes risk", ylabel="squared units of y")
    right.plot(widths, [row["epochs"] for row in rows], "o-", label="epochs")
    right.plot(
        widths,
        [row["epochs"] * row["FLOPs per sample"] * N_SAMPLES / 1e6 for row in rows],
        "s--",
        color=COLORS[1],
        label="million operations",
    )
    right.set(title=f"Until the training error is below {LEVEL}", yscale="log", ylim=(10, 500))
    right.set_ylabel("epochs, or million operations")
    for axes in (left, right):
        axes.set_xscale("log", base=2)
        axes.set_xticks(widths, [str(width) for width in widths], rotation=45)
        axes.set_xlabel("hidden units")
        legend_below(axes, 1)


run: Final = Runner(EXPERIMENT, _measure)
