"""Compressibility of nets that fit true labels and of nets that fit random ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.stats import gmean, kendalltau

from deepgen._display.style import BLUE, VERMILION
from deepgen._engine.arrays import FloatArray
from deepgen._interval import t_interval
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner
from deepgen.experiments.shared.label_nets import LabelNet, train_on_labels
from deepgen.generalization import compress, compression

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "CompressedNet", "run"]

EXPERIMENT: Final = Experiment(
    name="compressibility",
    title="Compressible nets: true and random labels",
    claim="Of two nets without a training error, the one with true labels is the more "
    "compressible: its cushions between inputs and outputs are larger, its contraction by "
    "activations smaller, its smoothness larger, and fewer numbers describe it, by the theorem, by "
    "the theorem's algorithm and by singular values. That algorithm takes fewer numbers than the "
    "net has weights, and the theorem's premise on smoothness holds.",
    source="Slides 'Generalization bounds' and 'Conclusions'; Arora, Ge, Neyshabur and Zhang 2018, "
    "definitions 4 to 8, algorithm 1 and theorem 4.1",
    protocol="500 digits of 8 x 8 pixels (quick: 100), split and labels drawn anew by each seed. "
    "Three hidden layers of 50 ReLU units (quick: 16) without intercepts, as the theorem has them; "
    "He-normal start, SGD with momentum 0.9, rate 0.02, batches of 32 (quick: 10), no penalty, "
    "float64, until no training row is wrong and the mean loss of an epoch is below 0.02; labels "
    "true or all random. Cushions, contraction and smoothness over 200 training rows. Margin: the "
    "5th percentile, so that the margin loss is 0.05. In practice: one layer at a time becomes a "
    "sum of random sign matrices with as many numbers as 1/4 to 8 times its weights (quick: 2); it "
    "needs those at which 5 % of the training rows are wrong, linear between shares. All layers "
    "together: the error with as many numbers as weights. Singular values: each layer keeps an "
    "equal share of its squares, and rank r counts as r (rows + columns) numbers, at most as many "
    "as weights.",
    seeds=20,
    quick_seeds=2,
)

SHARES: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Numbers over weights of a layer."""
MARGIN_LOSS: Final = 0.05
"""Share of wrong training rows that the margin allows: that of the rows below the percentile."""
MEASURES: Final = {
    "layer_cushion": "layer cushion",
    "interlayer_cushion": "interlayer cushion",
    "contraction": "activation contraction",
    "smoothness": "interlayer smoothness",
    "inverses": "sum over layers of 1 / cushions squared",
    "signs": "numbers of random signs that single layers need, over the weights",
    "error": "error with as many random signs as weights",
    "ranks": "numbers of singular values and vectors, over the weights",
}
"""What is measured of a net; cushions and smoothness are to be larger for true labels."""
LARGER: Final = ("layer_cushion", "interlayer_cushion", "smoothness")

# Thresholds, fixed before the judging seeds were drawn: signs; as many numbers as weights; and the
# smoothness of three times the number of layers that theorem 4.1 needs. Any net can be written with
# as many numbers as weights, so singular values have to save a twentieth to count.
MOST_RANKS: Final = 0.95
SMOOTHNESS_OVER_LAYERS: Final = 3.0


@dataclass(frozen=True)
class CompressedNet:
    """Measurements of one net.

    Parameters
    ----------
    measures : dict of str to float
        The numbers that `MEASURES` names; cushions are geometric means over layers.
    theorem : float
        Numbers of parameters by the theorem, with its constant, over the weights.
    n_layers : int
        Number of layers.
    agreement : float
        Kendall's tau over layers between the numbers that the theorem and the algorithm give them.
    errors : ndarray of shape (n_shares,)
        Mean over layers of the share of wrong training rows with that layer compressed.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.experiments.claims.compressibility import CompressedNet
    >>> CompressedNet({"smoothness": 0.5}, 1e7, 4, 0.3, np.zeros(6)).n_layers
    4
    """

    measures: dict[str, float]
    theorem: float
    n_layers: int
    agreement: float
    errors: FloatArray


