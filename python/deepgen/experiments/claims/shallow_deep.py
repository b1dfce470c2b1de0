"""A shallow and a deep classifier on a winding boundary, at equal units, parameters, FLOPs."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepgen._display.style import COLORS, MARKERS
from deepgen._engine.arrays import AnyArray
from deepgen._interval import t_interval
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from deepgen.estimators import MLPClassifier

__all__ = ["EXPERIMENT", "run"]

EXPERIMENT: Final = Experiment(
    name="shallow_deep",
    title="Shallow and deep on a winding boundary",
    claim="For a fixed budget deeper is better: two hidden layers of 10 units err less than one "
    "of as many units, of as many parameters, and of as many FLOPs.",
    source="Slide 'Depth and Parametric Cost'; Montufar, Pascanu, Cho and Bengio 2014, figure 1",
    protocol="x uniform on [-1, 1]^2, class 1 above the curve 0.6 sin(3 pi x1); 1000 training "
    "points of which 2 % have the other label, 20,000 test points without such noise, all drawn "
    "anew for each seed. Adam, rate 0.01, batches of 50, 1000 epochs (quick: 200), no penalty. "
    "Shallow networks: 20 units (as many units), 38 (at least as many parameters), 44 (at least as "
    "many multiplications). Errors are paired by seed.",
    seeds=100,
    quick_seeds=4,
)

SHAPES: Final = {
    "10 + 10": (10, 10),
    "20: equal units": (20,),
    "38: equal parameters": (38,),
    "44: equal FLOPs": (44,),
}
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


def _fitted(seed: int, shape: tuple[int, ...], *, quick: bool) -> MLPClassifier:
    from sklearn.exceptions import ConvergenceWarning

    from deepgen.estimators import MLPClassifier

    X, y = _draw_data(seed, 1000, NOISE)
    model = MLPClassifier(
        shape,
        learning_rate_init=0.01,
        batch_size=50,
        alpha=0.0,
        max_iter=200 if quick else 1000,
        tol=0.0,
        n_iter_no_change=np.inf,
        random_state=seed,
    )
    with warnings.catch_warnings():
        # All nets are trained for the same number of epochs; none has to converge.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y)


def _run(seed: int, *, quick: bool) -> list[dict[str, Any]]:
    from deepgen.expressivity import linear_regions

    # Test points have their own random stream, apart from all training sets.
    X, y = _draw_data(1_000_000 + seed, 20_000, 0.0)
    rows = []
    for name, shape in SHAPES.items():
        model = _fitted(seed, shape, quick=quick)
        regions = linear_regions(model, ((-1.0, 1.0), (-1.0, 1.0)))
        rows.append(
            {
                "network": name,
                "seed": seed,
                "units": sum(shape),
                "parameters": model.network_.core.n_trainable,
                "FLOPs a point": 2 * sum(weights.size for weights in model.coefs_),
                "test error": float(1 - model.score(X, y)),
                "linear regions": regions.n_linear_regions,
            }
        )
    return rows


def _measure(plan: RunPlan) -> Measurement:
    runs = plan.map(partial(_run, quick=plan.quick), plan.seeds, "training")
    rows = [row for rows in runs for row in rows]
    errors = {
        name: 100 * np.array([row["test error"] for row in rows if row["network"] == name])
        for name in SHAPES
    }
    medians = ", ".join(f"{name} {np.median(found):.1f} %" for name, found in errors.items())
    return Measurement(
        table=rows,
        findings=_judge(errors),
        notes=[
            "At equal units the deep network has 151 parameters and the shallow one 81: the "
            "published picture compares these two. The other two give the shallow network at least "
            "as many parameters or multiplications.",
            "One rate and one number of epochs for all; the error is of what training finds, not "
            "of what the networks could express.",
            f"Median test errors: {medians}. A mean far above its median comes from runs that "
            "miss a whole bend of the curve.",
        ],
        draw=partial(_draw, plan.seeds[0], plan.quick, errors),
    )


def _judge(errors: dict[str, AnyArray]) -> list[Finding]:
    """Return the findings for the measured errors."""
    deep, *shallow = SHAPES
    return [
        Finding(
            f"test error of {name}, minus that of {deep}, in percent points",
            t_interval(errors[name] - errors[deep]),
            at_least=0.0,
        )
        for name in shallow
    ]


def _draw(seed: int, quick: bool, errors: dict[str, AnyArray], figure: Figure) -> None:
    figure.set_size_inches(12.5, 5.4)
    left, right = figure.subplots(1, 2)
    _draw_boundaries(left, seed, quick)
    for place, found in enumerate(errors.values()):
        color = COLORS[0] if place == 0 else COLORS[1]
        spread = np.linspace(-0.12, 0.12, len(found)) if len(found) > 1 else np.zeros(1)
        right.plot(place + spread, found, MARKERS[place], color=color, alpha=0.35, markersize=5)
        interval = t_interval(found)
        if np.isfinite(interval.low):
            right.plot([place, place], [interval.low, interval.high], color=COLORS[6], linewidth=3)
        right.plot(place, interval.estimate, "_", color=COLORS[6], markersize=22, markeredgewidth=3)
    right.set_xticks(
        range(len(errors)),
        [name.replace(" equal ", "\nequal\n").replace(":", "") for name in errors],
    )
    right.set(
        title="All seeds, mean with 95 % interval", ylabel="test error, %", xlabel="hidden units"
    )
    right.set_ylim(bottom=0)


def _draw_boundaries(axes: Axes, seed: int, quick: bool) -> None:
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
    for shape, color, style in (((20,), COLORS[1], "solid"), ((10, 10), COLORS[0], "dashed")):
        logits = _fitted(seed, shape, quick=quick).decision_function(grid).reshape(241, 241)
        axes.contour(axis, axis, logits, levels=[0.0], colors=color, linestyles=style, linewidths=2)
        axes.plot(
            [], [], color=color, linestyle=style, label=" + ".join(map(str, shape)) + " units"
        )
    axes.set(
        title=f"Boundaries learned, seed {seed}", xlabel="$x_1$", ylabel="$x_2$", aspect="equal"
    )
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


run: Final = Runner(EXPERIMENT, _measure)
