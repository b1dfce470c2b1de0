"""PiecewiseLinear: a fitted network as a list of affine maps and kinks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import FloatArray

__all__ = ["BentLayer", "PiecewiseLinear", "piecewise_linear_of"]


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

    Raises
    ------
    TypeError
        If ``model`` is no estimator or probe of this package.
    ValueError
        If an activation, a normalization or a skip is not piecewise linear, if features are
        embedded, or if the model has several members.
    """
    from deepgen.estimators.fitted import FittedMLP, network_of

    estimator = getattr(model, "model", model)
    if not isinstance(estimator, FittedMLP):
        raise TypeError(f"a fitted MLPRegressor or MLPClassifier is needed, got {model!r}")
    # Folding turns batch norm and reparametrizations into plain weights, which are piecewise
    # linear; whatever is still in the network after it, is not.
    network = network_of(estimator).as_type(np.dtype(np.float64)).fold()
    if network.core.spec.embeddings:
        raise ValueError(
            "the network embeds its features, and pieces are counted for layers alone: give a "
            "model without numerical_embedding"
        )
    weights, intercepts = network.coefs(), network.intercepts()
    layers = []
    for index, spec in enumerate(network.core.spec.layers):
        if spec.activation not in LEAKS:
            raise ValueError(
                f"layer {index} has activation {spec.activation!r}, which has no linear pieces; "
                f"pieces can be counted for {', '.join(sorted(LEAKS))}"
            )
        if spec.skip_from >= 0 and spec.skip.name in BENDING_SKIPS:
            raise ValueError(
                f"layer {index} has skip {spec.skip.name!r}, which {BENDING_SKIPS[spec.skip.name]} "
                "and is not piecewise linear; pieces can be counted with 'residual' and 'fixup'"
            )
        norm = spec.normalization.name
        if norm != "none":
            raise ValueError(
                f"layer {index} has normalization {norm!r}, which is not piecewise linear; pieces "
                "can be counted for networks that fold, such as those with 'batch' (frozen)"
            )
        leak = LEAKS[spec.activation]
        layers.append(BentLayer(weights[index], intercepts[index], leak, spec.skip_from))
    return PiecewiseLinear([*layers[:-1], in_units(layers[-1], estimator)])


def in_units(output: BentLayer, estimator: Any) -> BentLayer:
    """Return the output layer in the units of the predictions.

    Parameters
    ----------
    output : BentLayer
        Output layer in scaled units.
    estimator : MLPRegressor or MLPClassifier
        Fitted estimator; its target scaling is applied if the link is the identity.

    Returns
    -------
    output : BentLayer
        Rescaled layer, or ``output`` itself if there is no scaling or there is a link.
    """
    scale = getattr(estimator, "target_scale_", None)
    if scale is None or estimator.out_activation_ != "identity" or len(scale) != output.width:
        return output
    return BentLayer(
        output.weights * scale,
        output.intercepts * scale + estimator.target_mean_,
        output.leak,
        output.skip_from,
    )
