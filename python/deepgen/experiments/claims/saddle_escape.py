r"""The speed of first-order methods at a saddle.

On f(x, y) = x^2 - y^2 plain descent grows as y_t = y_0 (1 + 2 eta)^t. Heavy ball (v <- mu v - eta
g, y <- y + v) grows as r^t, with r the larger root of r^2 - (1 + mu + 2 eta) r + mu = 0, after a
short transient. From y = delta it needs about ln(1 / delta) / ln r steps to |y| = 1; from y = 0 it
never gets there.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._display.style import COLORS, MARKERS
from deepgen._interval import exact, wilson_interval
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "growth", "heavy_ball", "network_path", "run", "steps_to_leave"]

EXPERIMENT: Final = Experiment(
    name="saddle_escape",
    title="Momentum and noise leave saddles",
    claim="SGD, with momentum above all, evades saddles easily: momentum needs at most half of the "
    "steps, and noise frees runs that start where the gradient leads nowhere but to the saddle.",
    source="Slide 'Non-convex Optimization' (animation by A. Radford)",
    protocol="x^2 - y^2 from (1, 1e-6) and from (1, 0), step 0.01, momentum 0 to 0.99, until "
    "|y| = 1; with gradient noise N(0, 1e-6) from (1, 0), a seed per run, 1000 steps. The engine: "
    "the linear network w2 w1 x with loss (1 - w1 w2)^2 / 2 from w1 = w2 = 1e-6, float64, step "
    "0.01, SGD with and without momentum, and Adam, until the loss is half of that at the saddle.",
    seeds=200,
    quick_seeds=50,
)

STEP: Final = 0.01
START: Final = 1e-6
MOMENTA: Final = (0.0, 0.5, 0.9, 0.99)
NOISE: Final = 1e-3
SOLVERS: Final[dict[str, dict[str, Any]]] = {
    "SGD": {"solver": "sgd", "momentum": 0.0, "nesterovs_momentum": False},
    "SGD, momentum 0.9": {"solver": "sgd", "momentum": 0.9, "nesterovs_momentum": False},
    "SGD, Nesterov 0.9": {"solver": "sgd", "momentum": 0.9, "nesterovs_momentum": True},
    "Adam": {"solver": "adam"},
}
PATIENCE: Final = 2000
"""Number of the engine's steps after which a run counts as caught."""


def growth(step: float, momentum: float) -> float:
    """Return the factor by which the distance to the saddle grows per step.

    Parameters
    ----------
    step : float
        Learning rate, > 0.
    momentum : float
        Momentum in [0, 1).

    Returns
    -------
    factor : float
        The larger root of r^2 - (1 + momentum + 2 step) r + momentum = 0.

    Examples
    --------
    >>> from deepgen.experiments.claims.saddle_escape import growth
    >>> growth(0.01, 0.0), round(growth(0.01, 0.9), 6)
    (1.02, 1.106969)
    """
    half = (1 + momentum + 2 * step) / 2
    return half + math.sqrt(half * half - momentum)


