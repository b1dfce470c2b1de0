"""Backward bounds: a range of each unit from a linear form in the inputs (CROWN).

A linear form in a layer's outputs is bounded by one in its arguments: where a coefficient is
positive its lower line is taken, where it is negative its upper one, and the arguments are a linear
form in the outputs before. That is done with the lines of least area and with parallel ones, since
neither is always better. At the inputs the form's least value over the box is its value at a
corner. Earlier outputs that a skip adds keep their coefficients until their turn; layer norm ends a
form, for which its interval stands.

Every product of coefficients is rounded. Its error times the largest value of what it multiplies
goes into the constant, so the bound is true of the coefficients as they were computed.

Source: H. Zhang, T.-W. Weng, P.-Y. Chen, C.-J. Hsieh, L. Daniel, "Efficient neural network
robustness certification with general activation functions", NeurIPS 2018, theorem 3.2.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from deepgen._engine.arrays import FloatArray
from deepgen.generalization.certified_ranges.intervals import (
    ERROR,
    Interval,
    activated,
    affine,
    normalized,
    rounding,
)
from deepgen.generalization.certified_ranges.linear_bounds import Lines, linear_bounds
from deepgen.generalization.lipschitz_constants.slope_ranges import slope_range
from deepgen.generalization.lipschitz_constants.spectral_norm import EPS
from deepgen.probe.folded_layers import FoldedLayer

__all__ = ["BackwardBounds", "ranges_of"]


@dataclass
class BackwardBounds:
    """Ranges of all layers over a box, each the best of interval and backward bound.

    Parameters
    ----------
    layers : list of FoldedLayer
        Without highway skips.
    box : Interval
        Ranges of the inputs.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.expressivity import tri
    >>> from deepgen.generalization.certified_ranges.backward_bounds import BackwardBounds
    >>> from deepgen.generalization.certified_ranges.intervals import Interval
    >>> from deepgen.probe.folded_layers import folded_layers
    >>> bounds = BackwardBounds(folded_layers(tri(1)), Interval(np.zeros(1), np.ones(1)))
    >>> bounds.crown.upper.round(9), bounds.interval.upper.round(9)
    (array([1.]), array([2.]))
    """

    layers: list[FoldedLayer]
    box: Interval
    interval: Interval = field(init=False)  # of the outputs, by intervals alone
    crown: Interval = field(init=False)  # of the outputs, by the backward bound alone
    arguments: list[Interval] = field(init=False, default_factory=list)  # of the activations
    outputs: list[Interval] = field(init=False, default_factory=list)
    lines: list[list[Lines]] = field(init=False, default_factory=list)
    error: FloatArray = field(init=False)  # of outputs that are computed in float64

    def __post_init__(self) -> None:
        alone: list[Interval] = []
        errors: list[FloatArray] = []
        for index, layer in enumerate(self.layers):
            z_alone = self._arguments(layer, alone[-1] if index else self.box, alone)
            least = [self._least(index, sign, choice) for sign in (1.0, -1.0) for choice in (0, -1)]
            backward = Interval(np.maximum(*least[:2]), -np.maximum(*least[2:]))
            z = self._arguments(layer, self._below(index), self.outputs).meet(backward)
            errors.append(self._error(index, z, errors))
            if index == len(self.layers) - 1:
                self.interval, self.crown = (activated(layer, ends) for ends in (z_alone, backward))
                self.error = errors[-1]
            z, z_alone = normalized(layer, z), normalized(layer, z_alone)
            h, h_alone = activated(layer, z), activated(layer, z_alone)
            lines = [] if layer.normalized else linear_bounds(layer, z.lower, z.upper)
            if lines:
                h = h.meet(_between(lines[0], z))
            if layer.skip == "residual":
                h = h.plus(self.outputs[layer.skip_from])
                h_alone = h_alone.plus(alone[layer.skip_from])
            self.arguments.append(z)
            self.outputs.append(h)
            self.lines.append(lines)
            alone.append(h_alone)

    def _below(self, index: int) -> Interval:
        return self.outputs[index - 1] if index else self.box

    def _arguments(self, layer: FoldedLayer, below: Interval, outputs: list[Interval]) -> Interval:
        z = affine(layer, below)
        return z.plus(outputs[layer.skip_from], layer.alpha) if layer.skip == "deepnorm" else z

    def _least(self, index: int, sign: float, choice: int) -> FloatArray:
        """Return lower bounds of sign times a layer's arguments, by a choice of lines."""
        waiting: dict[int, FloatArray] = {}
        constant = np.zeros(self.layers[index].width)
        constant = self._into_arguments(
            index, sign * np.eye(self.layers[index].width), constant, waiting
        )
        while waiting:
            at = max(waiting)
            A = waiting.pop(at)
            positive, negative = np.maximum(A, 0.0), np.minimum(A, 0.0)
            if at < 0:
                terms = np.abs(A) @ self.box.size
                value = positive @ self.box.lower + negative @ self.box.upper
                constant = constant + value - rounding(A.shape[1] + 4) * terms
                continue
            layer = self.layers[at]
            if layer.skip == "residual":
                constant = constant - self._add(waiting, layer.skip_from, A)
            if layer.normalized:
                h = activated(layer, self.arguments[at])
                constant = constant + positive @ h.lower + negative @ h.upper
                constant = constant - rounding(A.shape[1] + 4) * (np.abs(A) @ h.size)
                continue
            lines = self.lines[at][choice]
            offsets = positive @ lines.lower_offset + negative @ lines.upper_offset
            sizes = np.maximum(np.abs(lines.lower_offset), np.abs(lines.upper_offset))
            steepest = np.maximum(np.abs(lines.lower_slope), np.abs(lines.upper_slope))
            sizes = sizes + steepest * self.arguments[at].size
            constant = constant + offsets - rounding(A.shape[1] + 4) * (np.abs(A) @ sizes)
            B = positive * lines.lower_slope + negative * lines.upper_slope
            constant = self._into_arguments(at, B, constant, waiting)
        return constant - 4 * len(self.layers) * EPS * np.abs(constant)

    def _into_arguments(
        self, index: int, B: FloatArray, constant: FloatArray, waiting: dict[int, FloatArray]
    ) -> FloatArray:
        """Put a form in a layer's arguments on the outputs before it; return the constant."""
        layer = self.layers[index]
        sizes = self._below(index).size @ np.abs(layer.weights) + np.abs(layer.intercepts)
        error = rounding(max(layer.weights.shape) + 4) * (np.abs(B) @ sizes)
        error = error + self._add(waiting, index - 1, B @ layer.weights.T)
        if layer.skip == "deepnorm":
            error = error + self._add(waiting, layer.skip_from, layer.alpha * B)
        total: FloatArray = constant + B @ layer.intercepts - error
        return total

    def _add(self, waiting: dict[int, FloatArray], at: int, A: FloatArray) -> FloatArray:
        """Add coefficients to those that wait; return what the sum's rounding may cost."""
        waiting[at] = waiting[at] + A if at in waiting else A
        values = self.outputs[at] if at >= 0 else self.box
        error: FloatArray = 4 * EPS * ((np.abs(waiting[at]) + np.abs(A)) @ values.size)
        return error

    def _error(self, index: int, z: Interval, errors: list[FloatArray]) -> FloatArray:
        """Return how far outputs computed in float64 may be from the exact ones."""
        layer, below = self.layers[index], self._below(index)
        size = np.abs(layer.weights)
        terms = below.size @ size + np.abs(layer.intercepts)
        error = 2 * rounding(len(size)) * terms
        if index:
            error = error + errors[index - 1] @ size
        if layer.skip == "deepnorm":
            error = error + layer.alpha * errors[layer.skip_from] + 4 * EPS * z.size
        if layer.scale is not None and layer.shift is not None:
            root = np.sqrt(layer.epsilon)
            error = np.full(layer.width, np.linalg.norm(error)) * np.abs(layer.scale) / root
            error += rounding(layer.width) * (
                (np.sqrt(layer.width) + float(z.size.max()) / root) * np.abs(layer.scale)
                + np.abs(layer.shift)
            )
        steepest = np.maximum(*(np.abs(end) for end in slope_range(layer)))
        error = error * steepest
        if layer.activation not in ("identity", "relu") or layer.slopes is not None:
            error += ERROR * (1 + steepest) * np.maximum(1.0, z.size)
        if layer.skip == "residual":
            error = error + errors[layer.skip_from] * (1 + 4 * EPS)
            error += 4 * EPS * self.outputs[layer.skip_from].size
        return error


