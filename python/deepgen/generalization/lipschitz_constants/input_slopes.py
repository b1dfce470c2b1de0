"""Input slopes: the derivatives of folded layers by their inputs, at many points at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import FloatArray
from deepgen.generalization.lipschitz_constants.slope_ranges import KINKED, slope, value
from deepgen.probe.folded_layers import FoldedLayer

__all__ = ["InputSlopes", "input_slopes"]

# An argument is at a kink if it is below this share of the size of its terms.
AT_KINK = 1e-12


@dataclass(frozen=True, eq=False)
class InputSlopes:
    """Outputs and Jacobians of a network at some points.

    Parameters
    ----------
    outputs : ndarray of shape (n, n_outputs)
        Outputs.
    jacobians : ndarray of shape (n, n_outputs, n_inputs)
        Derivatives; the derivative at a kink is that of its negative side.
    smooth : ndarray of shape (n,)
        Whether no unit is at a kink, so that the Jacobian is that of a neighbourhood.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.expressivity import tri
    >>> from deepgen.generalization.lipschitz_constants.input_slopes import input_slopes
    >>> from deepgen.probe.folded_layers import folded_layers
    >>> input_slopes(folded_layers(tri(1)), np.array([[0.25], [0.5]])).smooth
    array([ True, False])
    """

    outputs: FloatArray
    jacobians: FloatArray
    smooth: NDArray[np.bool_]


@dataclass
class _Passed:
    """What the backward pass needs of one layer."""

    slopes: FloatArray
    standardized: FloatArray | None
    inverse_std: FloatArray | None


def input_slopes(layers: list[FoldedLayer], X: FloatArray) -> InputSlopes:
    """Return outputs and Jacobians of folded layers.

    Parameters
    ----------
    layers : list of FoldedLayer
        Without highway skips.
    X : ndarray of shape (n, n_inputs)
        Points.

    Returns
    -------
    result : InputSlopes
        One forward pass and a backward pass per output.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.expressivity import tri
    >>> from deepgen.generalization.lipschitz_constants.input_slopes import input_slopes
    >>> from deepgen.probe.folded_layers import folded_layers
    >>> input_slopes(folded_layers(tri(1)), np.array([[0.25], [0.75]])).jacobians.ravel().tolist()
    [2.0, -2.0]
    """
    outputs: list[FloatArray] = []
    passed: list[_Passed] = []
    smooth = np.ones(len(X), dtype=bool)
    below = X
    for layer in layers:
        z = below @ layer.weights + layer.intercepts
        terms = np.abs(below) @ np.abs(layer.weights) + np.abs(layer.intercepts)
        if layer.skip == "deepnorm":
            z = z + layer.alpha * outputs[layer.skip_from]
        standardized = inverse_std = None
        if layer.scale is not None:
            centred = z - z.mean(axis=1, keepdims=True)
            inverse_std = 1 / np.sqrt((centred**2).mean(axis=1, keepdims=True) + layer.epsilon)
            standardized = centred * inverse_std
            z = standardized * layer.scale + layer.shift
            terms = np.ones_like(z)
        if layer.activation in KINKED:
            reached = layer.weights.any(axis=0)
            smooth &= ~((np.abs(z) <= AT_KINK * terms) & reached).any(axis=1)
        passed.append(_Passed(slope(layer, z), standardized, inverse_std))
        below = value(layer, z)
        if layer.skip == "residual":
            below = below + outputs[layer.skip_from]
        outputs.append(below)
    return InputSlopes(below, _backward(layers, passed, len(X)), smooth)


def _backward(layers: list[FoldedLayer], passed: list[_Passed], n: int) -> FloatArray:
    # Gradients (n, n_outputs, width) by the output of each layer that is still to be passed.
    n_outputs = layers[-1].width
    waiting = {len(layers) - 1: np.broadcast_to(np.eye(n_outputs), (n, n_outputs, n_outputs))}
    for index in reversed(range(len(layers))):
        layer, at = layers[index], passed[index]
        g = waiting.pop(index)
        if layer.skip == "residual":
            waiting[layer.skip_from] = waiting.get(layer.skip_from, 0.0) + g
        g = g * at.slopes[:, None]
        if at.standardized is not None and at.inverse_std is not None:
            g = g * np.asarray(layer.scale)
            x = at.standardized[:, None]
            g = at.inverse_std[:, None] * (
                g - g.mean(axis=2, keepdims=True) - x * (g * x).mean(axis=2, keepdims=True)
            )
        if layer.skip == "deepnorm":
            waiting[layer.skip_from] = waiting.get(layer.skip_from, 0.0) + layer.alpha * g
        waiting[index - 1] = waiting.get(index - 1, 0.0) + g @ layer.weights.T
    return waiting[-1]
