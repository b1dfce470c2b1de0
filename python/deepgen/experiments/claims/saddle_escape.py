r"""The speed of momentum at a saddle, each method at its own largest stable rate.

On f(x, y) = (kappa x^2 - y^2) / 2 plain descent is stable in x up to the rate 2 / kappa and heavy
ball (v <- mu v - eta g, y <- y + v) up to 2 (1 + mu) / kappa. Along y the distance grows per step
by r, the larger root of r^2 - (1 + mu + eta) r + mu = 0; for plain descent that is 1 + eta. From y
= delta it takes about ln(1 / delta) / ln r steps to |y| = 1; from y = 0 no method ever leaves.

At one common rate momentum would be compared with a method of a tenth of its effective rate.
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

__all__ = [
    "EXPERIMENT",
    "growth",
    "heavy_ball",
    "largest_rate",
    "network_path",
    "run",
    "steps_to_leave",
]

EXPERIMENT: Final = Experiment(
    name="saddle_escape",
    title="Momentum and noise leave saddles",
    claim="SGD, with momentum above all, evades saddles easily: at its own largest stable rate "
    "momentum needs at most half of the steps of plain descent, its advantage grows as the root of "
    "the condition number, and noise frees runs that start where the gradient leads nowhere but to "
    "the saddle.",
    source="Slide 'Non-convex Optimization' (animation by A. Radford)",
    protocol="(kappa x^2 - y^2) / 2 from (1, 1e-6), kappa 10 to 10,000, momentum 0 to 0.999, each "
    "at 0.99 of its largest stable rate 2 (1 + momentum) / kappa, until |y| = 1. From (1, 0) with "
    "gradient noise N(0, 1e-6), kappa 100, a seed per run, 2000 steps. The engine: the linear "
    "network w2 (w11 x1 + w12 x2) on the four rows (+-1, +-10) with y = x1, so that the curvature "
    "at the solution is 100 and the slope at the saddle 1; from weights of 1e-6, float64, SGD with "
    "and without momentum 0.9 at 0.99 of the largest rate that is stable at the solution, until "
    "the loss is half of that at the saddle.",
    seeds=200,
    quick_seeds=50,
)

KAPPAS: Final = (10.0, 100.0, 1_000.0, 10_000.0)
MOMENTA: Final = (0.0, 0.9, 0.99, 0.999)
SHARE: Final = 0.99
"""Share of the largest stable rate that is used: at the limit itself x neither falls nor rises."""

START: Final = 1e-6
NOISE: Final = 1e-3
KAPPA: Final = 100.0
"""Condition number of the runs with noise and of the network."""

N_NOISY: Final = 2000
PATIENCE: Final = 5000
"""Number of the engine's steps after which a run counts as caught."""

ROOT_LAW: Final = (0.45, 0.55)
"""Exponents of the condition number that count as its root; 0.9 saturates, so 0.999 is judged."""


def largest_rate(kappa: float, momentum: float) -> float:
    """Return the largest stable learning rate of heavy ball on a quadratic.

    Parameters
    ----------
    kappa : float
        Largest curvature, > 0.
    momentum : float
        Momentum in [0, 1).

    Returns
    -------
    rate : float
        2 (1 + momentum) / kappa.

    Examples
    --------
    >>> from deepgen.experiments.claims.saddle_escape import largest_rate
    >>> largest_rate(100.0, 0.0)
    0.02
    """
    return 2 * (1 + momentum) / kappa


def growth(step: float, momentum: float) -> float:
    """Return the factor by which the distance to the saddle grows per step.

    Parameters
    ----------
    step : float
        Learning rate times the size of the negative curvature, > 0.
    momentum : float
        Momentum in [0, 1).

    Returns
    -------
    factor : float
        The larger root of r^2 - (1 + momentum + step) r + momentum = 0.

    Examples
    --------
    >>> from deepgen.experiments.claims.saddle_escape import growth
    >>> growth(0.02, 0.0), round(growth(0.02, 0.9), 6)
    (1.02, 1.106969)
    """
    half = (1 + momentum + step) / 2
    return half + math.sqrt(half * half - momentum)


