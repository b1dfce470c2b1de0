"""Networks, data and parameters that the tests of twin and engine share."""

import numpy as np

from reference import (
    LOSSES,
    Component,
    EmbeddingSpec,
    LayerSpec,
    NetworkSpec,
    layout,
    n_parameters,
)

NONE, BATCH, LAYER = Component("none"), Component("batch"), Component("layer")

REPARAMETRIZATIONS = [
    Component("gain"),
    Component("weight_norm"),
    Component("ntk"),
    Component("weight_standardization"),
    Component("weight_standardization", {"epsilon": 0.1, "ddof": 1.0}),
    Component("scaled_weight_standardization", {"gamma": 1.7}),
    Component("scaled_weight_standardization", {"epsilon": 2.0}),
]

LOSS_COMPONENTS = [
    Component("squared_error"),
    Component("absolute_error"),
    Component("huber", {"delta": 0.7}),
    Component("quantile", {"quantile": 0.3}),
    Component("quantile", {"quantile": [0.1, 0.5, 0.9]}),
    Component("poisson"),
    Component("gamma"),
    Component("log_loss"),
    Component("log_loss", {"label_smoothing": 0.1}),
    Component("binary_log_loss"),
    Component("binary_log_loss", {"label_smoothing": 0.1}),
    Component("focal"),
    Component("focal", {"gamma": 0.5}),
    Component("binary_focal"),
    Component("binary_focal", {"gamma": 0.5}),
]


def describe(component):
    settings = ",".join(f"{name}={value}" for name, value in component.settings.items())
    return f"{component.name}({settings})"


def network_of(*hidden, loss=LOSS_COMPONENTS[0], n_inputs=4, n_outputs=3, bias=True):
    layers = [*hidden, LayerSpec(width=n_outputs, activation="identity")]
    return NetworkSpec(n_inputs=n_inputs, layers=layers, loss=loss, bias=bias)


def two_hidden(
    activation="tanh",
    normalization=NONE,
    loss=LOSS_COMPONENTS[0],
    bias=True,
    reparametrization=NONE,
):
    kind = {
        "activation": activation,
        "normalization": normalization,
        "reparametrization": reparametrization,
    }
    return network_of(
        LayerSpec(width=6, **kind),
        LayerSpec(width=5, **kind),
        loss=loss,
        bias=bias,
    )


def residual(normalization=NONE, bias=True, reparametrization=NONE):
    """A stem and two blocks h + W2 act(norm(W1 h + b1)) + b2."""
    kind = {"normalization": normalization, "reparametrization": reparametrization}
    return network_of(
        LayerSpec(width=6, activation="tanh", **kind),
        LayerSpec(width=5, activation="silu", **kind),
        LayerSpec(width=6, activation="identity", skip_from=0, **kind),
        LayerSpec(width=6, activation="gelu", **kind),
        LayerSpec(width=6, activation="identity", skip_from=2, **kind),
        bias=bias,
    )


def skipping(skip, normalization=NONE, bias=True, activation="gelu", dropout=0.0):
    """A stem and three layers that skip, one of them twice as far and one with an activation."""
    settings = {"normalization": normalization, "dropout": dropout, "skip": skip}
    return network_of(
        LayerSpec(width=6, activation="tanh", normalization=normalization),
        LayerSpec(width=6, activation=activation, skip_from=0, branch_drop=dropout, **settings),
        LayerSpec(width=5, activation=activation, normalization=normalization),
        LayerSpec(width=6, activation="identity", skip_from=1, **settings),
        LayerSpec(width=6, activation="identity", skip_from=0, **settings),
        bias=bias,
    )


EMBEDDINGS = {
    "": [],
    "pbld": [EmbeddingSpec(Component("pbld", {"n_frequencies": 5.0, "size": 4.0}), [0, 2, 3])],
    "pwl": [
        EmbeddingSpec(Component("pwl", {"size": 6.0}), [1, 3], [[-1.0, 0.0, 0.2, 0.9], [-0.5, 1.0]])
    ],
    "levels": [EmbeddingSpec(Component("levels", {"size": 2.0}), [0, 2], [[5.0], [3.0]])],
    "levels, pbld": [
        EmbeddingSpec(Component("levels", {"size": 3.0}), [1], [[4.0]]),
        EmbeddingSpec(Component("pbld", {"n_frequencies": 3.0, "size": 7.0}), [0, 3]),
    ],
}


def with_codes(spec, X):
    """Write codes into the columns that have levels, one of them none."""
    random_state = np.random.default_rng(2)
    for embedding in spec.embeddings:
        if embedding.member.name == "levels":
            for feature, (n_levels,) in zip(embedding.features, embedding.constants, strict=True):
                X[:, feature] = random_state.integers(0, n_levels, len(X))
                X[0, feature] = n_levels
    return X


def embedded(member, scales):
    """Two layers behind an embedding of some features, and an input scale or none."""
    layers = [
        LayerSpec(width=6, activation="tanh"),
        LayerSpec(width=3, activation="identity"),
    ]
    return NetworkSpec(n_inputs=4, layers=layers, embeddings=EMBEDDINGS[member], input_scale=scales)


SKIP_COMPONENTS = [
    Component("residual"),
    Component("highway"),
    Component("deepnorm", {"alpha": 1.7}),
]


def parameters_of(spec, random_state):
    """Random parameters; scales and running variances stay away from 0."""
    parameters = 0.5 * random_state.normal(size=n_parameters(spec))
    for block in layout(spec):
        if block.name.startswith(("scale", "gain", "variance", "input_scale")):
            view = parameters[block.offset : block.offset + block.size]
            view[...] = random_state.uniform(0.5, 1.5, size=block.size)
    return parameters


def targets_of(spec, n, random_state):
    """Targets that the loss of ``spec`` accepts."""
    width = spec.layers[-1].width
    name = spec.loss.name
    if LOSSES[name].takes_classes:
        return random_state.integers(0, width, size=n).astype(np.int32)
    if name == "quantile" and not np.isscalar(spec.loss.settings.get("quantile", 0.5)):
        width = 1
    if name == "poisson":
        return random_state.poisson(1.5, size=(n, width)).astype(float)
    if name == "gamma":
        return random_state.gamma(2.0, size=(n, width)) + 0.1
    if name.startswith("binary"):
        return random_state.integers(0, 2, size=(n, width)).astype(float)
    return random_state.normal(size=(n, width))


def problem(spec, n=12, seed=0):
    """Parameters, inputs, targets and sample weights for a network."""
    random_state = np.random.default_rng(seed)
    parameters = parameters_of(spec, random_state)
    X = with_codes(spec, random_state.normal(size=(n, spec.n_inputs)))
    y = targets_of(spec, n, random_state)
    weights = random_state.uniform(0.2, 2.0, size=n)
    return parameters, X, y, weights


def scaled_problem(spec, n, seed):
    """As ``problem``, with weights of size 1 / sqrt(fan in), so that wide layers stay tame."""
    random_state = np.random.default_rng(seed)
    parameters = parameters_of(spec, random_state)
    for block in layout(spec):
        if "coefs" in block.name:
            view = parameters[block.offset : block.offset + block.size]
            view[...] = random_state.normal(size=block.size) / np.sqrt(block.rows)
    X = with_codes(spec, random_state.normal(size=(n, spec.n_inputs)))
    y = targets_of(spec, n, random_state)
    weights = random_state.uniform(0.2, 2.0, size=n)
    return parameters, X, y, weights
