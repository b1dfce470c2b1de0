"""Deeper nets: little more overfitting, but plain ones may underfit."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import FloatArray
from deepgen._interval import bootstrap_interval
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner
from deepgen.experiments.shared.sweep import Net, measure_net

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "run"]

EXPERIMENT: Final = Experiment(
    name="depth_sweep",
    title="Deeper nets",
    claim="Deeper nets overfit not much more, but plain ones underfit: their training error rises "
    "with depth. With residual connections and layer norm it does not.",
    source="Slides on width and depth",
    protocol="200 points of the lecture's noisy sine, drawn anew by each seed; 1 to 24 hidden "
    "layers of 32 ReLU units, plain or with layer norm and residual connections, Adam, "
    "learning rate 0.005, batches of 20, no penalty, 300 epochs (quick: 80). Test error over "
    "the whole distribution.",
    seeds=20,
    quick_seeds=4,
)

DEPTHS: Final = (1, 2, 4, 8, 12, 16, 24)
WIDTH: Final = 32
KINDS: Final[dict[str, dict[str, Any]]] = {
    "plain": {},
    "residual": {"normalization": "layer", "skip": "residual"},
}


def _nets(epochs: int, seed: int) -> dict[str, list[Net]]:
    return {
        kind: [
            measure_net((WIDTH,) * depth, seed, epochs, **_settings(kind, depth))
            for depth in DEPTHS
        ]
        for kind in KINDS
    }


def _settings(kind: str, depth: int) -> dict[str, Any]:
    """Return the settings; with fewer than three layers there is no block, so no skip."""
    return {key: value for key, value in KINDS[kind].items() if key != "skip" or depth >= 3}


def _measure(plan: RunPlan) -> Measurement:
    nets = plan.map(partial(_nets, 80 if plan.quick else 300), plan.seeds, "depths")
    rows: list[dict[str, Any]] = []
    # Arrays of shape (n_seeds, n_depths) per kind of net, for the findings.
    training, test = (
        {
            kind: np.array([[getattr(net, what) for net in one[kind]] for one in nets])
            for kind in KINDS
        }
        for what in ("training", "test")
    )
    # One row per net and depth, with means or medians over the seeds.
    for kind in KINDS:
        for place, depth in enumerate(DEPTHS):
            mine = [one[kind][place] for one in nets]
            rows.append(
                {
                    "net": kind,
                    "hidden layers": depth,
                    "parameters": mine[0].parameters,
                    "FLOPs a sample": mine[0].flops,
                    "epochs": float(np.median([net.epochs for net in mine])),
                    "ms an epoch": 1e3 * float(np.median([net.seconds for net in mine])),
                    "training error": float(np.mean([net.training for net in mine])),
                    "training s.e.": _error([net.training for net in mine]),
                    "test error": float(np.mean([net.test for net in mine])),
                    "test s.e.": _error([net.test for net in mine]),
                    "gap": float(np.mean([net.gap for net in mine])),
                }
            )
    return Measurement(
        table=rows,
        findings=_judge(test, training),
        draw=partial(_draw, rows),
    )


def _judge(test: dict[str, FloatArray], training: dict[str, FloatArray]) -> list[Finding]:
    """Return the findings for the measured errors."""
    deep, shallow = DEPTHS.index(24), DEPTHS.index(2)
    return [
        Finding(
            "plain: training error with 24 layers over that with 2",
            bootstrap_interval(training["plain"][:, [shallow, deep]], _ratio),
            at_least=1.0,
        ),
        Finding(
            "residual: training error with 24 layers over that with 2",
            bootstrap_interval(training["residual"][:, [shallow, deep]], _ratio),
            at_most=1.1,
        ),
        Finding(
            "plain: gap with 24 layers minus gap with 2",
            bootstrap_interval(
                (test["plain"] - training["plain"])[:, [shallow, deep]],
                lambda drawn: float(np.diff(drawn.mean(axis=0))[0]),
            ),
            at_most=0.05,
        ),
    ]


def _error(values: list[float]) -> float | None:
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None


def _ratio(drawn: NDArray[np.float64]) -> float:
    before, after = drawn.mean(axis=0)
    return float(after / before)


def _draw(rows: list[dict[str, Any]], figure: Figure) -> None:
    for axes, what in zip(figure.subplots(1, 2, sharey=True), ("training", "test"), strict=True):
        for kind, mark in zip(KINDS, ("o-", "s-"), strict=True):
            mine = [row for row in rows if row["net"] == kind]
            axes.errorbar(
                [row["hidden layers"] for row in mine],
                [row[f"{what} error"] for row in mine],
                [row[f"{what} s.e."] or 0 for row in mine],
                fmt=mark,
                capsize=3,
                label=kind if kind == "plain" else "layer norm and residual",
            )
        axes.axhline(0.144, color="black", linestyle=":", linewidth=1.2, label="Bayes risk")
        axes.set_xscale("log", base=2)
        axes.set_xticks(DEPTHS, [str(depth) for depth in DEPTHS])
        axes.set_xticks([], minor=True)
        axes.set(title=f"{what} error", xlabel=f"hidden layers of {WIDTH} units", ylim=(0, None))
        axes.legend()
    figure.axes[0].set_ylabel("mean squared error, mean and s.e.")


run: Final = Runner(EXPERIMENT, _measure)
