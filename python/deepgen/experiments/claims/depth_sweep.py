"""Deeper nets: excess risk and training error against one fixed depth, with skips and norms."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepgen._display.style import COLORS, MARKERS
from deepgen._engine.arrays import FloatArray
from deepgen._interval import t_interval
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner
from deepgen.experiments.shared.sweep import KINDS, Net, measure_net, settings_of, standard_error
from deepgen.experiments.shared.wave import Wave

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "run"]

EXPERIMENT: Final = Experiment(
    name="depth_sweep",
    title="Deeper nets",
    claim="Plain nets underfit when they are too deep: with 64 hidden layers training error and "
    "risk are above those with 4. With skips, with batch norm and with both the training error "
    "does not rise, and deeper nets overfit not much more.",
    source="Slides on width and depth; He, Zhang, Ren and Sun 2016",
    protocol="500 points uniform on the square (-1, 1)^2, y = sin(6 u + 3 v^2) cos(5 v) with "
    "normal noise of 0.3, drawn anew by each seed. 4 to 64 hidden layers of 32 ReLU units with "
    "residual skips, batch norm (at the end with the statistics of all rows), both or none, "
    "He-normal start, Adam, rate 0.003 with cosine annealing, batches of 50, no penalty, targets "
    "not scaled, 100 epochs (quick: 8). Risk over the whole square by quadrature; differences to 4 "
    "layers within a seed. A net that ends worse than the mean of y counts as that constant.",
    seeds=20,
    quick_seeds=2,
)

DEPTHS: Final = (4, 8, 16, 32, 64)
WIDTH: Final = 32
NOISE: Final = 0.3
N_SAMPLES: Final = 500

# Thresholds, fixed before the judging seeds were drawn, in parts of the variance of the noise: a
# training error that rises by a tenth of it is no underfitting to speak of, and an excess risk that
# grows by a quarter of it is not much overfitting. In runs of seeds 1000 to 1002 the deepest plain
# nets lost twice that variance, those with skips alone and with norm alone as much; with both they
# gained a tenth to a quarter.
SAME_FIT: Final = 0.1 * NOISE**2
NOT_MUCH: Final = 0.25 * NOISE**2

Errors = dict[str, FloatArray]
"""Per kind of net an array of shape (n_seeds, n_depths)."""


def _nets(work: tuple[int, bool]) -> dict[str, list[Net]]:
    seed, quick = work
    with warnings.catch_warnings():
        # He's start doubles the variance in each residual block, which the 2 x 2 is about.
        warnings.filterwarnings("ignore", "initializer='he_normal' lets", UserWarning)
        return {
            kind: [
                measure_net(
                    Wave(NOISE),
                    N_SAMPLES,
                    (WIDTH,) * depth,
                    seed,
                    initializer="he_normal",
                    learning_rate_init=3e-3,
                    batch_size=50,
                    target_scaling=None,  # which would follow the size of the first outputs
                    max_iter=8 if quick else 100,
                    **settings_of(kind),
                )
                for depth in DEPTHS
            ]
            for kind in KINDS
        }


def _measure(plan: RunPlan) -> Measurement:
    nets = plan.map(_nets, [(seed, plan.quick) for seed in plan.seeds], "depths")
    training, excess = (
        {kind: np.array([[getattr(net, what) for net in one[kind]] for one in nets])
         for kind in KINDS}
        for what in ("training", "excess")
    )  # fmt: skip
    rows: list[dict[str, Any]] = []
    for kind in KINDS:
        against = excess[kind] - excess[kind][:, :1]
        rows += [
            {
                "net": kind,
                "hidden layers": depth,
                "parameters": nets[0][kind][place].parameters,
                "FLOPs per sample": nets[0][kind][place].flops,
                "training error": float(training[kind][:, place].mean()),
                "training s.e.": standard_error(training[kind][:, place]),
                "excess risk": float(excess[kind][:, place].mean()),
                "excess s.e.": standard_error(excess[kind][:, place]),
                f"minus that of {DEPTHS[0]}": float(against[:, place].mean()),
                "s.e.": standard_error(against[:, place]),
                "gap": float(np.mean([one[kind][place].gap for one in nets])),
            }
            for place, depth in enumerate(DEPTHS)
        ]
    return Measurement(
        table=rows,
        findings=_judge(training, excess),
        notes=[
            "From He's start each residual block doubles the variance of what it carries, 31 times "
            "here, unless its branch is normalized.",
        ],
        draw=partial(_draw, rows),
    )


def _judge(training: Errors, excess: Errors) -> list[Finding]:
    """Return the findings for the measured errors."""
    apart = f"{DEPTHS[-1]} minus {DEPTHS[0]} layers"
    fit, risk = (
        {kind: t_interval(errors[kind][:, -1] - errors[kind][:, 0]) for kind in KINDS}
        for errors in (training, excess)
    )
    helped = KINDS[1:]
    return [
        Finding(f"plain: training error, {apart}", fit["plain"], at_least=0.0),
        Finding(f"plain: excess risk, {apart}", risk["plain"], at_least=0.0),
        *(
            Finding(f"{kind}: training error, {apart}", fit[kind], at_most=SAME_FIT)
            for kind in helped
        ),
        *(
            Finding(f"{kind}: excess risk, {apart}", risk[kind], at_most=NOT_MUCH)
            for kind in helped
        ),
    ]


def _draw(rows: list[dict[str, Any]], figure: Figure) -> None:
    panels = figure.subplots(1, 2, sharey=True)
    for axes, what in zip(panels, ("training", "excess"), strict=True):
        name = "training error" if what == "training" else "excess risk"
        for place, kind in enumerate(KINDS):
            mine = [row for row in rows if row["net"] == kind]
            axes.errorbar(
                [row["hidden layers"] for row in mine],
                [row[name] for row in mine],
                [row[f"{what} s.e."] or 0 for row in mine],
                fmt=MARKERS[place] + "-",
                color=COLORS[place],
                capsize=3,
                label={"both": "skip and norm"}.get(kind, kind),
            )
        axes.set_xscale("log", base=2)
        axes.set_xticks(DEPTHS, [str(depth) for depth in DEPTHS])
        axes.set_xticks([], minor=True)
        axes.set(title=name, xlabel=f"hidden layers of {WIDTH} units", ylim=(0, None))
    panels[0].axhline(NOISE**2, color="black", linestyle=":", linewidth=1.2, label="noise")
    panels[0].set_ylabel("squared units of y, mean and s.e.")
    panels[0].legend()


run: Final = Runner(EXPERIMENT, _measure)
