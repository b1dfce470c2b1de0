"""Configurations among which the guide's advice was chosen, by their scores on validation rows."""

from encoders import quantile_normal
from methods import Method

PLAIN = {
    "hidden_layer_sizes": (128, 128),
    "solver": "adamw",
    "dropout": 0.1,
    "batch_size": 128,
    "early_stopping": True,
    "n_iter_no_change": 16,
    "max_iter": 200,
}
START = PLAIN | {"normalization": "layer"}
"""The configuration that the guide recommends."""

CONFIGURATIONS = {
    "base of the methods": Method(),
    "START": Method(over=START),
    "no layer norm": Method(over=PLAIN),
    "no layer norm, no dropout": Method({"dropout": 0.0}, over=PLAIN),
    "no layer norm, silu": Method({"activation": "silu"}, over=PLAIN),
    "no layer norm, rate 3e-3": Method({"learning_rate_init": 3e-3}, over=PLAIN),
    "no layer norm, quantile-normal inputs": Method(over=PLAIN, encoder=quantile_normal),
    "no layer norm, 5 members": Method({"n_members": 5}, over=PLAIN),
}
