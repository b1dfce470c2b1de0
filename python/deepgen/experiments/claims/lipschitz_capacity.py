"""Lipschitz constants as a measure of capacity: the lecture's four plots, and a run with seeds."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepgen._display.style import COLORS, MARKERS
from deepgen._engine.arrays import AnyArray, FloatArray
from deepgen._interval import exact, t_interval
from deepgen.decomposition import NoisyMoons
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner
from deepgen.experiments.shared.lecture_logs import LectureLogs, load_lecture_logs
from deepgen.experiments.shared.training import fit_quietly
from deepgen.generalization import granulated_kendall, margins

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "correlations", "run"]

EXPERIMENT: Final = Experiment(
    name="lipschitz_capacity",
    title="The Lipschitz constant as a measure of capacity",
    claim="Nets with a small product of spectral norms have a small generalization gap, and so "
    "have nets with small slopes, with a small product over the margin, and with a small spectral "
    "complexity over the margin: in all nets together, within one share of wrong labels, and where "
    "one setting of training differs at a time. The number of parameters does not go along with "
    "the gap.",
    source="Slides 'Lipschitz constant as a measure of capacity'; Bartlett, Foster and Telgarsky "
    "2017; Jiang, Neyshabur, Mobahi, Krishnan and Bengio 2020",
    protocol="Half-moons with noise 0.15, standardized: 30 points to train, 2,000 to test, drawn "
    "anew by each seed; 0, 10, 20 or 30 % of the training labels are wrong. One or three "
    "hidden layers of 8, 32 or 128 ReLU units (quick: 8 or 32), SGD with rate 0.1 and momentum "
    "0.9, Adam with rate 0.01, or L-BFGS, no penalty, all points in a step, at most 2,000 epochs "
    "(quick: 200). Nets with at least 90 % of the training labels right, as in the lecture. Gap: "
    "test error with as many wrong labels as in training, minus training error. Slope: largest "
    "norm of the logit's gradient on 500 test points. Margin: median of the signed margins of the "
    "training points, above 0. Per seed: Spearman's correlation in all nets, the mean of those "
    "within each share of wrong labels, and the granulated Kendall coefficient over width, depth, "
    "solver and share. The lecture's four plots: its own 1,188 distinct records.",
    seeds=20,
    quick_seeds=2,
)

SHARES: Final = (0.0, 0.1, 0.2, 0.3)
WIDTHS: Final = (8, 32, 128)
DEPTHS: Final = (1, 3)
SOLVERS: Final[dict[str, dict[str, Any]]] = {
    "sgd": {"solver": "sgd", "learning_rate_init": 0.1, "momentum": 0.9},
    "adam": {"solver": "adam", "learning_rate_init": 0.01},
    "lbfgs": {"solver": "lbfgs"},
}
FITTED: Final = 0.9
"""Share of right training labels from which on a net counts as fitted, as in the lecture."""
MEASURES: Final = {
    "product": "product of norms",
    "slope": "largest slope",
    "product over margin": "product over margin",
    "complexity over margin": "spectral complexity over margin",
}
SETTINGS: Final = ("width", "depth", "solver", "share")

# Thresholds, fixed before the judging seeds were drawn: claims of a sign, and a correlation that
# counts as none. That of the parameters in the lecture's records is .01.
HARDLY: Final = 0.1
REPRODUCED: Final = {"pooled": 0.41, "parameters": 0.01, "noise": 0.80, "within": 0.33}
"""The lecture's records, by an earlier analysis of the same files, to two decimals."""

Row = dict[str, Any]


