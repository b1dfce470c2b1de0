"""From constructor parameters to the engine's specification of a network."""

from __future__ import annotations

from numbers import Integral
from typing import Any, get_args

import numpy as np

from deepgen import _core
from deepgen._component import resolve
from deepgen._names import hint
from deepgen._settings import activation_names
from deepgen.activations import Parametric
from deepgen.estimators.names import TypeName
from deepgen.normalizations import NORMALIZATIONS, Normalization, Reparametrization
from deepgen.skips import SKIPS, Skip

__all__ = [
    "ACTIVATIONS",
    "PARAMETRIC",
    "TYPES",
    "hidden_activations",
    "hidden_widths",
    "network_spec",
    "numpy_type",
    "output_activation",
]

ACTIVATIONS = activation_names()
"""Names that ``activation`` accepts."""

PARAMETRIC = "parametric_"
"""Prefix of the engine's names of activations with trained slopes."""

TYPES = get_args(TypeName)
"""Names that ``dtype`` accepts: the types of the products of training."""


# The engine's type of widths.
MAX_WIDTH = int(np.iinfo(np.int32).max)


def numpy_type(dtype: str) -> np.dtype[Any]:
    """Return the type of weights, data and outputs.

    Parameters
    ----------
    dtype : {'bfloat16', 'float32', 'float64'}
        The constructor parameter.

    Returns
    -------
    numpy_type : numpy.dtype
        The same type, or float32 for 'bfloat16', which applies to products only.
    """
    return np.dtype("float32" if dtype == "bfloat16" else dtype)


def hidden_widths(sizes: Any) -> list[int]:
    """Return the number of units of each hidden layer.

    Parameters
    ----------
    sizes : int or array-like of int
        ``hidden_layer_sizes``.

    Returns
    -------
    widths : list of int
        One width per hidden layer.

    Raises
    ------
    ValueError
        If a size is not an integer or not positive.
    """
    widths = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
    for width in widths:
        if isinstance(width, bool) or not isinstance(width, Integral):
            raise ValueError(f"hidden_layer_sizes must be integers, got {width!r} in {widths}")
        if width <= 0:
            raise ValueError(f"hidden_layer_sizes must be > 0, got {widths}.")
        if int(width) > MAX_WIDTH:
            raise ValueError(f"hidden_layer_sizes must be at most {MAX_WIDTH}, got {widths}.")
    return list(map(int, widths))


def hidden_activations(activation: Any, n_hidden: int) -> list[str]:
    """Return the activation of each hidden layer.

    Parameters
    ----------
    activation : str, Parametric or sequence of them
        One for all layers, or one per layer.
    n_hidden : int
        Number of hidden layers, >= 0.

    Returns
    -------
    names : list of str
        One name per hidden layer, with the prefix `PARAMETRIC` if its units have trained slopes.

    Raises
    ------
    ValueError
        If a name is unknown or the number of names is not the number of layers.
    """
    single = isinstance(activation, str | Parametric)
    names = [activation] * n_hidden if single else list(activation)
    if len(names) != n_hidden:
        raise ValueError(f"activation has {len(names)} names for {n_hidden} hidden layers")
    for layer, name in enumerate(names):
        if isinstance(name, Parametric):
            name.check()
            names[layer] = PARAMETRIC + name.activation
        elif name not in ACTIVATIONS:
            raise ValueError(
                f"unknown activation {name!r}; known: {', '.join(ACTIVATIONS)}."
                f"{hint(name, ACTIVATIONS)}"
            )
    return names


def output_activation(activation: Any) -> str:
    """Return the activation that determines the output layer's starting weights.

    Parameters
    ----------
    activation : str, Parametric or sequence of them
        The constructor parameter.

    Returns
    -------
    name : str
        The one name, or that of the last hidden layer; 'identity' without hidden layers.
    """
    if not isinstance(activation, str | Parametric):
        activation = activation[-1] if len(activation) else "identity"
    return activation.activation if isinstance(activation, Parametric) else str(activation)


