"""The barrier between two solutions, before and after their units are put in one order."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepgen._display.style import COLORS, MARKERS
from deepgen._engine.arrays import FloatArray
from deepgen._interval import t_interval
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner
from deepgen.experiments.shared.training import fit_quietly

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from deepgen.optimization import LinearPath

__all__ = ["EXPERIMENT", "run"]

EXPERIMENT: Final = Experiment(
    name="mode_connectivity",
    title="Two solutions are one valley but for the order of units",
    claim="The barrier on the straight line between the solutions of two seeds is mostly a matter "
    "of the order of hidden units: alignment by weight matching removes at least half of it, and "
    "more of it in wider networks.",
    source="Slide 'Non-convex Optimization', speaker note; Entezari et al. 2022; Ainsworth "
    "et al. 2023",
    protocol="Half-moons, 500 points, noise 0.15, drawn anew for each seed; one hidden layer of 8, "
    "64 and 512 ReLU units, and three of 64 with and without batch norm; two networks per seed "
    "with other starts and orders, Adam, 100 epochs (quick: 40), batches of 50, no penalty. "
    "Barrier: largest height of the training log loss above the chord, on 57 points; batch norm's "
    "statistics are recomputed at each. Findings: mean share of the barrier that is left, and the "
    "share at 64 units minus that at 512.",
    seeds=20,
    quick_seeds=8,
)

NETS: Final[dict[str, dict[str, Any]]] = {
    "8": {"hidden_layer_sizes": (8,)},
    "64": {"hidden_layer_sizes": (64,)},
    "512": {"hidden_layer_sizes": (512,)},
    "64-64-64": {"hidden_layer_sizes": (64, 64, 64)},
    "64-64-64, batch norm": {"hidden_layer_sizes": (64, 64, 64), "normalization": "batch"},
}
MOST: Final = 0.5
"""Largest share left that counts as mostly removed: less than the half that stays by chance."""


def _measure(plan: RunPlan) -> Measurement:
    epochs = 40 if plan.quick else 100
    paths = {
        name: plan.map(partial(_paths, name, epochs), plan.seeds, name.replace(",", "")[:24])
        for name in NETS
    }
    barriers = {
        name: np.array([[path.barrier for path in pair] for pair in pairs])
        for name, pairs in paths.items()
    }
    return Measurement(
        table=[
            {
                "hidden units": name,
                "barrier": found[:, 0].mean(),
                "after alignment": found[:, 1].mean(),
                "mean share left": _left(found).mean(),
                "largest share left": _left(found).max(),
            }
            for name, found in barriers.items()
        ],
        findings=_judge(barriers),
        notes=[
            "Weight matching is exact for one hidden layer and a local search for several: what is "
            "left there may be a matter of the search.",
        ],
        draw=partial(_draw, paths, barriers),
    )


def _judge(barriers: dict[str, FloatArray]) -> list[Finding]:
    """Return the findings for the measured barriers, one row (before, after) per seed."""
    findings = [
        Finding(f"{name} units: share of the barrier left", t_interval(_left(found)), at_most=MOST)
        for name, found in barriers.items()
    ]
    gain = _left(barriers["64"]) - _left(barriers["512"])
    findings.append(Finding("share left, 64 units minus 512 units", t_interval(gain), at_least=0.0))
    return findings


def _left(barriers: FloatArray) -> FloatArray:
    """Return the share left per seed; 0 where there is no barrier at all."""
    before, after = barriers.T
    left: FloatArray = np.divide(after, before, out=np.zeros(len(before)), where=before > 0)
    return left


def _paths(name: str, epochs: int, seed: int) -> tuple[LinearPath, LinearPath]:
    """Return the lines from a first solution to a second, and to the second in its order."""
    from sklearn.datasets import make_moons

    from deepgen.estimators import MLPClassifier
    from deepgen.optimization import align, linear_path
    from deepgen.probe import Probe

    X, y = make_moons(500, noise=0.15, random_state=seed)
    a, b = (
        fit_quietly(
            MLPClassifier(
                **NETS[name],
                learning_rate_init=0.005,
                batch_size=50,
                max_iter=epochs,
                tol=0.0,
                n_iter_no_change=np.inf,
                alpha=0.0,
                dtype="float64",
                random_state=int(np.random.SeedSequence([seed, place]).generate_state(1)[0]),
                n_jobs=1,
            ),
            X,
            y,
        )
        for place in (0, 1)
    )
    first, second, aligned = (Probe(model, X, y) for model in (a, b, align(a, b)))
    return linear_path(first, second), linear_path(first, aligned)


def _draw(
    paths: dict[str, list[tuple[LinearPath, LinearPath]]],
    barriers: dict[str, FloatArray],
    figure: Figure,
) -> None:
    figure.set_size_inches(12.5, 5.2)
    left, right = figure.subplots(1, 2)
    for side, (color, label) in enumerate(((COLORS[1], "as trained"), (COLORS[0], "aligned"))):
        for place, pair in enumerate(paths["64"]):
            path = pair[side]
            left.plot(
                path.alphas,
                path.values,
                color=color,
                linewidth=1.2,
                alpha=0.6,
                label=label if place == 0 else None,
            )
        places = np.arange(len(barriers)) + 0.24 * (side - 0.5)
        for place, found in zip(places, barriers.values(), strict=True):
            spread = np.linspace(-0.08, 0.08, len(found))
            right.plot(
                place + spread, found[:, side], MARKERS[side], color=color, alpha=0.4, markersize=4
            )
        means = [found[:, side].mean() for found in barriers.values()]
        right.plot(places, means, "_", color=color, markersize=18, markeredgewidth=3, label=label)
    left.set(
        title="64 units: the loss between two seeds",
        xlabel="0: one solution, 1: the other",
        ylabel="training log loss",
    )
    left.legend(loc="upper left")
    right.set_xticks(range(len(barriers)), [name.replace(", ", "\n") for name in barriers])
    right.set(title="all seeds, with means", xlabel="hidden units", ylabel="barrier")
    right.legend()


run: Final = Runner(EXPERIMENT, _measure)
