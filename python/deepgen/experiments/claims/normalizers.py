"""Normalizers on badly scaled nets: the epochs down to a training loss."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.stats import gmean

from deepgen._display.style import MARKERS, legend_below
from deepgen._engine.arrays import FloatArray
from deepgen._interval import t_interval
from deepgen.estimators.names import NormalizationName
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner
from deepgen.experiments.shared.digits import split_digits
from deepgen.experiments.shared.rates import best_rate, tuning_seeds
from deepgen.experiments.shared.training import fit_quietly

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "run"]


EXPERIMENT: Final = Experiment(
    name="normalizers",
    title="Normalizers speed up badly scaled nets",
    claim="Where the starting weights of all layers are 4 times too small or too large, or the "
    "inputs' scales differ by a factor of up to 100, nets with batch norm and with layer norm "
    "reach a training loss in fewer epochs than the plain net, each at its own best rate; and what "
    "starting weights 4 times off cost is less than for the plain net.",
    source="Slides 'Fixing Conditioning Issues' and 'Batch Normalization': speeds up and "
    "stabilizes training, less dependent on init; Ioffe and Szegedy 2015",
    protocol="1,297 handwritten digits, drawn anew by each seed; four hidden layers of 64 ReLU "
    "units, SGD with momentum 0.9, batches of 32, constant rate. Starts: He-normal, the same "
    "divided and multiplied by 4, and He-normal with each pixel times 10^u, u uniform on (-1, 1). "
    "Counted: epochs until the mean loss of an epoch is below 0.1, at most 60, which stands for "
    "never. Rates: 10 powers of 2, each net and start with the one of fewest epochs on 3 seeds of "
    "their own. Quick: 400 digits, 30 epochs, 3 rates.",
    seeds=10,
    quick_seeds=3,
)

HIDDEN: Final = (64, 64, 64, 64)
LEVEL: Final = 0.1
RATES: Final = tuple(2.0**power for power in range(-12, -2))


@dataclass(frozen=True)
class _Start:
    """A start: the weights' scale relative to He's, and the decades of the input scales."""

    weights: float = 1.0
    decades: float = 0.0


STARTS: Final = {
    "well scaled": _Start(),
    "weights / 4": _Start(weights=0.25),
    "weights x 4": _Start(weights=4.0),
    "scattered inputs": _Start(decades=2.0),
}
NETS: Final[dict[str, NormalizationName | None]] = {
    "plain": None,
    "batch norm": "batch",
    "layer norm": "layer",
}


def _epochs(task: tuple[str, str, float, int, bool]) -> float:
    """Return the number of epochs until the training loss is below the level."""
    from deepgen.estimators import MLPClassifier

    start, net, rate, seed, quick = task
    how = STARTS[start]
    rows, most = (400, 30) if quick else (None, 60)
    digits = split_digits(seed)
    draw = np.random.default_rng(np.random.SeedSequence([seed, 1]))
    widths = (64, *HIDDEN, 10)
    # All nets of a seed start from equal weights and equal input scales, so they can be compared.
    weights = [
        how.weights * np.sqrt(2 / n_in) * draw.standard_normal((n_in, n_out))
        for n_in, n_out in zip(widths, widths[1:], strict=False)
    ]
    scales = 10 ** draw.uniform(-how.decades / 2, how.decades / 2, 64)
    model = MLPClassifier(
        hidden_layer_sizes=HIDDEN,
        solver="sgd",
        learning_rate_init=rate,
        batch_size=32,
        max_iter=most,
        n_iter_no_change=np.inf,
        alpha=0.0,
        normalization=NETS[net],
        random_state=seed,
        n_jobs=1,
    )
    try:
        fit_quietly(model, digits.X[:rows] * scales, digits.y[:rows], coefs_init=weights)
    except ValueError:  # not one step stayed finite
        return float(most)
    # A net that never gets there counts with all its epochs.
    below = np.flatnonzero(model.history_["loss"] < LEVEL)
    return float(below[0] + 1) if len(below) else float(most)


def _measure(plan: RunPlan) -> Measurement:
    tuning = tuning_seeds(1 if plan.quick else 3)
    rates = RATES[3:8:2] if plan.quick else RATES
    cells = [(start, net) for start in STARTS for net in NETS]
    # First choose a learning rate for each start and net, on seeds that the measurement does not
    # use.
    searched = np.array(
        plan.map(
            _epochs,
            [
                (*cell, rate, seed, plan.quick)
                for cell in cells
                for seed in tuning
                for rate in rates
            ],
            "learning rates",
        )
    ).reshape(len(cells), len(tuning), len(rates))
    chosen = {cell: best_rate(rates, one) for cell, one in zip(cells, searched, strict=True)}
    # Then measure on the seeds of the plan, with the chosen rates.
    counted = np.array(
        plan.map(
            _epochs,
            [(*cell, chosen[cell], seed, plan.quick) for cell in cells for seed in plan.seeds],
            "nets",
        )
    ).reshape(len(cells), len(plan.seeds))
    epochs = dict(zip(cells, counted, strict=True))
    most = 30 if plan.quick else 60
    # Epochs vary by factors, so their means are geometric.
    rows: list[dict[str, Any]] = [
        {
            "start": start,
            "net": net,
            "rate": chosen[start, net],
            "epochs": float(gmean(mine)),
            "fewest": float(mine.min()),
            "most": float(mine.max()),
            "never": int(np.sum(mine == most)),
        }
        for (start, net), mine in epochs.items()
    ]
    return Measurement(
        table=rows,
        findings=_judge(epochs),
        notes=[
            f"Geometric means over seeds; a net that never got there counts {most} epochs, which "
            "flatters it.",
            "Normalization stands behind a layer's products, so it sees the scale of a layer, not "
            "that of a single input.",
        ],
        draw=partial(_draw, rows, most),
    )


def _judge(epochs: dict[tuple[str, str], FloatArray]) -> list[Finding]:
    """Return the findings for the measured epochs."""
    normalized = [net for net in NETS if net != "plain"]
    bad = [start for start in STARTS if start != "well scaled"]
    return [
        *(
            Finding(
                f"{start}: ln of the epochs, {net} over plain",
                t_interval(np.log(epochs[start, net] / epochs[start, "plain"])),
                at_most=0.0,
            )
            for start in bad
            for net in normalized
        ),
        *(
            Finding(
                f"ln of the epochs, the worse of both badly scaled starts over the well scaled "
                f"one, {net} minus plain",
                t_interval(_dependence(epochs, net) - _dependence(epochs, "plain")),
                at_most=0.0,
            )
            for net in normalized
        ),
    ]


def _dependence(epochs: dict[tuple[str, str], FloatArray], net: str) -> FloatArray:
    worse = np.maximum(epochs["weights / 4", net], epochs["weights x 4", net])
    return np.asarray(np.log(worse / epochs["well scaled", net]), dtype=np.float64)


def _draw(rows: list[dict[str, Any]], most: int, figure: Figure) -> None:
    axes = figure.subplots()
    axes.axhline(most, color="black", linestyle=":", linewidth=1.2, label="never")
    for place, (net, mark) in enumerate(zip(NETS, MARKERS, strict=False)):
        mine = [row for row in rows if row["net"] == net]
        middle = np.array([row["epochs"] for row in mine])
        axes.errorbar(
            np.arange(len(mine)) + 0.1 * (place - (len(NETS) - 1) / 2),
            middle,
            # Rounding may put the mean of equal logarithms slightly outside of them.
            np.abs([[row["fewest"], row["most"]] for row in mine] - middle[:, None]).T,
            fmt=mark,
            markersize=8,
            capsize=4,
            label=net,
        )
    axes.set_xticks(range(len(STARTS)), list(STARTS))
    ticks = (2, 5, 10, 20, 50)
    axes.set(
        title=f"Four hidden layers, until a training loss of {LEVEL}, each at its best rate",
        ylabel="epochs: mean, fewest and most",
        yscale="log",
    )
    axes.set_yticks(ticks, [str(tick) for tick in ticks])
    axes.set_yticks([], minor=True)
    legend_below(axes, 4)


run: Final = Runner(EXPERIMENT, _measure)