def reparametrized(
    weights: Reparametrization, n_inputs: int, widths: list[int], activations: list[str]
) -> list[_core.Component]:
    """Return the reparametrization of each hidden layer.

    Parameters
    ----------
    weights : Reparametrization
        Normalization of the estimator.
    n_inputs : int
        Number of features, >= 1.
    widths : list of int
        Numbers of units of the hidden layers.
    activations : list of str
        Activations of the hidden layers.

    Returns
    -------
    components : list of deepgen._core.Component
        One component per hidden layer.

    Raises
    ------
    ValueError
        If the weights of a single input would be centred, which would make them 0.
    """
    made = [weights.on_features(), *map(weights.after, activations)][: len(widths)]
    for layer, (component, fan_in) in enumerate(zip(made, [n_inputs, *widths], strict=False)):
        if fan_in == 1 and component.name.endswith("weight_standardization"):
            raise ValueError(
                f"{component.name} centres each unit's weights over its inputs, and hidden layer "
                f"{layer} has a single input"
            )
    return made


def network_spec(
    *,
    n_inputs: int,
    widths: list[int],
    n_outputs: int,
    activations: list[str],
    normalization: str | Normalization | None,
    skip: str | Skip | None,
    dropout: float,
    bias: bool,
    loss: _core.Component,
    parametrization: str = "standard",
    **front: Any,
) -> _core.NetworkSpec:
    """Return the engine's specification of a network.

    Parameters
    ----------
    n_inputs : int
        Number of features, >= 1.
    widths : list of int
        Numbers of units of the hidden layers.
    n_outputs : int
        Number of units of the output layer, >= 1.
    activations : list of str
        Activations of the hidden layers.
    normalization : str, Normalization or None
        Normalization of the pre-activations, or reparametrization of the weights, of the hidden
        layers.
    skip : str, Skip or None
        Skip connections between hidden layers.
    dropout : float
        Probability that a hidden unit is dropped in training, in [0, 1).
    bias : bool
        Whether layers have intercepts.
    loss : deepgen._core.Component
        The engine's loss.
    parametrization : {'standard', 'ntk'}, default='standard'
        Whether weights are trained themselves, or numbers that are divided by the root of a
        layer's inputs.
    **front : dict
        Embeddings and input scale, as in `deepgen._core.NetworkSpec`.

    Returns
    -------
    spec : deepgen._core.NetworkSpec
        Hidden layers, then the output layer.
    """
    chosen = None
    if normalization is not None:
        chosen = resolve(normalization, NORMALIZATIONS, "normalization")
    layers: list[dict[str, Any]] = [
        {"width": width, "activation": name, "dropout": float(dropout)}
        for width, name in zip(widths, activations, strict=True)
    ]
    open_norm, closing_norm = chosen, chosen
    if skip is not None:
        bridge = resolve(skip, SKIPS, "skip")
        bridge.check()
        open_norm, closing_norm = bridge.norms(chosen)
        _add_skips(bridge, layers)
    if isinstance(chosen, Reparametrization):
        applied = [layer["activation"].removeprefix(PARAMETRIC) for layer in layers]
        # Behind an embedding the first layer has several inputs.
        fan_in = n_inputs + len(front.get("embeddings", ()))
        made = reparametrized(chosen, fan_in, widths, applied)
        for layer, component in zip(layers, made, strict=True):
            layer["reparametrization"] = component
    else:
        for layer in layers:
            norm = closing_norm if "skip_from" in layer else open_norm
            if norm is not None:
                layer["normalization"] = norm.to_core()
    closing: dict[str, Any] = {"width": n_outputs, "activation": "identity"}
    if parametrization == "ntk":
        for layer in (*layers, closing):
            layer["reparametrization"] = _core.Component("ntk")
    hidden = [_core.LayerSpec(**layer) for layer in layers]
    last = _core.LayerSpec(**closing)
    return _core.NetworkSpec(
        n_inputs=n_inputs, layers=[*hidden, last], loss=loss, bias=bool(bias), **front
    )


def _add_skips(skip: Skip, layers: list[dict[str, Any]]) -> None:
    """Add to the hidden layers the sources of their skips, and the rule that combines both."""
    sources = skip.sources([layer["width"] for layer in layers])
    n_blocks = sum(source >= 0 for source in sources)
    meeting = _core.Component(skip.engine_name, skip.engine_settings(n_blocks))
    drops = iter(skip.drops(n_blocks))
    for layer, source in zip(layers, sources, strict=True):
        layer["skip"] = meeting
        if source >= 0:
            layer["skip_from"], layer["branch_drop"] = source, next(drops)
            layer["reparametrization"] = skip.closing_weights()
            if skip.closes_linear:
                # The last layer of a block of two is linear: it maps back to the block's input.
                layer["activation"] = "identity"
