"""The lecture's practical takeaways, and the findings of experiments that test each of them."""

from __future__ import annotations

from typing import Final

from deepgen.experiments.lecture_claim import LectureClaim, over

__all__ = ["TAKEAWAYS"]

_STOPPED: Final = ("sine", "digits", "digits, 30 % random labels")
_NOISY: Final = ("parity", "one direction")
_REMEDIES: Final = ("dropout", "mixup", "jitter", "mask", "swap noise", "SAM")

TAKEAWAYS: Final[tuple[LectureClaim, ...]] = (
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
            "helpful_noise": over(_NOISY, "ln of the test error, batches of 5 over all rows"),
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
                *over(_STOPPED, "ln of the computing, at the stop over the end"),
                *over(_STOPPED, "ln of the test error, at the stop over the end"),
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
                *over(_REMEDIES, "time to an equal training loss, over plain training"),
                *over(_REMEDIES, "test error after as many gradient evaluations, minus plain"),
            ),
            "remedies": (
                *over(
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
"""T1 to T7."""
