"""Copies of the data: a cost for full-batch descent, none for stochastic descent."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepgen._engine.arrays import FloatArray
from deepgen._interval import bootstrap_interval, exact
from deepgen.decomposition import lecture_data
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from deepgen.estimators import MLPRegressor

__all__ = ["EXPERIMENT", "run"]

EXPERIMENT: Final = Experiment(
    name="minibatch_redundancy",
    title="Why minibatches: copies of samples",
    claim="A data set copied c times makes full-batch descent c times as expensive and leaves "
    "stochastic descent as it is, counted in samples until a training loss is reached.",
    source="Slides on stochastic gradient descent: copies of samples",
    protocol="200 points of the lecture's noisy sine, copied 1, 2, 4 and 8 times; a net of 32 ReLU "
    "units, plain gradient descent without momentum, same starting weights for all c. Full batch: "
    "rate 0.2; stochastic: batches of 10 rows drawn with replacement from all copies, rate 0.05. "
    "Cost: samples passed through until the mean squared error on the 200 points, looked at every "
    "100 rows drawn (full batch: every step), is below 0.25.",
    seeds=20,
    quick_seeds=4,
)

COPIES: Final = (1, 2, 4, 8)
N, LEVEL, BATCH = 200, 0.25, 10
CHUNK: Final = 100
"""Number of rows between two evaluations of the loss of stochastic descent."""
MOST_STEPS: Final = 20_000


def _net(seed: int, rate: float, batch: int) -> MLPRegressor:
    from deepgen.estimators import MLPRegressor

    return MLPRegressor(
        hidden_layer_sizes=(32,),
        solver="sgd",
        momentum=0.0,
        nesterovs_momentum=False,
        learning_rate_init=rate,
        alpha=0.0,
        batch_size=batch,
        shuffle=False,
        target_scaling=None,
        dtype="float64",
        random_state=seed,
        n_jobs=1,
    )


def _costs(seed: int) -> list[list[float]]:
    """Return, for each number of copies, the samples that both kinds of descent need."""
    X, y = lecture_data(N, seed)
    answers = []
    for copies in COPIES:
        many = np.tile(X, (copies, 1)), np.tile(y, copies)
        draw = np.random.default_rng(np.random.SeedSequence([seed, copies]))
        full = _until(_net(seed, 0.2, copies * N), X, y, itertools.repeat(many))
        stochastic = _until(_net(seed, 0.05, BATCH), X, y, _chunks(*many, draw))
        answers.append([full, stochastic])
    return answers


def _chunks(X: Any, y: Any, draw: np.random.Generator) -> Iterator[tuple[Any, Any]]:
    while True:
        rows = draw.integers(len(X), size=CHUNK)
        yield X[rows], y[rows]


def _until(model: MLPRegressor, X: Any, y: Any, parts: Iterable[tuple[Any, Any]]) -> float:
    seen = 0
    for rows in itertools.islice(parts, MOST_STEPS):
        model.partial_fit(*rows)
        seen += len(rows[1])
        if np.mean((model.predict(X) - y) ** 2) < LEVEL:
            return float(seen)
    return float("nan")


def _measure(plan: RunPlan) -> Measurement:
    costs = np.array(plan.map(_costs, plan.seeds, "descents"))
    kinds = ("full batch", "stochastic")
    rows: list[dict[str, Any]] = [
        {
            "descent": kind,
            "copies": copies,
            "samples": copies * N,
            "median cost": float(np.median(costs[:, place, which])),
            "lowest": float(costs[:, place, which].min()),
            "highest": float(costs[:, place, which].max()),
        }
        for which, kind in enumerate(kinds)
        for place, copies in enumerate(COPIES)
    ]
    return Measurement(
        table=rows,
        findings=_judge(costs),
        draw=partial(_draw, rows, costs),
    )


def _judge(costs: FloatArray) -> list[Finding]:
    """Return the findings for the measured costs."""
    slopes = np.array(
        [
            [np.polyfit(np.log(COPIES), np.log(one[:, which]), 1)[0] for which in range(2)]
            for one in costs
        ]
    )
    return [
        Finding(
            "full batch: slope of log cost over log c",
            bootstrap_interval(slopes[:, 0], np.mean),
            at_least=0.95,
            at_most=1.05,
        ),
        Finding(
            "stochastic: slope of log cost over log c",
            bootstrap_interval(slopes[:, 1], np.mean),
            at_least=-0.15,
            at_most=0.15,
        ),
        Finding(
            "full batch: runs whose number of steps depends on c",
            exact(float(np.sum(np.ptp(costs[:, :, 0] / COPIES, axis=1) > 0))),
            at_most=0.0,
        ),
    ]


def _draw(rows: list[dict[str, Any]], costs: Any, figure: Figure) -> None:
    axes = figure.subplots()
    for which, (kind, mark) in enumerate((("full batch", "o-"), ("stochastic", "s-"))):
        mine = [row for row in rows if row["descent"] == kind]
        low, middle, high = np.percentile(costs[:, :, which], [25, 50, 75], axis=0)
        axes.errorbar(
            [row["copies"] for row in mine],
            middle,
            [middle - low, high - middle],
            fmt=mark,
            capsize=4,
            label=f"{kind}: median and quartiles",
        )
    start = rows[0]["median cost"]
    axes.plot(
        COPIES, [start * c for c in COPIES], ":", color="black", linewidth=1.2, label="slope 1"
    )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(COPIES, [str(copies) for copies in COPIES])
    axes.set(
        title=f"Cost to reach a training loss of {LEVEL}, 200 distinct points",
        xlabel="copies of each sample, c",
        ylabel="samples passed through",
    )
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))


run: Final = Runner(EXPERIMENT, _measure)
