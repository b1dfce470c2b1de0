"""Loading: a fitted estimator from plain data, after a check of its parts."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepgen._serialization.plain_data import Reader
from deepgen.estimators.classifier import MLPClassifier
from deepgen.estimators.regressor import MLPRegressor
from deepgen.estimators.saving import ATTRIBUTES, MEMBERS

__all__ = ["restore_estimator"]

CLASSES: dict[str, Any] = {kind.__name__: kind for kind in (MLPClassifier, MLPRegressor)}


def restore_estimator(description: dict[str, Any], reader: Reader) -> MLPRegressor | MLPClassifier:
    """Return the fitted estimator of a file's description.

    Parameters
    ----------
    description : dict
        Description as plain data.
    reader : Reader
        Converts plain data to values.

    Returns
    -------
    model : MLPRegressor or MLPClassifier
        The estimator in its saved state.

    Raises
    ------
    ValueError
        If its parts are unknown or inconsistent.
    """
    kind = CLASSES.get(description["estimator"])
    if kind is None:
        raise ValueError(f"it holds an unknown estimator '{description['estimator']}'")
    strange = [name for name in description["attributes"] if name not in ATTRIBUTES]
    if strange:
        raise ValueError(f"it has an unknown attribute '{strange[0]}'")
    model = kind()
    parameters = {key: reader.read(value) for key, value in description["parameters"].items()}
    strange = sorted(set(parameters) - set(model.get_params(deep=False)))
    if strange:
        raise ValueError(f"{kind.__name__} has no parameter '{strange[0]}'")
    attributes = {key: reader.read(value) for key, value in description["attributes"].items()}
    model.__dict__.update(parameters, **attributes)
    members = [restore_estimator(member, reader) for member in description.get("members", [])]
    if members:
        if {(type(m), m.n_features_in_) for m in members} != {(kind, model.n_features_in_)}:
            raise ValueError("its members do not fit together")
        model.__dict__[MEMBERS] = members
    else:
        _check_parts(model)
    fitted: MLPRegressor | MLPClassifier = model
    return fitted


def _check_parts(model: Any) -> None:
    """Refuse an estimator with inconsistent parts.

    Raises
    ------
    ValueError
        If they are inconsistent.
    """
    network, targets, state = model.network_, model._targets, model._training_state
    n_inputs, n_outputs = network.core.spec.n_inputs, network.core.spec.layers[-1].width
    if model.n_features_in_ != n_inputs or targets.n_outputs != n_outputs:
        raise ValueError(
            f"its network takes {n_inputs} features and gives {n_outputs} outputs, the estimator "
            f"{model.n_features_in_} and {targets.n_outputs}"
        )
    names = getattr(model, "feature_names_in_", None)
    if names is not None and names.shape != (n_inputs,):
        raise ValueError(f"it has {names.shape} names of {n_inputs} features")
    kept = [what for what in (state.resume_weights, state.prediction_weights) if what is not None]
    for entry in state.averaging_state.values():
        # One vector of weights, or several.
        kept.extend([] if isinstance(entry, int) else [entry] if entry.ndim == 1 else entry)
    if any(weights.shape != network.parameters.shape for weights in kept):
        raise ValueError("the weights that training goes on from do not fit the network")
    # Predicting one sample checks all parts between features and predictions.
    with np.errstate(all="ignore"):
        targets.decode(targets.read(network, np.zeros((1, n_inputs), dtype=network.dtype))[0])
