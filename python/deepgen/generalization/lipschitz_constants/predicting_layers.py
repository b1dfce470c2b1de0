"""The layers that compute a model's predictions, as bounds on them need it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from deepgen._engine.arrays import FloatArray
from deepgen._inputs.features import check_features
from deepgen.losses import Quantile
from deepgen.probe import Probe
from deepgen.probe.folded_layers import FoldedLayer, folded_layers
from deepgen.probe.measured_model import measured_model

__all__ = ["predicting_layers"]


def predicting_layers(
    model: Any, X: Any = None, *, what: str, links: tuple[str, ...] = ()
) -> tuple[list[FoldedLayer], FloatArray | None, str]:
    """Return the layers from the inputs to the predictions, and rows that reach them.

    Parameters
    ----------
    model : MLPRegressor, MLPClassifier, Probe, or with X a pipeline or tabular estimator
        Fitted.
    X : array-like of shape (n_samples, n_features), default=None
        Rows; None means a probe's own, if they are dense.
    what : str
        What cannot be had, in the refusals.
    links : tuple of str, default=()
        Links that the caller applies itself.

    Returns
    -------
    layers : list of FoldedLayer
        The last one's activation is the link where that is 'logistic'.
    X : ndarray of shape (n_samples, n_inputs) or None
        Rows in float64.
    link : str
        The link that is left to the caller, 'identity' without.

    Raises
    ------
    ValueError
        If a skip is 'highway', or the link is unbounded or joins several quantiles.

    Examples
    --------
    >>> from deepgen.expressivity import tri
    >>> from deepgen.generalization.lipschitz_constants.predicting_layers import predicting_layers
    >>> layers, rows, link = predicting_layers(tri(1), what="a bound")
    >>> len(layers), rows, link
    (3, None, 'identity')
    """
    if isinstance(model, Probe):
        if X is None and isinstance(model.data.X, np.ndarray):
            X = np.asarray(model.data.X, dtype=np.float64)
        model = model.model
    elif X is not None:
        model, X = measured_model(model, X)
    layers = folded_layers(model)
    if X is not None:
        X = _checked_rows(model, X, len(layers[0].weights))
    for index, layer in enumerate(layers):
        if layer.skip == "highway":
            raise ValueError(
                f"layer {index} has skip 'highway', whose gate multiplies two functions of the "
                f"inputs: {what} needs a network with another skip or none"
            )
    link = "identity"
    if len(getattr(model, "classes_", ())) == 1:
        # The network's logit is that of a class which is not there.
        only = layers[-1]
        only = replace(only, weights=-only.weights, intercepts=-only.intercepts)
        layers = [*layers[:-1], only]
    if hasattr(model, "target_scale_"):
        link = model.out_activation_
        if isinstance(model.loss, Quantile) and model.loss.levels is not None:
            link = "several quantiles"
    if link == "logistic":
        return [*layers[:-1], replace(layers[-1], activation="logistic")], X, "identity"
    if link != "identity" and link not in links:
        raise ValueError(
            f"the predictions pass through the link {link!r} of the loss, and {what} is of "
            "networks whose outputs are the predictions, or their logistic function"
        )
    if link == "exp":
        # The scale of the targets is a factor behind the link.
        shifted = layers[-1].intercepts + np.log(model.target_scale_)
        layers = [*layers[:-1], replace(layers[-1], intercepts=shifted)]
    return layers, X, link


def _checked_rows(model: Any, X: Any, n_inputs: int) -> FloatArray:
    if hasattr(X, "columns"):
        # Columns in another order are refused by their names.
        check_features(model, X, np.dtype(np.float64), reset=False)
    rows: FloatArray = np.asarray(X.toarray() if hasattr(X, "toarray") else X, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != n_inputs or not len(rows):
        raise ValueError(f"X must have rows of {n_inputs} features, got shape {rows.shape}")
    if not np.isfinite(rows).all():
        raise ValueError("X contains NaN or infinity")
    return rows
