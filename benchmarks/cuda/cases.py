"""What the fixtures record: small networks that together have what a device trains."""

from dataclasses import dataclass, field

from deepgen import _core

CLASS_LOSSES = ("log_loss", "focal")


@dataclass(frozen=True)
class Case:
    """Networks that train side by side on the same rows, and how.

    Parameters
    ----------
    name : str
        What the fixtures and the report call it.
    layers : list of deepgen._core.LayerSpec
        From the first to the outputs.
    n_inputs, n_rows, n_training, batch_size : int
        Columns and rows of X, those of them that train, those of a step.
    loss, optimizer : deepgen._core.Component
        What is minimised, and the rule.
    wrappers : list of deepgen._core.Component
        What stands around the rule.
    factors : dict
        Of the rate, by the role of parameters.
    weighted : bool
        Whether rows have weights.
    n_nets, n_epochs : int
        Networks, each with a start and an order of its own; epochs.
    rate : float
        Learning rate of the first step.
    dropouts : tuple of float
        Dropout of each step of the first slice, in place of the layers' own.
    """

    name: str
    layers: list
    n_inputs: int = 15
    n_rows: int = 67
    n_training: int = 61
    batch_size: int = 17
    loss: _core.Component = field(default_factory=lambda: _core.Component("squared_error"))
    optimizer: _core.Component = field(default_factory=lambda: _core.Component("adam"))
    wrappers: list = field(default_factory=list)
    factors: dict = field(default_factory=dict)
    weighted: bool = False
    n_nets: int = 1
    n_epochs: int = 2
    rate: float = 0.01
    dropouts: tuple = ()


def component(name, **settings):
    return _core.Component(name, settings)


def layers(*widths, activation="relu", **facts):
    """Hidden layers with the same facts, and the outputs."""
    *hidden, n_outputs = widths
    made = [_core.LayerSpec(width=width, activation=activation, **facts) for width in hidden]
    return [*made, _core.LayerSpec(width=n_outputs, activation="identity")]


def skipping(skip, activation="relu", branch_drop=0.0, **facts):
    """A stem, two layers that skip, and the outputs."""
    facts = {"width": 18, "activation": activation, **facts}
    branch = {"skip": skip, "branch_drop": branch_drop}
    return [
        _core.LayerSpec(**facts),
        _core.LayerSpec(**facts, **branch, skip_from=0),
        _core.LayerSpec(**facts, **branch, skip_from=1),
        _core.LayerSpec(width=3, activation="identity"),
    ]


def of_losses():
    """Each loss once, with each rule and some activations on the way."""
    rules = [
        component("sgd", momentum=0.9, nesterov=1.0),
        component("adadelta"),
        component("adagrad"),
        component("adam", weight_decay=0.1),
        component("centered_rmsprop", momentum=0.5),
        component("rmsprop"),
    ]
    activations = sorted(_core.catalog()["activations"])
    for i, loss in enumerate(sorted(_core.catalog()["losses"])):
        rule, activation = rules[i % len(rules)], activations[i % len(activations)]
        yield Case(
            f"{loss}, {rule.name}, {activation}",
            layers(16, 4, activation=activation),
            n_inputs=9,
            loss=component(loss),
            optimizer=rule,
            weighted=True,
        )


def of_layers():
    """What layers have, at widths around registers and panels."""
    yield Case(
        "16-64-64-1", layers(64, 64, 1), n_inputs=16, n_rows=100, n_training=100, batch_size=32
    )
    odd = (17, 65, 3)
    yield Case(
        "dropout, rate factors",
        layers(*odd, dropout=0.3),
        factors={"first_coefs": 0.5, "intercepts": 0.1},
        dropouts=(0.1, 0.5),
    )
    yield Case("layer norm", layers(*odd, normalization=component("layer"), activation="elu"))
    yield Case("batch norm", layers(*odd, normalization=component("batch")))
    yield Case("residual", skipping(component("residual"), branch_drop=0.3))
    deepnorm = component("deepnorm", alpha=1.5)
    yield Case("deepnorm", skipping(deepnorm, "tanh", normalization=component("layer")))


def of_wrappers():
    """What is wrapped around rules, and a loss that is not finite."""
    small = (17, 20, 2)
    clip = component("clip_norm", limit=0.3)
    yield Case("clip_norm", layers(*small), wrappers=[clip])
    yield Case("sam", layers(*small), wrappers=[component("sam")])
    yield Case("asam", layers(*small), wrappers=[component("asam")])
    yield Case("ema", layers(*small), wrappers=[component("ema")])
    yield Case(
        "clip_norm, sam, ema over batch norm",
        layers(*small, normalization=component("batch"), activation="silu"),
        wrappers=[clip, component("sam"), component("ema")],
        factors={"scale": 0.1},
    )
    yield Case("a loss that overflows", layers(*small), optimizer=component("sgd"), rate=1e25)


def of_blocks():
    """What many blocks share: a batch or a network that one has no room for, and many networks."""
    large = {"n_rows": 420, "n_training": 420, "batch_size": 400}
    yield Case("large batch", layers(70, 20, 5), **large)
    yield Case(
        "large batch, sam over batch norm",
        layers(33, 20, 2, normalization=component("batch")),
        wrappers=[component("sam")],
        **large,
    )
    yield Case("wide", layers(130, 33, 5), n_epochs=1)
    yield Case("members side by side", layers(20, 2), n_nets=3, weighted=True)


def cases():
    """All of them."""
    return [*of_losses(), *of_layers(), *of_wrappers(), *of_blocks()]
