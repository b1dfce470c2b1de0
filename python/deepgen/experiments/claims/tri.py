"""Telgarsky's triangle wave: each composition doubles the oscillations."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepgen._display.style import COLORS
from deepgen._interval import exact
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "run"]

EXPERIMENT: Final = Experiment(
    name="tri",
    title="Oscillations by composition",
    claim="One more composition of tri doubles its oscillations: k of them, 3 k units in 2 k "
    "layers, make 2^k linear pieces on [0, 1]. A network with one hidden layer needs 2^k units "
    "for as many, and with fewer than 2^k / 4 errs on more than a quarter of the teeth's tips.",
    source="Slides 'Efficient Oscillations with Composition'; Telgarsky 2016",
    protocol="The networks tri^k for k = 1 .. 12 (quick: 8), their linear pieces on [0, 1] "
    "enumerated exactly, their teeth as maxima among the breakpoints, and the sign changes that "
    "the slide's 1000 points of [-0.3, 1.3] show. One hidden layer of u ReLUs has at most u + 1 "
    "pieces; p pieces err on at least 1/2 - p / n of n points with alternating labels.",
)


def _measure(plan: RunPlan) -> Measurement:
    rows = [_row(k) for k in range(1, 9 if plan.quick else 13)]
    return Measurement(
        table=rows,
        findings=_judge(rows),
        notes=[
            "Pieces are enumerated, not sampled: 1000 points see no more than some hundred sign "
            "changes, whatever k is, and each composition costs a bit of the argument.",
            "That shallow networks need 2^k units is a count of pieces: u units bend at u places.",
        ],
        draw=partial(_draw, rows),
    )


def _judge(rows: list[dict[str, Any]]) -> list[Finding]:
    """Return the findings for the measured networks."""
    deepest = rows[-1]
    k = deepest["k"]
    return [
        *(
            Finding(
                f"pieces of tri^{row['k']} on [0, 1]",
                exact(row["pieces"]),
                at_least=2 ** row["k"],
                at_most=2 ** row["k"],
                construction=True,
            )
            for row in (*rows[:4], deepest)
        ),
        Finding(
            "smallest growth of the pieces by a composition",
            exact(min(b["pieces"] / a["pieces"] for a, b in zip(rows, rows[1:], strict=False))),
            at_least=2.0,
            at_most=2.0,
            construction=True,
        ),
        Finding(
            f"tri^{k}: units of one hidden layer for each unit of the deep network",
            exact(deepest["shallow units"] / deepest["deep units"]),
            at_least=10.0,
            construction=True,
        ),
        Finding(
            f"error on the 2^{k} + 1 tips that 2^{k} / 4 - 1 shallow units must make",
            exact(_least_error(k)),
            at_least=0.25 - 0.01,
            construction=True,
        ),
    ]


def _row(k: int) -> dict[str, Any]:
    from deepgen.expressivity import breakpoints, region_bounds, tri

    model = tri(k)
    result = breakpoints(model, 0.0, 1.0)
    slopes = result.slopes[:, 0]
    x = np.linspace(-0.3, 1.3, 1000)
    above = model.predict(x[:, None]) > 0.5
    return {
        "k": k,
        "layers": 2 * k,
        "deep units": 3 * k,
        "pieces": result.n_pieces,
        "teeth": int(((slopes[:-1] > 0) & (slopes[1:] < 0)).sum()),
        "steepest slope": float(np.abs(slopes).max()),
        "crossings of 1/2 seen by 1000 points": int((above[1:] != above[:-1]).sum()),
        "shallow units": 2**k,
        "bound on pieces, all networks of these widths": region_bounds(
            (1, *[2, 1] * k)
        ).serra_upper,
    }


def _least_error(k: int) -> float:
    n_points = 2**k + 1
    n_pieces = 2**k // 4
    return float(0.5 - n_pieces / n_points)


def _draw(rows: list[dict[str, Any]], figure: Figure) -> None:
    from deepgen.expressivity import breakpoints, tri

    figure.set_size_inches(12.5, 5.4)
    parts = figure.subfigures(1, 2, squeeze=False, width_ratios=(1.25, 1))
    waves, counts = parts[0]
    panels = waves.subplots(2, 2, sharex=True, sharey=True)
    for k, axes in enumerate(panels.flat, 1):
        result = breakpoints(tri(k), -0.3, 1.3)
        axes.plot(-0.3 + 1.6 * result.t, result.values[:, 0], color=COLORS[0])
        axes.set_title(f"tri composed {k} times: {2 ** (k - 1)} teeth" if k > 1 else "tri: 1 tooth")
        if k > 2:
            axes.set_xlabel("x")
        if k % 2:
            axes.set_ylabel("output")
    axes = counts.subplots()
    depths = [row["k"] for row in rows]
    axes.plot(
        depths,
        [row["shallow units"] for row in rows],
        "s-",
        color=COLORS[1],
        label="units, one hidden layer",
    )
    axes.plot(
        depths,
        [row["pieces"] for row in rows],
        "X--",
        color=COLORS[6],
        label="linear pieces on [0, 1]",
    )
    axes.plot(
        depths, [row["deep units"] for row in rows], "o-", color=COLORS[0], label="units, 2k layers"
    )
    axes.set(title="What the oscillations cost", xlabel="compositions k", ylabel="number")
    axes.set_yscale("log", base=2)
    axes.legend()


run: Final = Runner(EXPERIMENT, _measure)
