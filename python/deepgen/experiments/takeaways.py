"""The lecture's practical takeaways, and the findings of experiments that test each of them."""

from __future__ import annotations

from typing import Final

from deepgen.experiments.lecture_claim import LectureClaim, over

__all__ = ["TAKEAWAYS", "WIDER_IN_NOISE"]

_STOPPED: Final = ("sine", "digits", "digits, 30 % random labels")
_NOISY: Final = ("parity", "one direction")
_REMEDIES: Final = ("dropout", "mixup", "jitter", "mask", "swap noise", "SAM")
_DEEP: Final = ("plain", "highway", "Fixup", "DeepNorm")
_TRUTHS: Final = ("linear", "norm")

WIDER_IN_NOISE: Final = (
    *over(
        tuple(f"width, {truth}, noise" for truth in _TRUTHS), "ln of the risk, 10 over 256 units"
    ),
    *over(tuple(f"width, {truth}, noise" for truth in _TRUTHS), "ln of the risk, 256 over 2 units"),
    *over(
        tuple(f"width, {truth}, no noise" for truth in _TRUTHS), "ln of the risk, 10 over 2 units"
    ),
)
"""Findings of net_double_descent that say that wider nets are no worse."""

TAKEAWAYS: Final[tuple[LectureClaim, ...]] = (
    LectureClaim(
        "T1",
        "Overparametrize deep architectures.",
        "Practical Takeaways",
        {
            "width_sweep": (
                "excess risk, 1024 minus 128 units",
                "excess risk, 256 minus 128 units",
                "excess risk, 16 minus 128 units",
            ),
            "zero_training_error": ("width 64: share of seeds with zero error",),
            "oversized_nets": (
                "nets: ln of the error to the truth, 1000 over 10 units",
                "nets: ln of the error to the truth, 1000 over 2 units",
            ),
            "double_descent": (
                "ReLU features: median risk at p = 40 over that at p = 1000",
                "Gaussian features: median risk at p = 40 over that at p = 100",
            ),
            "bad_minima": ("test error, 512 minus 16 units",),
            "regression_1d": (
                "perceptron, 32 to 1024 units, all seeds: median validation MSE",
                "perceptron, 32 to 1024 units, the lecture's seed: highest validation MSE",
            ),
            "net_double_descent": WIDER_IN_NOISE,
            "combined_causes": (
                "depth: effect on the gap, as a share of the mean gap",
                "depth beside the other three: change of the gap",
            ),
        },
        "Mostly width. For depth see H3. Not counted, since they claim the opposite: the "
        "findings on the peak of double descent at 10 units over 2.",
    ),
    LectureClaim(
        "T2",
        "Use skip connections and normalization layers, which limit conditioning issues.",
        "Practical Takeaways",
        {
            "depth_sweep": (
                *over(("skip", "norm", "both"), "training error, 64 minus 4 layers"),
                *over(("skip", "norm", "both"), "excess risk, 64 minus 4 layers"),
            ),
            "deep_gradients": (
                "ln of the training error, 48 over 4 layers, skip and norm",
                "error of 1,000 layers with DeepNorm over the variance",
            ),
            "normalizers": (
                *(
                    f"{start}: ln of the epochs, {norm} norm over plain"
                    for start in ("weights / 4", "weights x 4", "scattered inputs")
                    for norm in ("batch", "layer")
                ),
                *(
                    "ln of the epochs, the worse of both badly scaled starts over the well scaled "
                    f"one, {norm} norm minus plain"
                    for norm in ("batch", "layer")
                ),
            ),
            "batch_norm_batch_size": ("batches of 64: test error, batch norm minus plain",),
            "conditioning": tuple(
                f"{inputs}, {epochs}: ln of {what}, batch norm over none"
                for inputs in ("pixels", "scaled pixels")
                for epochs in ("1 epoch", "10 epochs")
                for what in ("eigenvalue 1 over 10", "the effective dimension")
            ),
            "loss_geometry": (
                "non-convexity, 21 layers, plain minus residual",
                "growth of the plain minus growth of the residual network",
            ),
            "conditioning_fixes": (
                *(
                    f"ln of the training error of 48 layers, {kind} over plain"
                    for kind in _DEEP[1:]
                ),
                *(f"ln of the training error, 48 over 4 layers, {kind}" for kind in _DEEP[1:]),
                *over(
                    ("pixels", "scaled pixels"),
                    "ln of the steps, weight norm, from the data over SGD",
                ),
            ),
        },
        "Skips alone and batch norm alone do not keep deep nets from underfitting; both together "
        "do. Not counted, since it claims the opposite: batch norm harms where batches are small "
        "(batch_norm_batch_size).",
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
            "optimizer_costs": ("second-order SGD, rho = 3e-3: slope of log steps over log kappa",),
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
            "helpful_noise": over(_NOISY, "ln of the test error, batches of 5 over all rows"),
            "noise_floor": ("digits: test error after as many steps, all rows minus minibatches",),
            "combined_causes": (
                "small batches: effect on the gap, as a share of the mean gap",
                "small batches beside the other three: change of the gap",
            ),
        },
        "Errors and gaps; where the loss is flatter: H6. Only combined_causes varies the rate, and "
        "only with the batches. The finding of noise_floor says that annealed minibatches do no "
        "harm, at far less work than all rows.",
        ("large rates alone",),
    ),
    LectureClaim(
        "T5",
        "Use a validation set to anneal the learning rate and to stop early.",
        "Practical Takeaways",
        {
            "early_stopping": (
                *over(_STOPPED, "ln of the computing, at the stop over the end"),
                *over(_STOPPED, "ln of the test error, at the stop over the end"),
                *over(
                    _STOPPED,
                    "ln of the computing minus ln of the test error, at the stop over the end",
                ),
                *(
                    f"{task}, all rows: ln of the test error, refitted over trained to the end"
                    for task in _STOPPED
                ),
            ),
            "remedies": tuple(
                f"annealing{beside}: ln of the test error over that {reference}, mean over tables"
                for beside in ("", " beside jitter")
                for reference in ("without", "of a constant rate on as many rows")
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
                *over(_REMEDIES, "time to an equal training loss, over plain training"),
                *over(_REMEDIES, "test error after as many gradient evaluations, minus plain"),
            ),
            "remedies": (
                *over(
                    ("dropout", "mixup", "jitter", "SAM"),
                    "ln of the test error over that without, mean over tables",
                ),
                *over(
                    ("dropout beside jitter", "mixup beside jitter", "SAM beside jitter"),
                    "ln of the test error over that without, mean over tables",
                ),
                "share of the pairs of remedy and table that gain, without jitter",
            ),
        },
        "At equal gradient evaluations: what more of them would bring is not measured. The share "
        "of pairs counts weight decay and annealing too.",
    ),
    LectureClaim(
        "T7",
        "More labelled data is often the best way to avoid overfitting.",
        "Practical Takeaways",
        {
            "label_learning_curve": ("digits: largest ratio of test errors after a doubling",),
            "three_errors": ("estimation error of 8 pieces, n = 1600 minus n = 50",),
        },
        "What is measured: more labels lower the test error.",
        ("more labels against other remedies at equal cost",),
    ),
)
"""T1 to T7."""
