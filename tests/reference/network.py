"""A dense network on one flat parameter vector: layout, forward pass, loss and gradient.

With a_(-1) = X, or what the front makes of X (embeddings.py), for each layer l:

    W = effective(V, gain)          V itself without a reparametrization
    z = a_(l-1) W + b               no b under batch norm, nor with bias=False
    y = norm(z)                     none, batch or layer
    h = activation(y)               with slopes of its own, where it is parametric
    h = h mask / (1 - p)            dropout, only in training
    a_l = join(h, a_(skip_from))    only with skip_from >= 0; see skips.py

A skip that acts before the normalization joins z, after the mask, with a_(skip_from).

    loss = (sum_i w_i l(z_i, y_i) + alpha / 2 sum_l ||V_l||^2) / sum_i w_i

The output layer is plain: its z are the raw outputs. The vector holds for each layer V (in, out),
b, gate, scale, shift, gain, slope; then come the front's numbers, and after all of them the
buffers, the running mean and variance of each batch norm. CSR input is made dense first.

Sources: D. Rumelhart, G. Hinton, R. Williams 1986 (the chain of dX); K. He et al. 2016 (the skip).
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from . import activations
from .embeddings import EmbeddingSpec, front, front_gradients, front_shapes, has_front, width
from .losses import LOSSES
from .normalizations import (
    DEFAULTS,
    Standardized,
    standardize_columns,
    standardize_gradient,
    standardize_rows,
    standardize_with,
)
from .reparametrizations import REPARAMETRIZATIONS
from .skips import add_own_gradient, own_of, skip_of


@dataclass(frozen=True)
class Component:
    name: str
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LayerSpec:
    width: int
    activation: str = "relu"
    normalization: Component = Component("none")
    skip_from: int = -1
    dropout: float = 0.0
    reparametrization: Component = Component("none")
    skip: Component = Component("residual")
    branch_drop: float = 0.0


@dataclass(frozen=True)
class NetworkSpec:
    n_inputs: int
    layers: list[LayerSpec]
    loss: Component = Component("squared_error")
    bias: bool = True
    embeddings: list[EmbeddingSpec] = field(default_factory=list)
    input_scale: bool = False


@dataclass(frozen=True)
class Block:
    name: str
    offset: int
    rows: int
    columns: int
    trainable: bool

    @property
    def in_front(self):
        """Does it stand before layer 0, in no layer?"""
        return self.name.startswith(("embedding", "input_scale"))

    @property
    def size(self):
        return self.rows * self.columns


@dataclass
class LayerTrace:
    """What the forward pass of one layer leaves behind for the backward pass."""

    inputs: np.ndarray
    z: np.ndarray
    standardized: Standardized | None
    y: np.ndarray
    mask: np.ndarray | None
    h: np.ndarray
    own: np.ndarray | None
    outputs: np.ndarray
    features: np.ndarray  # X itself


def layout(spec):
    """The blocks of the parameter vector, trainable ones first."""
    shapes, buffers = [], []
    fan_in = width(spec)
    for l, layer in enumerate(spec.layers):
        norm = layer.normalization.name
        shapes.append((f"coefs_{l}", fan_in, layer.width))
        if spec.bias and norm != "batch":
            shapes.append((f"intercepts_{l}", 1, layer.width))
        if layer.skip_from >= 0 and layer.skip.name == "highway":
            shapes.append((f"gate_coefs_{l}", fan_in, layer.width))
            if spec.bias:
                shapes.append((f"gate_intercepts_{l}", 1, layer.width))
        if norm != "none":
            shapes.append((f"scale_{l}", 1, layer.width))
            shapes.append((f"shift_{l}", 1, layer.width))
        gains = REPARAMETRIZATIONS[layer.reparametrization.name].gains
        if gains:
            shapes.append((f"gain_{l}", 1, layer.width if gains == "unit" else 1))
        if layer.activation.startswith(activations.PARAMETRIC):
            shapes.append((f"slope_{l}", 1, layer.width))
        if norm == "batch":
            buffers.append((f"mean_{l}", 1, layer.width))
            buffers.append((f"variance_{l}", 1, layer.width))
        fan_in = layer.width
    shapes += front_shapes(spec)
    blocks, offset = [], 0
    for i, (name, rows, columns) in enumerate(shapes + buffers):
        blocks.append(Block(name, offset, rows, columns, trainable=i < len(shapes)))
        offset += rows * columns
    return blocks


def n_parameters(spec):
    return sum(block.size for block in layout(spec))


def n_trainable(spec):
    return sum(block.size for block in layout(spec) if block.trainable)


def split(spec, parameters):
    """Views into the vector by name: matrices for weights, vectors for the rest."""
    views = {}
    for block in layout(spec):
        view = parameters[block.offset : block.offset + block.size]
        if "coefs" in block.name or block.name.startswith("embedding"):
            view = view.reshape(block.rows, block.columns)
        views[block.name] = view
    return views


def is_weight(spec):
    """Marks the entries of weight matrices, the ones that alpha and weight decay fall on."""
    marks = np.zeros(n_parameters(spec), dtype=bool)
    for name, view in split(spec, marks).items():
        view[...] = "coefs" in name
    return marks


def settings_of(normalization):
    return {**DEFAULTS[normalization.name], **normalization.settings}


def reparametrizations(spec):
    """Number of the layer, member and settings of all layers that are reparametrized."""
    for l, layer in enumerate(spec.layers):
        member = REPARAMETRIZATIONS[layer.reparametrization.name]
        if layer.reparametrization.name != "none":
            yield l, member, {**member.defaults, **layer.reparametrization.settings}


def effective(spec, parameters):
    """The vector with the weights that products use in place of the trained ones."""
    used = parameters.copy()
    trained, into = split(spec, parameters), split(spec, used)
    for l, member, settings in reparametrizations(spec):
        v, g = trained[f"coefs_{l}"], trained.get(f"gain_{l}", 1.0)
        into[f"coefs_{l}"][...] = member.value(v, g, **settings)
    return used


def pull_back(spec, parameters, gradient):
    """The gradient in the trained numbers from that in the effective weights."""
    pulled = gradient.astype(np.result_type(parameters, gradient))
    trained, into = split(spec, parameters), split(spec, pulled)
    for l, member, settings in reparametrizations(spec):
        v, g = trained[f"coefs_{l}"], trained.get(f"gain_{l}", 1.0)
        dv, dg = member.back(v, g, into[f"coefs_{l}"], **settings)
        into[f"coefs_{l}"][...] = dv
        if dg is not None:
            into[f"gain_{l}"][...] = dg
    return pulled


def forward(spec, parameters, X, *, training=False, masks=None):
    """The trace of every layer. ``masks`` holds a dropout mask or None for each layer."""
    blocks = split(spec, effective(spec, parameters))
    X = X.toarray() if sparse.issparse(X) else X
    a = front(spec, blocks, X) if has_front(spec) else X
    trace = []
    for l, layer in enumerate(spec.layers):
        inputs = a
        z = inputs @ blocks[f"coefs_{l}"]
        if f"intercepts_{l}" in blocks:
            z = z + blocks[f"intercepts_{l}"]
        skip = skip_of(layer)
        mask = None if masks is None else masks[l]
        if skip is not None and skip.before_normalization:
            z = z if mask is None else z * mask
            z = skip.join(z, trace[layer.skip_from].outputs, None)
        standardized, y = None, z
        if layer.normalization.name != "none":
            standardized = standardize(l, layer.normalization, z, blocks, training)
            y = standardized.x * blocks[f"scale_{l}"] + blocks[f"shift_{l}"]
        a = h = activations.value(layer.activation, y, blocks.get(f"slope_{l}"))
        own = None
        if skip is None or not skip.before_normalization:
            a = h = h if mask is None else h * mask
        if skip is not None and not skip.before_normalization:
            own = own_of(skip, blocks, l, inputs)
            a = skip.join(h, trace[layer.skip_from].outputs, own)
        trace.append(LayerTrace(inputs, z, standardized, y, mask, h, own, a, X))
    return trace


def standardize(l, normalization, z, blocks, training):
    epsilon = settings_of(normalization)["epsilon"]
    if normalization.name == "layer":
        return standardize_rows(z, epsilon)
    if training:
        return standardize_columns(z, epsilon)
    return standardize_with(z, blocks[f"mean_{l}"], blocks[f"variance_{l}"], epsilon)


def outputs(spec, parameters, X):
    return forward(spec, parameters, X)[-1].outputs


def loss_settings(spec):
    return {**LOSSES[spec.loss.name].defaults, **spec.loss.settings}


def predict(spec, parameters, X):
    return LOSSES[spec.loss.name].means(outputs(spec, parameters, X), **loss_settings(spec))


def loss(spec, parameters, X, y, weights=None, *, alpha=0.0, training=False, masks=None):
    z = forward(spec, parameters, X, training=training, masks=masks)[-1].outputs
    return loss_of_outputs(spec, parameters, z, y, weights, alpha)


def loss_of_outputs(spec, parameters, z, y, weights, alpha):
    weights = np.ones(len(z)) if weights is None else weights
    samples = LOSSES[spec.loss.name].value(z, y, **loss_settings(spec))
    penalty = 0.5 * alpha * (parameters[is_weight(spec)] ** 2).sum()
    return ((weights * samples).sum() + penalty) / weights.sum()


def loss_and_gradient(
    spec, parameters, X, y, weights=None, *, alpha=0.0, training=False, masks=None
):
    """The loss and its gradient, (n_parameters,) with zeros at the buffers."""
    trace = forward(spec, parameters, X, training=training, masks=masks)
    return (
        loss_of_outputs(spec, parameters, trace[-1].outputs, y, weights, alpha),
        gradient_of_trace(spec, parameters, trace, y, weights, alpha),
    )


def loss_gradients(spec, z, y):
    return LOSSES[spec.loss.name].gradient(z, y, **loss_settings(spec))


def gradient_of_trace(spec, parameters, trace, y, weights=None, alpha=0.0):
    z = trace[-1].outputs
    weights = np.ones(len(z)) if weights is None else weights
    total = weights.sum()
    gradients = loss_gradients(spec, z, y)
    gradient = gradient_from_outputs(spec, parameters, trace, weights[:, None] / total * gradients)
    return gradient + np.where(is_weight(spec), alpha / total * parameters, 0.0)


def gradient_from_outputs(spec, parameters, trace, gradients):
    """The gradient of a function of the outputs whose derivatives there are ``gradients``."""
    gradient = gradient_in_effective(spec, parameters, trace, gradients)
    return pull_back(spec, parameters, gradient)


def gradient_in_effective(spec, parameters, trace, gradients, dz_of=None):
    """The same in the effective weights, as if they were trained.

    ``dz_of`` takes the derivatives in each layer's z.
    """
    blocks = split(spec, effective(spec, parameters))
    gradient = np.zeros_like(parameters)
    into = split(spec, gradient)

    # da[l]: derivative in the outputs of layer l, over all ways that lead from there
    da = [np.zeros_like(layer.outputs) for layer in trace]
    da[-1] = gradients
    for l in range(len(spec.layers) - 1, -1, -1):
        layer, saved = spec.layers[l], trace[l]
        skip, before = skip_of(layer), False
        mask = 1.0 if saved.mask is None else saved.mask
        dh, d_inputs = da[l], 0.0
        if skip is not None:
            before = skip.before_normalization
            carried = trace[layer.skip_from].outputs
        if skip is not None and not before:
            dh, dx, d_own = skip.gradients(saved.h, carried, saved.own, da[l])
            da[layer.skip_from] = da[layer.skip_from] + dx
            d_inputs = add_own_gradient(skip, into, blocks, l, saved.inputs, d_own)
        dh = dh if before else dh * mask
        slopes = blocks.get(f"slope_{l}")
        if slopes is not None:
            into[f"slope_{l}"][...] = (dh * activations.lift(layer.activation, saved.y)).sum(axis=0)
        dy = dh * activations.derivative(layer.activation, saved.y, slopes)
        dz = dy
        if saved.standardized is not None:
            into[f"scale_{l}"][...] = (dy * saved.standardized.x).sum(axis=0)
            into[f"shift_{l}"][...] = dy.sum(axis=0)
            dz = standardize_gradient(dy * blocks[f"scale_{l}"], saved.standardized)
        if before:
            dz, dx, _ = skip.gradients(None, carried, None, dz)
            da[layer.skip_from] = da[layer.skip_from] + dx
            dz = dz * mask
        if dz_of is not None:
            dz_of[l] = dz
        into[f"coefs_{l}"][...] = saved.inputs.T @ dz
        if f"intercepts_{l}" in into:
            into[f"intercepts_{l}"][...] = dz.sum(axis=0)
        if l > 0:
            da[l - 1] = da[l - 1] + dz @ blocks[f"coefs_{l}"].T + d_inputs
    if has_front(spec):
        front_gradients(spec, blocks, into, trace[0].features, dz @ blocks["coefs_0"].T)
    return gradient
