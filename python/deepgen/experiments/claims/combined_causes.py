"""A combination of all: four supposed causes of generalization as a factorial."""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from deepgen._display.style import BLUE, VERMILION
from deepgen._engine.arrays import FloatArray
from deepgen._interval import t_interval
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner
from deepgen.experiments.shared.split_tables import FILES, split_table, table_names
from deepgen.experiments.shared.training import fit_quietly

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "run"]

EXPERIMENT: Final = Experiment(
    name="combined_causes",
    title="The mystery of generalization: a combination of all?",
    claim="Piecewise linear units, depth, small batches with a large rate, and a small start each "
    "make the gap between test and training error smaller, on average over the other three; each "
    "still does so where the other three are there. Together they save more than the sum of what "
    "each saves alone, and the test error is lower.",
    source="Slides 'The Mystery of Generalization'",
    protocol="Letter, satimage and MAGIC where DEEPGEN_DATA names a folder with their files, else "
    "digits, breast cancer and wine; 400 training rows, or half of the rows where these are fewer, "
    "and at most 3,000 test rows, drawn by each seed. All 16 combinations of: ReLU or tanh; four "
    "hidden layers of 64 units or one with as many parameters; batches of 16 with rate 0.02 or of "
    "128 with rate 0.01; starting weights of variance 2 / fan-in (tanh and first layer: 1 / "
    "fan-in), all multiplied so that their scales' product is 1/10 or 10. SGD with momentum 0.9 "
    "until the mean loss of an epoch is below 0.1, looked at every ten epochs, or 4,000 epochs. "
    "Effect: difference of the means over the eight nets with and without a cause, over the mean "
    "gap of the table; interaction: half the difference of a cause's effects with and without "
    "another. Quick: digits alone, level 0.5.",
    seeds=8,
    quick_seeds=2,
)

CAUSES: Final = ("piecewise linear", "depth", "small batches", "small start")
"""The axes of the measured arrays after seeds and tables; index 1 has the cause."""
COMBINATIONS: Final = tuple(itertools.product((0, 1), repeat=len(CAUSES)))
DEEP: Final = (64, 64, 64, 64)
BATCHES: Final = ((128, 0.01), (16, 0.02))
"""Rows and rate of a step, without and with the cause."""
SCALES: Final = (10.0, 0.1)
LEVEL, MOST, STEP = 0.1, 4_000, 10

# Thresholds, fixed before the judging seeds were drawn: every effect is judged by its sign alone,
# since the lecture asks which of the causes matter and names no size.


def _hidden(n_inputs: int, n_outputs: int, deep: int) -> tuple[int, ...]:
    """Return the widths of the hidden layers; both nets have about as many parameters."""
    if deep:
        return DEEP
    sizes = (n_inputs, *DEEP, n_outputs)
    n_parameters = sum((rows + 1) * columns for rows, columns in itertools.pairwise(sizes))
    return (round((n_parameters - n_outputs) / (n_inputs + 1 + n_outputs)),)


def _train(task: tuple[str, int, tuple[int, ...], bool]) -> tuple[float, float, float]:
    """Return training error, test error and training loss of one combination."""
    from deepgen.estimators import MLPClassifier

    name, seed, (piecewise, deep, small_batches, small_start), quick = task
    table = split_table(name, seed, 400)
    n_classes = len(np.unique(table.y))
    n_outputs = 1 if n_classes == 2 else n_classes
    hidden = _hidden(table.X.shape[1], n_outputs, deep)
    sizes = (table.X.shape[1], *hidden, n_outputs)
    # Equal scales of the whole function, so that start and depth are separate causes.
    scale = SCALES[small_start] ** (1 / (len(hidden) + 1))
    draw = np.random.default_rng(np.random.SeedSequence([seed, 1]))
    weights = [
        scale
        * np.sqrt((2 if piecewise and layer else 1) / rows)
        * draw.standard_normal((rows, columns))
        for layer, (rows, columns) in enumerate(itertools.pairwise(sizes))
    ]
    batch, rate = BATCHES[small_batches]
    model = MLPClassifier(
        hidden_layer_sizes=hidden,
        activation="relu" if piecewise else "tanh",
        solver="sgd",
        momentum=0.9,
        learning_rate_init=rate,
        batch_size=batch,
        alpha=0.0,
        max_iter=STEP,
        n_iter_no_change=np.inf,
        warm_start=True,
        random_state=seed,
        n_jobs=1,
    )
    fit_quietly(model, table.X, table.y, coefs_init=weights)
    epochs = STEP
    while model.loss_ > (0.5 if quick else LEVEL) and epochs < MOST:
        fit_quietly(model, table.X, table.y)
        epochs += STEP
    return table.error(model, training=True), table.error(model), float(model.loss_)


