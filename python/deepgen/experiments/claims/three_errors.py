"""The three errors, each changed by the factor that the lecture names."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepgen._display.style import COLORS
from deepgen._interval import exact, t_interval
from deepgen.decomposition import Decomposition, HeteroscedasticSine, decompose
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "run"]

EXPERIMENT: Final = Experiment(
    name="three_errors",
    title="Approximation, estimation and optimization error",
    claim="Approximation error falls when the class grows; estimation error falls when n grows and "
    "rises when the class grows; optimization error rises with the tolerance rho. Measured on "
    "training samples, as on the slide, the estimation error is negative on average.",
    source="Slides 'Decomposition of the Error'; Bottou and Bousquet 2008",
    protocol="The lecture's noisy sine in one dimension. Regression trees, whose class is the step "
    "functions with k pieces: k = 2 to 64 with n = 200, then k = 8 with n = 50 to 1600; a "
    "perceptron of 16 ReLU units, n = 200, Adam, stopped at the first epoch within rho of the best "
    "of 3 L-BFGS runs, rho = 0.2 to 0.02. A seed is a training set; means and standard errors "
    "over them.",
    seeds=40,
    quick_seeds=6,
)

PIECES: Final = (2, 4, 8, 16, 32, 64)
SIZES: Final = (50, 100, 200, 400, 800, 1600)
TOLERANCES: Final = (0.2, 0.1, 0.06, 0.04, 0.02)


def _measure(plan: RunPlan) -> Measurement:
    truth = HeteroscedasticSine()
    options: dict[str, Any] = {
        "n_repeats": len(plan.seeds),
        "n_test": 2_000 if plan.quick else 20_000,
        "n_starts": 1 if plan.quick else 3,
        "random_state": plan.seeds[0],
        "n_jobs": plan.n_jobs,
        "progress": plan.progress,
    }
    # Three sweeps, each of one factor: size of the class, number of samples, tolerance.
    by_pieces = {k: decompose(_tree(k), truth, 200, **options) for k in PIECES}
    by_size = {n: decompose(_tree(8), truth, n, **options) for n in SIZES}
    tolerances = TOLERANCES[:3:2] if plan.quick else TOLERANCES
    with warnings.catch_warnings():
        # The share of runs that reached the tolerance is in the table.
        warnings.filterwarnings("ignore", message="the tolerance")
        by_rho = {
            rho: decompose(_perceptron(), truth, 200, rho=rho, **options) for rho in tolerances
        }
    rows = [
        _row(what, value, result)
        for what, results in (("pieces", by_pieces), ("n", by_size), ("rho", by_rho))
        for value, result in results.items()
    ]
    return Measurement(
        table=rows,
        findings=_judge(by_pieces, by_size, by_rho),
        notes=[
            "In squared units of y. Trees: both best members are exact, by dynamic programming, so "
            "that the optimization error is that of greedy splitting. Perceptron: the best of "
            "several searches stands in, an upper bound.",
        ],
        draw=partial(_draw, by_pieces, by_size, by_rho),
    )


def _judge(
    by_pieces: dict[int, Decomposition],
    by_size: dict[int, Decomposition],
    by_rho: dict[float, Decomposition],
) -> list[Finding]:
    """Return the findings for the measured decompositions."""
    small, large = by_rho[min(by_rho)], by_rho[max(by_rho)]
    approximation = [result.approximation for result in by_pieces.values()]
    return [
        Finding(
            "largest step up of the approximation error as pieces are added",
            exact(float(np.diff(approximation).max())),
            at_most=0.0,
        ),
        Finding(
            "estimation error of 8 pieces, n = 1600 minus n = 50",
            t_interval(_estimation(by_size[1600]) - _estimation(by_size[50])),
            at_most=0.0,
        ),
        Finding(
            "estimation error at n = 200, 64 pieces minus 2 pieces",
            t_interval(_estimation(by_pieces[64]) - _estimation(by_pieces[2])),
            at_least=0.0,
        ),
        Finding(
            f"optimization error, rho = {large.rho_asked:g} minus rho = {small.rho_asked:g}",
            t_interval(_optimization(large) - _optimization(small)),
            at_least=0.0,
        ),
        Finding(
            "estimation error in the slide's reading, 8 pieces, n = 50",
            t_interval(_empirical_estimation(by_size[50])),
            at_most=0.0,
        ),
    ]


def _tree(n_pieces: int) -> Any:
    from sklearn.tree import DecisionTreeRegressor

    return DecisionTreeRegressor(max_leaf_nodes=n_pieces, random_state=0)


def _perceptron() -> Any:
    from deepgen.estimators import MLPRegressor

    return MLPRegressor(
        hidden_layer_sizes=(16,),
        learning_rate_init=0.02,
        alpha=0.0,
        max_iter=4000,
        batch_size=50,
        n_jobs=1,
    )


def _estimation(result: Decomposition) -> Any:
    return result.repeats["risk_best"] - result.bayes_risk - result.repeats["approximation"]


def _optimization(result: Decomposition) -> Any:
    return result.repeats["risk"] - result.repeats["risk_best"]


def _empirical_estimation(result: Decomposition) -> Any:
    lowest = result.bayes_risk + result.repeats["approximation"]
    return result.repeats["empirical_best"] - lowest


def _row(what: str, value: float, result: Decomposition) -> dict[str, Any]:
    row: dict[str, Any] = {"varied": what, "value": value}
    for term in ("approximation", "estimation", "optimization", "excess"):
        row[term] = getattr(result, term)
        row[f"{term} s.e."] = getattr(result, f"{term}_se")
    row["estimation, slide"] = result.deck.estimation
    row["rho"] = result.rho
    row["rho reached"] = result.reached if what == "rho" else None
    row["epochs"] = float(result.repeats["n_iter"].mean()) if what == "rho" else None
    return row


def _draw(
    by_pieces: dict[int, Decomposition],
    by_size: dict[int, Decomposition],
    by_rho: dict[float, Decomposition],
    figure: Figure,
) -> None:
    panels = figure.subplots(1, 3, sharey=True)
    titles: tuple[tuple[str, str, Mapping[Any, Decomposition]], ...] = (
        ("class grows:\ntrees, n = 200", "leaves k", by_pieces),
        ("sample grows:\ntrees of 8 leaves", "samples n", by_size),
        ("tolerance grows:\n16 ReLU units, n = 200", "tolerance rho", by_rho),
    )
    for axes, (title, label, results) in zip(panels, titles, strict=True):
        x = list(results)
        for term, color, mark in zip(
            ("approximation", "estimation", "optimization"), COLORS, "os^", strict=False
        ):
            axes.errorbar(
                x,
                [getattr(result, term) for result in results.values()],
                [getattr(result, term + "_se") for result in results.values()],
                fmt=mark + "-",
                color=color,
                capsize=3,
                label=f"{term} error",
            )
        axes.plot(
            x,
            [result.deck.estimation for result in results.values()],
            "D:",
            color=COLORS[4],
            label="estimation error, slide's reading",
        )
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set_title(title, fontsize=12)
        axes.set_xlabel(label)
        axes.set_xscale("log")
        axes.set_xticks(x, [f"{value:g}" for value in x])
        axes.set_xticks([], minor=True)
        axes.set_yscale("symlog", linthresh=1e-3)
        axes.set_ylim(-0.5, 0.5)
    panels[0].set_ylabel("squared error")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=11)


run: Final = Runner(EXPERIMENT, _measure)