def ranges_of(layers: list[FoldedLayer], box: FloatArray) -> BackwardBounds:
    """Return the ranges of all layers over a box, or refuse a box on which they overflow.

    Parameters
    ----------
    layers : list of FoldedLayer
        Without highway skips.
    box : ndarray of shape (n_inputs, 2)
        Lower and upper bound of each input.

    Returns
    -------
    bounds : BackwardBounds
        Finite ranges.

    Raises
    ------
    ValueError
        If a number overflows: an infinite range would say nothing, and further ones are not known.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.expressivity import tri
    >>> from deepgen.generalization.certified_ranges.backward_bounds import ranges_of
    >>> from deepgen.probe.folded_layers import folded_layers
    >>> ranges_of(folded_layers(tri(1)), np.array([[0.0, 1.0]])).outputs[-1].upper.round(9)
    array([1.])
    """
    with np.errstate(over="ignore", invalid="ignore"):
        bounds = BackwardBounds(layers, Interval(box[:, 0], box[:, 1]))
    known = [bounds.interval, bounds.crown, *bounds.arguments, *bounds.outputs]
    finite = all(np.isfinite([ends.lower, ends.upper]).all() for ends in known)
    if not finite or not np.isfinite(bounds.error).all():
        raise ValueError(
            f"ranges overflow on this box, whose bounds reach {np.abs(box).max():.3g}: give a "
            "smaller box"
        )
    return bounds


def _between(lines: Lines, z: Interval) -> Interval:
    """Return the ranges between the least lower and the greatest upper line's values."""
    low = [lines.lower_slope * end + lines.lower_offset for end in (z.lower, z.upper)]
    high = [lines.upper_slope * end + lines.upper_offset for end in (z.lower, z.upper)]
    steepest = np.maximum(np.abs(lines.lower_slope), np.abs(lines.upper_slope))
    offset = np.maximum(np.abs(lines.lower_offset), np.abs(lines.upper_offset))
    error = 4 * EPS * (steepest * z.size + offset)
    return Interval(np.minimum(*low) - error, np.maximum(*high) + error)