def _wrong(net: LabelNet, weights: list[FloatArray]) -> float:
    """Return the share of training rows that are wrong with other weights."""
    values = net.X
    for W in weights[:-1]:
        values = np.maximum(values @ W, 0)
    return float(np.mean(np.argmax(values @ weights[-1], axis=1) != net.y))


def _needed(sizes: FloatArray, errors: FloatArray) -> float:
    """Return the size at which the error falls to the margin loss; the last one if it does not."""
    good = np.flatnonzero(errors <= MARGIN_LOSS)
    if not len(good):
        return float(sizes[-1])
    first = int(good[0])
    if not first:
        return float(sizes[0])
    pair = slice(first - 1, first + 1)
    return float(np.exp(np.interp(-MARGIN_LOSS, -errors[pair], np.log(sizes[pair]))))


def _by_singular_values(net: LabelNet, weights: list[FloatArray]) -> float:
    """Return the least numbers over weights of singular values at which the margin loss holds."""
    parts = [np.linalg.svd(W, full_matrices=False) for W in weights]
    energies = [np.cumsum(s**2) / np.sum(s**2) for _, s, _ in parts]
    total = sum(W.size for W in weights)
    for kept in np.linspace(0.5, 1.0, 101):
        # Rounding may leave the sum of all squares below 1.
        ranks = [min(int(np.sum(e < kept - 1e-12)) + 1, len(e)) for e in energies]
        low = [(U[:, :r] * s[:r]) @ V[:r] for (U, s, V), r in zip(parts, ranks, strict=True)]
        if _wrong(net, low) <= MARGIN_LOSS:
            sides = [min(r * sum(W.shape), W.size) for r, W in zip(ranks, weights, strict=True)]
            return float(sum(sides) / total)
    return 1.0


def _measured(work: tuple[float, int, bool]) -> CompressedNet:
    """Train a net and compress it."""
    share, seed, quick = work
    net = train_on_labels(seed, share, n=100 if quick else 500, hidden=(16 if quick else 50,) * 3)
    found = compression(net.probe(), percentile=100 * MARGIN_LOSS)
    weights = [np.array(W) for W in net.model.coefs_]
    sizes = np.array([W.size for W in weights])
    shares = np.array(SHARES[:4] if quick else SHARES)
    single = np.empty((len(shares), len(weights)))
    together = 1.0
    for row, times in enumerate(shares):
        counts = [max(1, int(times * size)) for size in sizes]
        model = compress(net.model, n_numbers=counts, random_state=seed).model
        coarse = [np.array(W) for W in model.coefs_]
        for layer, W in enumerate(coarse):
            single[row, layer] = _wrong(net, [*weights[:layer], W, *weights[layer + 1 :]])
        if times == 1:
            together = _wrong(net, coarse)
    needed = np.array([_needed(shares * size, single[:, k]) for k, size in enumerate(sizes)])
    return CompressedNet(
        {
            "layer_cushion": float(gmean(found.layer_cushion)),
            # That of the output layer to itself is 1 / sqrt(outputs), whatever the weights.
            "interlayer_cushion": float(gmean(found.least_interlayer[:-1])),
            "contraction": found.activation_contraction,
            "smoothness": found.interlayer_smoothness,
            "inverses": found.sum_of_inverses,
            "signs": float(needed.sum() / sizes.sum()),
            "error": together,
            "ranks": _by_singular_values(net, weights),
        },
        float(found.compressed_count / sizes.sum()),
        len(weights),
        # NaN where all layers need more than the largest number: no order, no agreement.
        float(np.nan_to_num(kendalltau(found.compressed_counts, needed).statistic)),
        single.mean(axis=1),
    )


Measured = dict[str, list[CompressedNet]]