def heavy_ball(
    start: float,
    step: float,
    momentum: float,
    n_steps: int,
    noise: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Descend on -y^2 / 2 by the heavy-ball method.

    Parameters
    ----------
    start : float
        The value of y before the first step; the velocity is 0.
    step : float
        Learning rate.
    momentum : float
        Momentum.
    n_steps : int
        Number of steps; the path ends before, where |y| is at least 1.
    noise : ndarray of shape (n_steps,) or None, default=None
        Noise added to the gradient of each step.

    Returns
    -------
    path : ndarray of shape (n_steps + 1,) or shorter
        Values of y before and after each step.

    Examples
    --------
    >>> from deepgen.experiments.claims.saddle_escape import heavy_ball
    >>> heavy_ball(0.25, 1.0, 0.0, 9).tolist()
    [0.25, 0.5, 1.0]
    """
    y, velocity = start, 0.0
    path = [y]
    for place in range(n_steps):
        if abs(y) >= 1:
            break
        slope = -y + (0.0 if noise is None else noise[place])
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
    >>> steps_to_leave(heavy_ball(1e-6, 0.02, 0.0, 1000))
    698
    """
    outside = np.flatnonzero(np.abs(path) >= 1)
    return int(outside[0]) if len(outside) else None


def network_path(momentum: float, n_steps: int = PATIENCE) -> NDArray[np.float64]:
    """Train the linear network w2 (w11 x1 + w12 x2) with the engine from a point near its saddle.

    Parameters
    ----------
    momentum : float
        Momentum of SGD, which has 0.99 of the largest rate that is stable at the solution.
    n_steps : int, default=5000
        Largest number of steps; training ends if the loss is half of that at the saddle.

    Returns
    -------
    losses : ndarray
        Loss before each step; 0.5 at the saddle.

    Examples
    --------
    >>> from deepgen.experiments.claims.saddle_escape import network_path
    >>> len(network_path(0.0, n_steps=3))
    3
    """
    from deepgen.estimators.from_weights import regressor_from_layers

    model = regressor_from_layers(
        [[[START], [START]], [[START]]],
        [[0.0], [0.0]],
        activation="identity",
        bias=False,
        alpha=0.0,
        solver="sgd",
        momentum=momentum,
        nesterovs_momentum=False,
        learning_rate_init=SHARE * largest_rate(KAPPA, momentum),
    )
    scale = math.sqrt(KAPPA)
    X = np.array([[x1, scale * x2] for x1 in (-1.0, 1.0) for x2 in (-1.0, 1.0)])
    losses: list[float] = []
    while len(losses) < n_steps and (not losses or losses[-1] > 0.25):
        losses.append(model.partial_fit(X, X[:, 0]).loss_)
    return np.array(losses)


def _measure(plan: RunPlan) -> Measurement:
    rows: list[dict[str, Any]] = []
    steps: dict[tuple[float, float], int] = {}
    for kappa in KAPPAS:
        for momentum in MOMENTA:
            rate = SHARE * largest_rate(kappa, momentum)
            formula = math.log(1 / START) / math.log(growth(rate, momentum))
            taken = steps_to_leave(heavy_ball(START, rate, momentum, 2 * round(formula) + 1000))
            assert taken is not None
            steps[kappa, momentum] = taken
            rows.append(
                {
                    "surface": f"kappa {kappa:g}",
                    "momentum": momentum,
                    "rate": rate,
                    "steps by formula": formula,
                    "steps": taken,
                    "steps of plain descent per step": steps[kappa, 0.0] / taken,
                }
            )
    # From the saddle itself: never without noise, else the share of runs that leave.
    n_runs = len(plan.seeds)
    freed = {
        momentum: sum(plan.map(partial(_is_freed, momentum), plan.seeds, f"momentum {momentum:g}"))
        for momentum in (0.0, 0.9)
    }
    for momentum, count in freed.items():
        rows.append(
            {
                "surface": f"kappa {KAPPA:g}, noise, from y = 0",
                "momentum": momentum,
                "share that leaves": count / n_runs,
            }
        )
    # The same on a loss surface: the linear network with three weights.
    curves = {momentum: network_path(momentum) for momentum in (0.0, 0.9)}
    for momentum, curve in curves.items():
        rows.append({"surface": "network", "momentum": momentum, "steps": len(curve) - 1})
    same = [
        steps_to_leave(heavy_ball(START, 2 * rate, momentum, 2000))
        for rate, momentum in ((0.1, 0.0), (0.01, 0.9))
    ]
    return Measurement(
        table=rows,
        findings=_judge(steps, n_runs, freed, {m: len(curve) - 1 for m, curve in curves.items()}),
        notes=[
            "At rates that are chosen by hand either method can win: on x^2 - y^2 plain descent at "
            f"0.1 takes {same[0]} steps, momentum 0.9 at 0.01 {same[1]}.",
            "Without noise no method leaves from y = 0.",
        ],
        draw=partial(_draw, steps, curves),
    )


def _judge(
    steps: dict[tuple[float, float], int],
    n_runs: int,
    freed: dict[float, int],
    network: dict[float, int],
) -> list[Finding]:
    """Return the findings for the measured steps."""
    gains = {
        (kappa, momentum): steps[kappa, 0.0] / steps[kappa, momentum] for kappa, momentum in steps
    }
    span = math.log(KAPPAS[-1] / KAPPAS[1])
    exponent = math.log(gains[KAPPAS[-1], 0.999] / gains[KAPPAS[1], 0.999]) / span
    return [
        *(
            Finding(
                f"kappa {kappa:g}: steps of plain descent per step of momentum 0.9",
                exact(gains[kappa, 0.9]),
                at_least=2,
            )
            for kappa in KAPPAS
        ),
        Finding(
            "exponent of kappa in this ratio, momentum 0.999, kappa 100 to 10,000",
            exact(exponent),
            at_least=ROOT_LAW[0],
            at_most=ROOT_LAW[1],
        ),
        Finding(
            "network: steps of SGD per step of momentum 0.9",
            exact(network[0.0] / network[0.9]),
            at_least=2,
        ),
        *(
            Finding(
                f"noise, momentum {momentum:g}: share of runs that leave within {N_NOISY} steps",
                wilson_interval(freed[momentum], n_runs),
                at_least=0.9,
            )
            for momentum in (0.0, 0.9)
        ),
    ]


def _is_freed(momentum: float, seed: int) -> bool:
    noise = NOISE * np.random.RandomState(seed).randn(N_NOISY)
    rate = SHARE * largest_rate(KAPPA, momentum)
    return steps_to_leave(heavy_ball(0.0, rate, momentum, N_NOISY, noise)) is not None


def _draw(
    steps: dict[tuple[float, float], int],
    curves: dict[float, NDArray[np.float64]],
    figure: Figure,
) -> None:
    figure.set_size_inches(12, 5.2)
    left, right = figure.subplots(1, 2)
    for momentum, color, marker in zip(MOMENTA, COLORS, MARKERS, strict=False):
        taken = [steps[kappa, momentum] for kappa in KAPPAS]
        left.plot(KAPPAS, taken, color=color, marker=marker, label=f"momentum {momentum:g}")
    left.set(
        title="from 1e-6 beside a saddle, each at its largest rate",
        xlabel="condition number",
        ylabel="steps to leave",
        xscale="log",
        yscale="log",
    )
    left.legend()
    for (momentum, curve), color in zip(curves.items(), COLORS, strict=False):
        right.plot(curve, color=color, label=f"momentum {momentum:g}")
    right.set(
        title="linear network of three weights, curvature 100",
        xlabel="step",
        ylabel="loss (saddle: 0.5)",
        xscale="log",
    )
    right.legend(loc="lower left")


run: Final = Runner(EXPERIMENT, _measure)
