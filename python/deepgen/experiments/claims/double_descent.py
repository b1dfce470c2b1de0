"""Double descent: least squares compared with its exact law, and random ReLU features.

D standard normal features, p of them in use, n samples, y = x . beta + noise of variance s2, least
squares of minimal norm. With b_in and b_out the parts of beta in use and not in use, the expected
risk is

    p <= n - 2:          (|b_out|^2 + s2) (1 + p / (n - p - 1)),
    n - 1 <= p <= n + 1:  infinite,
    p >= n + 2:          |b_in|^2 (1 - n / p) + (|b_out|^2 + s2) (1 + n / (p - n - 1)).

Source: M. Belkin, D. Hsu and J. Xu, "Two models of double descent for weak features", SIAM Journal
on Mathematics of Data Science 2, 2020, theorem 1.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._display.style import COLORS
from deepgen._engine.arrays import FloatArray
from deepgen._interval import bootstrap_interval, exact
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "expected_risk", "run"]

EXPERIMENT: Final = Experiment(
    name="double_descent",
    title="Double descent: more parameters than samples can help",
    claim="The test error of minimal-norm least squares peaks where parameters equal samples and "
    "falls again beyond, for Gaussian features by an exact law.",
    source="Slides on wide nets; Belkin, Hsu and Xu 2020, theorem 1",
    protocol="D = 100 standard normal features, all slopes 0.1, noise variance 0.04, n = 40; p "
    "features used. Risk over the whole distribution, so that only training sets are random. "
    "Second panel: p random ReLU features of 10 inputs, linear truth, 40 samples, 2000 test "
    "points. Means over seeds, medians where the mean is infinite or nearly so.",
    seeds=400,
    quick_seeds=200,
)

D, N, SLOPE, NOISE = 100, 40, 0.1, 0.04
SIZES: Final = (0, 5, 10, 20, 30, 35, 38, 40, 42, 45, 50, 60, 70, 85, 100)
RELU_SIZES: Final = (2, 5, 10, 20, 30, 36, 40, 44, 50, 70, 100, 200, 400, 1000)
RELU_INPUTS: Final = 10


def expected_risk(p: int, n: int, inside: float, outside: float, noise: float) -> float:
    """Return the expected risk of minimal-norm least squares on Gaussian features.

    Parameters
    ----------
    p : int
        Number of features in use, >= 0.
    n : int
        Number of samples, >= 1.
    inside, outside : float
        Squared norms of the coefficients of the features in use and of the others.
    noise : float
        Variance of the noise.

    Returns
    -------
    risk : float
        Squared error, not halved; infinite for p from n - 1 to n + 1.

    References
    ----------
    .. [1] M. Belkin, D. Hsu and J. Xu, "Two models of double descent for weak features", SIAM
       Journal on Mathematics of Data Science 2, 2020, theorem 1.
    """
    unexplained = outside + noise
    if p <= n - 2:
        return unexplained * (1 + p / (n - p - 1))
    if p >= n + 2:
        return inside * (1 - n / p) + unexplained * (1 + n / (p - n - 1))
    return float("inf")


def law(p: int) -> float:
    """Return the expected risk for the sizes of this experiment.

    Parameters
    ----------
    p : int
        Number of features in use, from 0 to 100.

    Returns
    -------
    risk : float
        Squared error.
    """
    return expected_risk(p, N, p * SLOPE**2, (D - p) * SLOPE**2, NOISE)


def _gaussian(seed: int) -> list[float]:
    """Return the risks of one training set for all sizes."""
    random = np.random.default_rng(np.random.SeedSequence([seed, 0]))
    X = random.standard_normal((N, D))
    y = X @ np.full(D, SLOPE) + np.sqrt(NOISE) * random.standard_normal(N)
    risks = []
    for p in SIZES:
        coef = np.linalg.lstsq(X[:, :p], y, rcond=None)[0] if p else np.zeros(0)
        risks.append(float(np.sum((coef - SLOPE) ** 2) + (D - p) * SLOPE**2 + NOISE))
    return risks


def _relu(seed: int) -> list[float]:
    random = np.random.default_rng(np.random.SeedSequence([seed, 1]))
    slopes = np.full(RELU_INPUTS, 1 / np.sqrt(RELU_INPUTS))
    X, X_test = (random.standard_normal((n, RELU_INPUTS)) for n in (N, 2000))
    y = X @ slopes + np.sqrt(NOISE) * random.standard_normal(N)
    weights = random.standard_normal((RELU_INPUTS, RELU_SIZES[-1])) / np.sqrt(RELU_INPUTS)
    H, H_test = (np.maximum(Z @ weights, 0.0) for Z in (X, X_test))
    risks = []
    for p in RELU_SIZES:
        coef = np.linalg.lstsq(H[:, :p], y, rcond=None)[0]
        risks.append(float(np.mean((H_test[:, :p] @ coef - X_test @ slopes) ** 2) + NOISE))
    return risks


def _measure(plan: RunPlan) -> Measurement:
    gaussian = np.array(plan.map(_gaussian, plan.seeds, "Gaussian features"))
    relu = np.array(plan.map(_relu, plan.seeds, "ReLU features"))
    rows: list[dict[str, Any]] = [
        {
            "features": "Gaussian",
            "p": p,
            "law": law(p),
            "mean risk": float(column.mean()),
            "s.e.": float(column.std(ddof=1) / np.sqrt(len(column))) if len(column) > 1 else None,
            "median risk": float(np.median(column)),
        }
        for p, column in zip(SIZES, gaussian.T, strict=True)
    ]
    rows += [
        {"features": "ReLU", "p": p, "mean risk": column.mean(), "median risk": np.median(column)}
        for p, column in zip(RELU_SIZES, relu.T, strict=True)
    ]
    return Measurement(
        table=rows,
        findings=_judge(gaussian, relu),
        notes=[
            "The law is infinite for p from 39 to 41; for p near that the mean over seeds does "
            "not settle, which is why medians are drawn there.",
        ],
        draw=partial(_draw, rows),
    )


def _judge(gaussian: FloatArray, relu: FloatArray) -> list[Finding]:
    """Return the findings for the measured risks."""
    # Only away from the peak has the risk a finite variance, so that means agree with the law.
    far = [place for place, p in enumerate(SIZES) if abs(p - N) >= 10]
    laws = np.array([law(SIZES[place]) for place in far])
    place_of = {p: place for place, p in enumerate(RELU_SIZES)}
    return [
        Finding(
            "largest deviation of the mean risk from the law, |p - 40| >= 10, relative",
            bootstrap_interval(
                gaussian[:, far], lambda drawn: float(np.max(np.abs(_mean(drawn) / laws - 1)))
            ),
            at_most=0.15,
        ),
        Finding(
            "law: risk at p = 100 over the lowest with p < 40",
            exact(law(100) / min(law(p) for p in range(N - 1))),
            at_most=1.0,
            construction=True,
        ),
        Finding(
            "Gaussian features: median risk at p = 40 over that at p = 100",
            bootstrap_interval(gaussian[:, [SIZES.index(40), SIZES.index(100)]], _ratio),
            at_least=3.0,
        ),
        Finding(
            "ReLU features: median risk at p = 40 over that at p = 1000",
            bootstrap_interval(relu[:, [place_of[40], place_of[1000]]], _ratio),
            at_least=3.0,
        ),
    ]


def _mean(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(drawn.mean(axis=0))


def _ratio(drawn: NDArray[np.float64]) -> float:
    over, under = np.median(drawn, axis=0)
    return float(over / under)


def _draw(rows: list[dict[str, Any]], figure: Figure) -> None:
    left, right = figure.subplots(1, 2)
    for sizes in (range(N - 1), range(N + 2, D + 1)):
        label = "exact law of the mean" if 0 in sizes else None
        left.plot(list(sizes), [law(p) for p in sizes], color=COLORS[0], label=label)
    for axes, name in ((left, "Gaussian"), (right, "ReLU")):
        mine = [row for row in rows if row["features"] == name]
        sizes_used = [row["p"] for row in mine]
        if name == "Gaussian":
            settled = [row for row in mine if abs(row["p"] - N) >= 5]
            axes.plot(
                [row["p"] for row in settled],
                [row["mean risk"] for row in settled],
                "o",
                color=COLORS[1],
                label="mean over seeds",
            )
        axes.plot(
            sizes_used,
            [row["median risk"] for row in mine],
            "s--",
            color=COLORS[2],
            label="median over seeds",
        )
        axes.axvline(N, color="black", linestyle=":", linewidth=1.2, label="p = n = 40")
        axes.set(title=f"{name} features", yscale="log", xlabel="features used, p")
        axes.legend()
    right.set_xscale("log")
    left.set_ylabel("risk, squared error")


run: Final = Runner(EXPERIMENT, _measure)