def _measure(plan: RunPlan) -> Measurement:
    labels = {"true": 0.0, "random": 1.0}
    work = [(share, seed, plan.quick) for share in labels.values() for seed in plan.seeds]
    nets = plan.map(_measured, work, "nets")
    n = len(plan.seeds)
    measured: Measured = {kind: nets[k * n : (k + 1) * n] for k, kind in enumerate(labels)}
    rows = [
        {
            "labels": kind,
            **{
                told: float(np.mean([net.measures[what] for net in some]))
                for what, told in MEASURES.items()
            },
            "parameters by the theorem over weights": float(gmean([net.theorem for net in some])),
            "agreement over layers": float(np.mean([net.agreement for net in some])),
        }
        for kind, some in measured.items()
    ]
    return Measurement(
        table=rows,
        findings=_judge(measured),
        notes=[
            "Cushions are least ones over rows, and geometric means over layers. A layer that "
            f"needs more than {SHARES[-1]:g} numbers per weight counts as one that needs as many.",
            "The theorem's number of parameters has its constant 72 and its logarithm.",
        ],
        draw=partial(_draw, measured),
    )


def _judge(measured: Measured) -> list[Finding]:
    """Return the findings for the measured nets."""

    def of(kind: str, what: str) -> FloatArray:
        return np.array([net.measures[what] for net in measured[kind]])

    findings = []
    for what, told in MEASURES.items():
        larger = what in LARGER
        if what == "error":
            continue
        ratio = np.log(of("random", what) / of("true", what))
        findings.append(
            Finding(
                f"ln of the {told}, random over true labels",
                t_interval(ratio),
                at_least=-np.inf if larger else 0.0,
                at_most=0.0 if larger else np.inf,
            )
        )
    premise = [
        np.log(net.measures["smoothness"] / (SMOOTHNESS_OVER_LAYERS * net.n_layers))
        for net in measured["true"]
    ]
    return [
        *findings,
        Finding(
            "error with as many random signs as weights, random minus true labels",
            t_interval(of("random", "error") - of("true", "error")),
            at_least=0.0,
        ),
        Finding(
            "true labels: error with as many random signs as weights",
            t_interval(of("true", "error")),
            at_most=MARGIN_LOSS,
        ),
        Finding(
            "true labels: numbers of singular values and vectors, over the weights",
            t_interval(of("true", "ranks")),
            at_most=MOST_RANKS,
        ),
        Finding(
            "true labels: ln of the smoothness over three times the number of layers",
            t_interval(premise),
            at_least=0.0,
        ),
        Finding(
            "true labels: Kendall's tau over layers of the theorem's and the needed numbers",
            t_interval([net.agreement for net in measured["true"]]),
            at_least=0.0,
        ),
    ]


def _draw(measured: Measured, figure: Figure) -> None:
    curves, cushions = figure.subplots(1, 2)
    for kind, color in (("true", BLUE), ("random", VERMILION)):
        some = measured[kind]
        errors = np.mean([net.errors for net in some], axis=0)
        curves.plot(SHARES[: len(errors)], errors, "o-", color=color, label=f"{kind} labels")
        cushions.plot(
            [net.measures["layer_cushion"] for net in some],
            [net.measures["interlayer_cushion"] for net in some],
            "o" if kind == "true" else "s",
            color=color,
            linestyle="none",
            label=f"{kind} labels",
        )
    curves.axhline(MARGIN_LOSS, color="grey", linewidth=0.8, linestyle=":")
    curves.set(
        xscale="log", xlabel="numbers over weights of the layer",
        title="training error, one layer compressed",
    )  # fmt: skip
    curves.set_xticks(SHARES, [f"{share:g}" for share in SHARES])
    curves.minorticks_off()
    cushions.set(xlabel="layer cushion", ylabel="interlayer cushion", title="cushions")
    curves.legend()


run: Final = Runner(EXPERIMENT, _measure)
