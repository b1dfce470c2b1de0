"""Networks that several tests measure."""

import numpy as np

from deepgen import MLPRegressor
from deepgen.estimators.from_weights import regressor_from_layers


def he_network(seed, widths=(2, 10, 10, 1), bias=0.5):
    """Random He weights, drawn layer by layer in (out, in), then the hidden biases."""
    state = np.random.RandomState(seed)
    coefs = []
    for layer, (n_in, n_out) in enumerate(zip(widths[:-1], widths[1:], strict=True)):
        scale = 1.0 if layer == 0 else np.sqrt(2.0 / n_in)
        coefs.append((state.randn(n_out, n_in) * scale).T)
    intercepts = [bias * state.randn(width) for width in widths[1:-1]]
    return regressor_from_layers(coefs, [*intercepts, np.zeros(widths[-1])])


def lines(seed, n_lines=20):
    """One hidden layer of random lines, all of which reach the output."""
    state = np.random.RandomState(seed)
    return regressor_from_layers(
        [state.randn(2, n_lines), state.randn(n_lines, 1)], [state.randn(n_lines), [0.0]]
    )


def trained(n_inputs=2, **parameters):
    """A network fitted for a few epochs to a wave."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (300, n_inputs))
    y = 10 + 5 * np.sin(4 * X[:, 0]) * X[:, -1]
    settings = {"hidden_layer_sizes": (12, 12, 12), **parameters}
    model = MLPRegressor(random_state=0, **settings)
    for _ in range(20):
        model.partial_fit(X, y)
    return model


PIECEWISE_LINEAR = {
    "relu": {},
    "leaky": {"activation": "leaky_relu"},
    "mixed": {"activation": ["relu", "identity", "leaky_relu"]},
    "residual": {"skip": "residual"},
    "batch norm": {"normalization": "batch"},
    "residual batch norm": {"skip": "residual", "normalization": "batch"},
    "fixup": {"skip": "fixup"},
    "weight norm": {"normalization": "weight"},
    "residual weight norm": {"skip": "residual", "normalization": "weight"},
    "no bias": {"bias": False},
    "float32 scaled": {"dtype": "float32"},
}
