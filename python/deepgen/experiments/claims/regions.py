"""Linear regions of random and of trained networks: their exponent in the number of units."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.stats import gmean

from deepgen._display.style import COLORS, MARKERS
from deepgen._engine.arrays import AnyArray
from deepgen._interval import bootstrap_interval, exact, t_interval
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
    claim="Depth multiplies the linear regions of the best weights, and of nothing else: random "
    "and trained networks of two inputs have about units^2 regions at any depth, at equal "
    "parameters four layers have no more than one, and a network built for exponentially many "
    "loses many of them when its weights are perturbed.",
    source="Slide 'Depth and Parametric Cost'; Montufar et al. 2014; Hanin and Rolnick 2019",
    protocol="32, 64 and 128 hidden units (quick: 16, 32, 64) in 1, 2 and 4 layers, two inputs. "
    "Random: first layer N(0, 1), later layers He, biases N(0, 1/4). Trained: from these weights, "
    "Adam, rate 0.003, batches of 50, 300 epochs (quick: 60), on 1000 points of sin(3 pi x1) x2. "
    "All regions of the window [-1, 1]^2 enumerated; exponent: slope of log regions against log "
    "units per seed. Equal parameters: 4 layers of 8 (249) and 1 layer of 64 (257). Built: tri(8), "
    "256 pieces on [0, 1], all weights times 1 + 0.1 N(0, 1).",
    seeds=20,
    quick_seeds=4,
)

WINDOW: Final = ((-1.0, 1.0), (-1.0, 1.0))
DEPTHS: Final = (1, 2, 4)
EXPONENT: Final = (1.6, 2.4)
"""Exponents that count as 2, the number of inputs; narrow layers and training move it a little."""

FACTOR: Final = 2.0
"""Smallest factor that counts as a multiplication."""

KEPT: Final = 0.75
"""Largest share of pieces left that counts as a loss of many."""


def _units(quick: bool) -> tuple[int, ...]:
    return (16, 32, 64) if quick else (32, 64, 128)


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
    for units in _units(quick):
        for depth in DEPTHS:
            shape = (units // depth,) * depth
            bounds = region_bounds((2, *shape))
            for state, model in (
                ("random", regressor_from_layers(*_start(seed, shape))),
                ("trained", _trained(seed, shape, quick=quick)),
            ):
                rows.append(
                    {
                        "units": units,
                        "layers": depth,
                        "weights": state,
                        "seed": seed,
                        "linear regions": linear_regions(model, WINDOW).n_linear_regions,
                        "some weights reach": float(bounds.montufar_lower),
                        "no weights exceed": float(bounds.serra_upper),
                    }
                )
    return rows


def _pieces_left(seed: int, power: int = 8) -> float:
    """Return the share of the pieces of tri(8) that is left after a perturbation of its weights."""
    from deepgen.expressivity import breakpoints, tri

    model = tri(power)
    draw = np.random.default_rng(np.random.SeedSequence([seed, power]))
    for view in model.network_.blocks().values():
        view *= 1 + 0.1 * draw.standard_normal(view.shape)
    return float(breakpoints(model, 0, 1).n_pieces / 2**power)


def _measure(plan: RunPlan) -> Measurement:
    from deepgen.expressivity import region_bounds

    runs = plan.map(partial(_run, quick=plan.quick), plan.seeds, "training")
    left = np.array(plan.map(_pieces_left, plan.seeds, "tri"))
    rows = [row for rows in runs for row in rows]
    units = _units(plan.quick)
    # Numbers of regions per state and depth, (n_seeds, n_sizes).
    counts = {
        (state, depth): np.array(
            [
                [
                    row["linear regions"]
                    for row in seed_rows
                    if (row["weights"], row["layers"]) == (state, depth)
                ]
                for seed_rows in runs
            ],
            dtype=float,
        )
        for state in ("random", "trained")
        for depth in DEPTHS
    }
    widest = units[-1]
    best = (
        region_bounds((2, *(widest // 4,) * 4)).montufar_lower
        / region_bounds((2, widest)).serra_upper
    )
    share = max(
        row["linear regions"] / row["no weights exceed"] for row in rows if row["layers"] > 1
    )
    return Measurement(
        table=rows,
        findings=_judge(units, counts, float(best), left),
        notes=[
            f"With 2 and 4 layers no network has more than {share:.2g} of the regions that Serra's "
            "bound allows: surprisingly few, as Hanin and Rolnick found.",
        ],
        draw=partial(_draw, plan.seeds[0], plan.quick, units, counts),
    )


def _judge(
    units: tuple[int, ...],
    counts: dict[tuple[str, int], AnyArray],
    best: float,
    left: AnyArray,
) -> list[Finding]:
    """Return the findings for the measured counts."""
    sizes = np.log(np.array(units, dtype=float))
    centred = sizes - sizes.mean()
    # As many parameters as one layer of 64 has four layers of 8, which are 32 units.
    deep, wide = units.index(32), units.index(64)
    return [
        Finding(
            f"best weights, {units[-1]} units: regions of 4 layers, at least, / 1 layer, at most",
            exact(best),
            at_least=FACTOR,
            construction=True,
        ),
        *(
            Finding(
                f"{state} weights, {depth} layer{'s' if depth > 1 else ''}: exponent of units",
                t_interval(np.log(found) @ centred / (centred @ centred)),
                at_least=EXPONENT[0],
                at_most=EXPONENT[1],
            )
            for (state, depth), found in counts.items()
        ),
        *(
            Finding(
                f"{state} weights, equal parameters: regions of 4 layers / 1 layer, median",
                bootstrap_interval(counts[state, 4][:, deep] / counts[state, 1][:, wide]),
                at_most=1.0,
            )
            for state in ("random", "trained")
        ),
        Finding(
            "tri(8), weights perturbed by a tenth: share of pieces left",
            t_interval(left),
            at_most=KEPT,
        ),
    ]


def _draw(
    seed: int,
    quick: bool,
    units: tuple[int, ...],
    counts: dict[tuple[str, int], AnyArray],
    figure: Figure,
) -> None:
    from deepgen.estimators.from_weights import regressor_from_layers
    from deepgen.expressivity import linear_regions

    figure.set_size_inches(14, 4.9)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.2))
    # Left and middle: the regions of one random and one trained network.
    for axes, state, model in (
        (left, "random", regressor_from_layers(*_start(seed, (16, 16)))),
        (middle, "trained", _trained(seed, (16, 16), quick=quick)),
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
    # Right: medians over seeds against units, beside a line of slope 2.
    for (state, depth), found in counts.items():
        color = COLORS[DEPTHS.index(depth)]
        right.plot(
            units,
            np.median(found, axis=0),
            "-" if state == "trained" else ":",
            marker=MARKERS[DEPTHS.index(depth)],
            color=color,
            label=f"{depth} layer{'s' if depth > 1 else ''}, {state}",
        )
    middle_count = gmean([gmean(found) for found in counts.values()])
    reference = np.array(units, dtype=float) / gmean(units)
    right.plot(units, middle_count * reference**2, "--", color=COLORS[6], label="units$^2$")
    right.set(
        title="medians over seeds",
        xlabel="hidden units",
        ylabel="linear regions",
        xscale="log",
        yscale="log",
    )
    right.set_xticks(units, [str(each) for each in units])
    right.minorticks_off()
    right.legend(loc="upper left", fontsize=10)


run: Final = Runner(EXPERIMENT, _measure)
