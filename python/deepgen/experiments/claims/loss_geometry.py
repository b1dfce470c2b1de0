"""The loss around solutions of plain and of residual networks as they get deeper."""

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
from deepgen.experiments.shared.training import fit_quietly

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from deepgen.optimization import LossSurface

__all__ = ["EXPERIMENT", "non_convexity", "run"]

EXPERIMENT: Final = Experiment(
    name="loss_geometry",
    title="The loss around solutions, with and without skips",
    claim="Around the solutions of plain networks the loss becomes less convex with depth; skip "
    "connections prevent this.",
    source="Slide 'Geometry of the loss'; Li, Xu, Taylor, Studer and Goldstein 2018",
    protocol="500 handwritten digits, drawn anew for each seed, 3, 9 and 21 hidden layers of 32 "
    "ReLU units, He-normal start, with residual blocks of two layers or plain; Adam, rate 0.002 "
    "that falls to 0 along a cosine, batches of 32, 60 epochs (quick: 20), no penalty. Training "
    "loss in float64 on 11 x 11 points of a random plane with filter normalization, coordinates "
    "-0.4 to 0.4 (at 1 the weights of 21 layers together are a thousand times as large). "
    "Non-convexity: of the second derivatives in the plane (differences), the most "
    "negative eigenvalue per largest size, 0 if none is negative; mean over the 9 x 9 inner "
    "points. Pairs by seed.",
    seeds=20,
    quick_seeds=3,
)

DEPTHS: Final = (3, 9, 21)
SKIPS: Final = {"plain": None, "residual": "residual"}
STEPS: Final = np.linspace(-0.4, 0.4, 11)


def non_convexity(values: FloatArray) -> float:
    """Return how far a surface is from convex: 0 for a convex one, 1 for a concave one.

    Parameters
    ----------
    values : ndarray of shape (n, m)
        Heights on a grid with equal steps in both directions, at least 3 x 3.

    Returns
    -------
    non_convexity : float
        Most negative eigenvalue of the second differences per eigenvalue of the largest size, mean
        over the inner points.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.experiments.claims.loss_geometry import non_convexity
    >>> x, y = np.meshgrid(np.arange(4.0), np.arange(4.0))
    >>> non_convexity(x**2 + y**2), non_convexity(x**2 - y**2), non_convexity(-x * x)
    (0.0, 1.0, 1.0)
    """
    xx = values[2:, 1:-1] - 2 * values[1:-1, 1:-1] + values[:-2, 1:-1]
    yy = values[1:-1, 2:] - 2 * values[1:-1, 1:-1] + values[1:-1, :-2]
    xy = (values[2:, 2:] - values[2:, :-2] - values[:-2, 2:] + values[:-2, :-2]) / 4
    middle, half = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    lowest, highest = middle - half, middle + half
    size = np.maximum(np.abs(lowest), np.abs(highest))
    ratio = np.divide(np.maximum(-lowest, 0), size, out=np.zeros_like(size), where=size > 0)
    return float(ratio.mean())


def _measure(plan: RunPlan) -> Measurement:
    epochs = 20 if plan.quick else 60
    depths = DEPTHS[::2] if plan.quick else DEPTHS
    surfaces = {
        (kind, depth): plan.map(
            partial(_surface, kind, depth, epochs), plan.seeds, f"{kind}, {depth} layers"
        )
        for depth in depths
        for kind in SKIPS
    }
    found = {
        cell: np.array([non_convexity(surface.values) for surface in each])
        for cell, each in surfaces.items()
    }
    rows: list[dict[str, Any]] = []
    for (kind, depth), each in surfaces.items():
        centre = [surface.values[5, 5] for surface in each]
        rows.append(
            {
                "network": kind,
                "hidden layers": depth,
                "training loss, mean": float(np.mean(centre)),
                "largest": max(centre),
                "loss at the corners, median": float(
                    np.median([surface.values[::10, ::10] for surface in each])
                ),
                "non-convexity": found[kind, depth].mean(),
            }
        )
    return Measurement(
        table=rows,
        findings=_judge(found),
        notes=[
            "One random plane per network: the picture of a plane is no proof about the space.",
            "Planes of +-0.4 without a norm, chosen on two other seeds: on planes of +-1, as in "
            "the paper, these small networks did not differ.",
        ],
        draw=partial(_draw, surfaces, found),
    )


def _judge(found: dict[tuple[str, int], FloatArray]) -> list[Finding]:
    """Return the findings for the measured non-convexities."""
    low, high = DEPTHS[0], DEPTHS[-1]
    growth = {kind: found[kind, high] - found[kind, low] for kind in SKIPS}
    return [
        Finding(
            f"non-convexity, plain, {high} minus {low} layers",
            t_interval(growth["plain"]),
            at_least=0.0,
        ),
        Finding(
            f"non-convexity, {high} layers, plain minus residual",
            t_interval(found["plain", high] - found["residual", high]),
            at_least=0.0,
        ),
        Finding(
            "growth of the plain minus growth of the residual network",
            t_interval(growth["plain"] - growth["residual"]),
            at_least=0.0,
        ),
    ]


def _surface(kind: str, depth: int, epochs: int, seed: int) -> LossSurface:
    from sklearn.datasets import load_digits

    from deepgen.estimators import MLPClassifier
    from deepgen.optimization import loss_surface
    from deepgen.probe import Probe

    X, y = load_digits(return_X_y=True)
    rows = np.random.default_rng(np.random.SeedSequence([seed])).permutation(len(y))[:500]
    X, y = X[rows] / 16, y[rows]
    model = MLPClassifier(
        (32,) * depth,
        skip=SKIPS[kind],
        initializer="he_normal",
        learning_rate="cosine",
        learning_rate_init=0.002,
        batch_size=32,
        max_iter=epochs,
        n_iter_no_change=np.inf,
        alpha=0.0,
        random_state=seed,
        n_jobs=1,
    )
    with warnings.catch_warnings():
        # Of the doubling of variances by blocks without a norm: that is what is compared.
        warnings.simplefilter("ignore", UserWarning)
        fit_quietly(model, X, y)
    return loss_surface(Probe(model, X, y), alphas=STEPS, betas=STEPS, random_state=seed)


def _draw(
    surfaces: dict[tuple[str, int], list[LossSurface]],
    found: dict[tuple[str, int], FloatArray],
    figure: Figure,
) -> None:
    figure.set_size_inches(14, 4.9)
    left, middle, right = figure.subplots(1, 3)
    for axes, kind in ((left, "plain"), (middle, "residual")):
        surface = surfaces[kind, DEPTHS[-1]][0]
        filled = axes.contourf(STEPS, STEPS, np.log10(surface.values.T), levels=20)
        figure.colorbar(filled, ax=axes, label="log10 of the loss")
        axes.set(
            title=f"{kind}, {DEPTHS[-1]} layers",
            xlabel="first direction",
            ylabel="second direction",
            aspect="equal",
        )
        axes.grid(False)
    for kind, color, marker in zip(SKIPS, (COLORS[1], COLORS[0]), MARKERS, strict=False):
        depths = [depth for each, depth in found if each == kind]
        right.plot(
            depths,
            [found[kind, depth].mean() for depth in depths],
            marker=marker,
            color=color,
            label=f"{kind}, mean",
        )
        for depth in depths:
            right.plot(
                np.full(len(found[kind, depth]), depth),
                found[kind, depth],
                marker,
                color=color,
                alpha=0.3,
                markersize=4,
            )
    right.set(title="all seeds", xlabel="hidden layers", ylabel="non-convexity")
    right.legend()


run: Final = Runner(EXPERIMENT, _measure)
