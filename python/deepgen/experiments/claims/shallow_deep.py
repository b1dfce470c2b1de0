"""A shallow and a deep classifier on a winding boundary, the best of several starts each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from deepgen._display.style import COLORS, MARKERS
from deepgen._engine.arrays import AnyArray
from deepgen._interval import wilson_interval
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner
from deepgen.experiments.shared.rates import best_rate, tuning_seeds
from deepgen.experiments.shared.training import fit_quietly

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from deepgen.estimators import MLPClassifier

__all__ = ["EXPERIMENT", "run"]

EXPERIMENT: Final = Experiment(
    name="shallow_deep",
    title="Shallow and deep on a winding boundary",
    claim="For a fixed budget deeper is better: two hidden layers err less than one of as many "
    "parameters, at 150, 600 and 2,400 of them; and, at 150, less than one of as many units and "
    "one of as many FLOPs.",
    source="Slide 'Depth and Parametric Cost'; Montufar, Pascanu, Cho and Bengio 2014, figure 1",
    protocol="x uniform on [-1, 1]^2, class 1 above the curve 0.6 sin(3 pi x1); 1000 training "
    "points of which 2 % have the other label, 20,000 test points without such noise, all drawn "
    "anew for each seed. Adam, batches of 50, 300 epochs (quick: 60), rates fall to 0 along a "
    "cosine, no penalty. Deep: 10 + 10, 22 + 22, 46 + 46 units; shallow: 38, 149, 587 (at least "
    "as many parameters), 20 (as many units as 10 + 10), 44 (at least as many multiplications). "
    "Of four starts (quick: two) that with the least training loss counts; the first rate, from "
    "0.01, 0.03 and 0.09, is chosen per network on two seeds apart. Sign test: share of seeds "
    "with the deep network ahead.",
    seeds=20,
    quick_seeds=4,
)

Shape: TypeAlias = tuple[int, ...]

PAIRS: Final[dict[str, tuple[Shape, Shape]]] = {
    "150 parameters": ((10, 10), (38,)),
    "600 parameters": ((22, 22), (149,)),
    "2400 parameters": ((46, 46), (587,)),
    "equal units": ((10, 10), (20,)),
    "equal FLOPs": ((10, 10), (44,)),
}
SHAPES: Final[tuple[Shape, ...]] = tuple(
    dict.fromkeys(shape for pair in PAIRS.values() for shape in pair)
)
RATES: Final = (0.01, 0.03, 0.09)
NOISE: Final = 0.02


def _curve(x: AnyArray) -> AnyArray:
    heights: AnyArray = 0.6 * np.sin(3 * np.pi * x)
    return heights


def _draw_data(seed: int, n: int, noise: float) -> tuple[AnyArray, AnyArray]:
    state = np.random.RandomState(seed)
    X = state.uniform(-1, 1, (n, 2))
    y = (X[:, 1] > _curve(X[:, 0])).astype(int)
    flipped = state.uniform(size=n) < noise
    return X, np.where(flipped, 1 - y, y)


def _fitted(seed: int, shape: Shape, rate: float, quick: bool) -> MLPClassifier:
    """Return the network with the least training loss of some starts."""
    from deepgen.estimators import MLPClassifier

    X, y = _draw_data(seed, 1000, NOISE)
    models: list[MLPClassifier] = [
        fit_quietly(
            MLPClassifier(
                shape,
                learning_rate="cosine",
                learning_rate_init=rate,
                batch_size=50,
                alpha=0.0,
                max_iter=60 if quick else 300,
                tol=0.0,
                n_iter_no_change=np.inf,
                random_state=int(np.random.SeedSequence([seed, start]).generate_state(1)[0]),
                n_jobs=1,
            ),
            X,
            y,
        )
        for start in range(2 if quick else 4)
    ]
    best: MLPClassifier = min(models, key=lambda model: model.loss_)
    return best


def _error(quick: bool, item: tuple[int, Shape, float]) -> float:
    """Return the test error of a shape with a rate on the data of a seed, in percent."""
    seed, shape, rate = item
    # Test points have their own random stream, apart from all training sets.
    X, y = _draw_data(2**30 + seed % 2**30, 20_000, 0.0)
    return 100 * float(1 - _fitted(seed, shape, rate, quick).score(X, y))


def _measure(plan: RunPlan) -> Measurement:
    quick = plan.quick
    apart = tuning_seeds(1 if quick else 2)
    rates: dict[Shape, float] = {}
    for shape in SHAPES:
        cells = [(seed, shape, rate) for seed in apart for rate in RATES]
        tuned = np.array(plan.map(partial(_error, quick), cells, f"rate of {_name(shape)}"))
        rates[shape] = best_rate(RATES, tuned.reshape(len(apart), len(RATES)))
    errors = {
        shape: np.array(
            plan.map(
                partial(_error, quick),
                [(seed, shape, rates[shape]) for seed in plan.seeds],
                f"units {_name(shape)}",
            )
        )
        for shape in SHAPES
    }
    table = [
        {
            "network": _name(shape),
            "units": sum(shape),
            "parameters": _n_parameters(shape),
            "rate": rates[shape],
            "median test error, %": np.median(errors[shape]),
            "least": errors[shape].min(),
            "largest": errors[shape].max(),
        }
        for shape in SHAPES
    ]
    return Measurement(
        table=table,
        findings=_judge(errors),
        notes=[
            "At equal units the deep network has 151 parameters and the shallow one 81: the "
            "published picture compares these two.",
            "The error is of what training finds, not of what the networks could express.",
        ],
        draw=partial(_draw, plan.seeds[0], quick, rates, errors),
    )


def _judge(errors: dict[Shape, AnyArray]) -> list[Finding]:
    """Return the findings for the measured errors."""
    findings = []
    for what, (deep, shallow) in PAIRS.items():
        ahead = errors[deep] < errors[shallow]
        findings.append(
            Finding(
                f"{what}: share of seeds with {_name(deep)} ahead of {_name(shallow)}",
                wilson_interval(int(ahead.sum()), len(ahead)),
                at_least=0.5,
            )
        )
    return findings


def _name(shape: Shape) -> str:
    return " + ".join(map(str, shape))


def _tick(what: str) -> str:
    return what.replace(" parameters", "\nnumbers").replace("equal ", "equal\n")


def _n_parameters(shape: Shape) -> int:
    widths = (2, *shape, 1)
    return sum((n_in + 1) * n_out for n_in, n_out in zip(widths, widths[1:], strict=False))


def _draw(
    seed: int,
    quick: bool,
    rates: dict[Shape, float],
    errors: dict[Shape, AnyArray],
    figure: Figure,
) -> None:
    figure.set_size_inches(12.5, 5.4)
    left, right = figure.subplots(1, 2)
    _draw_boundaries(left, seed, quick, rates)
    for place, (deep, shallow) in enumerate(PAIRS.values()):
        for shape, color, marker, shift in (
            (deep, COLORS[0], MARKERS[0], -0.17),
            (shallow, COLORS[1], MARKERS[1], 0.17),
        ):
            found = errors[shape]
            spread = np.linspace(-0.1, 0.1, len(found)) if len(found) > 1 else np.zeros(1)
            right.plot(place + shift + spread, found, marker, color=color, alpha=0.35, markersize=4)
            right.plot(
                place + shift,
                np.median(found),
                "_",
                color=COLORS[6],
                markersize=22,
                markeredgewidth=3,
            )
            label = f"{_name(shape)}"
            right.annotate(
                label, (place + shift, found.max()), ha="center", va="bottom", fontsize=9
            )
    right.set_xticks(range(len(PAIRS)), [_tick(what) for what in PAIRS])
    right.set(
        title="All seeds with medians; left deep, right shallow",
        ylabel="test error, %",
        xlabel="budget",
    )
    right.set_ylim(bottom=0)


def _draw_boundaries(axes: Axes, seed: int, quick: bool, rates: dict[Shape, float]) -> None:
    axis = np.linspace(-1, 1, 241)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    X, y = _draw_data(seed, 1000, NOISE)
    for label, marker, color in ((0, MARKERS[0], COLORS[5]), (1, MARKERS[2], COLORS[4])):
        axes.plot(
            *X[y == label].T,
            marker,
            color=color,
            markersize=3,
            alpha=0.6,
            label=f"class {label}",
            linestyle="none",
        )
    axes.plot(axis, _curve(axis), color=COLORS[6], label="truth")
    for shape, color, style in (((38,), COLORS[1], "solid"), ((10, 10), COLORS[0], "dashed")):
        model = _fitted(seed, shape, rates[shape], quick)
        logits = model.decision_function(grid).reshape(241, 241)
        axes.contour(axis, axis, logits, levels=[0.0], colors=color, linestyles=style, linewidths=2)
        axes.plot([], [], color=color, linestyle=style, label=f"{_name(shape)} units")
    axes.set(
        title=f"Boundaries learned, seed {seed}", xlabel="$x_1$", ylabel="$x_2$", aspect="equal"
    )
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


run: Final = Runner(EXPERIMENT, _measure)