def _nets(work: tuple[int, bool]) -> list[Row]:
    """Train the nets of one seed, and measure those that fit their labels."""
    from deepgen.estimators import MLPClassifier
    from deepgen.probe import Probe

    seed, quick = work
    draw = np.random.default_rng(np.random.SeedSequence([seed]))
    moons = NoisyMoons(0.15)
    X, y = moons.sample(30, draw)
    X_test, y_test = moons.sample(2000, draw)
    mean, scale = X.mean(axis=0), X.std(axis=0)
    X, X_test = (X - mean) / scale, (X_test - mean) / scale
    order = draw.permutation(len(y))
    rows = []
    for share in SHARES:
        # Nested: a larger share has the same wrong labels and some more.
        labels = y.copy()
        wrong = order[: round(share * len(y))]
        labels[wrong] = 1 - labels[wrong]
        for width in WIDTHS[:-1] if quick else WIDTHS:
            for depth in DEPTHS:
                for solver, settings in SOLVERS.items():
                    net = MLPClassifier(
                        hidden_layer_sizes=(width,) * depth,
                        alpha=0.0,
                        batch_size=len(y),
                        max_iter=200 if quick else 2000,
                        random_state=seed,
                        dtype="float64",
                        n_jobs=1,
                        **settings,
                    )
                    fit_quietly(net, X, labels)
                    training = 1 - float(net.score(X, labels))
                    if training > 1 - FITTED:
                        continue
                    error = 1 - float(net.score(X_test, y_test))
                    # A test label would be as often wrong as a training label is.
                    noisy = error * (1 - share) + (1 - error) * share
                    probe = Probe(net, X, labels)
                    slopes = probe.jacobian(X_test[:500])
                    found = margins(probe)
                    margin = float(np.median(found.margin))
                    product = float(np.prod([np.linalg.norm(W, 2) for W in net.coefs_]))
                    assert found.complexity is not None
                    rows.append(
                        {
                            "width": width,
                            "depth": depth,
                            "solver": solver,
                            "share": share,
                            "parameters": net.network_.parameters.size,
                            "gap": noisy - training,
                            "lecture's gap": max(error - training, 0.0),
                            "product": product,
                            "slope": float(np.linalg.norm(slopes, axis=(1, 2)).max()),
                            "product over margin": product / max(margin, 1e-12),
                            "complexity over margin": found.complexity.value / max(margin, 1e-12),
                        }
                    )
    return rows


def correlations(rows: Sequence[Row], measure: str) -> tuple[float, float, float]:
    """Return the rank correlations of a measure with the gap.

    Parameters
    ----------
    rows : sequence of dict
        Nets with the columns ``measure``, ``gap``, ``width``, ``depth``, ``solver``, ``share``.
    measure : str
        Name of a column.

    Returns
    -------
    correlations : tuple of float
        Spearman's of all rows; the mean of Spearman's within each share of wrong labels; the
        granulated Kendall coefficient.

    Examples
    --------
    >>> from deepgen.experiments.claims.lipschitz_capacity import correlations
    >>> some = [{"width": w, "depth": 1, "solver": "sgd", "share": s, "gap": s - w, "norm": s - w}
    ...         for w in (1, 2, 3) for s in (0.0, 0.1)]
    >>> correlations(some, "norm")
    (1.0, 1.0, 1.0)
    """
    gap = np.array([row["gap"] for row in rows])
    values = np.array([row[measure] for row in rows], dtype=float)
    shares = np.array([row["share"] for row in rows])
    within = [
        _spearman(values[shares == share], gap[shares == share]) for share in np.unique(shares)
    ]
    granulated = granulated_kendall(rows, measure, "gap", by=SETTINGS).value
    return _spearman(values, gap), float(np.mean(within)), granulated


def _spearman(a: AnyArray, b: AnyArray) -> float:
    from scipy.stats import spearmanr

    # Within one share all nets may have the same gap: then nothing goes along with it.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = float(spearmanr(a, b).statistic)
    return found if np.isfinite(found) else 0.0


def _of_logs(logs: LectureLogs) -> dict[str, float]:
    """Return the correlations in the lecture's fitted nets."""
    fitted = logs.train_accuracy >= FITTED
    gap, product = logs.gap[fitted], logs.product[fitted]
    noise = logs.wrong_labels[fitted]
    within = [_spearman(product[noise == one], gap[noise == one]) for one in np.unique(noise)]
    return {
        "pooled": _spearman(product, gap),
        "parameters": _spearman(logs.n_params[fitted], gap),
        "noise": _spearman(noise, gap),
        "within": float(np.mean(within)),
    }


def _measure(plan: RunPlan) -> Measurement:
    nets = plan.map(_nets, [(seed, plan.quick) for seed in plan.seeds], "nets")
    logs = load_lecture_logs()
    of_logs = _of_logs(logs)
    found = {
        measure: np.array([correlations(rows, measure) for rows in nets])
        for measure in (*MEASURES, "parameters")
    }
    kinds = ("all nets", "one share of wrong labels", "granulated")
    table: list[Row] = [
        {"measure": measure, **dict(zip(kinds, values.mean(axis=0), strict=True))}
        for measure, values in found.items()
    ]
    spread = np.array([_spearman(*_columns(rows, "share", "gap")) for rows in nets])
    legacy = np.array([_spearman(*_columns(rows, "product", "lecture's gap")) for rows in nets])
    kept = sum(map(len, nets))
    return Measurement(
        table=[*table, {"measure": "the lecture's records: product of norms", **_named(of_logs)}],
        findings=_judge(found, of_logs),
        notes=[
            f"{kept} nets fit their labels. The share of wrong labels itself correlates "
            f"{spread.mean():.2f} with the gap: whatever follows it does so, too, in all nets.",
            f"With the lecture's gap (wrong labels in training only, at least 0) the product of "
            f"norms correlates {legacy.mean():.2f} in all nets.",
            "The lecture's two seeds of the data are one, so that half of its records repeat the "
            "other half; the margins of its fourth plot are absolute values of a linear net. Its "
            "numbers are reproduced from its files, which is no evidence; its plots are the upper "
            "row of the figure.",
        ],
        draw=partial(_draw, nets, logs, found),
    )


