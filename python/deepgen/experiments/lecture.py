"""The lecture's hypotheses and takeaways, and the findings of experiments that test each of them.

This file is the only place that says which finding speaks for or against which claim. A claim
without evidence is one that no experiment has measured yet.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from deepgen.experiments.lecture_claim import LectureClaim

__all__ = ["LECTURE"]


def _over(names: tuple[str, ...], *rests: str) -> tuple[str, ...]:
    """Return the names of some findings for several conditions."""
    return tuple(f"{name}: {rest}" for rest in rests for name in names)


_TASKS: Final = ("sine", "digits", "digits, 30 % random labels")
_ENSEMBLED: Final = ("housing", "digits", "digits, 30 % random labels")
_OVER_PLAIN: Final = "ln of the test error over that without, mean over tables"
_WIDTHS: Final = ("width, linear, noise", "width, norm, noise")
_NOISY: Final = ("parity", "one direction")

_takeaway = partial(LectureClaim, slide="Practical Takeaways")

LECTURE: Final[tuple[LectureClaim, ...]] = (
    LectureClaim(
        "H1",
        "A wider net does not have a higher test error.",
        "Non-intuitive behavior of MLP",
        {
            "width_sweep": (
                "excess risk, 1024 minus 128 units",
                "excess risk, 256 minus 128 units",
            ),
            "oversized_nets": ("nets: ln of the error to the truth, 1000 over 10 units",),
            "bad_minima": ("test error, 512 minus 16 units",),
            "regression_1d": ("perceptron, 32 to 1024 units, all seeds: median validation MSE",),
            "net_double_descent": _over(_WIDTHS, "ln of the risk, 256 over 2 units"),
        },
        "One and two hidden layers on small data. Where a net of two units is all that is needed, "
        "and the others fit the noise, the widest is worse.",
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
            "depth_sweep": _over(
                ("plain", "skip", "norm", "both"),
                "training error, 64 minus 4 layers",
                "excess risk, 64 minus 4 layers",
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
        "Dense nets of constant width; skips help where their branch is normalized or scaled.",
    ),
    LectureClaim(
        "H4",
        "Gradient descent on clean data, with all rows in a step, does not land in bad minima.",
        "Good and bad global minima",
        {"bad_minima": ("share of starts of gradient descent that land in bad minima",)},
        "Half-moons of 30 points; bad is what poisoned labels lead to.",
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
            "decision_regions": _over(
                ("spirals", "circles"),
                "test error, bad minus good minimum",
                "ln of the distance to the boundary, good over bad",
            ),
            "minima_measures": _over(
                ("half-moons", "digits"),
                "test error, bad minus good minimum",
                "ln of the Lipschitz constant, bad over good",
                "ln of the normalized margin, bad over good",
                "ln of the largest eigenvalue of the Hessian, bad over good",
                "ln of the trace of the Hessian, bad over good",
            ),
        },
        "Small nets; bad is what poisoned labels lead to. Only minima_measures and "
        "decision_regions compare at equal training loss.",
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
                "test error, large minus small batches",
            ),
            "helpful_noise": _over(
                _NOISY,
                "ln of the trace, batches of 5 over all rows",
                "ln of the test error, batches of 5 over all rows",
            ),
        },
        "Three seeds on MNIST, not at equal training loss; nets that fit all rows exactly.",
    ),
    LectureClaim(
        "H7",
        "SAM lowers the largest eigenvalue of the Hessian; its gain on new data is a few percent "
        "at most.",
        "Overfitting? From theory to practice",
        {
            "sam_flatness": (
                *_over(_TASKS, "ln of the largest eigenvalue at equal loss, SAM over SGD"),
                *_over(
                    _TASKS[1:], "share of right test answers after as many gradients, SAM minus SGD"
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
        },
        "Half-moons of 30 points. In all nets, measures also follow the share of wrong labels.",
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
            ),
        },
        "Small nets without intercepts on digits of 8 x 8 pixels. The bounds rank nets and certify "
        "none: they are far above 1, and random signs that describe a net are more than its "
        "weights.",
    ),
    LectureClaim(
        "H10",
        "The gradient's noise keeps SGD at a constant rate above the minimum, in proportion to the "
        "rate and to one over the batch size.",
        "Conclusions: variance in gradient can hurt final convergence",
        {
            "noise_floor": _over(
                ("linear", "net"),
                "exponent of the floor in the rate",
                "exponent in one over the batch size",
                "ln of the floor, measured over predicted",
            )
        },
    ),
    LectureClaim(
        "H11",
        "A stronger optimizer is not a stronger learner.",
        "Conclusions",
        {
            "stronger_optimizer": _over(
                ("right labels", "20 % wrong labels"),
                "ln of the training loss, Adam over SGD",
                "ln of the training loss, L-BFGS over SGD",
                "test error, Adam minus SGD",
                "test error, L-BFGS minus SGD",
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
                *_over(
                    tuple(f"{task}, {b} budget" for task in _ENSEMBLED for b in ("tight", "ample")),
                    "ln of the test loss, snapshots over one net",
                ),
                *_over(
                    _ENSEMBLED,
                    "ln of the test loss, snapshots of the ample budget over one net of the "
                    "better one",
                ),
            )
        },
        "Snapshots win where the budget is more than one net needs; short trainings win more.",
    ),
    LectureClaim(
        "H14",
        "Learning a pretext task without labels helps most where labels are few.",
        "Overfitting?: self-supervised learning on pretext task",
        {
            "pretext_tasks": _over(
                tuple(
                    f"{data}, {method}"
                    for data in ("digits", "housing", "factors")
                    for method in ("denoising", "VIME", "SCARF")
                ),
                "test error at few labels, fine-tuned minus labels alone",
                "that difference at few labels minus that at many",
            )
        },
    ),
    _takeaway(
        "T1",
        "Overparametrize deep architectures.",
        evidence={
            "width_sweep": ("excess risk, 1024 minus 128 units", "excess risk, 16 minus 128 units"),
            "zero_training_error": ("width 64: share of seeds with zero error",),
            "oversized_nets": (
                "nets: ln of the error to the truth, 1000 over 10 units",
                "nets: ln of the error to the truth, 1000 over 2 units",
            ),
            "double_descent": ("ReLU features: median risk at p = 40 over that at p = 1000",),
            "net_double_descent": _over(
                _WIDTHS, "ln of the risk, 10 over 256 units", "ln of the risk, 256 over 2 units"
            ),
            "combined_causes": ("depth: effect on the gap, as a share of the mean gap",),
        },
        limits="Mostly width. For depth see H3.",
    ),
    _takeaway(
        "T2",
        "Use skip connections and normalization layers, which limit conditioning issues.",
        evidence={
            "depth_sweep": (
                "both: training error, 64 minus 4 layers",
                "both: excess risk, 64 minus 4 layers",
            ),
            "deep_gradients": ("ln of the training error, 48 over 4 layers, skip and norm",),
            "normalizers": _over(
                ("weights / 4", "weights x 4", "scattered inputs"),
                "ln of the epochs, batch norm over plain",
                "ln of the epochs, layer norm over plain",
            ),
            "conditioning": (
                "pixels, 10 epochs: ln of eigenvalue 1 over 10, batch norm over none",
                "scaled pixels, 10 epochs: ln of eigenvalue 1 over 10, batch norm over none",
            ),
            "loss_geometry": ("non-convexity, 21 layers, plain minus residual",),
            "conditioning_fixes": tuple(
                f"ln of the training error of 48 layers, {kind} over plain"
                for kind in ("highway", "Fixup", "DeepNorm")
            ),
        },
        limits="Batch norm harms where batches are small: see batch_norm_batch_size.",
    ),
    _takeaway(
        "T3",
        "Use stochastic optimizers that are robust to bad conditioning.",
        evidence={
            "rare_features": _over(
                tuple(
                    f"{model}, kappa = {kappa}"
                    for model in ("linear", "embedding")
                    for kappa in ("30", "300", "3,000")
                ),
                "ln of the error on rare words, AdaGrad over SGD",
                "ln of the error on rare words, RMSProp over SGD",
                "ln of the error on rare words, Adam over momentum",
            ),
            "conditioning_fixes": tuple(
                f"scaled pixels: ln of the steps, {method} over {rival}"
                for method in ("K-FAC", "Shampoo")
                for rival in ("SGD", "Adam")
            ),
        },
        limits="Each optimizer at its own best rate. What stronger optimizers learn: H11.",
    ),
    _takeaway(
        "T4",
        "Use small minibatches and large learning rates.",
        evidence={
            "large_batch": ("test error, large minus small batches",),
            "helpful_noise": _over(_NOISY, "ln of the test error, batches of 5 over all rows"),
            "noise_floor": ("digits: test error after as many steps, all rows minus minibatches",),
            "combined_causes": ("small batches: effect on the gap, as a share of the mean gap",),
        },
        limits="Only combined_causes varies the rate with the batches. The finding of noise_floor "
        "says that annealed minibatches do no harm, at far less work than all rows.",
    ),
    _takeaway(
        "T5",
        "Use a validation set to anneal the learning rate and to stop early.",
        evidence={
            "early_stopping": _over(
                _TASKS,
                "ln of the computing, at the stop over the end",
                "ln of the test error, at the stop over the end",
            ),
            "remedies": (
                f"annealing: {_OVER_PLAIN}",
                "annealing: ln of the test error over that of a constant rate on as many rows, "
                "mean over tables",
            ),
        },
        limits="Validation rows are missing in the training, which can cost what annealing gains.",
    ),
    _takeaway(
        "T6",
        "It is often possible to trade compute for less overfitting, by data augmentation and "
        "stochastic regularizers such as dropout.",
        evidence={
            "regularizer_costs": _over(
                ("dropout", "mixup", "jitter", "mask", "swap noise", "SAM"),
                "time to an equal training loss, over plain training",
                "test error after as many gradient evaluations, minus plain",
            ),
            "remedies": (
                *(f"{name}: {_OVER_PLAIN}" for name in ("dropout", "mixup", "jitter", "SAM")),
                "share of the pairs of remedy and table that gain, without jitter",
            ),
        },
        limits="At equal gradient evaluations: what more of them would bring is not measured.",
    ),
    _takeaway(
        "T7",
        "More labelled data is often the best way to avoid overfitting.",
        evidence={
            "label_learning_curve": ("digits: largest ratio of test errors after a doubling",),
            "three_errors": ("estimation error of 8 pieces, n = 1600 minus n = 50",),
        },
        limits="That more labels help; not that nothing else helps more at equal cost.",
    ),
)
"""Hypotheses and takeaways in the order of the page."""
