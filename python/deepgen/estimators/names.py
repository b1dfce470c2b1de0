"""Names that the estimators' parameters accept, as types for editors and type checkers.

Types cannot be computed from the families, so the names are written out; a test compares them.
"""

from __future__ import annotations

from typing import Literal

__all__ = [
    "ActivationName",
    "AugmentationName",
    "AveragingName",
    "ClassificationLossName",
    "DeviceName",
    "InitializerName",
    "NormalizationName",
    "NumericalEmbeddingName",
    "ParametrizationName",
    "RegressionLossName",
    "ScheduleName",
    "SkipName",
    "SolverName",
    "TypeName",
]

ActivationName = Literal[
    "elu", "gelu", "identity", "leaky_relu", "logistic", "mish", "relu", "selu", "silu", "tanh"
]
SolverName = Literal[
    "adadelta", "adagrad", "adam", "adamw", "kfac", "lbfgs", "rmsprop", "sgd", "shampoo"
]
ScheduleName = Literal[
    "adaptive",
    "constant",
    "cosine",
    "coslog4",
    "flat_cos",
    "invscaling",
    "one_cycle",
    "plateau",
    "snapshot",
]
RegressionLossName = Literal[
    "absolute_error",
    "binary_cross_entropy",
    "gamma",
    "huber",
    "poisson",
    "quantile",
    "squared_error",
]
ClassificationLossName = Literal["focal", "log_loss"]
NormalizationName = Literal[
    "batch", "layer", "scaled_weight_standardization", "weight", "weight_standardization"
]
NumericalEmbeddingName = Literal["pbld", "pwl"]
SkipName = Literal["deepnorm", "fixup", "highway", "residual"]
InitializerName = Literal[
    "data_dependent", "glorot_uniform", "he_normal", "he_uniform", "lecun_normal", "orthogonal"
]
ParametrizationName = Literal["ntk", "standard"]
AugmentationName = Literal["jitter", "marginal", "mask", "swap"]
AveragingName = Literal["batch_ensemble", "ema", "snapshot", "subspace", "swa"]
TypeName = Literal["bfloat16", "float32", "float64"]
DeviceName = Literal["cpu", "cuda"]
