"""The lecture's hypotheses and takeaways, and the findings of experiments that test each of them.

This file and that of the takeaways are the only places that say which finding speaks for or
against which claim, by the rule that the page states. A claim without evidence is one that no
experiment has measured yet.
"""

from __future__ import annotations

from typing import Final

from deepgen.experiments.lecture_claim import LectureClaim, over
from deepgen.experiments.takeaways import TAKEAWAYS, WIDER_IN_NOISE

__all__ = ["LECTURE"]

_TASKS: Final = ("sine", "digits", "digits, 30 % random labels")
_ENSEMBLED: Final = ("housing", "digits", "digits, 30 % random labels")
_DRAWN: Final = ("spirals", "circles")
_NOISY: Final = ("parity", "one direction")
_LABELS: Final = ("right labels", "20 % wrong labels")

LECTURE: Final[tuple[LectureClaim, ...]] = (
    LectureClaim(
        "H1",
        "A wider net does not have a higher test error.",
        "Non-intuitive behavior of MLP",
        {
            "width_sweep": (
                "excess risk, 1024 minus 128 units",
                "excess risk, 256 minus 128 units",
                "excess risk, 16 minus 128 units",
            ),
            "oversized_nets": (
                "nets: ln of the error to the truth, 1000 over 10 units",
                "nets: ln of the error to the truth, 1000 over 2 units",
            ),
            "bad_minima": ("test error, 512 minus 16 units",),
            "regression_1d": (
                "perceptron, 32 to 1024 units, all seeds: median validation MSE",
                "perceptron, 32 to 1024 units, the lecture's seed: highest validation MSE",
            ),
            "net_double_descent": WIDER_IN_NOISE,
        },
        "One and two hidden layers on small data. Where a net of two units is all that is needed, "
        "and the others fit the noise, the widest is worse. Not counted, since they claim the "
        "opposite: the findings that 10 units are worse than 2, the peak of double descent.",
    ),
    LectureClaim(
        "H2",
        "A wider net needs fewer epochs to a training error, and more operations.",
        "Non-intuitive behavior of MLP",
        {
            "width_sweep": (
                "epochs at width 1024 over epochs at width 128, medians",
                "operations to that error at width 1024 over those at width 128, medians",
            )
        },
    ),
    LectureClaim(
        "H3",
        "Deep plain nets underfit; residual and normalized ones do not.",
        "Training Deeper ConvNets; Residual Networks; Non-intuitive behavior of MLP",
        {
            "depth_sweep": tuple(
                f"{kind}: {what}, 64 minus 4 layers"
                for kind in ("plain", "skip", "norm", "both")
                for what in ("training error", "excess risk")
            ),
            "deep_gradients": (
                "ln of the training error, 48 over 4 layers, plain",
                "ln of the training error, 48 over 4 layers, skip and norm",
                "error of 1,000 plain layers over the variance",
                "error of 1,000 layers with DeepNorm over the variance",
            ),
            "conditioning_fixes": tuple(
                f"ln of the training error, 48 over 4 layers, {kind}"
                for kind in ("plain", "highway", "Fixup", "DeepNorm")
            ),
        },
        "Dense nets of constant width from He's start; skips help only where their branch is "
        "normalized.",
    ),
    LectureClaim(
        "H4",
        "Gradient descent on clean data, with all rows in a step, does not land in bad minima.",
        "Good and bad global minima",
        {"bad_minima": ("share of starts of gradient descent that land in bad minima",)},
        "Half-moons of 30 points; bad is what poisoned labels lead to. The interval takes 50 "
        "starts in each of 20 draws of points for independent.",
    ),
    LectureClaim(
        "H5",
        "Bad minima have a larger Hessian, a larger Lipschitz constant, smaller normalized margins "
        "and a larger test error.",
        "Good and bad global minima; Geometry of the loss",
        {
            "bad_minima": (
                "test error, bad minus good minima",
                "ln of the largest eigenvalue over the loss, bad over good",
                "ln of the trace of the Hessian over the loss, bad over good",
                "ln of the product of spectral norms, bad over good",
                "ln of the largest slope, bad over good",
                "ln of the normalized margin, bad over good",
            ),
            "decision_regions": (
                *over(_DRAWN, "test error, bad minus good minimum"),
                *over(_DRAWN, "ln of the distance to the boundary, good over bad"),
            ),
            "minima_measures": tuple(
                f"{task}: {what}"
                for task in ("half-moons", "digits")
                for what in (
                    "test error, bad minus good minimum",
                    "ln of the Lipschitz constant, bad over good",
                    "ln of the product of spectral norms, bad over good",
                    "ln of the normalized margin, bad over good",
                    "ln of the largest eigenvalue of the Hessian, bad over good",
                    "ln of the trace of the Hessian, bad over good",
                )
            )
            + (
                "digits: ln of the Lipschitz constant's lower bound, bad, over the upper one, good",
            ),
        },
        "Small nets; bad is what poisoned labels lead to. Of digits at equal training loss the bad "
        "minima are not the sharper ones.",
    ),
    LectureClaim(
        "H6",
        "Small batches end where the loss is flatter and the test error a little lower; this is "
        "not the main effect.",
        "Small Batch vs Large Batch; Good and bad global minima",
        {
            "large_batch": (
                "ln of the sharpness, large over small batches",
                "ln of the sharpness in a subspace, large over small batches",
                "ln of the sharpness, switch to large batches late over early",
                "test error, large minus small batches",
            ),
            "helpful_noise": (
                *over(_NOISY, "ln of the trace, batches of 5 over all rows"),
                *over(_NOISY, "ln of the test error, batches of 5 over all rows"),
            ),
            "edge_of_stability": ("the same, batches of 10",),
        },
        "Three seeds of one net on MNIST, not at equal training loss; nets that fit all rows "
        "exactly, where batches do make a difference. In edge_of_stability: the largest "
        "eigenvalue times half the rate, which is 1 with all rows in a step.",
    ),
    LectureClaim(
        "H7",
        "SAM lowers the largest eigenvalue of the Hessian; its gain on new data is a few percent "
        "at most.",
        "Overfitting? From theory to practice",
        {
            "sam_flatness": (
                *over(_TASKS, "ln of the largest eigenvalue at equal loss, SAM over SGD"),
                *over(
                    _TASKS[1:],
                    "share of right test answers after as many gradients, SAM minus SGD",
                ),
            )
        },
        "With wrong labels SAM gains more than a few percent, since it does not fit them.",
    ),
    LectureClaim(
        "H8",
        "Low Lipschitz constants go with small generalization gaps; the number of parameters does "
        "not.",
        "Lipschitz constant as a measure of capacity",
        {
            "lipschitz_capacity": tuple(
                f"{measure}, {where}: correlation with the gap"
                for measure in (
                    "product of norms",
                    "largest slope",
                    "product over margin",
                    "spectral complexity over margin",
                    "number of parameters",
                )
                for where in ("all nets", "within one share of wrong labels", "granulated")
            )
            + (
                "the lecture's records: correlation of the gap with the product of norms",
                "the lecture's records: correlation of the gap with the number of parameters",
            )
        },
        "Half-moons of 30 points. A correlation in all nets is mostly one with the share of wrong "
        "labels; correlation is no cause. The lecture's own records are reproduced, which is no "
        "evidence: their data have one seed.",
    ),
    LectureClaim(
        "H9",
        "Nets trained on true labels have larger normalized margins and are more compressible than "
        "nets trained on random ones.",
        "Generalization bounds",
        {
            "margin_distributions": tuple(
                f"{depth} hidden layers: ln of the normalized margin{how}, random over true labels"
                for depth in (2, 4)
                for how in ("", " around the start", " after as many epochs")
            )
            + tuple(
                f"{depth} hidden layers: {what}"
                for depth in (2, 4)
                for what in (
                    "share of pairs of rows with the larger normalized margin under true labels",
                    "ln of the normalized margin, half random over true labels",
                    "ln of the normalized margin, random over half random labels",
                )
            ),
            "compressibility": tuple(
                f"ln of the {what}, random over true labels"
                for what in (
                    "layer cushion",
                    "interlayer cushion",
                    "activation contraction",
                    "interlayer smoothness",
                    "sum over layers of 1 / cushions squared",
                    "numbers of random signs that single layers need, over the weights",
                    "numbers of singular values and vectors, over the weights",
                )
            )
            + ("error with as many random signs as weights, random minus true labels",),
        },
        "Small nets without intercepts on digits of 8 x 8 pixels. The verdict is on the comparison "
        "alone. The bounds rank nets and certify none: they are far above 1, the theorem's premise "
        "on smoothness does not hold, and random signs that describe a net are more than its "
        "weights (all in compressibility, not supported).",
    ),
    LectureClaim(
        "H10",
        "The gradient's noise keeps SGD at a constant rate above the minimum, in proportion to the "
        "rate and to one over the batch size.",
        "Conclusions: variance in gradient can hurt final convergence",
        {
            "noise_floor": (
                *over(("linear", "net"), "exponent of the floor in the rate"),
                *over(("linear", "net"), "exponent in one over the batch size"),
                *over(("linear", "net"), "ln of the floor, measured over predicted"),
            )
        },
    ),
    LectureClaim(
        "H11",
        "A stronger optimizer is not a stronger learner.",
        "Conclusions",
        {
            "stronger_optimizer": (
                *over(_LABELS, "ln of the training loss, Adam over SGD"),
                *over(_LABELS, "ln of the training loss, L-BFGS over SGD"),
                *over(_LABELS, "test error, Adam minus SGD"),
                *over(_LABELS, "test error, L-BFGS minus SGD"),
            )
        },
        "Half-moons; rates of the lowest training loss.",
    ),
    LectureClaim(
        "H12",
        "Copies of samples make full-batch descent more expensive, and SGD not.",
        "BTW: why minibatch SGD?",
        {
            "minibatch_redundancy": (
                "full batch: slope of log cost over log c",
                "full batch: runs whose number of steps depends on c",
                "stochastic: slope of log cost over log c",
            )
        },
    ),
    LectureClaim(
        "H13",
        "At equal compute an ensemble of the snapshots of one training beats a single net.",
        "Overfitting?: ensembling can be reasonably cheap with SGD restarts",
        {
            "ensembles": (
                *(
                    f"{task}, {budget} budget: ln of the test loss, snapshots over one net"
                    for task in _ENSEMBLED
                    for budget in ("tight", "ample")
                ),
                *over(
                    _ENSEMBLED,
                    "ln of the test loss, snapshots of the ample budget over one net of the "
                    "better one",
                ),
            )
        },
        "Snapshots win where the budget is more than one net needs, and lose where it is less; "
        "short independent trainings win more.",
    ),
    LectureClaim(
        "H14",
        "Learning a pretext task without labels helps most where labels are few.",
        "Overfitting?: self-supervised learning on pretext task",
        {
            "pretext_tasks": tuple(
                f"{data}, {method}: {what}"
                for data in ("digits", "housing", "factors")
                for method in ("denoising", "VIME", "SCARF")
                for what in (
                    "test error at few labels, fine-tuned minus labels alone",
                    "that difference at few labels minus that at many",
                    "test error at few labels, probe minus labels alone",
                )
            )
        },
        "A help is a hundredth of the answers, a size chosen when the differences of one trial "
        "were known.",
    ),
    *TAKEAWAYS,
)
"""Hypotheses and takeaways in the order of the page."""