def _measure(plan: RunPlan) -> Measurement:
    at_hand = table_names()
    names = (FILES[0], FILES[1], FILES[3]) if FILES[0] in at_hand else at_hand[:3]
    if plan.quick:
        names = ("digits",)
    tasks = [
        (name, seed, combination, plan.quick)
        for seed in plan.seeds
        for name in names
        for combination in COMBINATIONS
    ]
    shape = (len(plan.seeds), len(names), *(2,) * len(CAUSES), 3)
    training, test, losses = np.moveaxis(
        np.array(plan.map(_train, tasks, "nets")).reshape(shape), -1, 0
    )
    gap = test - training
    rows = []
    for causes in (*itertools.combinations(CAUSES, 1), *itertools.combinations(CAUSES, 2)):
        found = [t_interval(effect(one, causes).mean(axis=1)) for one in (gap, test)]
        by_table = effect(gap, causes).mean(axis=0)
        rows.append({
            "effect of": " and ".join(causes),
            "gap": found[0].estimate,
            "low": found[0].low,
            "high": found[0].high,
            **dict(zip(names, by_table.tolist(), strict=True)),
            "test error": found[1].estimate,
            "test error, low": found[1].low,
            "test error, high": found[1].high,
        })  # fmt: skip
    means = ", ".join(
        f"{name} {one:.3f} ({other:.3f})"
        for name, one, other in zip(names, _over_nets(gap), _over_nets(training), strict=True)
    )
    return Measurement(
        table=rows,
        findings=_judge(gap, test),
        notes=[
            "Effects are shares of the table's mean gap (of its mean test error); of two causes it "
            "is their interaction.",
            f"Mean gap (training error): {means}. "
            f"{float(np.mean(losses > (0.5 if plan.quick else LEVEL))):.1%} of the nets did not "
            "reach the level.",
            "Mean gap with none, one, two, three and all four causes: "
            + ", ".join(f"{value:.4f}" for value in _by_number(gap))
            + ".",
        ],
        draw=partial(_draw, gap, names),
    )


def _over_nets(values: FloatArray) -> FloatArray:
    """Return the mean by table."""
    return np.asarray(values.mean(axis=(0, *range(2, values.ndim))), dtype=np.float64)


def _by_number(values: FloatArray) -> list[float]:
    """Return the mean by the number of causes."""
    means = values.mean(axis=(0, 1))
    numbers = np.sum(np.indices(means.shape), axis=0)
    return [float(means[numbers == number].mean()) for number in range(len(CAUSES) + 1)]


def effect(values: FloatArray, causes: tuple[str, ...]) -> FloatArray:
    """Return the effect of one cause, or the interaction of several, over the table's mean.

    Parameters
    ----------
    values : ndarray of shape (n_seeds, n_tables, 2, 2, 2, 2)
        Gaps or errors.
    causes : tuple of str
        Some of `CAUSES`.

    Returns
    -------
    effects : ndarray of shape (n_seeds, n_tables)
        Shares of the table's mean.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.experiments.claims.combined_causes import effect
    >>> gaps = np.ones((1, 1, 2, 2, 2, 2))
    >>> gaps[:, :, :, 1] = 0.5
    >>> effect(gaps, ("depth",)).round(3), effect(gaps, ("depth", "small start"))
    (array([[-0.667]]), array([[0.]]))
    """
    signs = np.ones((2,) * len(CAUSES))
    for cause in causes:
        axis = [2 if name == cause else 1 for name in CAUSES]
        signs = signs * np.array([-1.0, 1.0]).reshape(axis)
    contrast = 2 * (values * signs).mean(axis=tuple(range(2, values.ndim)))
    return np.asarray(contrast / _over_nets(values), dtype=np.float64)


