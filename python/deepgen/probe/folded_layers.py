"""The layers of a fitted network in float64: as few numbers as compute its predictions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deepgen._engine.arrays import FloatArray
from deepgen.estimators.fitted import FittedMLP, network_of
from deepgen.estimators.network_spec import PARAMETRIC

__all__ = ["FoldedLayer", "folded_layers"]


@dataclass(frozen=True, eq=False)
class FoldedLayer:
    """One layer after reparametrizations, input scale and frozen batch norm are multiplied in.

    With the inputs x, it computes z = x W + b, adds ``alpha`` times an earlier layer's output
    ('deepnorm'), normalizes the row ('layer'), applies the activation and adds an earlier layer's
    output ('residual', which Fixup is too) or mixes with it ('highway').

    Parameters
    ----------
    weights : ndarray of shape (in, out)
        Effective weights W.
    intercepts : ndarray of shape (out,)
        Effective intercepts b; 0 where the network has none.
    activation : str
        Name of the activation, 'identity' in the output layer and at the end of a block.
    slopes : ndarray of shape (out,) or None
        Trained slopes a of a parametric activation z + a (f(z) - z), where ``activation`` names f.
    scale, shift : ndarray of shape (out,) or None
        Numbers of layer norm, None without it.
    epsilon : float
        Added to layer norm's variance; 0 without it.
    skip : str or None
        'residual', 'deepnorm', 'highway' or None.
    skip_from : int
        Index of the layer whose output is added, or -1.
    alpha : float
        Factor of DeepNorm's carried value; 1 elsewhere.

    Examples
    --------
    >>> from deepgen.expressivity import tri
    >>> from deepgen.probe.folded_layers import folded_layers
    >>> [layer.weights.shape for layer in folded_layers(tri(1))]
    [(1, 2), (2, 1), (1, 1)]
    """

    weights: FloatArray
    intercepts: FloatArray
    activation: str
    slopes: FloatArray | None
    scale: FloatArray | None
    shift: FloatArray | None
    epsilon: float
    skip: str | None
    skip_from: int
    alpha: float

    @property
    def normalized(self) -> bool:
        """Whether the layer has layer norm, the only norm that folding leaves."""
        return self.scale is not None

    @property
    def width(self) -> int:
        """Number of units."""
        return int(self.weights.shape[1])


def folded_layers(model: Any) -> list[FoldedLayer]:
    """Return the layers of a fitted estimator, from the features to the outputs.

    Parameters
    ----------
    model : MLPRegressor, MLPClassifier or Probe
        Fitted, with one network, without embedded features.

    Returns
    -------
    layers : list of FoldedLayer
        Hidden layers, then the output layer. Its outputs are those before the link; where the link
        is the identity they are the predictions in units of y.

    Raises
    ------
    TypeError
        If ``model`` is no estimator or probe of this package.
    ValueError
        If features are embedded, or if the model has several members.

    Examples
    --------
    >>> from deepgen.expressivity import rect
    >>> from deepgen.probe.folded_layers import folded_layers
    >>> folded_layers(rect(0.0, 1.0, 1.0))[0].activation
    'relu'
    """
    estimator = getattr(model, "model", model)
    if not isinstance(estimator, FittedMLP):
        holds_one = hasattr(model, "steps") or hasattr(model, "_measured")
        hint = "; give Probe(model, X, y), which finds the network in it" if holds_one else ""
        raise TypeError(
            f"a fitted MLPRegressor or MLPClassifier is needed, got {type(model).__name__}{hint}"
        )
    network = network_of(estimator).as_type(np.dtype(np.float64)).fold()
    if network.core.spec.embeddings:
        raise ValueError(
            "the network embeds its features, and this measurement is of layers alone: give a "
            "model without numerical_embedding and category_embedding"
        )
    values = {(block.kind, block.layer): view for block, view in network.views()}
    layers = []
    for index, spec in enumerate(network.core.spec.layers):
        joined = spec.skip_from >= 0
        norm: dict[str, Any] = spec.normalization.settings
        skip: dict[str, Any] = spec.skip.settings
        layers.append(
            FoldedLayer(
                weights=values["coefs", index],
                intercepts=values.get(("intercepts", index), np.zeros(spec.width)),
                activation=spec.activation.removeprefix(PARAMETRIC),
                slopes=values.get(("slope", index)),
                scale=values.get(("scale", index)),
                shift=values.get(("shift", index)),
                epsilon=norm.get("epsilon", 0.0),
                skip=spec.skip.name if joined else None,
                skip_from=spec.skip_from,
                alpha=skip.get("alpha", 1.0),
            )
        )
    return [*layers[:-1], in_units(layers[-1], estimator)]


def in_units(output: FoldedLayer, estimator: Any) -> FoldedLayer:
    """Return the output layer in units of the predictions, unchanged where there is a link.

    Parameters
    ----------
    output : FoldedLayer
        Output layer in scaled units.
    estimator : MLPRegressor or MLPClassifier
        Fitted estimator.

    Returns
    -------
    output : FoldedLayer
        Rescaled layer.
    """
    scale = getattr(estimator, "target_scale_", None)
    if scale is None or estimator.out_activation_ != "identity" or len(scale) != output.width:
        return output
    return replace(
        output,
        weights=output.weights * scale,
        intercepts=output.intercepts * scale + estimator.target_mean_,
    )
