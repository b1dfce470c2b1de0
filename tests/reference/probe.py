"""What a probe measures, by the textbook: samples one by one, matrices dense.

With outputs z_i of sample i, its loss l_i, weights w and the P trainable numbers theta:

    G      rows dl_i / d theta, each sample by itself
    J_x    dz / dx, forward: one column an input
    J      dz / d theta, forward: one column a parameter
    GN v   sum_i w_i J_i^T (d2l_i/dz2) J_i v / sum_i w_i
    H v    Pearlmutter's R-operator, R f = d/dr f(theta + r v) at r = 0, on every line of the
           forward pass and of the gradient; through reparametrizations and the front by a complex
           step, R f = Im f(theta + i h v) / h, which is exact for the tiniest h

Batch norm uses its running statistics, which are constants.

Sources: B. Pearlmutter, "Fast exact multiplication by the Hessian", 1994, section 3;
N. Schraudolph, "Fast curvature matrix-vector products", 2002, section 3.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from . import activations
from .embeddings import front, front_gradients, has_front
from .losses import LOSSES
from .network import (
    effective,
    forward,
    gradient_from_outputs,
    gradient_in_effective,
    layout,
    loss_and_gradient,
    loss_settings,
    n_trainable,
    pull_back,
    split,
)
from .normalizations import (
    standardize_gradient,
    standardize_gradient_tangent,
    standardize_tangent,
)
from .skips import add_own_gradient, own_tangent, skip_of

STEP = 1e-30  # its square is nothing beside 1


@dataclass
class LayerTangent:
    """How the trace of a layer moves."""

    inputs: np.ndarray
    rx: np.ndarray | None
    r_log: np.ndarray | float
    y: np.ndarray
    h: np.ndarray
    own: np.ndarray | None
    outputs: np.ndarray


def per_sample_gradients(spec, parameters, X, y):
    """G (n, P), unweighted."""
    X = X.toarray() if sparse.issparse(X) else X
    rows = [
        loss_and_gradient(spec, parameters, X[i : i + 1], y[i : i + 1])[1] for i in range(len(X))
    ]
    return np.array(rows)[:, : n_trainable(spec)]


def signals(spec, parameters, X, y):
    """|dl_i/dz_l| (n, n_layers), unweighted, and for each layer the units with a slope."""
    X = X.toarray() if sparse.issparse(X) else X
    norms, alive = [], [False] * len(spec.layers)
    for i in range(len(X)):
        trace = forward(spec, parameters, X[i : i + 1])
        gradients = LOSSES[spec.loss.name].gradient(
            trace[-1].outputs, y[i : i + 1], **loss_settings(spec)
        )
        dz_of = {}
        gradient_in_effective(spec, parameters, trace, gradients, dz_of)
        norms.append([np.linalg.norm(dz_of[l]) for l in range(len(spec.layers))])
        blocks = split(spec, effective(spec, parameters))
        for l, (layer, saved) in enumerate(zip(spec.layers, trace, strict=True)):
            slopes = blocks.get(f"slope_{l}")
            alive[l] |= activations.derivative(layer.activation, saved.y, slopes)[0] != 0
    return np.array(norms), alive


def tangents(spec, parameters, trace, direction, dX):
    """How every layer moves with the parameters along ``direction`` and the inputs along dX."""
    blocks = split(spec, effective(spec, parameters))
    moves = split(spec, pushed_forward(spec, parameters, direction))
    ra, moved = dX, []
    if has_front(spec):
        numbers = {name: blocks[name] + 1j * STEP * moves[name] for name in blocks}
        ra = front(spec, numbers, trace[0].features + 1j * STEP * dX).imag / STEP
    for l, (layer, saved) in enumerate(zip(spec.layers, trace, strict=True)):
        inputs = ra
        ry = inputs @ blocks[f"coefs_{l}"] + saved.inputs @ moves[f"coefs_{l}"]
        if f"intercepts_{l}" in moves:
            ry = ry + moves[f"intercepts_{l}"]
        skip = skip_of(layer)
        if skip is not None and skip.before_normalization:
            ry = skip.tangent(None, None, None, ry, moved[layer.skip_from].outputs, None)
        rx, r_log = None, 0.0
        if saved.standardized is not None:
            rx, r_log = standardize_tangent(ry, saved.standardized)
            ry = rx * blocks[f"scale_{l}"] + saved.standardized.x * moves[f"scale_{l}"]
            ry = ry + moves[f"shift_{l}"]
        name, slopes = layer.activation, blocks.get(f"slope_{l}")
        rh = activations.derivative(name, saved.y, slopes) * ry
        if slopes is not None:
            rh = rh + activations.lift(name, saved.y) * moves[f"slope_{l}"]
        ra = rh
        r_own = None
        if skip is not None and not skip.before_normalization:
            r_own = own_tangent(skip, blocks, moves, l, saved.inputs, inputs)
            x, r_carried = trace[layer.skip_from].outputs, moved[layer.skip_from].outputs
            ra = skip.tangent(saved.h, x, saved.own, rh, r_carried, r_own)
        moved.append(LayerTangent(inputs, rx, r_log, ry, rh, r_own, ra))
    return moved


def pushed_forward(spec, parameters, direction):
    """How the effective weights move along a direction of the trained numbers."""
    return effective(spec, parameters + 1j * STEP * direction).imag / STEP


def padded(spec, parameters, v):
    """A direction of the trainable numbers as one of the whole vector."""
    direction = np.zeros_like(parameters)
    direction[: n_trainable(spec)] = v
    return direction


def input_jacobian(spec, parameters, X):
    """dz / dx, (n, n_outputs, n_inputs)."""
    trace = forward(spec, parameters, X)
    columns = [
        tangents(spec, parameters, trace, np.zeros_like(parameters), np.zeros_like(X) + e)[-1]
        for e in np.eye(spec.n_inputs)
    ]
    return np.stack([column.outputs for column in columns], axis=2)


def parameter_jacobian(spec, parameters, X):
    """J = dz / d theta, (n, n_outputs, P): each output of each row goes back alone."""
    rows = []
    for x in X:
        trace = forward(spec, parameters, x[np.newaxis])
        outputs = np.eye(trace[-1].outputs.shape[1])
        back = [gradient_from_outputs(spec, parameters, trace, e[np.newaxis]) for e in outputs]
        rows.append(np.array(back)[:, : n_trainable(spec)])
    return np.array(rows)


def output_products(spec, parameters, v, u, X):
    """J^T u (P,) and J v (n, n_outputs), u (n * n_outputs,)."""
    trace = forward(spec, parameters, X)
    z = trace[-1].outputs
    direction = padded(spec, parameters, v)
    moved = tangents(spec, parameters, trace, direction, np.zeros_like(X))[-1].outputs
    gradient = gradient_from_outputs(spec, parameters, trace, u.reshape(z.shape))
    return gradient[: n_trainable(spec)], moved


def output_hessians(spec, z, y, weights):
    """w_i (d2l_i/dz2) / sum w, (n, n_outputs, n_outputs)."""
    weights = np.ones(len(z)) if weights is None else weights
    hessians = LOSSES[spec.loss.name].hessian(z, y, **loss_settings(spec))
    return (weights / weights.sum())[:, None, None] * hessians


def gauss_newton(spec, parameters, X, y, weights=None):
    """The Gauss-Newton matrix (P, P)."""
    X = X.toarray() if sparse.issparse(X) else X
    J = parameter_jacobian(spec, parameters, X)
    H = output_hessians(spec, forward(spec, parameters, X)[-1].outputs, y, weights)
    return np.einsum("ikp,ikl,ilq->pq", J, H, J, optimize=True)


def gauss_newton_product(spec, parameters, v, X, y, weights=None):
    """Its product with v (P,), one row of outputs after the other: J_i^T H_i (J_i v)."""
    X = X.toarray() if sparse.issparse(X) else X
    trace = forward(spec, parameters, X)
    direction = padded(spec, parameters, v)
    moved = tangents(spec, parameters, trace, direction, np.zeros_like(X))[-1].outputs
    H = output_hessians(spec, trace[-1].outputs, y, weights)
    gradients = np.einsum("ikl,il->ik", H, moved)
    return gradient_from_outputs(spec, parameters, trace, gradients)[: n_trainable(spec)]


def gauss_newton_diagonal(spec, parameters, X, y, weights=None):
    """Its diagonal (P,)."""
    return np.diag(gauss_newton(spec, parameters, X, y, weights))


def kronecker_factors(spec, parameters, X, y, weights=None):
    """Of each layer A = mean a a^T, with a 1 for the bias, and G = sum of dz_c H_cd dz_d^T."""
    trace = forward(spec, parameters, X)
    z = trace[-1].outputs
    H = output_hessians(spec, z, y, weights)
    shares = (np.ones(len(X)) if weights is None else weights).astype(float)
    shares /= shares.sum()
    of_outputs = []
    for output in range(z.shape[1]):
        dz = {}
        gradient_in_effective(
            spec, parameters, trace, np.zeros_like(z) + np.eye(z.shape[1])[output], dz
        )
        of_outputs.append(dz)
    names = {block.name for block in layout(spec)}
    factors = []
    for l, layer in enumerate(trace):
        a = layer.inputs
        if f"intercepts_{l}" in names:
            a = np.column_stack([a, np.ones(len(a))])
        dz = np.array([by_layer[l] for by_layer in of_outputs])
        factors.append(
            (np.einsum("i,ik,il->kl", shares, a, a), np.einsum("cij,icd,dik->jk", dz, H, dz))
        )
    return factors


def hvp(spec, parameters, v, X, y, weights=None):
    """The Hessian's product with v (P,)."""
    X = X.toarray() if sparse.issparse(X) else X
    trace = forward(spec, parameters, X)
    direction = padded(spec, parameters, v)
    moved = tangents(spec, parameters, trace, direction, np.zeros_like(X))
    blocks = split(spec, effective(spec, parameters))
    moves = split(spec, pushed_forward(spec, parameters, direction))
    product = np.zeros_like(parameters)
    into = split(spec, product)

    z = trace[-1].outputs
    weights = np.ones(len(z)) if weights is None else weights
    share = weights[:, None] / weights.sum()
    da = [np.zeros_like(layer.outputs) for layer in trace]
    rda = [np.zeros_like(layer.outputs) for layer in trace]
    da[-1] = share * LOSSES[spec.loss.name].gradient(z, y, **loss_settings(spec))
    hessians = output_hessians(spec, z, y, weights)
    rda[-1] = np.einsum("ikl,il->ik", hessians, moved[-1].outputs)
    for l in range(len(spec.layers) - 1, -1, -1):
        layer, saved, move = spec.layers[l], trace[l], moved[l]
        skip, s = skip_of(layer), layer.skip_from
        dh, rdh, d_inputs, rd_inputs = da[l], rda[l], 0.0, 0.0
        before = skip is not None and skip.before_normalization
        if skip is not None and not before:
            at = saved.h, trace[s].outputs, saved.own
            dh, dx, d_own = skip.gradients(*at, da[l])
            rdh, rdx, rd_own = skip.gradients_tangent(
                *at, da[l], move.h, moved[s].outputs, move.own, rda[l]
            )
            da[s], rda[s] = da[s] + dx, rda[s] + rdx
            rd_inputs = add_own_gradient(skip, into, blocks, l, saved.inputs, rd_own)
            if f"gate_coefs_{l}" in into:
                into[f"gate_coefs_{l}"][...] += move.inputs.T @ d_own
                d_inputs = d_own @ blocks[f"gate_coefs_{l}"].T
                rd_inputs = rd_inputs + d_own @ moves[f"gate_coefs_{l}"].T
        name, at, slopes = layer.activation, saved.y, blocks.get(f"slope_{l}")
        if slopes is not None:
            moved_lift = dh * activations.lift_tangent(name, at, move.y)
            own = rdh * activations.lift(name, at) + moved_lift
            into[f"slope_{l}"][...] = own.sum(axis=0)
        derivative = activations.derivative(name, at, slopes)
        steepens = activations.derivative_tangent(name, at, move.y, slopes, moves.get(f"slope_{l}"))
        dz, rdz = dh * derivative, rdh * derivative + dh * steepens
        if saved.standardized is not None:
            x = saved.standardized.x
            into[f"scale_{l}"][...] = (rdz * x + dz * move.rx).sum(axis=0)
            into[f"shift_{l}"][...] = rdz.sum(axis=0)
            dx = dz * blocks[f"scale_{l}"]
            rdx = rdz * blocks[f"scale_{l}"] + dz * moves[f"scale_{l}"]
            dz = standardize_gradient(dx, saved.standardized)
            rdz = standardize_gradient_tangent(dx, rdx, move.rx, move.r_log, saved.standardized)
        if before:
            dz, dx, _ = skip.gradients(None, None, None, dz)
            rdz, rdx, _ = skip.gradients(None, None, None, rdz)
            da[s], rda[s] = da[s] + dx, rda[s] + rdx
        into[f"coefs_{l}"][...] = saved.inputs.T @ rdz + move.inputs.T @ dz
        if f"intercepts_{l}" in into:
            into[f"intercepts_{l}"][...] = rdz.sum(axis=0)
        if l > 0:
            da[l - 1] = da[l - 1] + dz @ blocks[f"coefs_{l}"].T + d_inputs
            rda[l - 1] = rda[l - 1] + rdz @ blocks[f"coefs_{l}"].T + rd_inputs
            rda[l - 1] = rda[l - 1] + dz @ moves[f"coefs_{l}"].T
    if has_front(spec):
        numbers = {name: blocks[name] + 1j * STEP * moves[name] for name in blocks}
        moved_front = np.zeros_like(parameters, dtype=complex)
        rda_front = rdz @ blocks["coefs_0"].T + dz @ moves["coefs_0"].T
        da_front = dz @ blocks["coefs_0"].T + 1j * STEP * rda_front
        front_gradients(spec, numbers, split(spec, moved_front), trace[0].features, da_front)
        product += moved_front.imag / STEP
    gradients = share * LOSSES[spec.loss.name].gradient(z, y, **loss_settings(spec))
    gradient = gradient_in_effective(spec, parameters, trace, gradients)
    moved_on = parameters + 1j * STEP * direction
    pulled = pull_back(spec, moved_on, gradient + 1j * STEP * product).imag / STEP
    return pulled[: n_trainable(spec)]
