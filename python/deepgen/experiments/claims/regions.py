"""Linear regions of random and of trained networks, compared with the bounds."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepgen._display.style import COLORS, MARKERS
from deepgen._engine.arrays import AnyArray
from deepgen._interval import bootstrap_interval, exact
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from deepgen.estimators import MLPRegressor

__all__ = ["EXPERIMENT", "run"]

EXPERIMENT: Final = Experiment(
    name="regions",
    title="Linear regions, random and trained",
    claim="At equal units depth multiplies the number of linear regions: the bounds say so of the "
    "best weights, and random and trained networks follow.",
    source="Slide 'Depth and Parametric Cost'; Montufar et al. 2014; Hanin and Rolnick 2019",
    protocol="64 hidden units (quick: 32) in 1, 2 and 4 layers, two inputs. Random: first layer "
    "N(0, 1), later layers He, biases N(0, 1/4). Trained: from these weights, Adam, rate 0.003, "
    "batches of 50, 300 epochs (quick: 60), on 1000 points of sin(3 pi x1) x2. All regions of "
    "the window [-1, 1]^2 enumerated.",
    seeds=20,
    quick_seeds=4,
)

WINDOW: Final = ((-1.0, 1.0), (-1.0, 1.0))
FACTOR: Final = 2.0
"""Smallest factor that counts as a multiplication."""


def _shapes(quick: bool) -> list[tuple[int, ...]]:
    units = 32 if quick else 64
    return [(units // layers,) * layers for layers in (1, 2, 4)]


def _start(seed: int, shape: tuple[int, ...]) -> tuple[list[AnyArray], list[AnyArray]]:
    state = np.random.RandomState(seed)
    widths = (2, *shape, 1)
    coefs = [
        state.randn(n_in, n_out) * (np.sqrt(2 / n_in) if layer else 1.0)
        for layer, (n_in, n_out) in enumerate(zip(widths[:-1], widths[1:], strict=True))
    ]
    return coefs, [*(0.5 * state.randn(width) for width in shape), np.zeros(1)]


def _trained(seed: int, shape: tuple[int, ...], *, quick: bool) -> MLPRegressor:
    from sklearn.exceptions import ConvergenceWarning

    from deepgen.estimators import MLPRegressor

    state = np.random.RandomState(1_000_000 + seed)
    X = state.uniform(-1, 1, (1000, 2))
    y = np.sin(3 * np.pi * X[:, 0]) * X[:, 1]
    model = MLPRegressor(
        hidden_layer_sizes=shape,
        learning_rate_init=0.003,
        batch_size=50,
        alpha=0.0,
        max_iter=60 if quick else 300,
        tol=0.0,
        n_iter_no_change=np.inf,
        random_state=seed,
        target_scaling=None,
        dtype="float64",
    )
    coefs, intercepts = _start(seed, shape)
    with warnings.catch_warnings():
        # All nets are trained for the same number of epochs; none has to converge.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y, coefs_init=coefs, intercepts_init=intercepts)


def _run(seed: int, *, quick: bool) -> list[dict[str, Any]]:
    from deepgen.estimators.from_weights import regressor_from_layers
    from deepgen.expressivity import linear_regions, region_bounds

    rows = []
    for shape in _shapes(quick):
        bounds = region_bounds((2, *shape))
        for state, model in (
            ("random", regressor_from_layers(*_start(seed, shape))),
            ("trained", _trained(seed, shape, quick=quick)),
        ):
            rows.append(
                {
                    "layers": len(shape),
                    "width": shape[0],
                    "weights": state,
                    "seed": seed,
                    "linear regions": linear_regions(model, WINDOW).n_linear_regions,
                    "some weights reach": float(bounds.montufar_lower),
                    "no weights exceed": float(bounds.serra_upper),
                }
            )
    return rows


def _measure(plan: RunPlan) -> Measurement:
    from deepgen.expressivity import region_bounds

    runs = plan.map(partial(_run, quick=plan.quick), plan.seeds, "training")
    rows = [row for rows in runs for row in rows]
    shapes = _shapes(plan.quick)
    # Numbers of regions per state and depth, one per seed.
    counts = {
        (state, len(shape)): np.array(
            [
                row["linear regions"]
                for row in rows
                if (row["weights"], row["layers"]) == (state, len(shape))
            ],
            dtype=float,
        )
        for state in ("random", "trained")
        for shape in shapes
    }
    possible = [region_bounds((2, *shape)) for shape in shapes]
    # For the notes: how close the counts come to the bound, and the change by training.
    share = max(
        float(np.mean(counts[state, len(shape)])) / bounds.serra_upper
        for state in ("random", "trained")
        for shape, bounds in zip(shapes[1:], possible[1:], strict=True)
    )
    change = np.concatenate(
        [counts["trained", len(shape)] / counts["random", len(shape)] for shape in shapes]
    )
    return Measurement(
        table=rows,
        findings=_judge(counts, possible),
        notes=[
            f"With 2 and 4 layers random and trained networks have at most {share:.2g} of the "
            "regions that Serra's bound allows: surprisingly few, as Hanin and Rolnick found.",
            "Training changes the number of regions by a factor between "
            f"{change.min():.2g} and {change.max():.2g}.",
        ],
        draw=partial(_draw, plan.seeds[0], plan.quick, counts, possible),
    )


def _judge(counts: dict[tuple[str, int], AnyArray], possible: list[Any]) -> list[Finding]:
    """Return the findings for the measured counts."""
    return [
        Finding(
            "best weights: regions of 4 layers, at least, / regions of 1 layer, at most",
            exact(possible[2].montufar_lower / possible[0].serra_upper),
            at_least=FACTOR,
        ),
        *(
            Finding(
                f"{state} weights: regions of 4 layers / regions of 1 layer, median",
                bootstrap_interval(counts[state, 4] / counts[state, 1]),
                at_least=FACTOR,
            )
            for state in ("random", "trained")
        ),
    ]


def _draw(
    seed: int,
    quick: bool,
    counts: dict[tuple[str, int], AnyArray],
    possible: list[Any],
    figure: Figure,
) -> None:
    from deepgen.estimators.from_weights import regressor_from_layers
    from deepgen.expressivity import linear_regions

    figure.set_size_inches(14, 4.9)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.2))
    shapes = _shapes(quick)
    # Left and middle: the regions of one random and one trained network.
    for axes, state, model in (
        (left, "random", regressor_from_layers(*_start(seed, shapes[1]))),
        (middle, "trained", _trained(seed, shapes[1], quick=quick)),
    ):
        result = linear_regions(model, WINDOW)
        result.plot(axes)
        axes.set(
            title=f"{state}: {result.n_linear_regions} regions",
            xlabel="$x_1$",
            ylabel="$x_2$",
            aspect="equal",
        )
        axes.grid(False)
    # Right: the counts of all seeds between the lower and the upper bound.
    layers = [len(shape) for shape in shapes]
    places = np.arange(len(layers))
    right.plot(
        places,
        [float(bounds.serra_upper) for bounds in possible],
        "--",
        color=COLORS[6],
        label="no weights exceed",
    )
    right.plot(
        places,
        [float(bounds.montufar_lower) for bounds in possible],
        ":",
        color=COLORS[6],
        label="some weights reach",
    )
    for state, color, marker in (
        ("random", COLORS[0], MARKERS[0]),
        ("trained", COLORS[1], MARKERS[1]),
    ):
        middles = [np.median(counts[state, depth]) for depth in layers]
        right.plot(places, middles, marker=marker, color=color, label=f"{state}, median")
        for place, depth in zip(places, layers, strict=True):
            found = counts[state, depth]
            right.plot(
                np.full(len(found), place), found, marker, color=color, alpha=0.25, markersize=4
            )
    right.set(
        title=f"{sum(shapes[0])} units",
        xlabel="hidden layers",
        ylabel="linear regions",
        yscale="log",
    )
    right.set_xticks(places, [str(depth) for depth in layers])
    right.legend(loc="upper left")


run: Final = Runner(EXPERIMENT, _measure)
