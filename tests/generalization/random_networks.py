"""Networks with random weights: every activation, norm and skip that bounds know."""

import warnings

import numpy as np

from deepgen import MLPClassifier, MLPRegressor
from deepgen.activations import Parametric

ACTIVATIONS = [
    "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "tanh", "logistic", "identity",
    Parametric("relu"), Parametric("mish"), Parametric("selu"),
]  # fmt: skip
KINDS = [
    {},
    {"normalization": "batch"},
    {"normalization": "layer"},
    {"normalization": "weight"},
    {"skip": "residual"},
    {"skip": "fixup"},
    {"skip": "deepnorm"},
    {"skip": "residual", "normalization": "layer"},
    {"bias": False},
    {"dtype": "float32"},
]


def random_network(seed, n_inputs=2, widths=None, n_outputs=1, classes=False, **parameters):
    """An estimator fitted for an epoch, with all its numbers drawn anew."""
    if widths is None:
        # A skip joins the ends of blocks of two layers behind a first one.
        widths = (4, 4, 4) if "skip" in parameters else (4, 4)
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((40, n_inputs))
    settings = {"dtype": "float64", **parameters}
    if classes:
        model = MLPClassifier(hidden_layer_sizes=widths, random_state=seed, **settings)
        y = np.arange(40) % max(2, n_outputs)
        arguments = {"classes": np.arange(max(2, n_outputs))}
    else:
        model = MLPRegressor(hidden_layer_sizes=widths, random_state=seed, **settings)
        y = 5 + 3 * rng.standard_normal((40, n_outputs))
        y = y[:, 0] if n_outputs == 1 else y
        arguments = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.partial_fit(X, y, **arguments)
    for kind in ("coefs", "intercepts", "scale", "shift", "slope", "gain", "mean"):
        for view in model.network_.blocks_of(kind).values():
            around = 1.0 if kind in ("scale", "slope", "gain") else 0.0
            size = 1.0 if kind != "coefs" else 1.5 / np.sqrt(view.shape[0])
            view[...] = around + size * rng.standard_normal(view.shape)
    for view in model.network_.blocks_of("variance").values():
        view[...] = rng.uniform(0.2, 2.0, view.shape)
    return model


def all_kinds(n, **parameters):
    """n networks in which activations and kinds take turns."""
    # 13 and 10 have no common factor: 130 networks are all pairs, and any ten have all kinds.
    for seed in range(n):
        activation, kind = ACTIVATIONS[seed % len(ACTIVATIONS)], KINDS[seed % len(KINDS)]
        yield random_network(seed, activation=activation, **kind, **parameters)