def _at(values: FloatArray, combination: tuple[int, ...]) -> FloatArray:
    """Return the values of one combination over the table's mean, mean over tables, (n_seeds,)."""
    at = values.reshape(*values.shape[:2], -1)[:, :, COMBINATIONS.index(combination)]
    return np.asarray((at / _over_nets(values)).mean(axis=1), dtype=np.float64)


def _judge(gap: FloatArray, test: FloatArray) -> list[Finding]:
    """Return the findings for gaps and test errors, (n_seeds, n_tables, 2, 2, 2, 2)."""
    every, none = (1,) * len(CAUSES), (0,) * len(CAUSES)
    single = [tuple(int(cause == one) for one in CAUSES) for cause in CAUSES]
    without = [tuple(1 - flag for flag in one) for one in single]
    together = _at(gap, every) - _at(gap, none)
    alone = np.sum([_at(gap, one) - _at(gap, none) for one in single], axis=0)
    return [
        *(
            Finding(
                f"{cause}: effect on the gap, as a share of the mean gap",
                t_interval(effect(gap, (cause,)).mean(axis=1)),
                at_most=0.0,
            )
            for cause in CAUSES
        ),
        *(
            Finding(
                f"{cause} beside the other three: change of the gap",
                t_interval(_at(gap, every) - _at(gap, three)),
                at_most=0.0,
            )
            for cause, three in zip(CAUSES, without, strict=True)
        ),
        Finding("all four: change of the gap", t_interval(together), at_most=0.0),
        Finding(
            "all four: change of the gap, minus the sum of the changes by each alone",
            t_interval(together - alone),
            at_most=0.0,
        ),
        Finding(
            "all four: change of the test error, as a share of the mean test error",
            t_interval(_at(test, every) - _at(test, none)),
            at_most=0.0,
        ),
    ]


def _draw(gap: FloatArray, names: tuple[str, ...], figure: Figure) -> None:
    figure.set_size_inches(12, 5)
    effects, cells = figure.subplots(1, 2)
    pairs = (*itertools.combinations(CAUSES, 1), *itertools.combinations(CAUSES, 2))
    for place, causes in enumerate(pairs):
        found = t_interval(effect(gap, causes).mean(axis=1))
        effects.errorbar(
            100 * found.estimate,
            -place,
            xerr=100
            * np.array([[found.estimate - found.low], [found.high - found.estimate]]),
            fmt="o",
            color=BLUE if len(causes) == 1 else VERMILION,
            capsize=3,
        )  # fmt: skip
    effects.axvline(0, color="black", linewidth=1)
    effects.set_yticks([-place for place in range(len(pairs))], [" x ".join(one) for one in pairs])
    effects.set(xlabel="effect on the gap, % of the mean gap", title="effects and interactions")
    means = 100 * (gap / _over_nets(gap).reshape(1, -1, *(1,) * len(CAUSES))).mean(axis=(0, 1))
    for combination in COMBINATIONS:
        number = sum(combination)
        name = "".join(letter for letter, flag in zip("PDBS", combination, strict=True) if flag)
        cells.plot(number, means[combination], "o", color=BLUE)
        cells.annotate(
            name or "none", (number, means[combination]), (5, 0), textcoords="offset points"
        )
    cells.set_xticks(range(len(CAUSES) + 1))
    cells.set(
        xlim=(-0.3, len(CAUSES) + 0.7),
        xlabel="number of causes (their initials: P, D, B, S)",
        ylabel="gap, % of the mean gap",
        title=f"all nets, mean over {len(names)} table{'s' if len(names) > 1 else ''}",
    )


run: Final = Runner(EXPERIMENT, _measure)
