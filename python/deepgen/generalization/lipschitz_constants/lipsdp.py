r"""LipSDP-Neuron: a semidefinite program whose value bounds a Lipschitz constant from above.

Take two inputs that differ by x, and let z and phi be the differences that they make in the units'
arguments and activations. With slopes between a and b every unit obeys (phi - a z)(b z - phi) >= 0,
and the outputs differ by y = C w, with w = (x, phi). So if some T >= 0 makes

    M = r |x|^2 - |y|^2 - sum_i T_i (phi_i - a_i z_i)(b_i z_i - phi_i)

a positive semidefinite form in w, then |y|^2 <= r |x|^2. The program minimizes r; z and y are
linear in w, also through skips. Couplings of pairs of units (LipSDP-Network) are left out: they are
wrong, since two equal increments with one unit on and one off violate them.

A solver leaves M slightly indefinite. Its T is kept, and r is raised instead: |phi| <= K |x| for
each layer by the product bound K, so in the basis (x, phi / K) a smallest eigenvalue of -d costs at
most d (1 + number of layers) |x|^2. To d belong the rounding of M and of its eigenvalues.

Source: M. Fazlyab, A. Robey, H. Hassani, M. Morari, G. Pappas, "Efficient and accurate estimation
of Lipschitz constants for deep neural networks", NeurIPS 2019, theorem 2.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from deepgen._engine.arrays import FloatArray
from deepgen._optional import load_extra
from deepgen.generalization.lipschitz_constants.pattern_maximum import Slopes, few_columns
from deepgen.generalization.lipschitz_constants.spectral_norm import EPS
from deepgen.probe.folded_layers import FoldedLayer

__all__ = ["lipsdp", "n_unknowns"]


@dataclass(frozen=True, eq=False)
class _Form:
    """The maps from w = (x, phi / K), over the product bound, to what the program needs."""

    outputs: FloatArray
    above: FloatArray  # phi - a z, one row per unit
    below: FloatArray  # b z - phi
    n_inputs: int
    n_layers: int


def n_unknowns(layers: list[FoldedLayer], slopes: Slopes) -> int:
    """Return the size of the program's matrix.

    Parameters
    ----------
    layers : list of FoldedLayer
        Without layer norm and highway skips.
    slopes : list of (least, greatest), each ndarray of shape (width,)
        Slope range of each unit of each layer.

    Returns
    -------
    size : int
        Number of inputs, or of first-layer units if there are fewer, plus units with a range.

    Examples
    --------
    >>> from deepgen.expressivity import tri
    >>> from deepgen.generalization.lipschitz_constants.lipsdp import n_unknowns
    >>> from deepgen.generalization.lipschitz_constants.slope_ranges import slope_range
    >>> from deepgen.probe.folded_layers import folded_layers
    >>> layers = folded_layers(tri(1))
    >>> n_unknowns(layers, [slope_range(layer) for layer in layers])
    4
    """
    n_units = sum(int((least < greatest).sum()) for least, greatest in slopes)
    return int(min(layers[0].weights.shape)) + n_units


def lipsdp(layers: list[FoldedLayer], slopes: Slopes, bounds: FloatArray) -> float:
    """Return the program's bound, raised until it is certain.

    Parameters
    ----------
    layers : list of FoldedLayer
        Without layer norm and highway skips.
    slopes : list of (least, greatest), each ndarray of shape (width,)
        Slope range of each unit of each layer.
    bounds : ndarray of shape (n_layers,)
        Product bound of each layer's output, > 0.

    Returns
    -------
    bound : float
        Upper bound of the Lipschitz constant. The time grows as the cube of `n_unknowns` and
        faster: 60 take 3 s, 100 take 24 s.

    Notes
    -----
    Without cvxpy it raises `MissingExtra`.

    Examples
    --------
    >>> from deepgen.expressivity import tri
    >>> from deepgen.generalization.lipschitz_constants.lipschitz_product import layer_bounds
    >>> from deepgen.generalization.lipschitz_constants.lipsdp import lipsdp
    >>> from deepgen.generalization.lipschitz_constants.slope_ranges import slope_range
    >>> from deepgen.probe.folded_layers import folded_layers
    >>> layers = folded_layers(tri(1))
    >>> slopes = [slope_range(layer) for layer in layers]
    >>> round(lipsdp(layers, slopes, layer_bounds(layers)[0]), 2)
    4.0
    """
    cvxpy = load_extra("cvxpy", "sdp", "LipSDP")
    form = _form(layers, slopes, bounds)
    size = form.outputs.shape[1]
    inputs = np.zeros(size)
    inputs[: form.n_inputs] = 1.0
    T = cvxpy.Variable(len(form.above), nonneg=True)
    r = cvxpy.Variable(nonneg=True)
    half = form.above.T @ cvxpy.diag(T) @ form.below
    M = r * np.diag(inputs) - form.outputs.T @ form.outputs - (half + half.T) / 2
    solver = cvxpy.CLARABEL if "CLARABEL" in cvxpy.installed_solvers() else cvxpy.SCS
    problem = cvxpy.Problem(cvxpy.Minimize(r), [M >> 0])
    try:
        with warnings.catch_warnings():
            # The bound is certain also where the solver is not accurate.
            warnings.filterwarnings("ignore", "Solution may be inaccurate")
            problem.solve(solver=solver)
    except cvxpy.SolverError:
        return float(bounds[-1])
    if T.value is None or r.value is None:
        return float(bounds[-1])
    share = _certified(form, np.maximum(T.value, 0.0), max(0.0, float(r.value)), inputs)
    return float(np.nextafter(np.sqrt(share) * bounds[-1] * (1 + 8 * EPS), np.inf))


def _certified(form: _Form, T: FloatArray, r: float, inputs: FloatArray) -> float:
    """Return an r that multipliers T prove, at least the given one."""
    half = (form.above * T[:, None]).T @ form.below
    sizes = (np.abs(form.above) * T[:, None]).T @ np.abs(form.below)
    sizes += np.abs(form.outputs).T @ np.abs(form.outputs) + r * np.diag(inputs)
    M = r * np.diag(inputs) - form.outputs.T @ form.outputs - (half + half.T) / 2
    rounding = 32 * (len(T) + len(M)) * EPS * float(np.linalg.norm(sizes))
    deficit = max(0.0, -float(np.linalg.eigvalsh(M)[0])) + rounding
    return r + deficit * (1 + form.n_layers)


def _form(layers: list[FoldedLayer], slopes: Slopes, bounds: FloatArray) -> _Form:
    first = few_columns(layers[0].weights)
    n_inputs, size = len(first), n_unknowns(layers, slopes)
    above, below = [], []
    outputs: list[FloatArray] = []
    h = np.eye(n_inputs, size)
    column = n_inputs
    n_layers = 0
    for index, (layer, (least, greatest)) in enumerate(zip(layers, slopes, strict=True)):
        z = (first if index == 0 else layer.weights).T @ h
        if layer.skip == "deepnorm":
            z = z + layer.alpha * outputs[layer.skip_from]
        free = np.flatnonzero(least < greatest)
        h = least[:, None] * z
        if len(free):
            n_layers += 1
            phi = np.zeros((len(free), size))
            phi[np.arange(len(free)), column + np.arange(len(free))] = bounds[index]
            column += len(free)
            # In units of the layer's bound, whose square may overflow.
            unit = bounds[index] or 1.0
            above.append((phi - least[free, None] * z[free]) / unit)
            below.append((greatest[free, None] * z[free] - phi) / unit)
            h[free] = phi
        if layer.skip == "residual":
            h = h + outputs[layer.skip_from]
        outputs.append(h)
    return _Form(h / bounds[-1], _joined(above, size), _joined(below, size), n_inputs, n_layers)


def _joined(rows: list[FloatArray], size: int) -> FloatArray:
    return np.concatenate(rows) if rows else np.zeros((0, size))
