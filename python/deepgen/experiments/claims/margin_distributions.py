"""Margin distributions of nets that fit true labels and of nets that fit random ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.stats import gmean, mannwhitneyu

from deepgen._display.style import BLUE, GREEN, ORANGE, VERMILION
from deepgen._engine.arrays import FloatArray
from deepgen._interval import t_interval
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner
from deepgen.experiments.shared.label_nets import LabelNet, train_on_labels
from deepgen.generalization import margins

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "FittedNet", "run"]

EXPERIMENT: Final = Experiment(
    name="margin_distributions",
    title="Margins of true and of random labels",
    claim="Of two nets without a training error, the one with true labels has the larger margins "
    "over spectral complexity: in the median, with the complexity around 0 and around the start, "
    "when the labels are just fitted and after as many epochs as the random labels take, and in "
    "nine of ten pairs of rows. Margins alone tell less. With half of the labels random they are "
    "in between.",
    source="Slide 'Generalization bounds'; Bartlett, Foster and Telgarsky 2017, figures 1 and 2",
    protocol="500 digits of 8 x 8 pixels (quick: 100), split and labels drawn anew by each seed; "
    "500 test images. Two and four hidden layers of 100 ReLU units (quick: 32) without "
    "intercepts, so that the theorem holds as it stands; He-normal start, SGD with momentum 0.9, "
    "rate 0.02, batches of 32 (quick: 10), no penalty, float64, until no training row is wrong "
    "and the mean loss of an epoch is below 0.02. Labels random with the probability 0, 1/2, 1; "
    "and true labels for as many epochs as the random ones took. Margin: logit of the row's label "
    "minus the largest other, over spectral complexity and mean size of the rows.",
    seeds=20,
    quick_seeds=2,
)

DEPTHS: Final = (2, 4)
KINDS: Final = ("true", "half random", "random", "true, as many epochs")

# Thresholds, fixed before the judging seeds were drawn: signs, but for the shares of pairs. Figures
# 1 and 2 of the paper show distributions that hardly overlap; .5 would be no difference.
LEAST_ORDERED: Final = 0.9
LEAST_GAIN: Final = 0.05
"""How many more pairs are ordered by normalized margins than by margins alone."""


@dataclass(frozen=True)
class FittedNet:
    """Margins of one net on its training rows.

    Parameters
    ----------
    margin, normalized : ndarray of shape (n_samples,)
        Margins in logits, and over spectral complexity and size of the rows.
    around_start : float
        Median normalized margin if the complexity is that of the way from the start.
    complexity, product : float
        Spectral complexity around 0, and the product of spectral norms.
    bound : float
        Leading term of the bound without its constant: ln(W) over the median normalized margin.
    epochs : int
        Number of epochs.
    wrong, test_error : float
        Shares of wrong answers on training rows and on test images.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.experiments.claims.margin_distributions import FittedNet
    >>> FittedNet(np.ones(2), np.full(2, 0.1), 0.2, 5.0, 3.0, 46.0, 20, 0.0, 0.05).median
    0.1
    """

    margin: FloatArray
    normalized: FloatArray
    around_start: float
    complexity: float
    product: float
    bound: float
    epochs: int
    wrong: float
    test_error: float

    @property
    def median(self) -> float:
        """Median normalized margin."""
        return float(np.median(self.normalized))


Measured = dict[tuple[int, str], list[FittedNet]]


def _measured(net: LabelNet) -> FittedNet:
    probe = net.probe()
    around_0, around_start = margins(probe), margins(probe, reference=net.start)
    complexity = around_0.complexity
    assert complexity is not None
    assert around_0.normalized is not None
    assert around_start.normalized is not None
    return FittedNet(
        around_0.margin,
        around_0.normalized,
        float(np.median(around_start.normalized)),
        complexity.value,
        complexity.product,
        float(np.log(complexity.largest_side) / np.median(around_0.normalized)),
        net.epochs,
        net.wrong,
        net.test_error,
    )


def _train(work: tuple[int, int, bool]) -> list[FittedNet]:
    """Return the nets of a depth and a seed, in the order of `KINDS`."""
    depth, seed, quick = work
    train = partial(
        train_on_labels, seed, n=100 if quick else 500, hidden=(32 if quick else 100,) * depth
    )
    true, half, random = (train(share) for share in (0.0, 0.5, 1.0))
    longer = train(0.0, epochs=random.epochs)
    return [_measured(net) for net in (true, half, random, longer)]


def _measure(plan: RunPlan) -> Measurement:
    cells = [(depth, seed, plan.quick) for depth in DEPTHS for seed in plan.seeds]
    nets = dict(zip(cells, plan.map(_train, cells, "nets"), strict=True))
    measured: Measured = {
        (depth, kind): [nets[depth, seed, plan.quick][k] for seed in plan.seeds]
        for depth in DEPTHS
        for k, kind in enumerate(KINDS)
    }
    rows = [
        {
            "hidden layers": depth,
            "labels": kind,
            "epochs": float(np.mean([net.epochs for net in some])),
            "training error": float(np.mean([net.wrong for net in some])),
            "test error": float(np.mean([net.test_error for net in some])),
            "margin": float(gmean([np.median(net.margin) for net in some])),
            "spectral complexity": float(gmean([net.complexity for net in some])),
            "normalized margin": float(gmean([net.median for net in some])),
            "around the start": float(gmean([net.around_start for net in some])),
            "bound": float(gmean([net.bound for net in some])),
        }
        for (depth, kind), some in measured.items()
    ]
    return Measurement(
        table=rows,
        findings=_judge(measured),
        notes=[
            "Medians over rows, geometric means over seeds. Around 0, normalized margins stay the "
            "same if the last layer is scaled, so that the training loss does not decide them.",
            "The column 'bound' is ln(W) over the median normalized margin. As a bound of an error "
            "it says nothing above 1: it ranks the nets, it does not certify them.",
        ],
        draw=partial(_draw, measured),
    )


def _ordered(larger: FittedNet, smaller: FittedNet, field: str) -> float:
    """Return the share of pairs of rows, one of each net, with the larger margin in the first."""
    first, second = getattr(larger, field), getattr(smaller, field)
    return float(mannwhitneyu(first, second).statistic) / (len(first) * len(second))


def _judge(measured: Measured) -> list[Finding]:
    """Return the findings for the measured nets."""

    def ratio(depth: int, over: str, under: str, field: str = "median") -> list[float]:
        pairs = zip(measured[depth, over], measured[depth, under], strict=True)
        return [float(np.log(getattr(a, field) / getattr(b, field))) for a, b in pairs]

    findings = []
    for depth in DEPTHS:
        name = f"{depth} hidden layers"
        pairs = list(zip(measured[depth, "true"], measured[depth, "random"], strict=True))
        ordered = {
            field: np.array([_ordered(true, random, field) for true, random in pairs])
            for field in ("margin", "normalized")
        }
        findings += [
            Finding(
                f"{name}: share of training rows that are wrong, random labels",
                t_interval([random.wrong for _, random in pairs]),
                at_most=0.0,
            ),
            Finding(
                f"{name}: ln of the normalized margin, random over true labels",
                t_interval(ratio(depth, "random", "true")),
                at_most=0.0,
            ),
            Finding(
                f"{name}: ln of the normalized margin around the start, random over true labels",
                t_interval(ratio(depth, "random", "true", "around_start")),
                at_most=0.0,
            ),
            Finding(
                f"{name}: ln of the normalized margin after as many epochs, random over true "
                "labels",
                t_interval(ratio(depth, "random", "true, as many epochs")),
                at_most=0.0,
            ),
            Finding(
                f"{name}: share of pairs of rows with the larger normalized margin under true "
                "labels",
                t_interval(ordered["normalized"]),
                at_least=LEAST_ORDERED,
            ),
            Finding(
                f"{name}: share of pairs, normalized minus not normalized",
                t_interval(ordered["normalized"] - ordered["margin"]),
                at_least=LEAST_GAIN,
            ),
            *(
                Finding(
                    f"{name}: ln of the normalized margin, {over} over {under} labels",
                    t_interval(ratio(depth, over, under)),
                    at_most=0.0,
                )
                for over, under in (("half random", "true"), ("random", "half random"))
            ),
        ]
    return findings


def _draw(measured: Measured, figure: Figure) -> None:
    axes = figure.subplots(2, len(DEPTHS), squeeze=False)
    colors = (BLUE, ORANGE, VERMILION, GREEN)
    for column, depth in enumerate(DEPTHS):
        low = np.inf
        for kind, color in zip(KINDS, colors, strict=True):
            for row, field in enumerate(("margin", "normalized")):
                # Margins of all seeds together; their distributions hardly differ.
                values = np.concatenate([getattr(net, field) for net in measured[depth, kind]])
                axes[row, column].ecdf(values, color=color, label=kind)
            low = min(low, float(np.percentile(values, 0.5)))
        axes[0, column].set(title=f"{depth} hidden layers", xlabel="margin")
        axes[1, column].set(xlabel="normalized margin")
        # The few smallest margins would take most of the room.
        axes[1, column].set(xscale="log", xlim=(low, None))
    axes[0, 0].set_ylabel("share of rows up to it")
    axes[1, 0].set_ylabel("share of rows up to it")
    axes[0, 0].legend(loc="lower right")


run: Final = Runner(EXPERIMENT, _measure)
