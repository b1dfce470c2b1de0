r"""The costs of four optimizers on a convex problem, as in the table of Bottou and Bousquet.

Logistic regression with d coefficients, condition number kappa of the Hessian at the optimum, and
excess rho of the empirical risk:

    gradient descent               O(n d) per step,        kappa log(1 / rho) steps,
    second-order gradient descent  O(d^2 + n d),           log log(1 / rho),
    stochastic gradient descent    O(d),                   about 1 / rho, times kappa^2,
    second-order stochastic        O(d^2),                 about 1 / rho.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepgen._display.style import COLORS
from deepgen._engine.arrays import FloatArray
from deepgen._interval import bootstrap_interval
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "run"]


EXPERIMENT: Final = Experiment(
    name="optimizer_costs",
    title="The price of optimization error",
    claim="Steps until the empirical risk is within rho of the least one: gradient descent kappa "
    "log(1/rho), Newton's method log log(1/rho), stochastic gradient descent about 1/rho, with or "
    "without curvature; with curvature a larger kappa costs no more steps.",
    source="Slide 'Decomposition of the Error'; Bottou and Bousquet 2008, table 2",
    protocol="Logistic regression on 500 Gaussian points in 5 dimensions whose standard deviations "
    "have ratios of sqrt(3) to 10, labels from the model, L2 penalty 0.001, drawn anew by each "
    "seed. Gradient descent with step 1/L; Newton undamped; stochastic descent with steps 1 / "
    "(mu (t + kappa)) and its second-order form with H^-1 / (t + 10), single samples with "
    "replacement, mean excess of 20 runs. All start at 0.",
    seeds=10,
    quick_seeds=3,
)

N, D, PENALTY, RUNS = 500, 5, 0.001, 20
RATIOS: Final = (3.0, 10.0, 30.0, 100.0)
MIDDLE: Final = 10.0
"""Condition number for the variation of rho."""
DETERMINISTIC: Final[FloatArray] = np.power(10.0, -np.arange(1.0, 11.0)).astype(float)
STOCHASTIC: Final[FloatArray] = np.power(10.0, -np.arange(1.5, 3.6, 0.5)).astype(float)


@dataclass(frozen=True)
class _Problem:
    """Penalized logistic regression; inputs are multiplied by their labels of -1 and 1."""

    A: FloatArray

    @classmethod
    def draw(cls, seed: int, ratio: float) -> _Problem:
        random = np.random.default_rng(np.random.SeedSequence([seed]))
        X = random.standard_normal((N, D)) * np.geomspace(1, ratio**-0.5, D)
        probability = 1 / (1 + np.exp(-X.sum(axis=1)))
        return cls(X * np.where(random.random(N) < probability, 1.0, -1.0)[:, None])

    def risk(self, w: FloatArray) -> Any:
        """Return the empirical risk of one or many rows of weights."""
        losses = np.logaddexp(0.0, -w @ self.A.T).mean(axis=-1)
        return losses + PENALTY / 2 * np.sum(w**2, axis=-1)

    def gradient(self, w: FloatArray) -> FloatArray:
        pull = 1 / (1 + np.exp(self.A @ w))
        return -self.A.T @ pull / N + PENALTY * w

    def hessian(self, w: FloatArray) -> FloatArray:
        p = 1 / (1 + np.exp(-self.A @ w))
        matrix: FloatArray = (self.A.T * (p * (1 - p))) @ self.A / N + PENALTY * np.eye(D)
        return matrix


def _first(excess: FloatArray, levels: FloatArray) -> list[float]:
    """Return the first step at which the excess is at most each level."""
    return [float(np.argmax(excess <= rho)) if (excess <= rho).any() else np.nan for rho in levels]


def _descend(problem: _Problem, step: Any, least: float, n_steps: int) -> FloatArray:
    w, excess = np.zeros(D), []
    for _ in range(n_steps + 1):
        excess.append(problem.risk(w) - least)
        if excess[-1] <= DETERMINISTIC[-1]:
            break
        w = w - step(w)
    return np.array(excess)


def _wander(
    problem: _Problem, scale: FloatArray, shift: float, least: float, seed: int, n_steps: int
) -> FloatArray:
    """Return the mean excess of stochastic descent with matrix steps scale / (t + shift)."""
    random = np.random.default_rng(np.random.SeedSequence([seed, 1]))
    w = np.zeros((RUNS, D))
    excess = []
    for t in range(n_steps):
        if t % 10 == 0:
            excess.append(float(np.mean(problem.risk(w)) - least))
            if excess[-1] <= STOCHASTIC[-1]:
                break
        rows = problem.A[random.integers(N, size=RUNS)]
        pull = 1 / (1 + np.exp(np.sum(rows * w, axis=1)))
        w = w - (PENALTY * w - pull[:, None] * rows) @ scale / (t + shift)
    return np.array(excess)


def _steps(task: tuple[int, float, int]) -> dict[str, Any]:
    """Return the steps of all four methods to each level for one problem."""
    seed, ratio, longest = task
    problem = _Problem.draw(seed, ratio)
    best = np.zeros(D)
    for _ in range(50):
        best = best - np.linalg.solve(problem.hessian(best), problem.gradient(best))
    least = float(problem.risk(best))
    hessian = problem.hessian(best)
    values = np.linalg.eigvalsh(hessian)
    largest = np.linalg.eigvalsh(problem.A.T @ problem.A / (4 * N))[-1] + PENALTY
    kappa = float(values[-1] / values[0])
    descent = _descend(problem, lambda w: problem.gradient(w) / largest, least, 50_000)
    newton = _descend(
        problem, lambda w: np.linalg.solve(problem.hessian(w), problem.gradient(w)), least, 50
    )
    plain = _wander(problem, np.eye(D) / values[0], kappa, least, seed, longest)
    inverse = np.asarray(np.linalg.inv(hessian), dtype=np.float64)
    curved = _wander(problem, inverse, 10.0, least, seed, longest)
    return {
        "kappa": kappa,
        "GD": _first(descent, DETERMINISTIC),
        "Newton": _first(newton, DETERMINISTIC),
        "SGD": [10 * steps for steps in _first(plain, STOCHASTIC)],
        "second-order SGD": [10 * steps for steps in _first(curved, STOCHASTIC)],
    }


def _measure(plan: RunPlan) -> Measurement:
    longest = 30_000 if plan.quick else 300_000
    tasks = [(seed, ratio, longest) for ratio in RATIOS for seed in plan.seeds]
    answers = plan.map(_steps, tasks, "descents")
    # Ratios of variances change kappa; the problems of each ratio are in the order of the seeds.
    by_ratio = {
        ratio: [a for task, a in zip(tasks, answers, strict=True) if task[1] == ratio]
        for ratio in RATIOS
    }
    rows: list[dict[str, Any]] = []
    for ratio, problems in by_ratio.items():
        # One row per optimizer, kappa and rho, with medians over seeds.
        for name in ("GD", "Newton", "SGD", "second-order SGD"):
            levels = DETERMINISTIC if name in ("GD", "Newton") else STOCHASTIC
            steps = np.median([problem[name] for problem in problems], axis=0)
            rows += [
                {
                    "optimizer": name,
                    "ratio of variances": ratio,
                    "kappa": float(np.median([problem["kappa"] for problem in problems])),
                    "rho": float(rho),
                    "median steps": float(count),
                }
                for rho, count in zip(levels, steps, strict=True)
            ]
    return Measurement(
        table=rows,
        findings=_judge(by_ratio),
        notes=[
            "A step of GD and of Newton passes through all samples, a stochastic step through one.",
            "The factor kappa^2 that the table gives for SGD is an upper bound, and no finding "
            "here: its steps grow far less from the smallest to the largest kappa.",
        ],
        draw=partial(_draw, rows),
    )


def _judge(by_ratio: dict[float, list[dict[str, Any]]]) -> list[Finding]:
    """Return the findings for the measured steps."""
    # Dependence on rho at the middle kappa, as slopes on logarithmic axes; one number per seed.
    middle = by_ratio[MIDDLE]
    descent, newton = (np.array([p[name] for p in middle]) for name in ("GD", "Newton"))
    slopes = {
        name: np.array([_slope(1 / STOCHASTIC, p[name]) for p in middle])
        for name in ("SGD", "second-order SGD")
    }
    # Dependence on kappa at one rho, a slope over all ratios of variances per seed.
    over_kappa = {
        name: np.array(
            [
                _slope([by_ratio[r][i]["kappa"] for r in RATIOS],
                       [by_ratio[r][i][name][place] for r in RATIOS])
                for i in range(len(middle))
            ]
        )
        for name, place in (("GD", 7), ("second-order SGD", 2))
    }  # fmt: skip
    return [
        Finding(
            "GD: steps from rho = 1e-7 to 1e-10 over steps from 1e-4 to 1e-7",
            bootstrap_interval(
                (descent[:, 9] - descent[:, 6]) / (descent[:, 6] - descent[:, 3]), np.mean
            ),
            at_least=0.8,
            at_most=1.25,
        ),
        Finding(
            "Newton: steps from rho = 1e-3 to 1e-10",
            bootstrap_interval(newton[:, 9] - newton[:, 2], np.mean),
            at_most=3.0,
        ),
        *(
            Finding(
                f"{name}: slope of log steps over log 1/rho",
                bootstrap_interval(values, np.mean),
                at_least=0.7,
                at_most=1.3,
            )
            for name, values in slopes.items()
        ),
        Finding(
            "GD, rho = 1e-8: slope of log steps over log kappa",
            bootstrap_interval(over_kappa["GD"], np.mean),
            at_least=0.8,
            at_most=1.2,
        ),
        Finding(
            "second-order SGD, rho = 3e-3: slope of log steps over log kappa",
            bootstrap_interval(over_kappa["second-order SGD"], np.mean),
            at_least=-0.25,
            at_most=0.25,
        ),
    ]


def _slope(x: Any, y: Any) -> float:
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def _draw(rows: list[dict[str, Any]], figure: Figure) -> None:
    left, right = figure.subplots(1, 2)
    styles = {"GD": "o-", "Newton": "s-", "SGD": "^-", "second-order SGD": "D-"}
    for (name, mark), color in zip(styles.items(), COLORS, strict=False):
        mine = [r for r in rows if r["optimizer"] == name and r["ratio of variances"] == MIDDLE]
        left.plot(
            [1 / row["rho"] for row in mine],
            [row["median steps"] for row in mine],
            mark,
            color=color,
            label=name,
        )
        level = DETERMINISTIC[7] if name in ("GD", "Newton") else STOCHASTIC[2]
        mine = [r for r in rows if r["optimizer"] == name and r["rho"] == level]
        right.plot(
            [row["kappa"] for row in mine],
            [row["median steps"] for row in mine],
            mark,
            color=color,
            label=f"{name}, rho = {level:.0e}",
        )
    left.set(title="Tighter tolerance", xlabel="1 / rho", ylabel="steps, median over seeds")
    right.set(title="Worse conditioning", xlabel="condition number kappa")
    for axes in (left, right):
        axes.set(xscale="log", yscale="log")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), fontsize=11)
    kappas = sorted({row["kappa"] for row in rows})
    right.set_xticks(kappas, [f"{kappa:.0f}" for kappa in kappas])
    right.set_xticks([], minor=True)


run: Final = Runner(EXPERIMENT, _measure)