def heavy_ball(
    start: float,
    step: float,
    momentum: float,
    n_steps: int,
    noise: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Descend on -y^2 by the heavy-ball method.

    Parameters
    ----------
    start : float
        Initial y.
    step : float
        Learning rate.
    momentum : float
        Momentum in [0, 1).
    n_steps : int
        Number of steps.
    noise : ndarray of shape (n_steps,) or None, default=None
        Noise added to the gradient of each step.

    Returns
    -------
    path : ndarray of shape (n_steps + 1,)
        Values of y before and after each step.

    Examples
    --------
    >>> from deepgen.experiments.claims.saddle_escape import heavy_ball
    >>> heavy_ball(1.0, 0.5, 0.0, 2).tolist()
    [1.0, 2.0, 4.0]
    """
    y, velocity = start, 0.0
    path = [y]
    for place in range(n_steps):
        slope = -2 * y + (0.0 if noise is None else noise[place])
        velocity = momentum * velocity - step * slope
        y += velocity
        path.append(y)
    return np.array(path)


def steps_to_leave(path: NDArray[np.float64]) -> int | None:
    """Count the steps until |y| is at least 1.

    Parameters
    ----------
    path : ndarray of shape (n_steps + 1,)
        Path returned by `heavy_ball`.

    Returns
    -------
    steps : int or None
        None if the path stays inside.

    Examples
    --------
    >>> from deepgen.experiments.claims.saddle_escape import heavy_ball, steps_to_leave
    >>> steps_to_leave(heavy_ball(1e-6, 0.01, 0.0, 1000))
    698
    """
    outside = np.flatnonzero(np.abs(path) >= 1)
    return int(outside[0]) if len(outside) else None


def network_path(settings: dict[str, Any], n_steps: int = PATIENCE) -> NDArray[np.float64]:
    """Train the linear network w2 w1 x with the engine from a point near its saddle.

    Parameters
    ----------
    settings : dict
        Solver parameters of `MLPRegressor`.
    n_steps : int, default=2000
        Largest number of steps; training ends if the loss is half of that at the saddle.

    Returns
    -------
    losses : ndarray
        Loss before each step; 0.5 at the saddle.

    Examples
    --------
    >>> from deepgen.experiments.claims.saddle_escape import network_path
    >>> len(network_path({"solver": "sgd", "momentum": 0.0}, n_steps=3))
    3
    """
    from deepgen.estimators.from_weights import regressor_from_layers

    model = regressor_from_layers(
        [[[START]], [[START]]],
        [[0.0], [0.0]],
        activation="identity",
        bias=False,
        alpha=0.0,
        learning_rate_init=STEP,
        **settings,
    )
    losses: list[float] = []
    while len(losses) < n_steps and (not losses or losses[-1] > 0.25):
        losses.append(model.partial_fit([[1.0]], [1.0]).loss_)
    return np.array(losses)


def _measure(plan: RunPlan) -> Measurement:
    # Without noise, from beside the saddle: steps until |y| = 1 against the formula.
    paths = {momentum: heavy_ball(START, STEP, momentum, 1000) for momentum in MOMENTA}
    rows: list[dict[str, Any]] = []
    steps: dict[float, int] = {}
    for momentum, path in paths.items():
        taken = steps_to_leave(path)
        assert taken is not None
        steps[momentum] = taken
        factor = growth(STEP, momentum)
        rows.append(
            {
                "surface": "x^2 - y^2",
                "rule": f"momentum {momentum:g}",
                "growth a step": factor,
                "steps by formula": math.log(1 / START) / math.log(factor),
                "steps": taken,
            }
        )
    # From the saddle itself: never without noise, else the share of runs that leave.
    stuck = max(np.abs(heavy_ball(0.0, STEP, momentum, 10_000)).max() for momentum in MOMENTA)
    n_runs = len(plan.seeds)
    freed = {
        momentum: sum(plan.map(partial(_is_freed, momentum), plan.seeds, f"momentum {momentum:g}"))
        for momentum in (0.0, 0.9)
    }
    for momentum, count in freed.items():
        rows.append(
            {
                "surface": "x^2 - y^2, noise, from y = 0",
                "rule": f"momentum {momentum:g}",
                "share that leaves": count / n_runs,
            }
        )
    # The same on a loss surface: the linear network with two weights.
    curves = {name: network_path(settings) for name, settings in SOLVERS.items()}
    for name, curve in curves.items():
        rows.append({"surface": "network", "rule": name, "steps": len(curve) - 1})
    return Measurement(
        table=rows,
        findings=_judge(steps, n_runs, freed, curves),
        notes=[
            f"Without noise no rule leaves from y = 0: max |y| after 10,000 steps is {stuck:g}.",
            "Adam's steps have the size of its learning rate from the first on, however small the "
            "gradient; the others wait for growth.",
        ],
        draw=partial(_draw, paths, curves),
    )


def _judge(
    steps: dict[float, int], n_runs: int, freed: dict[float, int], curves: dict[str, Any]
) -> list[Finding]:
    """Return the findings for the measured steps."""
    ratio = (len(curves["SGD"]) - 1) / (len(curves["SGD, momentum 0.9"]) - 1)
    return [
        Finding(
            "x^2 - y^2: steps of plain descent per step of momentum 0.9",
            exact(steps[0.0] / steps[0.9]),
            at_least=2,
        ),
        Finding("network: steps of SGD per step of momentum 0.9", exact(ratio), at_least=2),
        Finding(
            "noise, no momentum: share of runs that leave within 1000 steps",
            wilson_interval(freed[0.0], n_runs),
            at_least=0.9,
        ),
        Finding(
            "noise, momentum 0.9: share of runs that leave within 1000 steps",
            wilson_interval(freed[0.9], n_runs),
            at_least=0.9,
        ),
    ]


def _is_freed(momentum: float, seed: int) -> bool:
    noise = NOISE * np.random.RandomState(seed).randn(1000)
    return steps_to_leave(heavy_ball(0.0, STEP, momentum, 1000, noise)) is not None


def _draw(
    paths: dict[float, NDArray[np.float64]], curves: dict[str, NDArray[np.float64]], figure: Figure
) -> None:
    figure.set_size_inches(12, 5.2)
    left, right = figure.subplots(1, 2)
    for (momentum, path), color, marker in zip(paths.items(), COLORS, MARKERS, strict=False):
        inside = path[: (steps_to_leave(path) or len(path)) + 1]
        left.plot(
            inside, color=color, marker=marker, markevery=[-1], label=f"momentum {momentum:g}"
        )
    left.axhline(1, color="black", linewidth=1)
    left.set(
        title="saddle $x^2 - y^2$", xlabel="step", ylabel="distance |y| to the ridge", yscale="log"
    )
    left.legend(loc="lower right")
    for (name, curve), color, marker in zip(curves.items(), COLORS, MARKERS, strict=False):
        right.plot(curve, color=color, marker=marker, markevery=[-1], label=name)
    right.set(title="linear network of two weights", xlabel="step", ylabel="loss (saddle: 0.5)")
    right.legend(loc="center")


run: Final = Runner(EXPERIMENT, _measure)