def _named(of_logs: dict[str, float]) -> Row:
    return {"all nets": of_logs["pooled"], "one share of wrong labels": of_logs["within"]}


def _columns(rows: Sequence[Row], *names: str) -> list[FloatArray]:
    return [np.array([row[name] for row in rows], dtype=float) for name in names]


def _judge(found: dict[str, FloatArray], of_logs: dict[str, float]) -> list[Finding]:
    """Return the findings for the correlations of each seed, and of the lecture's records."""
    names = ("all nets", "within one share of wrong labels", "granulated")
    findings = [
        Finding(
            f"{told}, {name}: correlation with the gap",
            t_interval(found[measure][:, k]),
            at_least=0.0,
        )
        for measure, told in MEASURES.items()
        for k, name in enumerate(names)
    ]
    findings += [
        Finding(
            f"number of parameters, {name}: correlation with the gap",
            t_interval(found["parameters"][:, k]),
            at_least=-HARDLY,
            at_most=HARDLY,
        )
        for k, name in enumerate(names)
    ]
    told = {
        "pooled": "product of norms",
        "parameters": "number of parameters",
        "noise": "share of wrong labels",
        "within": "product of norms, mean within one share of wrong labels",
    }
    return findings + [
        Finding(
            f"the lecture's records: correlation of the gap with the {what}",
            exact(of_logs[key]),
            at_least=REPRODUCED[key] - 0.005,
            at_most=REPRODUCED[key] + 0.005,
            construction=True,
        )
        for key, what in told.items()
    ]


def _draw(
    nets: Sequence[Sequence[Row]], logs: LectureLogs, found: dict[str, FloatArray], figure: Figure
) -> None:
    figure.set_size_inches(15, 8)
    theirs, (ours, within, lower, bars) = figure.subplots(2, 4)
    fitted = logs.train_accuracy >= FITTED
    plots = (
        (logs.depth, fitted & (logs.width == 256), "256 units, by layers"),
        (logs.width, fitted & (logs.depth == 1), "one layer, by units"),
        (logs.solver, fitted, "by solver"),
        (logs.solver, fitted, "by solver, over its margins"),
    )
    for axes, (group, some, title) in zip(theirs, plots, strict=True):
        last = axes is theirs[-1]
        x = logs.product / logs.mean_margin if last else logs.product
        some = some & (x <= 300)
        for k, value in enumerate(np.unique(group[some])):
            mine = some & (group == value)
            axes.plot(
                x[mine], logs.gap[mine], MARKERS[k], color=COLORS[k], markersize=3, label=str(value)
            )
        if not last:
            axes.plot([0, 150], [0.07, 0.75], color="black", linewidth=1)
        axes.set(title=title, xlabel="product over margin" if last else "product of norms")
        axes.legend(fontsize=8, markerscale=2)
    rows = [row for some in nets for row in some]
    measures = ("product", "product over margin", "slope")
    for axes, measure in zip((ours, within, lower), measures, strict=True):
        for k, share in enumerate(SHARES):
            mine = [row for row in rows if row["share"] == share]
            axes.plot(
                *_columns(mine, measure, "gap"),
                MARKERS[k],
                color=COLORS[k],
                markersize=3,
                label=f"{share:.0%} wrong",
            )
        axes.set(title=f"{len(nets)} draws, by wrong labels", xscale="log", xlabel=measure)
    ours.legend(fontsize=8, markerscale=2)
    theirs[0].set_ylabel("lecture: training minus test accuracy")
    ours.set_ylabel("generalization gap")
    places = np.arange(len(found))
    for k, name in enumerate(("all nets", "one share", "granulated")):
        means = [values[:, k].mean() for values in found.values()]
        bars.barh(places + 0.27 * (k - 1), means, 0.25, color=COLORS[k], label=name)
    bars.set(yticks=places, title="rank correlation with the gap", xlabel="mean over seeds")
    bars.set_yticklabels([name.replace(" over ", "\nover ") for name in found], fontsize=9)
    bars.invert_yaxis()
    bars.legend(fontsize=8)


run: Final = Runner(EXPERIMENT, _measure)
