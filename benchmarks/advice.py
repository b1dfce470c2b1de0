"""Configurations among which the guide's advice was chosen, by their scores on validation rows."""

from encoders import quantile_normal
from methods import Method

START = {
    "hidden_layer_sizes": (128, 128),
    "solver": "adamw",
    "dropout": 0.1,
    "batch_size": 128,
    "early_stopping": True,
    "n_iter_no_change": 16,
    "max_iter": 200,
}
"""The configuration that the guide recommends."""

CONFIGURATIONS = {
    "base of the methods": Method(),
    "START": Method(over=START),
    "START, quantile-normal inputs": Method(over=START, encoder=quantile_normal),
    "START, no dropout": Method({"dropout": 0.0}, over=START),
    "START, silu": Method({"activation": "silu"}, over=START),
    "START, rate 3e-3": Method({"learning_rate_init": 3e-3}, over=START),
    "START, layer norm": Method({"normalization": "layer"}, over=START),
    "START, EMA": Method({"averaging": "ema"}, over=START),
    "START, 5 members": Method({"n_members": 5}, over=START),
}
