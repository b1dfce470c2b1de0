"""The lecture's hypotheses and takeaways, and the findings of experiments that test each of them.

This file is the only place that says which finding speaks for or against which claim. A claim
without evidence is one that no experiment has measured yet.
"""

from __future__ import annotations

from typing import Final

from deepgen.experiments.lecture_claim import LectureClaim

__all__ = ["LECTURE"]


def _over(names: tuple[str, ...], rest: str) -> tuple[str, ...]:
    """Return the names of one finding for several conditions."""
    return tuple(f"{name}: {rest}" for name in names)


_TASKS: Final = ("sine", "digits", "digits, 30 % random labels")
_ENSEMBLED: Final = ("housing", "digits", "digits, 30 % random labels")
_DRAWN: Final = ("spirals", "circles")
_NOISY: Final = ("parity", "one direction")
_LABELS: Final = ("right labels", "20 % wrong labels")
_REMEDIES: Final = ("dropout", "mixup", "jitter", "mask", "swap noise", "SAM")

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
            "net_double_descent": tuple(
                f"width, {truth}, noise: ln of the risk, 256 over 2 units"
                for truth in ("linear", "norm")
            ),
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
            "decision_regions": (
                *_over(_DRAWN, "test error, bad minus good minimum"),
                *_over(_DRAWN, "ln of the distance to the boundary, good over bad"),
            ),
            "minima_measures": tuple(
                f"{task}: {what}"
                for task in ("half-moons", "digits")
                for what in (
                    "test error, bad minus good minimum",
                    "ln of the Lipschitz constant, bad over good",
                    "ln of the normalized margin, bad over good",
                    "ln of the largest eigenvalue of the Hessian, bad over good",
                    "ln of the trace of the Hessian, bad over good",
                )
            ),
        },
        "Small nets; bad is what poisoned labels lead to. Only minima_measures and decision_regions "
        "compare at equal training loss.",
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
            "helpful_noise": (
                *_over(_NOISY, "ln of the trace, batches of 5 over all rows"),
                *_over(_NOISY, "ln of the test error, batches of 5 over all rows"),
            ),
        },
        "Three seeds of one net on MNIST, not at equal training loss; nets that fit all rows "
        "exactly, where batches do make a difference.",
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
        },
        "Half-moons of 30 points. A correlation in all nets is mostly one with the share of wrong "
        "labels; correlation is no cause.",
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
            "noise_floor": (
                *_over(("linear", "net"), "exponent of the floor in the rate"),
                *_over(("linear", "net"), "exponent in one over the batch size"),
                *_over(("linear", "net"), "ln of the floor, measured over predicted"),
            )
        },
    ),
    LectureClaim(
        "H11",
        "A stronger optimizer is not a stronger learner.",
        "Conclusions",
        {
            "stronger_optimizer": (
                *_over(_LABELS, "ln of the training loss, Adam over SGD"),
                *_over(_LABELS, "ln of the training loss, L-BFGS over SGD"),
                *_over(_LABELS, "test error, Adam minus SGD"),
                *_over(_LABELS, "test error, L-BFGS minus SGD"),
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
                *(
                    f"{task}, {budget} budget: ln of the test loss, snapshots over one net"
                    for task in _ENSEMBLED
                    for budget in ("tight", "ample")
                ),
                *_over(
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
                )
            )
        },
    ),
    LectureClaim(
        "T1",
        "Overparametrize deep architectures.",
        "Practical Takeaways",
        {
            "width_sweep": (
                "excess risk, 1024 minus 128 units",
                "excess risk, 16 minus 128 units",
            ),
            "zero_training_error": ("width 64: share of seeds with zero error",),
            "oversized_nets": (
                "nets: ln of the error to the truth, 1000 over 10 units",
                "nets: ln of the error to the truth, 1000 over 2 units",
            ),
            "double_descent": ("ReLU features: median risk at p = 40 over that at p = 1000",),
            "net_double_descent": tuple(
                f"width, {truth}, noise: ln of the risk, {pair} units"
                for truth in ("linear", "norm")
                for pair in ("10 over 256", "256 over 2")
            ),
            "combined_causes": ("depth: effect on the gap, as a share of the mean gap",),
        },
        "Mostly width. For depth see H3.",
    ),
    LectureClaim(
        "T2",
        "Use skip connections and normalization layers, which limit conditioning issues.",
        "Practical Takeaways",
        {
            "depth_sweep": (
                "both: training error, 64 minus 4 layers",
                "both: excess risk, 64 minus 4 layers",
            ),
            "deep_gradients": ("ln of the training error, 48 over 4 layers, skip and norm",),
            "normalizers": tuple(
                f"{start}: ln of the epochs, {norm} norm over plain"
                for start in ("weights / 4", "weights x 4", "scattered inputs")
                for norm in ("batch", "layer")
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
        "Batch norm harms where batches are small: see the experiment batch_norm_batch_size.",
    ),
    LectureClaim(
        "T3",
        "Use stochastic optimizers that are robust to bad conditioning.",
        "Practical Takeaways",
        {
            "rare_features": tuple(
                f"{model}, kappa = {kappa}: ln of the error on rare words, {pair}"
                for model in ("linear", "embedding")
                for kappa in ("30", "300", "3,000")
                for pair in ("AdaGrad over SGD", "RMSProp over SGD", "Adam over momentum")
            ),
            "conditioning_fixes": tuple(
                f"scaled pixels: ln of the steps, {method} over {rival}"
                for method in ("K-FAC", "Shampoo")
                for rival in ("SGD", "Adam")
            ),
        },
        "Each optimizer at its own best rate, on rare features and on badly scaled pixels. What "
        "stronger optimizers learn: H11.",
    ),
    LectureClaim(
        "T4",
        "Use small minibatches and large learning rates.",
        "Practical Takeaways",
        {
            "large_batch": ("test error, large minus small batches",),
            "helpful_noise": _over(_NOISY, "ln of the test error, batches of 5 over all rows"),
            "noise_floor": ("digits: test error after as many steps, all rows minus minibatches",),
            "combined_causes": ("small batches: effect on the gap, as a share of the mean gap",),
        },
        "Batches; only combined_causes varies the rate with them. The finding of noise_floor says "
        "that annealed minibatches do no harm, at far less work than all rows.",
    ),
    LectureClaim(
        "T5",
        "Use a validation set to anneal the learning rate and to stop early.",
        "Practical Takeaways",
        {
            "early_stopping": (
                *_over(_TASKS, "ln of the computing, at the stop over the end"),
                *_over(_TASKS, "ln of the test error, at the stop over the end"),
            ),
            "remedies": (
                "annealing: ln of the test error over that without, mean over tables",
                "annealing: ln of the test error over that of a constant rate on as many rows, "
                "mean over tables",
            ),
        },
        "Validation rows are missing in the training, which can cost what annealing gains.",
    ),
    LectureClaim(
        "T6",
        "It is often possible to trade compute for less overfitting, by data augmentation and "
        "stochastic regularizers such as dropout.",
        "Practical Takeaways",
        {
            "regularizer_costs": (
                *_over(_REMEDIES, "time to an equal training loss, over plain training"),
                *_over(_REMEDIES, "test error after as many gradient evaluations, minus plain"),
            ),
            "remedies": (
                *_over(
                    ("dropout", "mixup", "jitter", "SAM"),
                    "ln of the test error over that without, mean over tables",
                ),
                "share of the pairs of remedy and table that gain, without jitter",
            ),
        },
        "At equal gradient evaluations: what more of them would bring is not measured.",
    ),
    LectureClaim(
        "T7",
        "More labelled data is often the best way to avoid overfitting.",
        "Practical Takeaways",
        {
            "label_learning_curve": ("digits: largest ratio of test errors after a doubling",),
            "three_errors": ("estimation error of 8 pieces, n = 1600 minus n = 50",),
        },
        "That more labels help; not that nothing else helps more at equal cost.",
    ),
)
"""Hypotheses and takeaways in the order of the page."""
