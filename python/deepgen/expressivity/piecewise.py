"""PiecewiseLinear: a fitted network as a list of affine maps and kinks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import FloatArray
from deepgen.estimators.network_spec import PARAMETRIC
from deepgen.probe.folded_layers import FoldedLayer, folded_layers

__all__ = ["LEAKS", "BentLayer", "PiecewiseLinear", "piecewise_linear", "piecewise_linear_of"]


# Slope for negative arguments; it is 1 for positive ones.
LEAKS = {"identity": 1.0, "leaky_relu": 0.01, "relu": 0.0}

BENDING_SKIPS = {
    "deepnorm": "divides by the deviation of a sum",
    "highway": "multiplies by a gate",
}


@dataclass(frozen=True)
class BentLayer:
    """One layer: an affine map, then a kink at 0, then the sum with an earlier layer's output.

    Parameters
    ----------
    weights : ndarray of shape (in, out)
        Effective weights, with a frozen batch norm multiplied in.
    intercepts : ndarray of shape (out,)
        Effective intercepts.
    leak : float
        Slope of the activation left of 0; 1 means no kink.
    skip_from : int
        Index of the layer whose output is added, or -1.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.expressivity.piecewise import BentLayer
    >>> BentLayer(np.eye(1), np.zeros(1), leak=0.0, skip_from=-1).bends
    True
    """

    weights: FloatArray
    intercepts: FloatArray
    leak: float
    skip_from: int

    @property
    def bends(self) -> bool:
        """Whether the layer's units have a kink."""
        return self.leak != 1.0

    @property
    def width(self) -> int:
        """Number of units."""
        return int(self.weights.shape[1])


@dataclass(frozen=True)
class PiecewiseLinear:
    """A network in float64 that is affine on every piece.

    Parameters
    ----------
    layers : list of BentLayer
        Hidden layers, then the output layer, which has no kink.

    Examples
    --------
    >>> from deepgen.expressivity import rect
    >>> from deepgen.expressivity.piecewise import piecewise_linear_of
    >>> piecewise_linear_of(rect(0.0, 1.0, 1.0)).n_units
    4
    """

    layers: list[BentLayer]

    @property
    def n_inputs(self) -> int:
        """Number of inputs."""
        return int(self.layers[0].weights.shape[0])

    @property
    def n_units(self) -> int:
        """Number of units with a kink: the length of an activation pattern."""
        return sum(layer.width for layer in self.layers if layer.bends)

    @property
    def sources(self) -> set[int]:
        """Indices of the layers whose outputs are added to later ones."""
        return {layer.skip_from for layer in self.layers if layer.skip_from >= 0}

    def patterns(self, X: FloatArray) -> NDArray[np.bool_]:
        """Return the activation patterns of given inputs.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_inputs)
            Inputs.

        Returns
        -------
        patterns : ndarray of shape (n_samples, n_units)
            True where a unit's argument is positive.
        """
        outputs: list[FloatArray] = []
        signs = [np.zeros((len(X), 0), dtype=bool)]
        below = X
        for layer in self.layers:
            z = below @ layer.weights + layer.intercepts
            if layer.bends:
                signs.append(z > 0)
                z = np.where(z > 0, z, layer.leak * z)
            below = z + outputs[layer.skip_from] if layer.skip_from >= 0 else z
            outputs.append(below)
        return np.concatenate(signs, axis=1)


def piecewise_linear_of(model: Any) -> PiecewiseLinear:
    """Return the piecewise linear function that a fitted estimator computes.

    Parameters
    ----------
    model : MLPRegressor, MLPClassifier or Probe
        Fitted. For a classifier, and for a regressor whose loss has a link, the function is that of
        the outputs before the link: logits, logarithms of means.

    Returns
    -------
    function : PiecewiseLinear
        The function in float64; for a squared or absolute loss its outputs are the predictions, in
        units of y.

    Notes
    -----
    Refuses, with a `ValueError`, activations, norms and skips that are not piecewise linear;
    `folded_layers` refuses embedded features and several members.
    """
    return piecewise_linear(folded_layers(model))


def piecewise_linear(folded: list[FoldedLayer]) -> PiecewiseLinear:
    """Return the piecewise linear function that folded layers compute.

    Parameters
    ----------
    folded : list of FoldedLayer
        Layers from the inputs to the outputs.

    Returns
    -------
    function : PiecewiseLinear
        The function in float64.

    Raises
    ------
    ValueError
        If an activation, a normalization or a skip is not piecewise linear.

    Examples
    --------
    >>> from deepgen.expressivity import tri
    >>> from deepgen.expressivity.piecewise import piecewise_linear
    >>> from deepgen.probe.folded_layers import folded_layers
    >>> piecewise_linear(folded_layers(tri(1))).n_inputs
    1
    """
    layers = []
    for index, layer in enumerate(folded):
        if layer.activation not in LEAKS or layer.slopes is not None:
            name = layer.activation if layer.slopes is None else PARAMETRIC + layer.activation
            raise ValueError(
                f"layer {index} has activation {name!r}, which has no linear pieces; "
                f"pieces can be counted for {', '.join(sorted(LEAKS))}"
            )
        if layer.skip in BENDING_SKIPS:
            raise ValueError(
                f"layer {index} has skip {layer.skip!r}, which {BENDING_SKIPS[layer.skip]} "
                "and is not piecewise linear; pieces can be counted with 'residual' and 'fixup'"
            )
        if layer.normalized:
            raise ValueError(
                f"layer {index} has normalization 'layer', which is not piecewise linear; pieces "
                "can be counted for networks that fold, such as those with 'batch' (frozen)"
            )
        leak = LEAKS[layer.activation]
        layers.append(BentLayer(layer.weights, layer.intercepts, leak, layer.skip_from))
    return PiecewiseLinear(layers)
