"""Networks as C functions: from features to the outputs before the link."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from deepgen._export.c_text import CArrays, literal
from deepgen._export.described import FeatureMap, Layer, Member, clip_bounds

__all__ = ["dtype_name", "helpers", "network"]

# NaN passes through each of them, so that no prediction hides it.
ACTIVATIONS = {
    "identity": "z",
    "relu": "z <= 0.0 ? 0.0 : z",
    "logistic": "logistic(z)",
    "tanh": "tanh(z)",
    "leaky_relu": "z > 0.0 ? z : 0.01 * z",
    "elu": "z > 0.0 ? z : expm1(z)",
    "selu": "1.0507009873554805 * (z > 0.0 ? z : 1.6732632423543772 * expm1(z))",
    "gelu": "0.5 * z * erfc(-z * 0.70710678118654752)",
    "silu": "z * logistic(z)",
    "mish": "z * tanh(softplus(z))",
}

LOGISTIC = """\
static double logistic(double z) {
    return 1.0 / (1.0 + exp(-z));
}
"""

SOFTPLUS = """\
static double softplus(double z) {
    return (z <= 0.0 ? 0.0 : z) + log1p(exp(-fabs(z)));
}
"""

CLIP = """\
/* Unlike fmin and fmax it keeps NaN. */
static double clip(double z, double low, double high) {
    return z < low ? low : z > high ? high : z;
}
"""

DENSE = """\
static void dense(const double *x, int n_in, const real *weights, const real *intercepts,
                  int n_out, double *z) {
    for (int j = 0; j < n_out; j++)
        z[j] = (double)intercepts[j];
    for (int i = 0; i < n_in; i++)
        for (int j = 0; j < n_out; j++)
            z[j] += x[i] * (double)weights[i * n_out + j];
}
"""

LAYER_NORM = """\
static void layer_norm(double *z, int n, const real *scale, const real *shift, double epsilon) {
    double mean = 0.0, variance = 0.0;
    for (int j = 0; j < n; j++)
        mean += z[j] / n;
    for (int j = 0; j < n; j++)
        variance += (z[j] - mean) * (z[j] - mean) / n;
    for (int j = 0; j < n; j++)
        z[j] = (z[j] - mean) / sqrt(variance + epsilon) * (double)scale[j] + (double)shift[j];
}
"""


def helpers(members: tuple[Member, ...], link: str) -> list[str]:
    """Return the functions that the networks call, each only if it is needed."""
    layers = [layer for member in members for layer in member.layers]
    used = {layer.activation for layer in layers}
    for name in used - set(ACTIVATIONS):
        raise ValueError(f"activation {name!r} has no form in C: fit with another one")
    gated = any(layer.skip is not None and layer.skip.kind == "highway" for layer in layers)
    parts = []
    if gated or link == "logistic" or used & {"logistic", "silu"}:
        parts.append(LOGISTIC)
    if link == "quantiles" or "mish" in used:
        parts.append(SOFTPLUS)
    parts += [
        f"static double {name}_value(double z) {{\n    return {ACTIVATIONS[name]};\n}}\n"
        for name in sorted(used - {"identity"})
    ]
    if any(layer.slopes is not None and layer.activation == "identity" for layer in layers):
        parts.append("static double identity_value(double z) {\n    return z;\n}\n")
    if any(each.kind == "pwl" for member in members for each in member.maps) or any(
        member.lowest is not None for member in members
    ):
        parts.append(CLIP)
    parts.append(DENSE)
    if any(layer.norm is not None for layer in layers):
        parts.append(LAYER_NORM)
    return parts


def network(arrays: CArrays, member: Member, number: int, n_features: int) -> str:
    """Return the function of one network; its numbers go into ``arrays``."""
    own = f"net{number}"
    lines = [f"static void {own}(const double *x, double *outputs) {{"]
    inputs, width = "x", n_features
    if member.maps:
        width = len(member.kept) + sum(each.width for each in member.maps)
        inputs = "front"
        lines += _front(arrays, member, own, width)
    last = len(member.layers) - 1
    for place, layer in enumerate(member.layers):
        values = "outputs" if place == last else f"a{place}"
        if place != last:
            lines.append(f"    double {values}[{layer.weights.shape[1]}];")
        lines += _layer(arrays, layer, f"{own}_{place}", inputs, values)
        inputs = values
    return "\n".join([*lines, "}", ""])


def _layer(arrays: CArrays, layer: Layer, own: str, inputs: str, z: str) -> Iterator[str]:
    n_in, n_out = layer.weights.shape
    skip, loop = layer.skip, f"    for (int j = 0; j < {n_out}; j++)"
    weights = arrays.add(f"{own}_weights", layer.weights)
    intercepts = arrays.add(f"{own}_intercepts", layer.intercepts)
    yield f"    dense({inputs}, {n_in}, {weights}, {intercepts}, {n_out}, {z});"
    if skip is not None and skip.kind == "deepnorm":
        alpha = literal(skip.alpha, single=False)
        yield f"{loop}\n        {z}[j] += {alpha} * a{skip.source}[j];"
    if layer.norm is not None:
        scale = arrays.add(f"{own}_scale", layer.norm.scale)
        shift = arrays.add(f"{own}_shift", layer.norm.shift)
        epsilon = literal(layer.norm.epsilon, single=False)
        yield f"    layer_norm({z}, {n_out}, {scale}, {shift}, {epsilon});"
    value = f"{layer.activation}_value({z}[j])"
    if layer.slopes is not None:
        slopes = arrays.add(f"{own}_slopes", layer.slopes)
        yield f"{loop}\n        {z}[j] += (double){slopes}[j] * ({value} - {z}[j]);"
    elif layer.activation != "identity":
        yield f"{loop}\n        {z}[j] = {value};"
    if skip is not None and skip.kind == "residual":
        yield f"{loop}\n        {z}[j] += a{skip.source}[j];"
    if skip is not None and skip.kind == "highway":
        gate = arrays.add(f"{own}_gate_weights", skip.gate_weights)
        gate_intercepts = arrays.add(f"{own}_gate_intercepts", skip.gate_intercepts)
        carried = f"a{skip.source}[j]"
        yield f"    double gate_{own}[{n_out}];"
        yield f"    dense({inputs}, {n_in}, {gate}, {gate_intercepts}, {n_out}, gate_{own});"
        change = f"logistic(gate_{own}[j]) * ({z}[j] - {carried})"
        yield f"{loop}\n        {z}[j] = {carried} + {change};"


def _front(arrays: CArrays, member: Member, own: str, width: int) -> Iterator[str]:
    """Yield the lines of what stands before the first layer."""
    yield f"    double front[{width}];"
    for place, feature in enumerate(member.kept):
        yield f"    front[{place}] = x[{feature}];"
    place = len(member.kept)
    for each in member.maps:
        yield from _map(arrays, each, f"{own}_map{each.feature}", place)
        place += each.width


def _map(arrays: CArrays, each: FeatureMap, own: str, place: int) -> Iterator[str]:
    x, width, numbers = f"x[{each.feature}]", each.width, each.numbers
    if each.kind == "levels":
        table = arrays.add(f"{own}_levels", numbers["levels"])
        n_levels = int(each.fixed[0])
        yield f"    for (int j = 0; j < {width}; j++) {{"
        yield f"        int known = {x} >= 0.0 && {x} < {n_levels}.0;"
        value = f"(double){table}[(known ? (int){x} : 0) * {width} + j]"
        yield f"        front[{place} + j] = isnan({x}) ? NAN : {value};"
        yield "    }"
        return
    weights = arrays.add(f"{own}_weights", numbers["weights"])
    intercepts = arrays.add(f"{own}_intercepts", numbers["intercepts"])
    n_basis = len(numbers["weights"])
    yield f"    double basis_{own}[{n_basis}];"
    yield f"    for (int j = 0; j < {n_basis}; j++) {{"
    if each.kind == "pbld":
        turns = arrays.add(f"{own}_frequencies", numbers["frequencies"])
        phases = arrays.add(f"{own}_phases", numbers["phases"])
        line = f"6.2831853071795865 * {x} * (double){turns}[j] + (double){phases}[j]"
        yield f"        basis_{own}[j] = cos({line});"
    else:
        edges = arrays.add(f"{own}_edges", each.fixed)
        low, high = clip_bounds(each.fixed)
        lows, highs = arrays.add(f"{own}_low", low), arrays.add(f"{own}_high", high)
        yield f"        double left = (double){edges}[j], right = (double){edges}[j + 1];"
        yield f"        double share = ({x} - left) / (right - left);"
        yield f"        basis_{own}[j] = clip(share, (double){lows}[j], (double){highs}[j]);"
    yield "    }"
    yield f"    dense(basis_{own}, {n_basis}, {weights}, {intercepts}, {width}, front + {place});"


def dtype_name(dtype: np.dtype[np.generic]) -> str:
    """Return C's name of a type of numbers."""
    return "float" if dtype == np.float32 else "double"
